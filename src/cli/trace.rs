//! `sockspec trace`

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::output::Output;
use crate::trace::record::{Record, RecordError};
use crate::trace::text_of;

/// Print the canonical trace of a record
#[derive(Debug, Args)]
pub(super) struct Trace {
    /// A record, as `run --record` writes it; `-` is standard input
    #[arg(value_name = "RECORD")]
    record: PathBuf,
}

impl Trace {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let stdin = self.record.as_os_str() == "-";
        let name = if stdin { "standard input".into() } else { self.record.to_string_lossy() };
        let json = if stdin { io::read_to_string(io::stdin()) } else { fs::read_to_string(&self.record) };
        let json = match json {
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
            Err(RecordError::Malformed(why)) => {
                output.error(format!("{name} is not a record: {why}; `sockspec run --record DIR` writes records"));
                Exit::CouldNotRun
            }
            Err(error @ RecordError::Version(_)) => {
                output.error(format!("cannot read {name}: {error}"));
                Exit::CouldNotRun
            }
        }
    }
}
