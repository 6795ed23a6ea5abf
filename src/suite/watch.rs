//! How far a run has come, for who looks at it from another thread.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::outcome::{SpecResult, Totals};

/// What runs now, and what has ended.
#[derive(Debug, Default)]
pub struct Watch {
    state: Mutex<Seen>,
}

/// A look at a run.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// How many specs have ended.
    pub specs: usize,
    /// What became of their tests.
    pub totals: Totals,
    /// The tests that run, each with the time at which it began; those that have run longest first.
    pub running: Vec<(String, Instant)>,
}

impl Watch {
    /// How far the run has come.
    pub fn look(&self) -> Seen {
        self.state().clone()
    }

    /// A test begins. It has ended when what this gives is dropped.
    pub(super) fn begin(&self, name: &str) -> Running<'_> {
        let begun = Instant::now();
        self.state().running.push((name.to_owned(), begun));
        Running { watch: self, begun }
    }

    /// A spec has ended, or has nothing that is to run.
    pub(super) fn ended(&self, result: Option<&SpecResult>) {
        let mut state = self.state();
        state.specs += 1;
        result.iter().flat_map(|result| &result.tests).for_each(|test| state.totals.add(&test.outcome));
    }

    fn state(&self) -> MutexGuard<'_, Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A test that runs.
#[derive(Debug)]
pub(super) struct Running<'w> {
    watch: &'w Watch,
    begun: Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // No two begin at the same nanosecond, and if two did, they would show the same time.
        let mut state = self.watch.state();
        if let Some(at) = state.running.iter().position(|(_, begun)| *begun == self.begun) {
            state.running.remove(at);
        }
    }
}
