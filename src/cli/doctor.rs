//! `sockspec doctor`

use clap::{Args, ValueEnum};

use super::Exit;
use super::output::Output;
use super::select::Select;
use crate::report;
use crate::suite::Runner;
use crate::suite::doctor::{self, Facts, Survey};

/// Tell what this machine offers to specs, and how to turn on what is missing; nothing is changed
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    select: Select,

    /// Show a table, or one object of JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: DoctorFormat,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum DoctorFormat {
    #[default]
    Full,
    Json,
}

impl Doctor {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let found = match self.select.is_given().then(|| self.select.find(None, output)).transpose() {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let facts = Facts::gather();
        let settings = self.select.settings();
        let runner = Runner { settings, selection: self.select.selection(), ..Runner::default() };
        let survey = found.map(|found| Survey::of(&found, &runner));
        if survey.as_ref().is_some_and(|survey| survey.tests == 0) {
            output.error("no test is there to look at: the specs are invalid, or none is selected");
            return Exit::Nothing;
        }
        let findings = doctor::findings(&facts, survey.as_ref());
        output.print(&match self.format {
            DoctorFormat::Full => report::doctor::text(&findings, survey.as_ref(), output.style),
            DoctorFormat::Json => report::doctor::json(&findings, survey.as_ref()),
        });
        if doctor::is_ready(&findings) { Exit::Success } else { Exit::Failed }
    }
}
