//! Pending traces: finding, accepting and rejecting them without cargo.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use super::{file, place, walk};

/// A trace that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// The name of its spec: `tcp/echo`.
    pub spec: String,
    /// Its case, where it has one: `net=tcp6`.
    pub case: Option<String>,
    /// The `.snap.new`.
    pub path: PathBuf,
    /// The `.snap`, which need not exist.
    pub snapshot: PathBuf,
}

impl Pending {
    /// The pending trace in a file of that path, if it is one.
    pub fn at(path: &Path) -> Option<Self> {
        let is_pending = path.is_file() && path.extension().is_some_and(|extension| extension == "new");
        let (spec, case) = place::test_of(Path::new(path.file_name()?)).filter(|_| is_pending)?;
        Some(Self { spec, case, path: path.to_owned(), snapshot: path.with_extension("") })
    }

    /// The name of its test: `tcp/echo[net=tcp6]`.
    pub fn name(&self) -> String {
        match &self.case {
            Some(case) => format!("{}[{case}]", self.spec),
            None => self.spec.clone(),
        }
    }

    /// Whether a name as people write it means this one: that of the test, of the spec, or of a
    /// folder of specs. A case of a spec with a shared snapshot means the shared one.
    pub fn is_named(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        let spec = name.split_once('[').map_or(name, |(spec, _)| spec);
        let inside = |folder: &str| self.spec.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        name == self.spec || name == self.name() || self.case.is_none() && spec == self.spec || inside(name)
    }

    /// Makes it the accepted trace.
    ///
    /// # Errors
    /// Where a file cannot be read or written; what was accepted before then still is.
    pub fn accept(&self) -> io::Result<()> {
        file::accept(&self.path, &self.snapshot)
    }

    /// Removes it.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub fn reject(&self) -> io::Result<()> {
        file::remove(&self.path).map(drop)
    }
}

/// All pending traces in a folder of snapshots, in the order of their names. None where there is no
/// such folder.
///
/// # Errors
/// Where a folder cannot be read.
pub fn find(snapshots: &Path) -> io::Result<Vec<Pending>> {
    let mut found = Vec::new();
    for path in walk::files(snapshots)? {
        if path.extension().is_none_or(|extension| extension != "new") {
            continue;
        }
        let test = path.strip_prefix(snapshots).ok().and_then(place::test_of);
        if let Some((spec, case)) = test {
            found.push(Pending { spec, case, snapshot: path.with_extension(""), path });
        }
    }
    found.sort();
    Ok(found)
}

/// Whether whoever looks for pending traces below the current folder, or below the project that it is in, comes to
/// this file and gives it this name. Other tools keep their own in folders called `snapshots`; only those that come
/// from a YAML file are ours.
pub fn is_found_as(path: &Path, name: &str) -> bool {
    let project = env::current_dir().ok().and_then(|here| Some(place::tree(&here)?.parent()?.to_owned()));
    let (base, below) = match &project {
        Some(project) => match place::absolute(path) {
            Ok(path) => (project.as_path(), path.strip_prefix(project).map(Path::to_owned).unwrap_or(path)),
            Err(_) => return false,
        },
        None => (Path::new(""), path.to_owned()),
    };
    let test = walk::folder_of(base, &below).and_then(|folder| place::test_of(below.strip_prefix(folder).ok()?));
    test.is_some_and(|(spec, case)| {
        Pending { spec, case, path: PathBuf::new(), snapshot: PathBuf::new() }.is_named(name) && is_ours(path)
    })
}

/// Whether a pending file comes from a spec. One that cannot be read is left for `find` to show.
fn is_ours(path: &Path) -> bool {
    file::header(path).is_none_or(|header| place::is_spec(Path::new(&header.source)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    fn pending(spec: &str, case: Option<&str>) -> Pending {
        Pending { spec: spec.into(), case: case.map(Into::into), path: PathBuf::new(), snapshot: PathBuf::new() }
    }

    #[test]
    fn names_mean_tests_specs_and_folders() {
        let case = pending("tcp/echo", Some("net=tcp6"));
        assert!(case.is_named("tcp/echo[net=tcp6]") && case.is_named("tcp/echo") && case.is_named("tcp/"));
        assert!(!case.is_named("tcp/echo[net=tcp4]") && !case.is_named("tcp/ech") && !case.is_named("tc"));
        let shared = pending("tcp/echo", None);
        assert!(shared.is_named("tcp/echo[net=tcp6]"));
        assert!(!shared.is_named("tcp/echoes[net=tcp6]"));
    }

    #[test]
    fn they_are_found_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("tcp/close")).unwrap();
        for file in ["b.snap.new", "b.snap", "tcp/close/a@net=tcp6.snap.new", "tcp/notes.txt.new", "c.new"] {
            fs::write(root.join(file), "").unwrap();
        }
        let found = find(root).unwrap();
        let names: Vec<String> = found.iter().map(Pending::name).collect();
        assert_eq!(names, ["b", "tcp/close/a[net=tcp6]"]);
        assert_eq!(found[0].snapshot, root.join("b.snap"));
    }

    #[test]
    fn no_folder_is_nothing_pending() {
        assert_eq!(find(Path::new("/nowhere/at/all")).unwrap(), []);
    }
}
