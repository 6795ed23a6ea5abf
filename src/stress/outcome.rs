//! What came of all runs of all specs.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::suite::{Outcome, SpecResult};

use super::tally::{Tally, Trouble};

/// What came of all of them.
#[derive(Debug)]
pub struct Ended {
    /// Every spec that has a selected test, in their order.
    pub specs: Vec<Stressed>,
    /// Whether it ended because the time was up.
    pub timed_out: bool,
    /// How long it took.
    pub took: Duration,
}

/// What came of a spec.
#[derive(Debug)]
pub struct Stressed {
    /// Which of the specs that were found.
    pub index: usize,
    /// Its file, as messages call it.
    pub path: PathBuf,
    /// Its tests.
    pub tests: Vec<Tally>,
    /// What is wrong with it, where it could not run.
    pub invalid: Option<Box<SpecResult>>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Specs of which a test ran.
    pub specs: u64,
    /// Perturbed runs.
    pub runs: u64,
    /// Tests that went in more than one way.
    pub differ: u64,
    /// Tests that failed in every run.
    pub fail: u64,
    /// Specs that are wrong.
    pub invalid: u64,
    /// Tests that the runner could not run.
    pub could_not_run: u64,
    /// Tests for which the machine lacks something.
    pub ignored: u64,
}

/// A step as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What is in that line; empty where the file cannot be read any more.
    pub text: String,
}

impl Stressed {
    /// Whether one of its tests has had fewer runs.
    pub fn has_fewer_than(&self, runs: u32) -> bool {
        self.tests.iter().any(|tally| tally.trouble.is_none() && !tally.has_shown_enough() && tally.runs < runs)
            || self.never_began()
    }

    fn never_began(&self) -> bool {
        self.tests.is_empty() && self.invalid.is_none()
    }

    /// A step of it, by its line and the file that it is in, where that is not the spec.
    pub fn place_of(&self, step: Option<(u32, Option<&str>)>) -> Option<Place> {
        let (line, file) = step?;
        let path = file.map_or_else(|| self.path.clone(), PathBuf::from);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let text = text.lines().nth((line as usize).saturating_sub(1)).unwrap_or_default().to_owned();
        Some(Place { file: path.to_string_lossy().into_owned(), line, text })
    }
}

impl Ended {
    /// How many of each there are.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for stressed in &self.specs {
            totals.specs += u64::from(stressed.tests.iter().any(|tally| !tally.ways.is_empty()));
            for tally in &stressed.tests {
                totals.add(tally);
            }
            for test in stressed.invalid.iter().flat_map(|result| &result.tests) {
                match test.outcome {
                    Outcome::Invalid(_) => totals.invalid += 1,
                    _ => totals.could_not_run += 1,
                }
            }
        }
        totals
    }
}

impl Totals {
    fn add(&mut self, tally: &Tally) {
        self.runs += u64::from(tally.runs);
        self.differ += u64::from(tally.differs());
        self.fail += u64::from(tally.fails());
        match tally.trouble {
            Some(Trouble::Ignored(_)) => self.ignored += 1,
            Some(Trouble::CouldNotRun(_)) => self.could_not_run += 1,
            None => {}
        }
    }

    /// Whether there was nothing to run.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
