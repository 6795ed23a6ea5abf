//! `sockspec record`

mod given;
mod pcap;
mod progress;
mod session;
mod told;

use std::io;
use std::path::{self, Path, PathBuf};
use std::process::ExitStatus;

use clap::{Args, ValueEnum};

use super::config::{Configure, or_path};
use super::new::schema_line;
use super::output::Output;
use super::{Exit, signals};
use crate::exec::Cancel;
use crate::model::address::Address;
use crate::model::network::Network;
use crate::record::proxy::Over;
use crate::record::{Ends, Head, Outside, Program, Stage, Understood, Verified, verify};
use crate::source::plain;
use crate::suite::Config;
use given::{address, clients};
use progress::Progress;
use session::Recorded;
use told::{conclude, could_not_run, explain, remove_snapshot, tell_removed};

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

    /// How many clients to record: the recording ends when all have come and gone, and others are turned away.
    /// If not given, it ends when nobody is there any more
    #[arg(long, value_name = "N", value_parser = clients)]
    connections: Option<usize>,

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

/// What a spec is made sure of with.
struct Maker<'m> {
    outside: Outside<'m>,
    progress: &'m Progress,
}

/// Which ends the spec plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    Client,
    Server,
    Both,
}

impl Record {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        if let Err(message) = self.check() {
            output.error(message);
            return Exit::Usage;
        }
        if let Err(error) = self.check_folders() {
            output.error(error);
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
            return self.tell_nobody_came(recorded.over, output);
        }
        if !self.tell_refusals(&recorded, output) {
            return Exit::Failed;
        }
        if recorded.over == Over::Full {
            output.error("more was said than a spec can show, so nothing was written; record a part of it");
            return Exit::Failed;
        }
        self.make(&recorded, output)
    }

    /// Makes a spec of what was recorded, and sees to it that it passes.
    fn make(&self, recorded: &Recorded, output: &mut Output) -> Exit {
        let cancel = Cancel::default();
        let progress = Progress::new(output);
        signals::cancel_and_tick(&cancel, Some(progress.ticker()));
        let outside =
            Outside { cancel: &cancel, watch: &|stage| progress.goes_on(stage), start: &|at| self.client(at) };
        let maker = Maker { outside, progress: &progress };
        match self.made(recorded, &maker, output) {
            Ok(exit) => exit,
            Err(error) => {
                output.error(error);
                Exit::CouldNotRun
            }
        }
    }

    fn made(&self, recorded: &Recorded, maker: &Maker<'_>, output: &mut Output) -> io::Result<Exit> {
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
            self.save(&understood, &head, false, output)?;
            output.line(format_args!("not verified, {why}: run it, and accept its trace if that is right"));
            return Ok(Exit::Success);
        }
        for round in 0..ROUNDS {
            if !self.look_again(&mut understood, round, maker)? {
                return self.interrupted(&understood, &head, output);
            }
            understood.write(&head).save(&self.output)?;
            let verified = verify(&self.output, self.snapshots.as_deref(), &maker.outside);
            maker.progress.rests();
            match verified? {
                Verified::Passed(times) => {
                    self.save(&understood, &head, true, output)?;
                    if let Some(change) = understood.changes().first() {
                        output.note(format!("{}; the spec takes both", change.sentence()));
                    }
                    output.line(format_args!("verified  it passed {times} times, and its trace is accepted"));
                    return Ok(Exit::Success);
                }
                Verified::Interrupted => return self.interrupted(&understood, &head, output),
                // What came by chance is seen by looking again.
                Verified::Failed(result)
                    if round + 1 < ROUNDS && understood.refusals().is_empty() && !could_not_run(&result) => {}
                Verified::Failed(result) => {
                    explain(&result, output);
                    self.save(&understood, &head, false, output)?;
                    return Ok(conclude(&result, &understood, output));
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

    /// Writes the spec, and removes what a recording before it has left that is not of this one: files, and, unless
    /// it has its own by now, the snapshot.
    fn save(&self, understood: &Understood, head: &Head, has_snapshot: bool, output: &mut Output) -> io::Result<()> {
        let written = understood.write(head);
        written.save(&self.output)?;
        self.tell_written(&written, output);
        let mut gone = written.remove_others(&self.output)?;
        if !has_snapshot {
            gone.extend(remove_snapshot(&self.snapshot()?)?);
        }
        tell_removed(&gone, output)
    }

    fn interrupted(&self, understood: &Understood, head: &Head, output: &mut Output) -> io::Result<Exit> {
        self.save(understood, head, false, output)?;
        output.error("interrupted before the spec was verified, so there is no snapshot of it");
        Ok(Exit::Interrupted)
    }

    /// Sees how it goes again. `false` where that was interrupted.
    fn look_again(&self, understood: &mut Understood, round: usize, maker: &Maker<'_>) -> io::Result<bool> {
        const AGAIN: usize = 6;
        if self.side() == Side::Server && !understood.can_be_played() {
            let times = if round == 0 { self.replays() } else { AGAIN };
            for nth in 1..=times {
                (maker.outside.watch)(Stage::Replay(nth, times));
                understood.add(&self.record_again()?);
            }
        }
        let is_whole = if round == 0 {
            understood.replay(self.replays(), &maker.outside)
        } else {
            understood.replay_until_otherwise(&maker.outside)
        };
        maker.progress.rests();
        Ok(is_whole? && !maker.outside.cancel.is_cancelled())
    }

    fn ends(&self, status: Option<ExitStatus>) -> Ends {
        match self.side() {
            Side::Client => Ends::Client(self.server()),
            Side::Both => Ends::Both,
            Side::Server if self.command.is_empty() => Ends::Server(None),
            Side::Server => {
                let status = status.and_then(|status| status.code());
                let arguments = self.command.iter().enumerate().map(|(nth, argument)| whole(nth, argument));
                Ends::Server(Some(Program { arguments: arguments.collect(), status }))
            }
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

fn is_recorded(network: Network) -> bool {
    network.is_tcp() || network.is_udp() || network == Network::Unix
}

/// An address as it is written on the command line.
fn written(address: &Address) -> String {
    use crate::model::address::UnixName;
    match address {
        Address::Any(network) => network.to_string(),
        Address::Inet { network, address } => format!("{network}://{address}"),
        Address::Unix { network, name: UnixName::Path(path) } => format!("{network}:{path}"),
        Address::Unix { network, name: UnixName::Abstract(name) } => format!("{network}:@{name}"),
        Address::Unix { network, name: UnixName::Autobind } => format!("{network}:@"),
    }
}

/// An argument of the client as the spec has it: a spec starts programs in a folder of their own, so a file
/// of this one is named by its whole path. A program without a slash is looked up in PATH.
fn whole(nth: usize, argument: &str) -> String {
    let file = Path::new(argument);
    if file.is_absolute() || !file.exists() || nth == 0 && !argument.contains('/') {
        return argument.to_owned();
    }
    path::absolute(file).map_or_else(|_| argument.to_owned(), |path| plain(&path).display().to_string())
}
