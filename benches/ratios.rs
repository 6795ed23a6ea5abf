//! What specs cost, as a ratio to the same work written by hand; and how that grows with the work.
//!
//! Machines are noisy and drift, so nothing is compared across runs: each round does the work in
//! every way, one after the other, and the ratio is the median of the rounds' ratios.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod by_hand;
mod child;
mod costs;
mod growth;
mod specs;
mod table;

use std::io;
use std::process::{Command, ExitCode};

use by_hand::{plain, tokio};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use specs::Suite;
use table::{Aim, Memory, Unit, Work};

const SPECS: usize = 1000;
const TREE: usize = 10_000;
const TRIPS: usize = 10_000;
const BYTES: usize = 1 << 30;
const CONNECTIONS: usize = 1000;
const MANY_CONNECTIONS: usize = 9900;

/// A process that does one exchange by hand is this program, called with this argument.
const PLAIN_PROCESS: &str = "--exchange-in-plain-calls";
const TOKIO_PROCESS: &str = "--exchange-in-tokio";

/// Where this variable names a folder, this program is a test that runs the specs there.
const HARNESS: &str = "SOCKSPEC_BENCH_HARNESS";

fn main() -> io::Result<ExitCode> {
    if std::env::var_os(HARNESS).is_some() {
        return Ok(sockspec::harness("specs", "snapshots").main());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(PLAIN_PROCESS) => plain::exchange()?,
        Some(TOKIO_PROCESS) => tokio::exchange()?,
        Some(child::WATCH) => child::print(&arguments[1..])?,
        _ => print(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(arguments: &[String]) -> io::Result<()> {
    let mut words = arguments.iter().filter(|argument| !argument.starts_with('-')).map(String::as_str);
    let (first, second) = (words.next(), words.next());
    // A connection by hand takes two descriptors, too.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    match first {
        Some("phases") => costs::phases(),
        Some("isolated") => costs::isolated(),
        Some("growth") => growth::print(second),
        filter => ratios(filter),
    }
}

/// The one table of all work, or of that with a word in its name.
fn ratios(filter: Option<&str>) -> io::Result<()> {
    let suites = Suites::new()?;
    println!("{}", table::HEAD);
    for work in works(&suites).iter().filter(|work| filter.is_none_or(|filter| work.name.contains(filter))) {
        println!("{}", table::measure(work));
    }
    Ok(())
}

/// The specs of all work.
struct Suites {
    one: Suite,
    echo: Suite,
    tree: Suite,
    trips: Suite,
    one_way: Suite,
    connections: Suite,
    many_connections: Suite,
}

impl Suites {
    fn new() -> io::Result<Self> {
        Ok(Self {
            one: Suite::new(specs::ECHO, 1)?,
            echo: Suite::new(specs::ECHO, SPECS)?,
            tree: Suite::new(specs::ECHO, TREE)?,
            trips: Suite::new(&specs::round_trips(TRIPS), 1)?,
            one_way: Suite::new(&specs::one_way(BYTES), 1)?,
            connections: Suite::new(&specs::connections(CONNECTIONS), 1)?,
            many_connections: Suite::new(&specs::connections(MANY_CONNECTIONS), 1)?,
        })
    }
}

fn works(suites: &Suites) -> Vec<Work<'_>> {
    let name = "spec-05000";
    let mut by_name = child::sockspec();
    by_name.arg(suites.tree.specs()).args(["--filter", name]);
    let mut by_path = child::sockspec();
    by_path.arg(suites.tree.spec(5000));
    let mib = |command, most| Some(Memory { command, aim: Aim::MiB(most) });
    vec![
        Work {
            aim: Some(1.76),
            memory: mib(run_all(&suites.one), 6.0),
            ..process("a process for one spec, start to exit", run_all(&suites.one))
        },
        exchanges("1,000 specs of ten steps, -j 1", &suites.echo, 1, None),
        exchanges("1,000 specs of ten steps, -j 2", &suites.echo, 2, Some(2.14)),
        Work {
            name: "10,000 round trips of 64 bytes",
            rounds: 15,
            unit: Unit::MicrosEach(TRIPS),
            plain: Box::new(|| plain::round_trips(TRIPS).expect("round trips")),
            tokio: Box::new(|| tokio::round_trips(TRIPS).expect("round trips")),
            sockspec: Box::new(|| suites.trips.run(1)),
            aim: Some(1.75),
            memory: None,
        },
        Work {
            name: "1 GiB one way",
            rounds: 7,
            unit: Unit::GibPerSecond(BYTES),
            plain: Box::new(|| plain::one_way(BYTES).expect("one way")),
            tokio: Box::new(|| tokio::one_way(BYTES).expect("one way")),
            sockspec: Box::new(|| suites.one_way.run(1)),
            aim: Some(1.78),
            memory: mib(run_all(&suites.one_way), 12.0),
        },
        connections("1,000 connections at once", suites, &suites.connections, CONNECTIONS, 2.5),
        connections("9,900 connections at once", suites, &suites.many_connections, MANY_CONNECTIONS, 2.0),
        Work { aim: Some(11.8), ..process("10,000 specs, one by --filter", by_name) },
        process("10,000 specs, one by its path", by_path),
        process("a test for one of 1,000, --exact", exact(&suites.echo, "spec-00500")),
        process("a test for one of 10,000, --exact", exact(&suites.tree, name)),
    ]
}

/// All specs of a folder in one process.
fn run_all(suite: &Suite) -> Command {
    let mut command = child::sockspec();
    command.arg(suite.specs());
    command
}

/// One test of the harness, as nextest runs it.
fn exact(suite: &Suite, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--exact", name, "--nocapture"]).env(HARNESS, "1").env("CARGO_MANIFEST_DIR", suite.path());
    command
}

/// By hand, all exchanges are made by one thread.
fn exchanges<'a>(name: &'static str, suite: &'a Suite, jobs: usize, aim: Option<f64>) -> Work<'a> {
    Work {
        name,
        rounds: 15,
        unit: Unit::MicrosEach(SPECS),
        plain: Box::new(|| plain::exchanges(SPECS).expect("exchanges")),
        tokio: Box::new(|| tokio::exchanges(SPECS).expect("exchanges")),
        sockspec: Box::new(move || suite.run(jobs)),
        aim,
        memory: None,
    }
}

fn connections<'a>(name: &'static str, suites: &'a Suites, suite: &'a Suite, count: usize, aim: f64) -> Work<'a> {
    let memory = Aim::KiBEach { most: 8.0, count, base: Box::new(run_all(&suites.one)) };
    Work {
        name,
        rounds: if count > CONNECTIONS { 5 } else { 15 },
        unit: Unit::Millis,
        plain: Box::new(move || plain::connections(count).expect("connections")),
        tokio: Box::new(move || tokio::connections(count).expect("connections")),
        sockspec: Box::new(move || suite.run(1)),
        aim: Some(aim),
        memory: Some(Memory { command: run_all(suite), aim: memory }),
    }
}

/// A process, against one that makes one exchange and nothing else.
fn process(name: &'static str, command: Command) -> Work<'static> {
    let by_hand = |argument: &'static str| {
        let this = std::env::current_exe().expect("this program has a path");
        Box::new(move || child::run(Command::new(&this).arg(argument)))
    };
    let command = std::cell::RefCell::new(command);
    Work {
        name,
        rounds: 51,
        unit: Unit::Millis,
        plain: by_hand(PLAIN_PROCESS),
        tokio: by_hand(TOKIO_PROCESS),
        sockspec: Box::new(move || child::run(&mut command.borrow_mut())),
        aim: None,
        memory: None,
    }
}
