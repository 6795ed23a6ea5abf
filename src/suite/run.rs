//! Runs one spec through every stage.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::diagnostic::Diagnostic;
use crate::exec::{Cancel, Runtime};
use crate::plan::{self, Case, Plan};
use crate::snapshot::Store;
use crate::source::SourceFile;

use super::captures::Captures;
use super::find::Found;
use super::load::{Loaded, in_order, is_error};
use super::outcome::{Detail, Outcome, SpecResult, TestResult};
use super::records::Records;
use super::require::Machine;
use super::select::Selection;
use super::stop::Stop;
use super::test::{Ran, Test};
use super::tries::Again;
use super::watch::Watch;

/// Runs specs. One serves all worker threads.
#[derive(Debug, Default)]
pub struct Runner {
    /// How specs are understood.
    pub settings: plan::Settings,
    /// Which tests are run.
    pub selection: Selection,
    /// The snapshots.
    pub store: Store,
    /// The records.
    pub records: Records,
    /// The captures, which whoever starts the run reads when it has ended.
    pub captures: Arc<Captures>,
    /// What the machine offers.
    pub machine: Machine,
    /// Ends the run early.
    pub cancel: Cancel,
    /// How often each test runs.
    pub again: Again,
    /// Ends the run where enough has failed.
    pub stop: Stop,
    /// Who looks at how far the run has come.
    pub watch: Arc<Watch>,
    /// How much the results hold.
    pub detail: Detail,
}

/// What a worker thread keeps from one spec to the next.
#[derive(Debug, Default)]
pub struct Worker {
    runtime: Option<Runtime>,
}

impl Worker {
    pub(super) fn runtime(&mut self) -> io::Result<&mut Runtime> {
        match &mut self.runtime {
            Some(runtime) => Ok(runtime),
            none => Ok(none.insert(Runtime::new()?)),
        }
    }
}

impl Runner {
    /// Runs a spec, all of its cases that are selected. `None` where none is.
    pub fn run(&self, found: &Found, worker: &mut Worker) -> Option<SpecResult> {
        let ran = guarded(|| self.run_selected(found, worker));
        let result = ran.unwrap_or_else(|outcome| Some(self.broken(found, outcome)));
        self.watch.ended(result.as_ref());
        result
    }

    /// The result of a spec of which nothing could run.
    fn broken(&self, found: &Found, outcome: Outcome) -> SpecResult {
        self.stop.count(&outcome);
        whole(found, outcome)
    }

    /// Runs the one case of a spec whose test has this name. `None` where there is no such case.
    pub fn run_named(&self, found: &Found, name: &str, worker: &mut Worker) -> Option<SpecResult> {
        guarded(|| self.run_case(found, name, worker)).unwrap_or_else(|outcome| Some(whole(found, outcome)))
    }

    fn run_selected(&self, found: &Found, worker: &mut Worker) -> Option<SpecResult> {
        if self.cancel.is_cancelled() {
            return self.not_begun(found, || Outcome::Cancelled { line: 0, file: None });
        }
        if self.stop.is_due() {
            return self.not_begun(found, || Outcome::NotRun);
        }
        let begun = Instant::now();
        let loaded = match Loaded::read(found, &self.settings) {
            Ok(loaded) => loaded,
            Err(error) => return Some(self.broken(found, unreadable(&found.path, &error))),
        };
        let selected = self.selected(found, &loaded);
        if selected.is_empty() {
            return None;
        }
        let result = self.run_cases(found, &loaded, selected, worker, begun);
        Some(self.completed(result, loaded))
    }

    /// The selected tests of a spec, none of which begins any more.
    fn not_begun(&self, found: &Found, outcome: impl Fn() -> Outcome) -> Option<SpecResult> {
        let tests =
            self.list(found, false).into_iter().map(|test| TestResult::new(test.name, outcome(), Duration::ZERO));
        let tests: Vec<_> = tests.collect();
        (!tests.is_empty()).then(|| SpecResult { tests, ..SpecResult::new(&found.path) })
    }

    /// The result with what reports want to show beside it.
    fn completed(&self, mut result: SpecResult, loaded: Loaded) -> SpecResult {
        if self.detail < Detail::Facts {
            return with_source(result, loaded.source);
        }
        result.details = Some(Box::new(loaded.details()));
        result.source = Some(loaded.source);
        result
    }

