//! `sockspec record`

mod pcap;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use clap::{Args, ValueEnum};
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use super::config::{Configure, or_path};
use super::new::schema_line;
use super::output::Output;
use super::{Exit, signals};
use crate::diagnostic::{Format, Style};
use crate::exec::Cancel;
use crate::model::address::Address;
use crate::model::network::Network;
use crate::record::proxy::{Over, Proxy};
use crate::record::{Conversation, Ends, Head, Program, Understood, Verified, verify};
use crate::report::terminal;
use crate::report::way_out::WayOut;
use crate::suite::{Config, SpecResult};

/// How often the spec is written anew where it does not pass.
const ROUNDS: usize = 4;

/// Record what a client and a server say to each other, as a spec that passes against that server
#[derive(Debug, Clone, Args)]
pub(super) struct Record {
    /// Where to listen for the client; a free port or path if not given
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<Address>,

    /// Where the server is, such as `tcp://127.0.0.1:6379`, `udp://127.0.0.1:53` or `unix:/run/x.sock`
    #[arg(long, value_name = "ADDRESS", value_parser = address, required_unless_present = "pcap")]
    to: Option<Address>,

    /// Record nobody: take what was said from a capture, pcap or pcapng. `--to` says which server is meant where
    /// there are several
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "connections", "command"])]
    pcap: Option<PathBuf>,

    /// With `--pcap`: which client is meant; port 0 is any
    #[arg(long, value_name = "ADDRESS", value_parser = address, requires = "pcap")]
    from: Option<Address>,

    /// The spec to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Write it even if it is there already
    #[arg(long)]
    force: bool,

    /// Which ends the spec plays: the client against the server, the server for the client (the COMMAND, or
    /// one that you run), or both, so that it needs neither; client if not given, both with `--pcap`
    #[arg(long, value_enum, value_name = "SIDE")]
    side: Option<Side>,

    /// What the spec shows, in one sentence
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,

    /// How many clients to wait for; the recording ends when all have come and gone
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: usize,

    /// How often to play the client's part again, to see what varies; 0 leaves the server alone: then nothing is
    /// verified, and there is no snapshot. 3 if not given, 0 with `--pcap`
    #[arg(long, value_name = "N")]
    replays: Option<usize>,

    /// A client to run, in which `{address}`, `{host}`, `{port}` and `{path}` say where to connect; the
    /// recording ends with it
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,

    /// The folder of the snapshots, by the file of settings.
    #[arg(skip)]
    snapshots: Option<PathBuf>,
}

impl Configure for Record {
    fn configure(&mut self, config: &Config) {
        or_path(&mut self.snapshots, config, config.snapshots.as_ref());
    }
}

/// Which ends the spec plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    Client,
    Server,
    Both,
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text)
}

/// What was recorded, and why the recording has ended.
struct Recorded {
    conversation: Conversation,
    over: Over,
    /// How the client's program ended, if one was run.
    status: Option<ExitStatus>,
}

