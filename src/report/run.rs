//! A run that has ended, or was interrupted: what reports into files are made of.

use std::time::{Duration, SystemTime};

use crate::suite::{SpecResult, Totals};

/// All results of a run.
#[derive(Debug)]
pub struct RunReport {
    /// The specs of which a test was selected, in the order in which they were found.
    pub specs: Vec<SpecResult>,
    /// How many tests of each verdict.
    pub totals: Totals,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Whether it was interrupted before all tests had ended.
    pub is_interrupted: bool,
}
