//! Where the records of runs are written: all of them where that was asked for, those of failures
//! in any case, never among the specs.

use std::env;
use std::fs::{self, DirEntry};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::exec::own_folder;
use crate::snapshot::{self, place};
use crate::trace::record::Record;

/// For how many working folders the records of failures are kept.
const MOST_FOLDERS: usize = 20;

/// The records of a run.
#[derive(Debug, Default)]
pub struct Records {
    /// `--record`
    all: Option<PathBuf>,
    /// A folder among the temporary ones, made at the first failure.
    failures: OnceLock<Option<PathBuf>>,
}

impl Records {
    /// Records of every test go into this folder. Where there is none, those of failures go into
    /// one among the user's temporary files, the same for each run in a working folder: the latest
    /// failure of a test takes the place of the one before, so they do not add up.
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
    let mut of = DefaultHasher::new();
    env::current_dir().ok()?.hash(&mut of);
    let all = own_folder()?.join("records");
    let folder = all.join(format!("{:08x}", of.finish() >> 32));
    if !folder.exists() {
        thin_out(&all);
    }
    Some(folder)
}

/// Removes the folders of working folders that had no failure for the longest time, so that there is
/// room for one more.
fn thin_out(all: &Path) {
    let Ok(entries) = fs::read_dir(all) else { return };
    let age = |entry: DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut folders: Vec<_> = entries.flatten().filter_map(age).collect();
    folders.sort();
    let surplus = (folders.len() + 1).saturating_sub(MOST_FOLDERS);
    for (_, folder) in folders.into_iter().take(surplus) {
        let _ = fs::remove_dir_all(folder);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::{Duration, SystemTime};

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
    fn otherwise_the_latest_failure_of_each_among_the_temporary_files() {
        let name = format!("of-a-test/{}", std::process::id());
        let keep = |failed| Records::new(None).keep(&record(), &name, None, failed).unwrap();
        assert_eq!(keep(false), None);
        let path = keep(true).unwrap();
        assert!(path.starts_with(env::temp_dir()) && path.is_file(), "{}", path.display());
        assert_eq!(keep(true).unwrap(), path, "a second run adds no file");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn they_do_not_add_up_with_the_working_folders() {
        let all = tempfile::tempdir().unwrap();
        for number in 0..MOST_FOLDERS + 3 {
            thin_out(all.path());
            let folder = all.path().join(number.to_string());
            fs::create_dir(&folder).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(number as u64);
            fs::File::open(&folder).unwrap().set_modified(at).unwrap();
        }
        assert_eq!(fs::read_dir(all.path()).unwrap().count(), MOST_FOLDERS);
        assert!(!all.path().join("2").exists() && all.path().join("3").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let records = Records::new(Some("/proc/nowhere".into()));
        let message = records.keep(&record(), "a", None, false).unwrap_err().to_string();
        assert!(message.contains("/proc/nowhere/a.json"), "{message}");
    }
}
