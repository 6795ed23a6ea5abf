//! Which files specs hang on, and what has become of these since: for who runs again what has changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::find::Found;
use super::load::Loaded;
use crate::plan::Settings;

/// Specs with the files that each hangs on, as they were at one moment.
#[derive(Debug, Default)]
pub struct Dependencies {
    specs: BTreeMap<PathBuf, Files>,
}

/// Files, each as it was; `None` where it was not there.
type Files = BTreeMap<PathBuf, Option<Stamp>>;

/// What tells that a file was written, or another one put into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    changed: (i64, i64),
    size: u64,
    inode: u64,
}

/// What is different from before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The specs to run again: those that are new, or hang on a file that is different.
    pub specs: HashSet<PathBuf>,
    /// The files that are different, new or gone.
    pub files: BTreeSet<PathBuf>,
    /// The specs that are gone.
    pub gone: Vec<PathBuf>,
}

impl Dependencies {
    /// Looks at specs, and at the files that each hangs on: itself, what it includes, its snapshots, and the
    /// files that its text names.
    pub fn look(found: &[Found], settings: &Settings) -> Self {
        Self { specs: found.iter().map(|spec| (spec.path.clone(), files_of(spec, settings))).collect() }
    }

    /// What is different from before.
    pub fn changes_since(&self, before: &Self) -> Changes {
        let mut changes = Changes::default();
        for (path, files) in &self.specs {
            let Some(known) = before.specs.get(path) else {
                changes.specs.insert(path.clone());
                changes.files.insert(path.clone());
                continue;
            };
            let now = files.iter().filter(|(file, stamp)| known.get(*file).unwrap_or(&None) != *stamp);
            // A snapshot that is gone is in no listing any more.
            let lost =
                known.iter().filter(|(file, stamp)| stamp.is_some() && !files.contains_key(*file) && is_gone(file));
            let different: Vec<_> = now.map(|(file, _)| file).chain(lost.map(|(file, _)| file)).cloned().collect();
            if !different.is_empty() {
                changes.specs.insert(path.clone());
                changes.files.extend(different);
            }
        }
        changes.gone = before.specs.keys().filter(|path| !self.specs.contains_key(*path)).cloned().collect();
        changes
    }

    /// Takes the snapshots as they are now: a run that accepts traces has written them itself.
    pub fn accept_snapshots(&mut self, found: &[Found]) {
        for spec in found {
            if let Some(files) = self.specs.get_mut(&spec.path) {
                files.retain(|file, _| file.extension().is_none_or(|extension| extension != "snap"));
                files.extend(snapshots_of(spec).into_iter().map(|file| stamped(&file)));
            }
        }
    }

    /// How many files there are that one of the specs hangs on.
    pub fn count(&self) -> usize {
        let all = self.specs.values().flatten().filter(|(_, stamp)| stamp.is_some()).map(|(file, _)| file);
        all.collect::<HashSet<_>>().len()
    }

    /// The folders that these files are in, or would be.
    pub fn folders(&self) -> BTreeSet<PathBuf> {
        let all = self.specs.values().flatten().filter_map(|(file, _)| file.parent());
        all.map(|folder| if folder == Path::new("") { PathBuf::from(".") } else { folder.to_owned() }).collect()
    }
}

fn is_gone(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err()
}

fn files_of(found: &Found, settings: &Settings) -> Files {
    let mut files: BTreeSet<PathBuf> = snapshots_of(found);
    files.insert(found.path.clone());
    if let Ok(loaded) = Loaded::read(found, settings) {
        let included: Vec<PathBuf> = loaded.source.included_paths().map(Path::to_owned).collect();
        for path in &included {
            let text = fs::read_to_string(path).unwrap_or_default();
            files.extend(named_in(&text, path));
        }
        files.extend(named_in(loaded.source.text(), &found.path));
        files.extend(included);
    }
    files.iter().map(|file| stamped(file)).collect()
}

fn stamped(file: &Path) -> (PathBuf, Option<Stamp>) {
    let stamp = fs::metadata(file).ok().filter(fs::Metadata::is_file).map(|file| Stamp {
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
        size: file.size(),
        inode: file.ino(),
    });
    (file.to_owned(), stamp)
}

