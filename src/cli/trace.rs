//! `sockspec trace`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
        match read(&self.record, output) {
            Ok(record) => {
                output.print(&text_of(&record));
                Exit::Success
            }
            Err(exit) => exit,
        }
    }
}

/// Reads a record; `-` is standard input. Where that is none, the exit code, and the reason is told.
pub(super) fn read(path: &Path, output: &mut Output) -> Result<Record, Exit> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "standard input".into() } else { path.to_string_lossy() };
    let json = if stdin { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    let why = match json.map(|json| Record::from_json(&json)) {
        Ok(Ok(record)) => return Ok(record),
        Ok(Err(RecordError::Malformed(why))) => {
            format!("{name} is not a record: {why}; `sockspec run --record DIR` writes records")
        }
        Ok(Err(error @ RecordError::Version(_))) => format!("cannot read {name}: {error}"),
        Err(error) => format!("cannot read {name}: {error}"),
    };
    output.error(why);
    Err(Exit::CouldNotRun)
}
