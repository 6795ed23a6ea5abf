//! Where the records of runs are written: all of them where that was asked for, those of failures
//! in any case, never among the specs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::snapshot::{self, place};
use crate::trace::record::Record;

/// The records of a run.
#[derive(Debug, Default)]
pub struct Records {
    /// `--record`
    all: Option<PathBuf>,
    /// A temporary folder, made at the first failure.
    failures: OnceLock<Option<PathBuf>>,
}

impl Records {
    /// Records of every test go into this folder; of failures only, into a temporary one, where
    /// there is none.
    pub fn new(all: Option<PathBuf>) -> Self {
        Self { all, failures: OnceLock::new() }
    }

    /// Whether every test is recorded.
    pub fn keeps_all(&self) -> bool {
        self.all.is_some()
    }

    /// Writes the record of a test, if it is to be written, and says where.
    ///
    /// # Errors
    /// Where a record that was asked for cannot be written. One of a failure is then left out.
    pub fn keep(&self, record: &Record, spec: &str, case: Option<&str>, failed: bool) -> io::Result<Option<PathBuf>> {
        if let Some(folder) = &self.all {
            let path = path_in(folder, spec, case);
            write(&path, record)?;
            return Ok(Some(path));
        }
        let folder = if failed { self.failures.get_or_init(temporary) } else { &None };
        let path = folder.as_ref().map(|folder| path_in(folder, spec, case));
        Ok(path.filter(|path| write(path, record).is_ok()))
    }
}

fn write(path: &Path, record: &Record) -> io::Result<()> {
    snapshot::write_whole(path, |file| file.write_all(record.to_json().as_bytes()))
}

fn path_in(folder: &Path, spec: &str, case: Option<&str>) -> PathBuf {
    place::file(folder, spec, case).with_extension("json")
}

fn temporary() -> Option<PathBuf> {
    tempfile::Builder::new().prefix("sockspec-").tempdir().ok().map(tempfile::TempDir::keep)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    fn record() -> Record {
        let json = r#"{"version":1,"test":"tcp/echo","entries":[],"end":[],"failure":null}"#;
        Record::from_json(json).unwrap()
    }

    #[test]
    fn all_are_kept_where_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::new(Some(folder.path().join("r")));
        let path = records.keep(&record(), "tcp/echo", Some("net=tcp6"), false).unwrap().unwrap();
        assert_eq!(path, folder.path().join("r/tcp/echo@net=tcp6.json"));
        assert_eq!(Record::from_json(&fs::read_to_string(path).unwrap()).unwrap(), record());
    }

    #[test]
    fn otherwise_failures_only_in_a_temporary_folder() {
        let records = Records::new(None);
        assert_eq!(records.keep(&record(), "tcp/echo", None, false).unwrap(), None);
        let path = records.keep(&record(), "tcp/echo", None, true).unwrap().unwrap();
        assert!(path.starts_with(std::env::temp_dir()) && path.is_file());
        fs::remove_dir_all(path.parent().unwrap().parent().unwrap()).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let records = Records::new(Some("/proc/nowhere".into()));
        let message = records.keep(&record(), "a", None, false).unwrap_err().to_string();
        assert!(message.contains("/proc/nowhere/a.json"), "{message}");
    }
}