/// The accepted snapshots of a spec: one, or one for each case, and those of platforms.
fn snapshots_of(found: &Found) -> BTreeSet<PathBuf> {
    let base = found.snapshots.join(found.stem());
    let (Some(folder), Some(name)) = (base.parent(), base.file_name().map(|name| name.to_string_lossy().into_owned()))
    else {
        return BTreeSet::new();
    };
    let is_its = |file: &Path| {
        let own = file.file_name().map(|own| own.to_string_lossy().into_owned()).unwrap_or_default();
        let is_snapshot = file.extension().is_some_and(|extension| extension == "snap");
        is_snapshot && own.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['.', '@']))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|file| is_its(file)).collect()
}

/// The files that a text may name, relative to the one that it is in: `body.bin`, `./serve`. A word that looks
/// like one and is none does no harm, for it is never there.
fn named_in(text: &str, file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_end = |one: char| one.is_whitespace() || "\"'{}[],#|>&*!`".contains(one);
    let words = text.split(is_end).map(|word| word.trim_end_matches(':'));
    let looks_like_one = |word: &&str| {
        word.len() < 200 && word.contains(['.', '/']) && !word.contains("://") && word.chars().any(char::is_alphabetic)
    };
    words.filter(looks_like_one).map(|word| folder.join(word)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::suite::{Layout, find};

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn look(&self) -> Dependencies {
            let specs = self.0.path().join("specs");
            let found = find::find(&[specs], &Layout::Nearest { snapshots: None }).unwrap();
            Dependencies::look(&found, &Settings::default())
        }

        fn changes(&self, before: &Dependencies) -> (Vec<String>, Vec<String>) {
            let changes = self.look().changes_since(before);
            let short = |path: &PathBuf| path.strip_prefix(self.0.path()).unwrap().to_str().unwrap().to_owned();
            let mut specs: Vec<String> = changes.specs.iter().map(short).collect();
            specs.sort();
            (specs, changes.files.iter().chain(&changes.gone).map(short).collect())
        }
    }

    fn folder() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("specs/a.yaml", "about: A.\nsteps:\n  - include: _part.yaml\n");
        folder.write("specs/b.yaml", "about: B.\nsteps:\n  - a: {pair: b}\n  - a: {send: {file: body.bin}}\n");
        folder.write("specs/_part.yaml", "steps:\n  - a: {pair: b}\n");
        folder.write("specs/body.bin", "x");
        folder.write("snapshots/a.snap", "x");
        folder.write("snapshots/ab.snap", "x");
        folder
    }

    #[test]
    fn a_spec_hangs_on_what_it_names() {
        let folder = folder();
        let before = folder.look();
        assert_eq!(before.count(), 5, "{before:?}");
        assert_eq!(folder.changes(&before), (vec![], vec![]));
        for (file, spec) in [
            ("specs/_part.yaml", "specs/a.yaml"),
            ("specs/body.bin", "specs/b.yaml"),
            ("snapshots/a.snap", "specs/a.yaml"),
            ("snapshots/a@net=tcp6.snap", "specs/a.yaml"),
            ("specs/b.yaml", "specs/b.yaml"),
        ] {
            let before = folder.look();
            let text = fs::read_to_string(folder.0.path().join(file)).unwrap_or_default();
            folder.write(file, &format!("{text}\n# more\n"));
            assert_eq!(folder.changes(&before), (vec![spec.to_owned()], vec![file.to_owned()]));
        }
    }

    #[test]
    fn what_comes_and_goes_is_seen() {
        let folder = folder();
        let before = folder.look();
        folder.write("specs/new.yaml", "about: New.\nsteps:\n  - a: {pair: b}\n");
        fs::remove_file(folder.0.path().join("specs/body.bin")).unwrap();
        fs::remove_file(folder.0.path().join("snapshots/a.snap")).unwrap();
        let (specs, files) = folder.changes(&before);
        assert_eq!(specs, ["specs/a.yaml", "specs/b.yaml", "specs/new.yaml"]);
        assert_eq!(files, ["snapshots/a.snap", "specs/body.bin", "specs/new.yaml"]);
        let before = folder.look();
        fs::rename(folder.0.path().join("specs/new.yaml"), folder.0.path().join("specs/newer.yaml")).unwrap();
        assert_eq!(folder.changes(&before).0, ["specs/newer.yaml"]);
        assert_eq!(folder.changes(&before).1, ["specs/newer.yaml", "specs/new.yaml"]);
        folder.write("snapshots/ab.snap", "of nobody");
        assert_eq!(folder.changes(&folder.look()).0, [""; 0]);
    }
}
