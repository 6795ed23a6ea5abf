//! The tests of a spec, without running them.

use std::path::Path;

use super::find::Found;
use super::glance::Word;
use super::load::Loaded;
use super::run::Runner;

/// A test that could be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What is missing on this machine to run it.
    pub lacks: Option<String>,
}

impl Runner {
    /// The tests of a spec that are selected. A spec that cannot be read, or is invalid as a whole,
    /// is one test, so that running it shows what is wrong. What the machine lacks is found out only
    /// where `probe` says so.
    pub fn list(&self, found: &Found, probe: bool) -> Vec<Listed> {
        let one = || Listed { name: found.name.clone(), lacks: None };
        let listed = if self.needs_parsing(found, probe) {
            match Loaded::read(found, &self.settings) {
                Ok(loaded) if !self.selection.takes_spec(&loaded) => Vec::new(),
                Ok(loaded) if !loaded.is_invalid() => self.list_cases(found, &loaded, probe),
                _ => vec![one()],
            }
        } else {
            vec![one()]
        };
        listed.into_iter().filter(|test| self.selection.takes_name(&test.name)).collect()
    }

    /// Whether the tests of a spec can be told only by understanding it. Most have neither a matrix
    /// nor requirements, a network of their own or programs, which is plain from the text.
    fn needs_parsing(&self, found: &Found, probe: bool) -> bool {
        let has = |word: Word| found.glance().has(word);
        let requires = [Word::Requires, Word::Network, Word::Run, Word::Include];
        self.selection.asks_for_tags(found) || has(Word::Matrix) || probe && requires.into_iter().any(has)
    }

    fn list_cases(&self, found: &Found, loaded: &Loaded, probe: bool) -> Vec<Listed> {
        let folder = found.path.parent().unwrap_or(Path::new("."));
        let listed = |case: &crate::plan::Case| Listed {
            name: case.test_name(&found.name),
            lacks: if probe { self.machine.lacks(loaded.requires(case), folder) } else { None },
        };
        loaded.cases.iter().map(listed).collect()
    }
}