impl Record {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        if let Err(message) = self.check() {
            output.error(message);
            return Exit::Usage;
        }
        if let Err(error) = self.check_folder() {
            output.error(format!("cannot write `{}`: {error}", self.output.display()));
            return Exit::CouldNotRun;
        }
        if let Some(file) = &self.pcap {
            return self.of_capture(file, output);
        }
        let recorded = match self.record(output) {
            Ok(recorded) => recorded,
            Err(error) => {
                output.error(error);
                return Exit::CouldNotRun;
            }
        };
        if let Some(status) = recorded.status.filter(|status| !status.success()) {
            output.note(format!("{} ended with {status}", self.command[0]));
        }
        if recorded.conversation.is_empty() {
            output.error("nobody came, so nothing was recorded");
            return if recorded.over == Over::Stopped { Exit::Interrupted } else { Exit::Failed };
        }
        if recorded.conversation.is_refused() {
            output.note(format!("nobody listens at {}, and that is what the spec shows", written(&self.server())));
        }
        if recorded.over == Over::Full {
            output.error("more was said than a spec can show, so nothing was written; record a part of it");
            return Exit::Failed;
        }
        self.make(&recorded, output)
    }

    /// Finds what cannot work before anybody waits for it.
    fn check(&self) -> Result<(), String> {
        let is_yaml = self.output.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if !is_yaml {
            return Err(format!("`{0}` is no name of a spec; write `{0}.yaml`", self.output.display()));
        }
        if self.output.exists() && !self.force {
            return Err(format!("`{}` is there already; choose another name, or `--force`", self.output.display()));
        }
        // Of a capture it says which server is meant, and may leave things open.
        let Some(to) = self.to.as_ref().filter(|_| self.pcap.is_none()) else { return Ok(()) };
        match to {
            Address::Any(network) => {
                Err(format!("`--to {network}` names no server; write an address, such as `{network}://127.0.0.1:6379`"))
            }
            Address::Inet { address, .. } if address.port() == 0 => Err("`--to` needs the server's port".to_owned()),
            to if !is_recorded(to.network()) => {
                Err(format!("`{}` cannot be recorded; `tcp`, `udp` and `unix` can", to.network()))
            }
            _ => Ok(()),
        }
    }

    /// Finds out whether the spec can be written before anything is recorded that would be lost.
    fn check_folder(&self) -> io::Result<()> {
        let path = std::path::absolute(&self.output)?;
        let there = path.ancestors().skip(1).find(|above| above.exists());
        tempfile::tempfile_in(there.unwrap_or(Path::new("/"))).map(drop)
    }

    fn record(&self, output: &mut Output) -> io::Result<Recorded> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let local = LocalSet::new();
        local.block_on(&runtime, self.serve(output))
    }

    /// Runs the client once more.
    fn record_again(&self) -> io::Result<Conversation> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        LocalSet::new().block_on(&runtime, async {
            let folder = tempfile::Builder::new().prefix("sockspec-").tempdir()?;
            let proxy = Proxy::listen(&self.listen_address(folder.path()), self.server()).await?;
            self.client(proxy.address())?.wait().await?;
            proxy.drained().await;
            Ok(proxy.conversation())
        })
    }

    async fn serve(&self, output: &mut Output) -> io::Result<Recorded> {
        let folder = tempfile::Builder::new().prefix("sockspec-").tempdir()?;
        let listen = self.listen_address(folder.path());
        let proxy = Proxy::listen(&listen, self.server())
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen at {}: {error}", written(&listen))))?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        output.line(format_args!("listening {}", written(proxy.address())));
        let mut status = None;
        let recording = async {
            if self.command.is_empty() {
                return io::Result::Ok(proxy.over(self.connections).await);
            }
            let mut client = self.client(proxy.address())?;
            status = Some(client.wait().await?);
            proxy.drained().await;
            Ok(Over::Done)
        };
        let over = tokio::select! {
            over = recording => over?,
            _ = interrupt.recv() => Over::Stopped,
            _ = terminate.recv() => Over::Stopped,
        };
        Ok(Recorded { conversation: proxy.conversation(), over, status })
    }

    /// Where to listen: a free address of the same kind as the server's, if nothing is said.
    fn listen_address(&self, folder: &Path) -> Address {
        let network = self.server().network();
        match &self.listen {
            Some(Address::Any(network)) => free(*network, folder),
            Some(address) => address.clone(),
            None => free(network, folder),
        }
    }

    /// Starts the client's program.
    fn client(&self, at: &Address) -> io::Result<tokio::process::Child> {
        let (host, port, path) = match at {
            Address::Inet { address, .. } => (address.ip().to_string(), address.port().to_string(), String::new()),
            _ => (
                String::new(),
                String::new(),
                written(at).split_once(':').map_or_else(String::new, |(_, path)| path.to_owned()),
            ),
        };
        let with_port = match at {
            Address::Inet { address, .. } => address.to_string(),
            _ => path.clone(),
        };
        let fill = |argument: &String| {
            let filled = argument.replace("{address}", &with_port).replace("{host}", &host);
            filled.replace("{port}", &port).replace("{path}", &path)
        };
        let mut command = Command::new(fill(&self.command[0]));
        command.args(self.command[1..].iter().map(fill)).kill_on_drop(true);
        command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("cannot run `{}`: {error}", self.command[0])))
    }

    /// Makes a spec of what was recorded, and sees to it that it passes.
    fn make(&self, recorded: &Recorded, output: &mut Output) -> Exit {
        let cancel = Cancel::default();
        signals::cancel_on_interrupt(&cancel);
        match self.made(recorded, &cancel, output) {
            Ok(exit) => exit,
            Err(error) => {
                output.error(error);
                Exit::CouldNotRun
            }
        }
    }

    fn made(&self, recorded: &Recorded, cancel: &Cancel, output: &mut Output) -> io::Result<Exit> {
        let mut understood = Understood::of(&recorded.conversation, self.ends(recorded.status));
        if understood.speaks_tls() {
            output.error(
                "this is TLS: what is encrypted cannot be said again, so nothing was written. \
                 Record where it is not encrypted: without TLS, or behind what ends it",
            );
            return Ok(Exit::Failed);
        }
        if understood.write(&Head::default()).is_too_long() {
            output.error("so many messages are more than a spec can show, so nothing was written; record a part of it");
            return Ok(Exit::Failed);
        }
        let head = self.head(&schema_line(&self.output, output)?);
        if let Some(why) = self.unverified() {
            self.save(&understood, &head, output)?;
            output.line(format_args!("not verified, {why}: run it, and accept its trace if that is right"));
            return Ok(Exit::Success);
        }
        let mut replays = self.replays();
        for round in 0..ROUNDS {
            if !self.look_again(&mut understood, replays, cancel)? {
                self.save(&understood, &head, output)?;
                return Ok(interrupted(output));
            }
            understood.write(&head).save(&self.output)?;
            match verify(&self.output, self.snapshots.as_deref(), cancel)? {
                Verified::Passed(times) => {
                    self.save(&understood, &head, output)?;
                    output.line(format_args!("verified  it passed {times} times, and its trace is accepted"));
                    return Ok(Exit::Success);
                }
                Verified::Interrupted => return Ok(interrupted(output)),
                // What came by chance is seen by looking again.
                Verified::Failed(_) if round + 1 < ROUNDS && understood.refusals().is_empty() => replays = 6,
                Verified::Failed(result) => {
                    self.tell_failure(&result, &understood, output);
                    break;
                }
            }
        }
        Ok(Exit::Failed)
    }

    /// Where the server is, or was.
    fn server(&self) -> Address {
        self.to.clone().unwrap_or(Address::Any(Network::Tcp))
    }

    fn side(&self) -> Side {
        self.side.unwrap_or(if self.pcap.is_some() { Side::Both } else { Side::Client })
    }

    fn replays(&self) -> usize {
        self.replays.unwrap_or(if self.pcap.is_some() { 0 } else { 3 })
    }

    /// Why the spec is not run, where it is not.
    fn unverified(&self) -> Option<&'static str> {
        match (self.side(), self.replays()) {
            (Side::Server, _) if self.command.is_empty() => Some("since nobody here runs its client"),
            // It needs nobody, and is spoken to by nobody.
            (Side::Both, _) if self.pcap.is_some() => None,
            (_, 0) if self.pcap.is_some() => Some("since a capture talks to nobody (`--replays 3` would)"),
            (_, 0) => Some("since `--replays 0` says so"),
            _ => None,
        }
    }

    fn save(&self, understood: &Understood, head: &Head, output: &mut Output) -> io::Result<()> {
        let written = understood.write(head);
        written.save(&self.output)?;
        output.line(format_args!("wrote     {}", self.output.display()));
        for (name, bytes) in &written.files {
            let path = self.output.with_file_name(name);
            output.line(format_args!("wrote     {}  ({} bytes that it sends)", path.display(), bytes.len()));
        }
        Ok(())
    }

    /// Sees how it goes again. `false` where that was interrupted.
    fn look_again(&self, understood: &mut Understood, times: usize, cancel: &Cancel) -> io::Result<bool> {
        if self.side() == Side::Server {
            for _ in 0..times {
                understood.add(&self.record_again()?);
            }
        }
        Ok(understood.replay(times, cancel)? && !cancel.is_cancelled())
    }

    fn ends(&self, status: Option<ExitStatus>) -> Ends {
        match self.side() {
            Side::Client => Ends::Client(self.server()),
            Side::Both => Ends::Both,
            Side::Server if self.command.is_empty() => Ends::Server(None),
            Side::Server => {
                let status = status.and_then(|status| status.code());
                Ends::Server(Some(Program { arguments: self.command.clone(), status }))
            }
        }
    }

    fn tell_failure(&self, result: &SpecResult, understood: &Understood, output: &mut Output) {
        let way_out = WayOut::Sockspec { snapshots: None, is_trial: true };
        let style = Style { color: false, ..output.style };
        output.explain(&terminal::spec(
            result,
            terminal::Options { style, verbose: false, format: Format::Full, way_out },
        ));
        output.line(format_args!("wrote     {}", self.output.display()));
        if let Some(why) = understood.stopped() {
            output.note(format!("when it was played again: {why}"));
        }
        match understood.refusals().first() {
            Some(refusal) => output.error(format!(
                "the server does not answer a replay as it answered the client, so there is no snapshot of the spec. {refusal}"
            )),
            None => output.error("the spec does not pass each time, so there is no snapshot of it"),
        }
    }

    fn head(&self, schema_line: &str) -> Head {
        let stem = self.output.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let about = self.about.clone().unwrap_or_else(|| {
            let client = self.command.first().and_then(|name| name.rsplit('/').next()).unwrap_or("a client");
            format!("What {client} and the server at {} say to each other.", written(&self.server()))
        });
        Head { schema_line: schema_line.to_owned(), about, stem }
    }
}

fn interrupted(output: &mut Output) -> Exit {
    output.error("interrupted; what was written is not verified");
    Exit::Interrupted
}

fn is_recorded(network: Network) -> bool {
    network.is_tcp() || network.is_udp() || network == Network::Unix
}

/// A free address of a network.
fn free(network: Network, folder: &Path) -> Address {
    use crate::model::address::UnixName;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
    if network.is_unix() {
        return Address::Unix { network, name: UnixName::Path(folder.join("sock").to_string_lossy().into_owned()) };
    }
    let ip = if network.is_v6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    Address::Inet { network, address: SocketAddr::new(ip, 0) }
}

/// An address as it is written on the command line.
fn written(address: &Address) -> String {
    use crate::model::address::UnixName;
    match address {
        Address::Any(network) => network.to_string(),
        Address::Inet { network, address } => format!("{network}://{address}"),
        Address::Unix { network, name: UnixName::Path(path) } => format!("{network}:{path}"),
        Address::Unix { network, name: UnixName::Abstract(name) } => format!("{network}:@{name}"),
    }
}
