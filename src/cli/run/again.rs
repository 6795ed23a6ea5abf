//! The options on how often tests run, and when a run ends early.

use clap::{Args, ValueEnum};

use crate::cli::config::Configure;
use crate::suite::{Again, Config, Stop};

/// How often, and how long.
#[derive(Debug, Args)]
pub(super) struct Effort {
    /// Run a test that fails again, up to so many times; if it passes then, it is flaky, which is told and
    /// counts as failed
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = from_0)]
    retries: Option<u32>,

    /// What a flaky test counts as; `fail` if not given
    #[arg(long, value_enum, value_name = "HOW")]
    flaky: Option<Flaky>,

    /// Run each test so many times; all runs must go the same way
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = from_1, conflicts_with = "retries")]
    repeat: Option<u32>,

    /// End the run when a test, or N, have failed; those that have not begun do not run
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, value_parser = from_1)]
    #[expect(clippy::option_option, reason = "not given, given, and given with a number")]
    fail_fast: Option<Option<u32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flaky {
    Fail,
    Ok,
}

impl Configure for Effort {
    fn configure(&mut self, config: &Config) {
        if self.repeat.is_none() {
            self.retries = self.retries.or(config.retries);
        }
        self.flaky = self.flaky.or(config.flaky_is_ok.map(|is_ok| if is_ok { Flaky::Ok } else { Flaky::Fail }));
    }
}

impl Effort {
    pub(super) fn again(&self) -> Again {
        match (self.retries, self.repeat) {
            (Some(most @ 1..), _) => Again::Retry(most),
            (_, Some(times @ 2..)) => Again::Repeat(times),
            _ => Again::Once,
        }
    }

    pub(super) fn stop(&self) -> Stop {
        Stop::after(self.fail_fast.map(|after| after.unwrap_or(1) as usize), self.flaky_is_ok())
    }

    pub(super) fn flaky_is_ok(&self) -> bool {
        self.flaky == Some(Flaky::Ok)
    }
}

fn from_0(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "it must be a whole number, at least 0".to_owned())
}

/// A number of times, of threads, of lines.
pub(super) fn from_1(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "it must be a whole number, at least 1".to_owned())
}
