//! `sockspec list`

use clap::Args;

use super::Exit;
use super::config::Configure;
use super::output::Output;
use super::select::Select;
use super::share::Share;
use crate::suite::{Config, Runner};

/// List the tests, one a line
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    select: Select,

    #[command(flatten)]
    share: Share,
}

impl Configure for List {
    fn configure(&mut self, config: &Config) {
        self.select.configure(config);
    }
}

impl List {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let mut found = match self.select.find(None, output) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let settings = self.select.settings();
        let mut runner = Runner { settings, selection: self.select.selection(), ..Runner::default() };
        if let Err(exit) = self.share.keep(&mut runner, &mut found, output) {
            return exit;
        }
        let tests = found.iter().flat_map(|spec| runner.list(spec, false));
        let mut names: Vec<String> = tests.map(|test| test.name).collect();
        if names.is_empty() {
            self.select.explain_nothing(output);
            return Exit::Nothing;
        }
        // By their names, as nextest lists and counts them.
        names.sort_unstable();
        for name in &names {
            output.line(name);
        }
        Exit::Success
    }
}
