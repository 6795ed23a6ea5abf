//! The options on which tests run in which order, by what is known of them.

use std::time::Duration;

use clap::Args;

use super::again::from_1;
use crate::cli::Exit;
use crate::cli::output::Output;
use crate::cli::stress::by_the_clock;
use crate::report::terminal;
use crate::suite::{Found, Last, Runner, SpecResult};

/// How many tests `--slowest` shows.
const SLOWEST: usize = 10;

/// Which first.
#[derive(Debug, Args)]
#[expect(clippy::option_option, reason = "not given, given, and given with a number")]
pub(super) struct Order {
    /// Run only the tests that failed when they ran last in this working folder
    #[arg(long)]
    failed: bool,

    /// Run the specs in another order: that of the seed, or of one that is chosen, and printed
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, value_parser = seed)]
    shuffle: Option<Option<u64>>,

    /// Show the slowest tests at the end: 10, or N
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, value_parser = from_1)]
    slowest: Option<Option<u32>>,
}

impl Order {
    /// Keeps the tests that failed last, if that was asked for. Else tells why there are none, and gives the exit code.
    pub(super) fn keep_failed(
        &self,
        last: &mut Last,
        runner: &mut Runner,
        found: &mut Vec<Found>,
        output: &mut Output,
    ) -> Result<(), Exit> {
        if !self.failed {
            return Ok(());
        }
        if last.is_empty() {
            output.error("nothing is selected: no test failed when it ran last in this folder");
            return Err(Exit::Nothing);
        }
        for name in last.keep(runner, found) {
            output.note(format!("`{name}` failed when it ran last, but there is no such test any more"));
        }
        if found.is_empty() {
            let why = if last.is_empty() { "are no more" } else { "are selected" };
            let none = if last.is_empty() { "those that failed last" } else { "none of those that failed last" };
            output.error(format!("nothing is selected: {none} {why}"));
            return Err(Exit::Nothing);
        }
        Ok(())
    }

    /// Shuffles, if that was asked for, and gives the seed.
    pub(super) fn shuffle(&self, found: &mut [Found]) -> Option<u64> {
        let seed = self.shuffle?.unwrap_or_else(by_the_clock);
        fastrand::Rng::with_seed(seed).shuffle(found);
        Some(seed)
    }

    /// What keeps the slowest tests.
    pub(super) fn slowest(&self) -> Slowest {
        let most = self.slowest.map_or(0, |most| most.map_or(SLOWEST, |most| most as usize));
        Slowest { most, tests: Vec::new() }
    }
}

/// The slowest tests of a run.
pub(super) struct Slowest {
    most: usize,
    tests: Vec<(Duration, String)>,
}

impl Slowest {
    pub(super) fn note(&mut self, result: &SpecResult) {
        if self.most == 0 {
            return;
        }
        let ran = result.tests.iter().filter(|test| test.runs > 0);
        self.tests.extend(ran.map(|test| (test.took, test.name.clone())));
        if self.tests.len() > 2 * self.most + 100 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.tests.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        self.tests.truncate(self.most);
    }

    pub(super) fn show(mut self, output: &mut Output) {
        self.cut();
        if !self.tests.is_empty() {
            output.print(&terminal::slowest(&self.tests, output.style));
        }
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it must be a whole number, at least 0".to_owned())
}
