//! Runs one test: executes its plan, keeps what is to be kept, and compares its trace with the snapshot.

use std::io;

use crate::exec::{self, Ended, Execution};
use crate::plan::{Case, Plan};
use crate::snapshot::pending::is_found_as;
use crate::snapshot::{Difference, Subject, Verdict, place};
use crate::trace::{self, record::Record};

use super::captures::Captured;
use super::find::Found;
use super::load::Loaded;
use super::outcome::{Change, Detail, Outcome};
use super::records::Kept;
use super::run::{Runner, Worker, guarded};
use super::tries::Again;

/// A test that is about to run.
#[derive(Clone, Copy)]
pub(super) struct Test<'a> {
    pub(super) found: &'a Found,
    pub(super) loaded: &'a Loaded,
    pub(super) case: &'a Case,
    pub(super) name: &'a str,
    pub(super) plan: &'a Plan,
}

/// What became of a test.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    /// Its last run, where that is kept.
    pub(super) record: Option<Box<Record>>,
    /// How often it ran.
    pub(super) runs: u32,
}

impl From<Outcome> for Ran {
    /// What became of a test that did not run.
    fn from(outcome: Outcome) -> Self {
        Self { outcome, record: None, runs: 0 }
    }
}

impl Runner {
    /// Runs a test as often as it is to run.
    pub(super) fn run_test(&self, test: Test<'_>, worker: &mut Worker) -> Ran {
        if self.cancel.is_cancelled() {
            return Outcome::Cancelled { line: 0, file: None }.into();
        }
        if self.stop.is_due() {
            return Outcome::NotRun.into();
        }
        let _running = self.watch.begin(test.name);
        let run = || match self.again {
            Again::Once => self.run_once(test, worker),
            Again::Retry(most) => self.retry(test, most, worker),
            Again::Repeat(times) => self.repeat(test, times, worker),
        };
        match guarded(run) {
            Ok(Ok(ran)) => ran,
            Ok(Err(error)) => Outcome::CouldNotRun { reason: error.to_string() }.into(),
            Err(outcome) => {
                // What the runtime was in the middle of is not known.
                *worker = Worker::default();
                outcome.into()
            }
        }
    }

    fn run_once(&self, test: Test<'_>, worker: &mut Worker) -> io::Result<Ran> {
        let label = test.label();
        let execution = self.execute(test, worker)?;
        let failed = execution.ended == Ended::Failed;
        let kept = Kept { spec: &test.found.name, case: label.as_deref(), way: 0 };
        self.capture(test, kept, &execution);
        let written = self.records.keep(&execution.record, kept, failed)?;
        let outcome = match execution.ended {
            Ended::Completed => self.settle(test, label.as_deref(), &trace::text_of(&execution.record))?,
            Ended::Failed => {
                let outcome = Outcome::Failed { record: Box::new(execution.record), written };
                return Ok(Ran { outcome, record: None, runs: 1 });
            }
            Ended::CouldNotRun(reason) => Outcome::CouldNotRun { reason },
            Ended::Cancelled { line, file } => Outcome::Cancelled { line, file },
        };
        let record = self.wants_record(&outcome).then(|| Box::new(execution.record));
        Ok(Ran { outcome, record, runs: 1 })
    }

    /// Whether a result is to have the record beside its outcome.
    pub(super) fn wants_record(&self, outcome: &Outcome) -> bool {
        let wanted = match outcome {
            // Its events lead to the step that a report names.
            Outcome::Changed(_) => Detail::Facts,
            _ => Detail::Records,
        };
        self.detail >= wanted
    }

    /// Runs the plan of a test once.
    pub(super) fn execute(&self, test: Test<'_>, worker: &mut Worker) -> io::Result<Execution> {
        let options = exec::Options {
            keep_all: self.records.keeps_all(),
            keep_frames: self.captures.are_wanted(),
            cancel: self.cancel.clone(),
            ..exec::Options::default()
        };
        Ok(worker.runtime()?.execute(test.plan, &test.loaded.source, &options))
    }

    /// Keeps what crossed the isolated network, if the test came to have one.
    pub(super) fn capture(&self, test: Test<'_>, kept: Kept<'_>, execution: &Execution) {
        let Some(topology) = &test.plan.topology else { return };
        let frames = execution.frames.as_slice();
        if matches!(execution.ended, Ended::CouldNotRun(_)) && frames.is_empty() {
            return;
        }
        let captured = Captured { test: test.name, spec: &test.found.path, about: &test.plan.about, topology, frames };
        self.captures.keep(captured, kept);
    }

    /// Compares a trace with its snapshot, and writes what is to be written.
    pub(super) fn settle(&self, test: Test<'_>, label: Option<&str>, trace: &str) -> io::Result<Outcome> {
        let verdict = test.with_subject(label, |subject| self.store.settle(subject, trace))?;
        Ok(outcome(verdict, test.name, trace))
    }

    /// Compares a trace with its snapshot, and writes nothing.
    pub(super) fn look(&self, test: Test<'_>, label: Option<&str>, trace: &str) -> io::Result<Outcome> {
        let verdict = test.with_subject(label, |subject| self.store.look(subject, trace))?;
        Ok(outcome(verdict, test.name, trace))
    }
}

impl Test<'_> {
    /// What files of its case are called by.
    pub(super) fn label(&self) -> Option<String> {
        (!self.case.label.is_empty()).then(|| place::case_label(self.loaded.values(self.case)))
    }

    fn with_subject<T>(&self, label: Option<&str>, compare: impl FnOnce(Subject<'_>) -> T) -> T {
        let shared = label.is_some() && self.loaded.is_shared();
        let base = place::file(&self.found.snapshots, self.found.stem(), if shared { None } else { label });
        compare(Subject {
            name: self.name,
            folder: &self.found.snapshots,
            base: &base,
            spec: &self.found.path,
            about: &self.plan.about,
            shared,
        })
    }
}

fn outcome(verdict: Verdict, name: &str, trace: &str) -> Outcome {
    match verdict {
        Verdict::Same => Outcome::Passed { accepted: None },
        Verdict::Accepted(path) => Outcome::Passed { accepted: Some(path) },
        Verdict::New(difference) => Outcome::New(Box::new(change(difference, name, trace))),
        Verdict::Changed(difference) => Outcome::Changed(Box::new(change(difference, name, trace))),
    }
}

fn change(difference: Difference, name: &str, trace: &str) -> Change {
    let Difference { accepted, snapshot, pending, unwritten, contradicts } = difference;
    let is_found_by_name = pending.as_deref().is_some_and(|pending| is_found_as(pending, name));
    Change { accepted, trace: trace.to_owned(), snapshot, pending, is_found_by_name, unwritten, contradicts }
}
