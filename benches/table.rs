//! The table of ratios: each piece of work in every way, in turn.

use std::process::Command;
use std::time::{Duration, Instant};

/// A piece of work: how often it is measured, its unit, and the ways to do it.
pub(crate) struct Work<'a> {
    pub(crate) name: &'static str,
    pub(crate) rounds: usize,
    pub(crate) unit: Unit,
    /// By hand, in plain calls.
    pub(crate) plain: Box<dyn Fn() + 'a>,
    /// By hand, in one current-thread runtime.
    pub(crate) tokio: Box<dyn Fn() + 'a>,
    pub(crate) sockspec: Box<dyn Fn() + 'a>,
    /// How many times as long as in plain calls it may take.
    pub(crate) aim: Option<f64>,
    pub(crate) memory: Option<Memory>,
}

/// The most memory that a process of the work has, and how much it may have.
pub(crate) struct Memory {
    pub(crate) command: Command,
    pub(crate) aim: Aim,
}

/// How much memory a process may have.
pub(crate) enum Aim {
    /// So many MiB.
    MiB(f64),
    /// So many KiB for each of so many, over what `base` has.
    KiBEach { most: f64, count: usize, base: Box<Command> },
}

/// How a time is shown.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Microseconds for each of so many.
    MicrosEach(usize),
    /// Milliseconds.
    Millis,
    /// Gibibytes per second, of so many bytes.
    GibPerSecond(usize),
}

pub(crate) const HEAD: &str = "\
| work                                   | by hand, plain | by hand, tokio |   sockspec |  × plain |    aim |  × tokio |       memory |    aim |
|----------------------------------------|---------------:|---------------:|-----------:|---------:|-------:|---------:|-------------:|-------:|";

/// One line of the table.
pub(crate) fn measure(work: &Work<'_>) -> String {
    let rounds: Vec<[f64; 3]> =
        std::iter::repeat_with(|| [&work.plain, &work.tokio, &work.sockspec].map(|way| timed(way.as_ref())))
            .take(work.rounds + 1)
            .skip(1) // The first one warms up.
            .map(|round| round.map(|time| time.as_secs_f64()))
            .collect();
    let of = |value: &dyn Fn(&[f64; 3]) -> f64| median(rounds.iter().map(value).collect());
    let [plain, tokio, sockspec] = [0, 1, 2].map(|way| work.unit.show(of(&|round| round[way])));
    let [to_plain, to_tokio] = [0, 1].map(|way| of(&|round| round[2] / round[way]));
    let aim = work.aim.map_or_else(String::new, |aim| format!("{aim:.2}"));
    let (memory, most) = work.memory.as_ref().map(Memory::measure).unwrap_or_default();
    format!(
        "| {:<38} | {plain:>14} | {tokio:>14} | {sockspec:>10} | {to_plain:>8.2} | {aim:>6} | {to_tokio:>8.2} | \
         {memory:>12} | {most:>6} |",
        work.name
    )
}

impl Memory {
    /// What it has, and what it may have.
    #[allow(clippy::cast_precision_loss)]
    fn measure(&self) -> (String, String) {
        let peak = |command: &Command| {
            let peaks = std::iter::repeat_with(|| super::child::watch(command).peak as f64).take(5);
            median(peaks.collect())
        };
        let own = peak(&self.command);
        match &self.aim {
            Aim::MiB(most) => (format!("{:.1} MiB", own / 1024.0), format!("{most}")),
            Aim::KiBEach { most, count, base } => {
                (format!("{:.1} KiB each", (own - peak(base)) / *count as f64), format!("{most}"))
            }
        }
    }
}

pub(crate) fn timed(work: &dyn Fn()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Unit {
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn show(self, seconds: f64) -> String {
        match self {
            Self::MicrosEach(count) => format!("{:.1} µs", seconds * 1e6 / count as f64),
            Self::Millis => format!("{:.2} ms", seconds * 1e3),
            Self::GibPerSecond(bytes) => format!("{:.2} GiB/s", bytes as f64 / seconds / (1u64 << 30) as f64),
        }
    }
}
