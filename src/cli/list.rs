//! `sockspec list`

use clap::Args;

use super::Exit;
use super::output::Output;
use super::select::Select;
use crate::suite::Runner;

/// List the tests, one a line
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    select: Select,
}

impl List {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let found = match self.select.find(None, output) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let settings = self.select.settings();
        let runner = Runner { settings, selection: self.select.selection(), ..Runner::default() };
        let mut exit = Exit::Nothing;
        for test in found.iter().flat_map(|spec| runner.list(spec, false)) {
            output.line(&test.name);
            exit = Exit::Success;
        }
        if exit == Exit::Nothing {
            self.select.explain_nothing(output);
        }
        exit
    }
}
