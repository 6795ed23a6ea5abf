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

    /// Writes the record of a test, if it is to be written, and says where. Where a test runs several times and
    /// goes several ways, each has a file.
    ///
    /// # Errors
    /// Where a record that was asked for cannot be written. One of a failure is then left out.
    pub fn keep(&self, record: &Record, of: Kept<'_>, failed: bool) -> io::Result<Option<PathBuf>> {
        if let Some(folder) = &self.all {
            let path = of.file(folder, "json");
            write(&path, record)?;
            return Ok(Some(path));
        }
        let folder = if failed { self.failures.get_or_init(of_failures) } else { &None };
        let path = folder.as_ref().map(|folder| of.file(folder, "json"));
        Ok(path.filter(|path| write(path, record).is_ok()))
    }
}

fn write(path: &Path, record: &Record) -> io::Result<()> {
    snapshot::write_whole(path, |file| file.write_all(record.to_json().as_bytes()))
}

/// A run of which something is kept in a file.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// The spec's name.
    pub spec: &'a str,
    /// The label of the case.
    pub case: Option<&'a str>,
    /// Which of the ways of its test it went, from 0.
    pub way: usize,
}

impl Kept<'_> {
    /// Its file in a folder of such files.
    pub(super) fn file(self, folder: &Path, extension: &str) -> PathBuf {
        let path = place::file(folder, self.spec, self.case);
        match self.way {
            0 => path.with_extension(extension),
            way => path.with_extension(format!("way{}.{extension}", way + 1)),
        }
    }
}

/// The folder of what failed in this working folder, to be written into.
pub(super) fn of_failures() -> Option<PathBuf> {
    let folder = of_working_folder()?;
    if !folder.exists() {
        thin_out(folder.parent()?);
    }
    Some(folder)
}

/// That folder, whether it is there or not.
pub(super) fn of_working_folder() -> Option<PathBuf> {
    let mut of = DefaultHasher::new();
    env::current_dir().ok()?.hash(&mut of);
    Some(own_folder()?.join("records").join(format!("{:08x}", of.finish() >> 32)))
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
        let kept = Kept { spec: "tcp/echo", case: Some("net=tcp6"), way: 0 };
        let path = records.keep(&record(), kept, false).unwrap().unwrap();
        assert_eq!(path, folder.path().join("r/tcp/echo@net=tcp6.json"));
        assert_eq!(Record::from_json(&fs::read_to_string(path).unwrap()).unwrap(), record());
        let path = records.keep(&record(), Kept { way: 1, ..kept }, false).unwrap().unwrap();
        assert_eq!(path, folder.path().join("r/tcp/echo@net=tcp6.way2.json"));
    }

    #[test]
    fn otherwise_the_latest_failure_of_each_among_the_temporary_files() {
        let name = format!("of-a-test/{}", std::process::id());
        let keep =
            |failed| Records::new(None).keep(&record(), Kept { spec: &name, case: None, way: 0 }, failed).unwrap();
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
        let message = records.keep(&record(), Kept { spec: "a", case: None, way: 0 }, false).unwrap_err().to_string();
        assert!(message.contains("/proc/nowhere/a.json"), "{message}");
    }
}
