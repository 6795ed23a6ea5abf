//! What specs cost, as a ratio to the same work written by hand.
//!
//! Machines are noisy and drift, so nothing is compared across runs: each round does the work in
//! every way, one after the other, and the ratio is the median of the rounds' ratios.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod by_hand;
mod specs;

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use by_hand::{plain, tokio};
use specs::Suite;

const SPECS: usize = 1000;
const TRIPS: usize = 10_000;
const BYTES: usize = 1 << 30;
const CONNECTIONS: usize = 1000;

/// A process that does one exchange by hand is this program, called with this argument.
const PLAIN_PROCESS: &str = "--exchange-in-plain-calls";
const TOKIO_PROCESS: &str = "--exchange-in-tokio";

/// A piece of work: how often it is measured, its unit, and the ways to do it.
struct Work<'a> {
    name: &'static str,
    rounds: usize,
    unit: Unit,
    plain: Box<dyn Fn() + 'a>,
    tokio: Box<dyn Fn() + 'a>,
    sockspec: Box<dyn Fn() + 'a>,
}

/// How a time is shown.
#[derive(Clone, Copy)]
enum Unit {
    /// Microseconds for each of so many.
    MicrosEach(usize),
    /// Milliseconds.
    Millis,
    /// Gibibytes per second, of so many bytes.
    GibPerSecond(usize),
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == PLAIN_PROCESS) {
        return plain::exchange();
    }
    if arguments.iter().any(|argument| argument == TOKIO_PROCESS) {
        return tokio::exchange();
    }
    if arguments.iter().any(|argument| argument == "phases") {
        return phases();
    }
    if arguments.iter().any(|argument| argument == "isolated") {
        return isolated();
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let echo = Suite::new(specs::ECHO, SPECS)?;
    let one = Suite::new(specs::ECHO, 1)?;
    let trips = Suite::new(&specs::round_trips(TRIPS), 1)?;
    let one_way = Suite::new(&specs::one_way(BYTES), 1)?;
    let connections = Suite::new(&specs::connections(CONNECTIONS), 1)?;
    let works = [
        exchanges("1,000 specs of ten steps, -j 1", &echo, 1),
        exchanges("1,000 specs of ten steps, -j 2", &echo, 2),
        process("a process for one spec, start to exit", &one),
        Work {
            name: "10,000 round trips of 64 bytes",
            rounds: 15,
            unit: Unit::MicrosEach(TRIPS),
            plain: Box::new(|| plain::round_trips(TRIPS).expect("round trips")),
            tokio: Box::new(|| tokio::round_trips(TRIPS).expect("round trips")),
            sockspec: Box::new(|| trips.run(1)),
        },
        Work {
            name: "1 GiB one way",
            rounds: 7,
            unit: Unit::GibPerSecond(BYTES),
            plain: Box::new(|| plain::one_way(BYTES).expect("one way")),
            tokio: Box::new(|| tokio::one_way(BYTES).expect("one way")),
            sockspec: Box::new(|| one_way.run(1)),
        },
        Work {
            name: "1,000 connections at once",
            rounds: 15,
            unit: Unit::Millis,
            plain: Box::new(|| plain::connections(CONNECTIONS).expect("connections")),
            tokio: Box::new(|| tokio::connections(CONNECTIONS).expect("connections")),
            sockspec: Box::new(|| connections.run(1)),
        },
    ];
    println!("{HEAD}");
    for work in works.iter().filter(|work| filter.is_none_or(|filter| work.name.contains(filter.as_str()))) {
        println!("{}", measure(work));
    }
    Ok(())
}

/// Where the time of a spec goes: the median of each stage.
fn phases() -> io::Result<()> {
    let suite = Suite::new(specs::ECHO, SPECS)?;
    let rounds: Vec<_> = std::iter::repeat_with(|| suite.run_in_stages()).take(16).skip(1).collect();
    println!("| stage       |    a spec |\n|-------------|----------:|");
    for (stage, (name, _)) in rounds[0].iter().enumerate() {
        let seconds = median(rounds.iter().map(|round| round[stage].1.as_secs_f64()).collect());
        println!("| {name:<11} | {:>9} |", Unit::MicrosEach(SPECS).show(seconds));
    }
    Ok(())
}

