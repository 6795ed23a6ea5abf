//! What of the command line cannot work, found before anybody waits for it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Record, is_recorded, written};
use crate::model::address::{Address, UnixName};
use crate::model::name::nearest;
use crate::model::network::Network;
use crate::snapshot::place::{self, Home};

/// What stands in a command for where to connect, of a server with a port and of one with a path.
const OF_PORTS: [&str; 3] = ["address", "host", "port"];
const OF_PATHS: [&str; 2] = ["address", "path"];

/// An address, as it is written in specs.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let word = text.split(':').next().unwrap_or_default();
    let address = Address::parse(text).map_err(|why| match meant(text) {
        _ if Network::parse(word).is_some() => why,
        Some(meant) => format!("{why}; write `{meant}`"),
        None => format!("{why}; write an address such as `tcp://127.0.0.1:6379` or `unix:/run/x.sock`"),
    })?;
    match address {
        Address::Unix { network, name: UnixName::Autobind } => Err(format!("the name after `{network}:@` is missing")),
        address => Ok(address),
    }
}

/// What was meant by an address that names no network: `127.0.0.1:6379`, `6379`, `http://localhost:80/`,
/// `/run/x.sock`, `tpc://127.0.0.1:6379`.
fn meant(text: &str) -> Option<String> {
    if text.starts_with(['/', '.', '@']) {
        return Some(format!("unix:{text}"));
    }
    let named = text.split_once("://").map_or(text, |(_, rest)| rest).split('/').next()?;
    let host_and_port = match named.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => named.replacen("localhost", "127.0.0.1", 1),
    };
    let mistyped = text.split_once("://").and_then(|(word, _)| nearest(word, Network::ALL.map(Network::name)));
    let network = mistyped.unwrap_or(if host_and_port.starts_with('[') { "tcp6" } else { "tcp" });
    Some(format!("{network}://{host_and_port}")).filter(|meant| Address::parse(meant).is_ok())
}

/// How many clients are recorded.
pub(super) fn clients(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one client has to come".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("that is no number of clients".to_owned()),
    }
}

impl Record {
    /// Whether what was given can be done at all.
    pub(super) fn check(&self) -> Result<(), String> {
        self.check_output()?;
        // Of a capture it says which server is meant, and may leave things open.
        let Some(to) = self.to.as_ref().filter(|_| self.pcap.is_none()) else { return Ok(()) };
        match to {
            Address::Any(network) => {
                return Err(format!(
                    "`--to {network}` names no server; write an address, such as `{network}://127.0.0.1:6379`"
                ));
            }
            Address::Inet { address, .. } if address.port() == 0 => {
                return Err("`--to` needs the server's port".to_owned());
            }
            _ => {}
        }
        for address in [Some(to), self.listen.as_ref()].into_iter().flatten() {
            if !is_recorded(address.network()) {
                return Err(format!("`{}` cannot be recorded; `tcp`, `udp` and `unix` can", address.network()));
            }
        }
        self.check_listen(to)?;
        self.command.iter().try_for_each(|argument| check_placeholders(argument, to.network()))
    }

    /// What comes on one kind of socket goes on to the same kind.
    fn check_listen(&self, to: &Address) -> Result<(), String> {
        let Some(listen) = &self.listen else { return Ok(()) };
        let (listens, goes_to) = (listen.network(), to.network());
        let kind = |network: Network| (network.is_tcp(), network.is_udp());
        if kind(listens) == kind(goes_to) {
            return Ok(());
        }
        Err(format!(
            "`--listen {}` cannot pass anything on to `--to {}`: one is `{listens}`, the other `{goes_to}`. Listen at \
             `{goes_to}` too, or leave `--listen` out",
            written(listen),
            written(to)
        ))
    }

    fn check_output(&self) -> Result<(), String> {
        let output = self.output.display().to_string();
        if output.ends_with('/') || self.output.is_dir() {
            let folder = output.trim_end_matches('/');
            return Err(format!("`{output}` is a folder; give the spec a name in it: `{folder}/my-case.yaml`"));
        }
        if !place::is_spec(&self.output) {
            let whole = if output.is_empty() { "specs/my-case.yaml".to_owned() } else { format!("{output}.yaml") };
            return Err(format!("`{output}` is no name of a spec; write `{whole}`"));
        }
        if self.output.exists() && !self.force {
            return Err(format!("`{output}` is there already; choose another name, or `--force`"));
        }
        Ok(())
    }

    /// Finds out whether the spec and its snapshot can be written before anything is recorded that would be lost.
    pub(super) fn check_folders(&self) -> io::Result<()> {
        check_writable(&self.output)?;
        if self.unverified().is_some() { Ok(()) } else { check_writable(&self.snapshot()?) }
    }

