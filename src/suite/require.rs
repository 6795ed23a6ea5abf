//! What a spec requires of the machine. Each is looked at when a spec first asks for it, once.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::doctor::packages;
use crate::exec;
use crate::model::platform;

/// A group for the probe of multicast, out of the range kept for private use.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 83, 80);

/// What was found out so far about this machine.
#[derive(Debug, Default)]
pub struct Machine {
    /// For each word the reason why it is missing, `None` where it is there.
    known: Mutex<HashMap<String, Option<String>>>,
}

impl Machine {
    /// Why a spec cannot run here; `None` where all that it requires is there. Commands with a
    /// slash in them are relative to the spec's folder.
    pub fn lacks<'a>(&self, required: impl IntoIterator<Item = &'a str>, folder: &Path) -> Option<String> {
        let missing: Vec<String> = required.into_iter().filter_map(|word| self.lacks_one(word, folder)).collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    fn lacks_one(&self, word: &str, folder: &Path) -> Option<String> {
        let command = word.strip_prefix("command:");
        if let Some(path) = command.filter(|command| command.contains('/')) {
            let path = folder.join(path);
            return exec::find_program(&path.to_string_lossy(), folder)
                .is_err()
                .then(|| format!("needs the program {}", path.display()));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known.get(word) {
            return answer.clone();
        }
        let answer = match command {
            Some(name) => exec::find_program(name, folder).is_err().then(|| not_installed(name)),
            None => probe(word),
        };
        known.insert(word.to_owned(), answer.clone());
        answer
    }
}

fn probe(word: &str) -> Option<String> {
    if platform::ALL.contains(&word) {
        return (word != platform::CURRENT).then(|| format!("needs {word}, and this is {}", platform::CURRENT));
    }
    let what = match word {
        "ipv6" => "IPv6 on the loopback device",
        "multicast" => "IPv4 multicast on the loopback device",
        "netns" => "an isolated network",
        "root" => "root",
        _ => return Some(format!("needs `{word}`, which this version of sockspec does not know")),
    };
    look(word).err().map(|reason| format!("needs {what}: {reason}"))
}

/// Whether the machine has what a word stands for that is not a platform or a program; why not,
/// where it has not.
pub(super) fn look(word: &str) -> Result<(), String> {
    match word {
        "ipv6" => TcpListener::bind("[::1]:0").map(drop).map_err(|error| error.to_string()),
        "multicast" => multicast().map_err(|error| error.to_string()),
        "netns" => exec::can_isolate(),
        "root" if rustix::process::geteuid().is_root() => Ok(()),
        "root" => Err("this is another user".to_owned()),
        _ => Err("nothing is known of it".to_owned()),
    }
}

/// Sends a datagram to a group and sees it arrive.
fn multicast() -> io::Result<()> {
    let receiver = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    receiver.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    receiver.set_read_timeout(Some(Duration::from_millis(500)))?;
    let sender = socket2::SockRef::from(&receiver);
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    receiver.send_to(b"sockspec", SocketAddr::from((GROUP, receiver.local_addr()?.port())))?;
    receiver.recv(&mut [0; 8]).map(drop)
}

/// With what installs it, where that is known.
fn not_installed(program: &str) -> String {
    let install = packages::of(program).map(|package| format!(": on Debian and Ubuntu, `apt-get install {package}`"));
    format!("needs the program `{program}`, which is not in PATH{}", install.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lacks(word: &str) -> Option<String> {
        Machine::default().lacks([word], Path::new("/"))
    }

    #[test]
    fn this_platform_is_here_and_the_others_are_not() {
        assert_eq!(lacks(platform::CURRENT), None);
        let other = platform::ALL.into_iter().find(|name| *name != platform::CURRENT).unwrap();
        assert!(lacks(other).unwrap().starts_with(&format!("needs {other}, and this is ")));
    }

    #[test]
    fn commands_are_looked_up() {
        assert_eq!(lacks("command:sh"), None);
        assert_eq!(lacks("command:bin/sh"), None, "relative to the folder");
        assert!(lacks("command:no-such-program").unwrap().contains("`no-such-program`"));
        assert!(not_installed("dig").ends_with("`apt-get install bind9-dnsutils`"));
        assert!(lacks("command:./no-such-program").is_some());
    }

    #[test]
    fn all_that_is_missing_is_named() {
        let reason =
            Machine::default().lacks(["linux", "command:one-gone", "command:two-gone"], Path::new("/")).unwrap();
        assert!(reason.contains("one-gone") && reason.contains("two-gone"), "{reason}");
    }

    #[test]
    fn what_is_not_known_is_not_there() {
        assert!(lacks("quantum").unwrap().contains("`quantum`"));
    }

    #[test]
    fn probes_answer() {
        for word in ["ipv6", "multicast", "netns", "root"] {
            let reason = lacks(word);
            assert!(reason.as_ref().is_none_or(|reason| reason.starts_with("needs ")), "{word}: {reason:?}");
        }
        assert_eq!(lacks("root").is_none(), rustix::process::geteuid().is_root());
    }
}
