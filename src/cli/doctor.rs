//! `sockspec doctor`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Exit;
use super::config::Configure;
use super::output::Output;
use super::select::Select;
use crate::report;
use crate::suite::doctor::{self, Facts, Survey};
use crate::suite::{Config, Runner};

/// Tell what this machine offers to specs, and how to turn on what is missing; nothing is changed
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    select: Select,

    /// Show a table, or one object of JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: DoctorFormat,

    /// The file of settings that counts here.
    #[arg(skip)]
    settings: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum DoctorFormat {
    #[default]
    Full,
    Json,
}

impl Configure for Doctor {
    fn configure(&mut self, config: &Config) {
        self.settings = Some(config.file.clone());
        if self.select.is_given() {
            self.select.configure(config);
        } else {
            self.select.understand(config);
        }
    }
}

impl Doctor {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let found = match self.select.is_given().then(|| self.select.find(None, output)).transpose() {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        if found.is_none()
            && let Err(exit) = self.select.refuse_wrong_settings(output)
        {
            return exit;
        }
        let facts = Facts::gather();
        let settings = self.select.settings();
        let runner = Runner { settings, selection: self.select.selection(), ..Runner::default() };
        let survey = found.map(|found| Survey::of(&found, &runner));
        if survey.as_ref().is_some_and(|survey| survey.tests == 0) {
            output.error("no test is there to look at: the specs are invalid, or none is selected");
            return Exit::Nothing;
        }
        let findings = doctor::findings(&facts, survey.as_ref());
        let settings = self.settings.as_deref();
        output.print(&match self.format {
            DoctorFormat::Full => report::doctor::text(&findings, survey.as_ref(), settings, output.style),
            DoctorFormat::Json => report::doctor::json(&findings, survey.as_ref(), settings),
        });
        if doctor::is_ready(&findings) { Exit::Success } else { Exit::Failed }
    }
}