    /// Where the snapshot of the spec lies.
    pub(super) fn snapshot(&self) -> io::Result<PathBuf> {
        let spec = place::absolute(&self.output)?;
        let home = Home::of_folder(spec.parent().unwrap_or(&spec));
        let name = place::relative(&home.base, &spec.with_extension(""));
        Ok(place::file(self.snapshots.as_deref().unwrap_or(&home.snapshots), &name, None))
    }
}

/// Whether a file can be written there, and the folders that it needs.
fn check_writable(file: &Path) -> io::Result<()> {
    let refused = |why: &dyn std::fmt::Display, kind| {
        Err(io::Error::new(kind, format!("cannot write `{}`: {why}", file.display())))
    };
    let path = std::path::absolute(file)?;
    let Some(there) = path.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok()) else { return Ok(()) };
    if !there.is_dir() {
        let why = format!("`{}` is no folder", there.display());
        return refused(&why, io::ErrorKind::NotADirectory);
    }
    match tempfile::Builder::new().prefix(".sockspec-").tempfile_in(there) {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = error.to_string();
            let why = error.split(" at path ").next().unwrap_or_default();
            refused(&format!("{why} (`{}`)", there.display()), io::ErrorKind::PermissionDenied)
        }
    }
}

/// Whether the placeholders in an argument are those that there are. Braces of other words stand for themselves.
fn check_placeholders(argument: &str, network: Network) -> Result<(), String> {
    let known: &[&str] = if network.is_unix() { &OF_PATHS } else { &OF_PORTS };
    for word in placeholders(argument) {
        if known.contains(&word) {
            continue;
        }
        if OF_PORTS.contains(&word) || OF_PATHS.contains(&word) {
            let names: Vec<String> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
            return Err(format!("`{{{word}}}` is nothing that `{network}` has; there are {}", names.join(", ")));
        }
        if let Some(name) = nearest(word, known.iter().copied()) {
            return Err(format!("`{{{word}}}` in the command is no placeholder; write `{{{name}}}`"));
        }
    }
    Ok(())
}

/// The words in braces, such as a shell or a format does not have them.
pub(super) fn placeholders(argument: &str) -> impl Iterator<Item = &str> {
    argument.match_indices('{').filter_map(|(at, _)| {
        let word = argument[at + 1..].split('}').next()?;
        let is_closed = argument[at + 1 + word.len()..].starts_with('}');
        let is_others = argument[..at].ends_with(['$', '%', '{', '#']);
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        (is_closed && is_word && !is_others).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_without_its_network_is_told_with_one() {
        for (text, meant) in [
            ("127.0.0.1:6379", "`tcp://127.0.0.1:6379`"),
            ("6379", "`tcp://127.0.0.1:6379`"),
            ("localhost:80", "`tcp://127.0.0.1:80`"),
            ("http://localhost:80/a", "`tcp://127.0.0.1:80`"),
            ("upd://127.0.0.1:53", "`udp://127.0.0.1:53`"),
            ("[::1]:80", "`tcp6://[::1]:80`"),
            ("/run/x.sock", "`unix:/run/x.sock`"),
            ("example.com:80", "such as `tcp://127.0.0.1:6379`"),
            ("", "such as `tcp://127.0.0.1:6379`"),
        ] {
            let why = address(text).unwrap_err();
            assert!(why.contains(meant), "{text}: {why}");
        }
        assert!(!address("tcp://127.0.0.1").unwrap_err().contains("such as"));
    }

    #[test]
    fn placeholders_that_nobody_fills_in_are_found() {
        let check = |argument| check_placeholders(argument, Network::Tcp);
        assert_eq!(check("a {hots}:{port}").unwrap_err(), "`{hots}` in the command is no placeholder; write `{host}`");
        assert_eq!(
            check("{path}").unwrap_err(),
            "`{path}` is nothing that `tcp` has; there are `{address}`, `{host}`, `{port}`"
        );
        assert!(check_placeholders("{port}", Network::Unix).is_err());
        for other in [
            "{host}:{port} {address}",
            "${hosts}",
            "%{hots}",
            "{1..3}",
            "{}",
            "{\"port\": 1}",
            "awk {print}",
            "{a,b}",
            "{hos",
            "{{hots}}",
            "{name}",
            "{data}",
            "é{",
        ] {
            assert_eq!(check(other), Ok(()), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let why = check_writable(&file.join("b/a.yaml")).unwrap_err().to_string();
        assert!(why.ends_with(&format!("/file/b/a.yaml`: `{}` is no folder", file.display())), "{why}");
        let why = check_writable(Path::new("/proc/a.yaml")).unwrap_err().to_string();
        assert!(why.starts_with("cannot write `/proc/a.yaml`: ") && why.ends_with("(`/proc`)"), "{why}");
        check_writable(&folder.path().join("b/c/a.yaml")).unwrap();
        assert!(!folder.path().join("b").exists());
    }
}
