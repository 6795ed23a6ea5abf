//! Ends a run where enough has failed.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::outcome::Outcome;

/// Counts what fails, and says when no more tests shall begin.
#[derive(Debug, Default)]
pub struct Stop {
    /// After how many; never, where there is no limit.
    limit: Option<usize>,
    flaky_is_ok: bool,
    failed: AtomicUsize,
}

impl Stop {
    /// Ends the run after so many tests that fail.
    pub fn after(limit: Option<usize>, flaky_is_ok: bool) -> Self {
        Self { limit, flaky_is_ok, failed: AtomicUsize::new(0) }
    }

    /// Counts a test that has ended.
    pub(super) fn count(&self, outcome: &Outcome) {
        if self.limit.is_some() && outcome.is_bad(self.flaky_is_ok) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether no more tests shall begin.
    pub(super) fn is_due(&self) -> bool {
        self.limit.is_some_and(|limit| self.failed.load(Ordering::Relaxed) >= limit)
    }
}
