//! `sockspec trace`

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::output::Output;
use crate::trace::record::Record;
use crate::trace::text_of;

/// Print the canonical trace of a record
#[derive(Debug, Args)]
pub(super) struct Trace {
    /// A record, as `run --record` writes it
    #[arg(value_name = "RECORD")]
    record: PathBuf,
}

impl Trace {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let name = self.record.display();
        let json = match fs::read_to_string(&self.record) {
            Ok(json) => json,
            Err(error) => {
                output.error(format!("cannot read {name}: {error}"));
                return Exit::CouldNotRun;
            }
        };
        match Record::from_json(&json) {
            Ok(record) => {
                output.print(&text_of(&record));
                Exit::Success
            }
            Err(error) => {
                output.error(format!("{name} is not a record: {error}"));
                Exit::CouldNotRun
            }
        }
    }
}
