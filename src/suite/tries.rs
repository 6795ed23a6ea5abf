//! Runs one test several times: again where it fails (`--retries`), or so many times in any case (`--repeat`).
//!
//! A trace is compared with the snapshot in each run, but accepted or left pending only where all runs gave it. Runs that
//! differ write nothing and remove nothing.

use std::io;
use std::time::Instant;

use crate::exec::{Ended, Execution};
use crate::trace::record::{Failure, Record};
use crate::trace::{self, Trace};

use super::outcome::{Outcome, Tries, Try, Way};
use super::records::Kept;
use super::run::{Runner, Worker};
use super::test::{Ran, Test};

/// How often each test runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Again {
    /// Once.
    #[default]
    Once,
    /// Again where it fails or its trace is not the accepted one, up to so many times.
    Retry(u32),
    /// So many times.
    Repeat(u32),
}

/// The runs of a test so far.
#[derive(Default)]
struct Runs {
    tries: Vec<Try>,
    ways: Vec<Way>,
    /// The last one.
    record: Option<Record>,
    /// The one that was interrupted, if one was.
    cancelled: Option<Outcome>,
}

impl Runner {
    /// Runs a test until it does not fail.
    pub(super) fn retry(&self, test: Test<'_>, most: u32, worker: &mut Worker) -> io::Result<Ran> {
        let mut runs = Runs::default();
        for _ in 0..=most {
            let is_due = self.run_again(test, &mut runs, worker)?
                && match runs.last().map(|way| &way.outcome) {
                    Some(Outcome::Failed { .. }) => true,
                    Some(Outcome::Changed(_)) => runs.ways.len() > 1 || !self.store.accepts_changed(),
                    _ => false,
                };
            if !is_due {
                break;
            }
        }
        let passes = runs.last().is_some_and(|way| matches!(way.outcome, Outcome::Passed { .. }));
        let verdict = if passes { Outcome::Flaky } else { Outcome::Differs };
        self.conclude(test, runs, verdict)
    }

    /// Runs a test so many times.
    pub(super) fn repeat(&self, test: Test<'_>, times: u32, worker: &mut Worker) -> io::Result<Ran> {
        let mut runs = Runs::default();
        for _ in 0..times {
            let has_ended = self.run_again(test, &mut runs, worker)?;
            if !has_ended || runs.last().is_some_and(|way| matches!(way.outcome, Outcome::CouldNotRun { .. })) {
                break;
            }
        }
        // What was interrupted has not shown yet that it goes the same way each time.
        let passes = runs.last().is_some_and(|way| matches!(way.outcome, Outcome::Passed { .. } | Outcome::New(_)));
        match runs.cancelled.take() {
            Some(outcome) if runs.ways.len() == 1 && passes => {
                Ok(Ran { outcome, record: None, runs: runs.tries.len() as u32 + 1 })
            }
            cancelled => self.conclude(test, Runs { cancelled, ..runs }, Outcome::Differs),
        }
    }

    /// Runs a test once more. Tells whether it ended by itself.
    fn run_again(&self, test: Test<'_>, runs: &mut Runs, worker: &mut Worker) -> io::Result<bool> {
        if self.cancel.is_cancelled() && !runs.tries.is_empty() {
            runs.cancelled = Some(Outcome::Cancelled { line: 0, file: None });
            return Ok(false);
        }
        let begun = Instant::now();
        let execution = self.execute(test, worker)?;
        if let Ended::Cancelled { line, file } = execution.ended {
            runs.cancelled = Some(Outcome::Cancelled { line, file });
            return Ok(false);
        }
        let trace = trace_of(&execution);
        let known = runs.ways.iter().position(|way| went(way, &execution, &trace));
        let way = known.unwrap_or(runs.ways.len());
        if known.is_none() {
            let outcome = self.first_of(test, &execution, &trace, way)?;
            runs.ways.push(Way { outcome, trace });
        }
        runs.tries.push(Try { way, took: begun.elapsed() });
        runs.record = Some(execution.record);
        Ok(true)
    }

    /// What became of the first run that went this way.
    fn first_of(&self, test: Test<'_>, execution: &Execution, trace: &str, way: usize) -> io::Result<Outcome> {
        let label = test.label();
        let kept = Kept { spec: &test.found.name, case: label.as_deref(), way };
        self.capture(test, kept, execution);
        let written = self.records.keep(&execution.record, kept, execution.ended == Ended::Failed)?;
        Ok(match &execution.ended {
            Ended::Completed => self.look(test, label.as_deref(), trace)?,
            Ended::CouldNotRun(reason) => Outcome::CouldNotRun { reason: reason.clone() },
            _ => Outcome::Failed { record: Box::new(execution.record.clone()), written },
        })
    }

    /// The outcome of all runs.
    fn conclude(&self, test: Test<'_>, runs: Runs, several: fn(Box<Tries>) -> Outcome) -> io::Result<Ran> {
        let Runs { tries, mut ways, record, cancelled } = runs;
        let count = tries.len() as u32;
        let outcome = match (ways.pop(), ways.is_empty()) {
            (None, _) => return Ok(cancelled.unwrap_or(Outcome::NotRun).into()),
            (Some(Way { outcome: outcome @ (Outcome::Failed { .. } | Outcome::CouldNotRun { .. }), .. }), true) => {
                outcome
            }
            (Some(way), true) => self.settle(test, test.label().as_deref(), &way.trace)?,
            (Some(last), false) => {
                ways.push(last);
                several(Box::new(Tries { runs: tries, ways }))
            }
        };
        let has_own = matches!(outcome, Outcome::Failed { .. });
        let record = record.filter(|_| !has_own && self.wants_record(&outcome)).map(Box::new);
        Ok(Ran { outcome, record, runs: count })
    }
}

impl Runs {
    /// The way that the last one went.
    fn last(&self) -> Option<&Way> {
        self.ways.get(self.tries.last()?.way)
    }
}

/// The trace of a run; of one that failed, up to there.
fn trace_of(execution: &Execution) -> String {
    match execution.ended {
        Ended::Completed => trace::text_of(&execution.record),
        _ => Trace { end: Vec::new(), ..Trace::from_record(&execution.record) }.to_text(),
    }
}

/// Whether a run went this way: with the same trace; or it failed at the same step; or it could not run either.
fn went(way: &Way, execution: &Execution, trace: &str) -> bool {
    match (&way.outcome, &execution.ended) {
        (Outcome::Failed { record, .. }, Ended::Failed) => step(record) == step(&execution.record),
        (Outcome::CouldNotRun { .. }, Ended::CouldNotRun(_)) => true,
        (Outcome::Failed { .. } | Outcome::CouldNotRun { .. }, _) => false,
        (_, Ended::Completed) => way.trace == trace,
        _ => false,
    }
}

/// The step that did otherwise.
fn step(record: &Record) -> Option<(u32, u32)> {
    record.failure.as_ref().map(|Failure { start, end, .. }| (*start, *end))
}