    /// The selected cases of a spec, each with the name of its test.
    pub(super) fn selected<'l>(&self, found: &Found, loaded: &'l Loaded) -> Vec<(&'l Case, String)> {
        if !self.selection.takes_spec(loaded) {
            return Vec::new();
        }
        let named = loaded.cases.iter().map(|case| (case, case.test_name(&found.name)));
        // Of an invalid spec the list has one test, whatever its cases are.
        let listed = loaded.is_invalid().then_some(found.name.as_str());
        let is_taken = |name: &str| self.selection.has_text(name) && self.selection.is_meant(listed.unwrap_or(name));
        named.filter(|(_, name)| is_taken(name)).collect()
    }

    fn run_case(&self, found: &Found, name: &str, worker: &mut Worker) -> Option<SpecResult> {
        let begun = Instant::now();
        let loaded = match Loaded::read(found, &self.settings) {
            Ok(loaded) => loaded,
            Err(error) => return Some(whole(found, unreadable(&found.path, &error))),
        };
        let result = if loaded.is_invalid() {
            self.invalid(found, &loaded)
        } else {
            let case = loaded.cases.iter().find(|case| case.test_name(&found.name) == name)?;
            self.run_cases(found, &loaded, vec![(case, name.to_owned())], worker, begun)
        };
        Some(self.completed(result, loaded))
    }

    /// The plans of cases, and the warnings about them; `None` where one is invalid.
    pub(super) fn plan_cases<'l>(
        &self,
        found: &Found,
        loaded: &Loaded,
        selected: Vec<(&'l Case, String)>,
    ) -> Option<(Vec<PlannedCase<'l>>, Vec<Diagnostic>)> {
        let mut planned = Vec::with_capacity(selected.len());
        let mut warnings = loaded.findings.clone();
        for (case, name) in selected {
            let mut findings = loaded.findings.clone();
            let plan = plan::build(&loaded.spec, &loaded.source, &found.name, case, &self.settings, &mut findings)?;
            warnings.extend(findings.into_iter().skip(loaded.findings.len()).filter(|new| !is_error(new)));
            planned.push((case, name, plan));
        }
        Some((planned, in_order(warnings)))
    }

    /// Plans all cases before the first of them runs: of an invalid spec nothing runs.
    fn run_cases(
        &self,
        found: &Found,
        loaded: &Loaded,
        selected: Vec<(&Case, String)>,
        worker: &mut Worker,
        begun: Instant,
    ) -> SpecResult {
        let Some((planned, warnings)) = self.plan_cases(found, loaded, selected) else {
            return self.invalid(found, loaded);
        };
        let mut begun = Some(begun);
        let tests = planned.into_iter().map(|(case, name, plan)| {
            let begun = begun.take().unwrap_or_else(Instant::now);
            let Ran { outcome, record, runs } = match self.machine.lacks(loaded.requires(case), parent(&found.path)) {
                Some(reason) => Outcome::Ignored { reason }.into(),
                None => self.run_test(Test { found, loaded, case, name: &name, plan: &plan }, worker),
            };
            self.stop.count(&outcome);
            let values = if self.detail >= Detail::Facts { loaded.owned_values(case) } else { Vec::new() };
            TestResult { runs, values, record, ..TestResult::new(name, outcome, begun.elapsed()) }
        });
        SpecResult { tests: tests.collect(), warnings, ..SpecResult::new(&found.path) }
    }

    pub(super) fn invalid(&self, found: &Found, loaded: &Loaded) -> SpecResult {
        let all = loaded.check(&found.name, &self.settings);
        let (errors, warnings) = all.into_iter().partition(is_error);
        SpecResult { warnings, ..self.broken(found, Outcome::Invalid(errors)) }
    }
}

/// A case with the name of its test and its plan.
type PlannedCase<'l> = (&'l Case, String, Plan);

/// A result for a spec as a whole.
pub(super) fn whole(found: &Found, outcome: Outcome) -> SpecResult {
    let test = TestResult::new(&found.name, outcome, Duration::ZERO);
    SpecResult { tests: vec![test], ..SpecResult::new(&found.path) }
}

/// With the file, where a report may want to show lines of it.
pub(super) fn with_source(mut result: SpecResult, source: SourceFile) -> SpecResult {
    let draws = |test: &TestResult| {
        use Outcome::{Differs, Failed, Flaky, Invalid};
        matches!(test.outcome, Failed { .. } | Invalid(_) | Flaky(_) | Differs(_))
    };
    if !result.warnings.is_empty() || result.tests.iter().any(draws) {
        result.source = Some(source);
    }
    result
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Outcome {
    Outcome::CouldNotRun { reason: format!("cannot read {}: {error}", path.display()) }
}

pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Keeps a panic, which is a bug of ours, from taking the other tests with it.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Outcome> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let reason = format!("sockspec itself failed, which is a bug of it: {}", said(&*panic));
        Outcome::CouldNotRun { reason }
    })
}

/// What a panic said.
pub(super) fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_outcome() {
        let caught = guarded(|| -> () { panic!("index {} out of range", 7) });
        assert!(matches!(caught, Err(Outcome::CouldNotRun { reason }) if reason.contains("index 7 out of range")));
        assert!(matches!(guarded(|| 1), Ok(1)));
    }
}
