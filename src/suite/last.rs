//! Which tests failed when they ran last, for `--failed`: a list for each working folder, beside the records of failures.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::find::Found;
use super::outcome::{Outcome, SpecResult};
use super::records;
use super::run::Runner;
use super::select::Selection;
use crate::snapshot::{self, place};

/// The file in the folder of the records. Those end in `.json`.
const FILE: &str = ".failed";

/// The tests that failed when they ran last.
#[derive(Debug, Default)]
pub struct Last {
    folder: PathBuf,
    failed: BTreeSet<Test>,
    /// Whether the file says otherwise.
    is_changed: bool,
    flaky_is_ok: bool,
}

/// A test: a name alone may be that of several, in other trees of specs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Test {
    spec: String,
    name: String,
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Content {
    /// The working folder, of which the file's name has a hash only.
    folder: String,
    failed: BTreeSet<Test>,
}

impl Last {
    /// The list of this working folder.
    pub fn read(flaky_is_ok: bool) -> Self {
        let folder = env::current_dir().unwrap_or_default();
        let text = records::of_working_folder().and_then(|records| fs::read_to_string(records.join(FILE)).ok());
        let content = text.and_then(|text| serde_json::from_str::<Content>(&text).ok());
        let own = content.filter(|content| content.folder == folder.to_string_lossy());
        Self { failed: own.map(|own| own.failed).unwrap_or_default(), folder, is_changed: false, flaky_is_ok }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.failed.is_empty()
    }

    /// Keeps of the selected tests those that failed last. Gives the names of those that are no more, and forgets them.
    pub fn keep(&mut self, runner: &mut Runner, found: &mut Vec<Found>) -> Vec<String> {
        let mut only = BTreeSet::new();
        let mut gone = self.forget_lost_files();
        found.retain(|found| {
            let names = self.failed_of(found);
            let meant: Vec<String> = match names.is_empty() {
                true => Vec::new(),
                // An invalid spec is one test; when it is mended, it may have several.
                false if names.contains(&found.name) => listed(runner, found),
                false => listed(runner, found).into_iter().filter(|name| names.contains(name)).collect(),
            };
            if meant.is_empty() && !names.is_empty() {
                gone.extend(self.forget_lost_cases(runner, found, &names));
            }
            only.extend(meant.iter().cloned());
            !meant.is_empty()
        });
        runner.selection.only = Some(Arc::new(only));
        gone
    }

    /// The tests of a spec that failed.
    fn failed_of(&self, found: &Found) -> BTreeSet<String> {
        let spec = key(&found.path);
        self.failed.iter().filter(|test| test.spec == spec).map(|test| test.name.clone()).collect()
    }

    fn forget_lost_files(&mut self) -> Vec<String> {
        self.forget(|test| !Path::new(&test.spec).is_file())
    }

    fn forget_lost_cases(&mut self, runner: &Runner, found: &Found, names: &BTreeSet<String>) -> Vec<String> {
        let all = Runner { selection: Selection::default(), settings: runner.settings.clone(), ..Runner::default() };
        let there = listed(&all, found);
        let spec = key(&found.path);
        self.forget(|test| test.spec == spec && names.contains(&test.name) && !there.contains(&test.name))
    }

    fn forget(&mut self, is_lost: impl Fn(&Test) -> bool) -> Vec<String> {
        let lost: Vec<Test> = self.failed.iter().filter(|test| is_lost(test)).cloned().collect();
        self.failed.retain(|test| !lost.contains(test));
        self.is_changed |= !lost.is_empty();
        lost.into_iter().map(|test| test.name).collect()
    }

    /// Takes down what became of the tests of a spec.
    pub fn note(&mut self, result: &SpecResult) {
        let is_bad = |outcome: &Outcome| outcome.is_bad(self.flaky_is_ok);
        if self.failed.is_empty() && !result.tests.iter().any(|test| is_bad(&test.outcome)) {
            return;
        }
        let spec = key(&result.path);
        let whole = result.tests.first().and_then(|test| test.name.split_once('[')).map(|(spec, _)| spec.to_owned());
        if let Some(name) = whole {
            self.is_changed |= self.failed.remove(&Test { spec: spec.clone(), name });
        }
        for test in &result.tests {
            let of = Test { spec: spec.clone(), name: test.name.clone() };
            self.is_changed |= match &test.outcome {
                Outcome::NotRun | Outcome::Cancelled { .. } => false,
                outcome if outcome.is_bad(self.flaky_is_ok) => self.failed.insert(of),
                _ => self.failed.remove(&of),
            };
        }
    }

    /// Writes the list, if it is another one now. It is a help only, and so is no error where that cannot be.
    pub fn write(&self) {
        if !self.is_changed {
            return;
        }
        let Some(records) = records::of_failures() else { return };
        let content = Content { folder: self.folder.to_string_lossy().into_owned(), failed: self.failed.clone() };
        let json = serde_json::to_string(&content).unwrap_or_default();
        let _ = snapshot::write_whole(&records.join(FILE), |file| file.write_all(json.as_bytes()));
    }
}

fn listed(runner: &Runner, found: &Found) -> Vec<String> {
    runner.list(found, false).into_iter().map(|test| test.name).collect()
}

/// The same for every way to name a file.
fn key(path: &Path) -> String {
    place::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}