/// What a network of its own costs a spec, and a capture on it: the medians of the differences to the
/// same specs on the network of the machine, in the same round.
fn isolated() -> io::Result<()> {
    const COUNT: usize = 200;
    let networks =
        [("host", ""), ("isolated", "network: isolated\n"), ("isolated, wire", "network: isolated\nwire: true\n")];
    let suites = networks.map(|(_, keys)| Suite::new(&specs::ECHO.replace("steps:", &format!("{keys}steps:")), COUNT));
    let [host, alone, wire] = suites;
    let suites = [host?, alone?, wire?];
    if let Err(reason) = sockspec::exec::can_isolate() {
        println!("there are no isolated networks here: {reason}");
        return Ok(());
    }
    let unit = Unit::MicrosEach(COUNT);
    for jobs in [1, 2] {
        println!("| network, -j {jobs}   |    a spec | over host |\n|-----------------|----------:|----------:|");
        let rounds: Vec<[f64; 3]> =
            std::iter::repeat_with(|| [0, 1, 2].map(|which: usize| timed(&|| suites[which].run(jobs)).as_secs_f64()))
                .take(16)
                .skip(1)
                .collect();
        for (which, (name, _)) in networks.iter().enumerate() {
            let time = unit.show(median(rounds.iter().map(|round| round[which]).collect()));
            let over = unit.show(median(rounds.iter().map(|round| round[which] - round[0]).collect()));
            println!("| {name:<15} | {time:>9} | {over:>9} |");
        }
    }
    Ok(())
}

fn exchanges<'a>(name: &'static str, suite: &'a Suite, jobs: usize) -> Work<'a> {
    Work {
        name,
        rounds: 15,
        unit: Unit::MicrosEach(SPECS),
        plain: Box::new(move || plain::exchanges(SPECS, jobs).expect("exchanges")),
        tokio: Box::new(move || tokio::exchanges(SPECS, jobs).expect("exchanges")),
        sockspec: Box::new(move || suite.run(jobs)),
    }
}

fn process<'a>(name: &'static str, suite: &'a Suite) -> Work<'a> {
    let this = std::env::current_exe().expect("this program has a path");
    let other = this.clone();
    let spec = suite.specs().join("spec-0000.yaml");
    Work {
        name,
        rounds: 101,
        unit: Unit::Millis,
        plain: Box::new(move || run(Command::new(&this).arg(PLAIN_PROCESS))),
        tokio: Box::new(move || run(Command::new(&other).arg(TOKIO_PROCESS))),
        sockspec: Box::new(move || run(Command::new(env!("CARGO_BIN_EXE_sockspec")).arg("run").arg(&spec))),
    }
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("the program can be started");
    assert!(status.success(), "{command:?}: {status}");
}

const HEAD: &str = "\
| work                                   | by hand, plain | by hand, tokio |   sockspec |  × plain |  × tokio |
|----------------------------------------|---------------:|---------------:|-----------:|---------:|---------:|";

/// One line of the table.
fn measure(work: &Work<'_>) -> String {
    let rounds: Vec<[f64; 3]> =
        std::iter::repeat_with(|| [&work.plain, &work.tokio, &work.sockspec].map(|way| timed(way.as_ref())))
            .take(work.rounds + 1)
            .skip(1) // The first one warms up.
            .map(|round| round.map(|time| time.as_secs_f64()))
            .collect();
    let of = |value: &dyn Fn(&[f64; 3]) -> f64| median(rounds.iter().map(value).collect());
    let [plain, tokio, sockspec] = [0, 1, 2].map(|way| work.unit.show(of(&|round| round[way])));
    let [to_plain, to_tokio] = [0, 1].map(|way| of(&|round| round[2] / round[way]));
    format!("| {:<38} | {plain:>14} | {tokio:>14} | {sockspec:>10} | {to_plain:>8.2} | {to_tokio:>8.2} |", work.name)
}

fn timed(work: &dyn Fn()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Unit {
    #[allow(clippy::cast_precision_loss)]
    fn show(self, seconds: f64) -> String {
        match self {
            Self::MicrosEach(count) => format!("{:.1} µs", seconds * 1e6 / count as f64),
            Self::Millis => format!("{:.2} ms", seconds * 1e3),
            Self::GibPerSecond(bytes) => format!("{:.2} GiB/s", bytes as f64 / seconds / (1u64 << 30) as f64),
        }
    }
}
