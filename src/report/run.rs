//! A run that has ended, or was interrupted: what reports into files are made of.

use std::time::{Duration, SystemTime};

use crate::suite::{SpecResult, TestResult, Totals};

/// All results of a run.
#[derive(Debug)]
pub struct RunReport {
    /// The specs of which a test was selected, in the order in which they were found.
    pub specs: Vec<SpecResult>,
    /// How many tests of each verdict.
    pub totals: Totals,
    /// How many specs their tags alone left out.
    pub left_out: usize,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Whether it was interrupted before all tests had ended.
    pub is_interrupted: bool,
    /// The seed of the order in which specs ran, where that was shuffled.
    pub seed: Option<u64>,
    /// Whether *flaky* does not count as failed.
    pub flaky_is_ok: bool,
}

impl RunReport {
    /// All tests, each with its spec, in order.
    pub fn tests(&self) -> impl Iterator<Item = (&SpecResult, &TestResult)> {
        self.specs.iter().flat_map(|spec| spec.tests.iter().map(move |test| (spec, test)))
    }
}

impl Default for RunReport {
    /// An empty one, of a run that begins now.
    fn default() -> Self {
        Self {
            specs: Vec::new(),
            totals: Totals::default(),
            left_out: 0,
            began: SystemTime::now(),
            took: Duration::ZERO,
            is_interrupted: false,
            seed: None,
            flaky_is_ok: false,
        }
    }
}
