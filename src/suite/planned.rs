//! A spec whose selected tests are ready to run, for whoever runs them otherwise than once.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::exec::{Execution, Options};
use crate::plan::{self, Plan};
use crate::source::SourceFile;

use super::find::Found;
use super::load::{Loaded, is_error};
use super::outcome::SpecResult;
use super::run::{Runner, Worker, parent, said, unreadable, whole, with_source};

/// A spec with the plans of its selected tests.
#[derive(Debug)]
pub struct Planned {
    /// The spec.
    pub loaded: Loaded,
    /// Its tests, in the order of its matrix.
    pub tests: Vec<PlannedTest>,
}

/// A test that is ready to run.
#[derive(Debug)]
pub struct PlannedTest {
    /// Its name.
    pub name: String,
    /// What it does.
    pub plan: Plan,
    /// What the machine lacks, so that it cannot run.
    pub lacks: Option<String>,
}

impl Runner {
    /// Reads a spec, and plans its selected tests. `None` where none is.
    ///
    /// # Errors
    /// The result of a spec that is wrong, or cannot be read.
    pub fn plan(&self, found: &Found) -> Result<Option<Planned>, Box<SpecResult>> {
        let loaded =
            Loaded::read(found, &self.settings).map_err(|error| whole(found, unreadable(&found.path, &error)))?;
        let selected = self.selected(found, &loaded);
        if selected.is_empty() {
            return Ok(None);
        }
        let Some((planned, _)) = self.plan_cases(found, &loaded, selected) else {
            let result = self.invalid(found, &loaded);
            return Err(Box::new(with_source(result, loaded.source)));
        };
        let tests = planned.into_iter().map(|(case, name, plan)| {
            let lacks = self.machine.lacks(loaded.requires(case), parent(&found.path));
            PlannedTest { name, plan, lacks }
        });
        let tests = tests.collect();
        Ok(Some(Planned { loaded, tests }))
    }
}

impl Runner {
    /// Plans the test of that name of a spec whose text is another one than that of its file. `None`
    /// where that is wrong.
    pub fn plan_changed(&self, found: &Found, name: &str, text: &str) -> Option<(Plan, SourceFile)> {
        let source = SourceFile::new(found.path.to_string_lossy(), &found.path, text);
        let loaded = Loaded::of(found, source, &self.settings);
        let case = loaded.cases.iter().find(|case| case.test_name(&found.name) == name)?;
        let mut findings = loaded.findings.clone();
        let plan = plan::build(&loaded.spec, &loaded.source, &found.name, case, &self.settings, &mut findings)?;
        (!findings.iter().any(is_error)).then_some((plan, loaded.source))
    }
}

impl Worker {
    /// Runs a plan once, and nothing more.
    ///
    /// # Errors
    /// Where there is no runtime, or the runner itself failed; with the reason.
    pub fn execute(&mut self, plan: &Plan, source: &SourceFile, options: &Options) -> Result<Execution, String> {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let runtime = self.runtime()?;
            io::Result::Ok(runtime.execute(plan, source, options))
        }));
        match ran {
            Ok(Ok(execution)) => Ok(execution),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => {
                // What the runtime was in the middle of is not known.
                *self = Self::default();
                Err(format!("sockspec itself failed, which is a bug of it: {}", said(&*panic)))
            }
        }
    }
}
