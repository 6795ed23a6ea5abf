//! What given specs require, and how many of their tests are ignored for want of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::find::Found;
use super::super::load::Loaded;
use super::super::run::Runner;
use crate::spec::ast::{Network, Spec};

/// What the tests of some specs require.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many tests there are.
    pub tests: usize,
    /// How many of them are ignored here.
    pub ignored: usize,
    /// How many have several hosts on their network.
    pub with_hosts: usize,
    /// How many have what crosses it in their trace.
    pub with_wire: usize,
    /// Each requirement.
    pub wanted: BTreeMap<String, Want>,
}

/// One requirement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Want {
    /// How many tests have it.
    pub tests: usize,
    /// Why it is missing, for one of them at least.
    pub lacks: Option<String>,
}

impl Survey {
    /// Looks at specs. One that cannot be read, or is invalid, requires nothing that is known.
    pub fn of(found: &[Found], runner: &Runner) -> Self {
        let mut survey = Self::default();
        for spec in found {
            let Ok(loaded) = Loaded::read(spec, &runner.settings) else { continue };
            if loaded.is_invalid() || !runner.selection.takes_spec(&loaded) {
                continue;
            }
            let folder = spec.path.parent().unwrap_or(Path::new("."));
            for case in &loaded.cases {
                if runner.selection.takes_name(&case.test_name(&spec.name)) {
                    survey.add(loaded.requires(case), folder, runner);
                    survey.with_hosts += usize::from(has_hosts(&loaded.spec));
                    survey.with_wire += usize::from(loaded.spec.wire.is_some());
                }
            }
        }
        survey
    }

    fn add<'a>(&mut self, words: impl Iterator<Item = &'a str>, folder: &Path, runner: &Runner) {
        let mut is_ignored = false;
        for word in words {
            let lacks = runner.machine.lacks([word], folder);
            is_ignored |= lacks.is_some();
            let want = self.wanted.entry(word.to_owned()).or_default();
            want.tests += 1;
            want.lacks = want.lacks.take().or(lacks);
        }
        self.tests += 1;
        self.ignored += usize::from(is_ignored);
    }

    /// How many tests require this.
    pub(super) fn tests_of(&self, word: &str) -> usize {
        self.wanted.get(word).map_or(0, |want| want.tests)
    }
}

fn has_hosts(spec: &Spec) -> bool {
    matches!(&spec.network, Some(Network::Map(network)) if !network.hosts.is_empty())
}
