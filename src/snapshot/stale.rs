//! Snapshots and pending traces with the specs that they say they come from, to find those whose
//! spec is gone.

use std::io;
use std::path::{Path, PathBuf};

use super::{file, place, walk};

/// A snapshot, or a pending trace, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The name of its spec.
    pub spec: String,
    /// Its case, where it has one.
    pub case: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// The folder of snapshots that it lies in.
    pub folder: PathBuf,
    /// The spec's file, as the snapshot names it.
    pub source: PathBuf,
}

impl Kept {
    /// What it says of itself. `None` where that is no snapshot of a spec: other tools keep theirs
    /// in folders of the same name.
    pub fn at(folder: &Path, path: &Path) -> Option<Self> {
        let (spec, case) = place::test_of(path.strip_prefix(folder).ok()?)?;
        let header = file::header(path)?;
        let source = Path::new(&header.source);
        if !place::is_spec(source) {
            return None;
        }
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let source = if source.is_absolute() { source.to_owned() } else { plain(&above.join(source)) };
        Some(Self { spec, case, path: path.to_owned(), folder: folder.to_owned(), source })
    }

    /// The file of its spec, if there is one: by its place among the snapshots, or as it says itself.
    pub fn spec_file(&self) -> Option<PathBuf> {
        let above = self.folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let by_place = [above.join("specs"), above.to_owned()]
            .into_iter()
            .flat_map(|base| ["yaml", "yml"].map(|extension| plain(&base.join(format!("{}.{extension}", self.spec)))));
        // A spec that was moved is named as it was; then the snapshot is that of the old one.
        let is_its = |source: &PathBuf| source.with_extension("").ends_with(&self.spec);
        by_place.chain([self.source.clone()].into_iter().filter(is_its)).find(|path| path.is_file())
    }
}

/// A path without `.` at its beginning.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

/// The snapshots and pending traces in a folder of snapshots that no spec in a list of names has.
///
/// # Errors
/// Where a folder cannot be read.
pub fn others(folder: &Path, has_spec: impl Fn(&str) -> bool) -> io::Result<Vec<Kept>> {
    let mut found = Vec::new();
    for path in walk::files(folder)? {
        let test = path.strip_prefix(folder).ok().and_then(place::test_of);
        // The names of nearly all tell that they are in use, so that only the others are read.
        if test.is_some_and(|(spec, _)| !has_spec(&spec)) {
            found.extend(Kept::at(folder, &path));
        }
    }
    Ok(found)
}

/// All snapshots and pending traces of specs in a folder of snapshots.
///
/// # Errors
/// Where the folder cannot be read.
pub fn all(folder: &Path) -> io::Result<Vec<Kept>> {
    others(folder, |_| false)
}

/// The folders called `snapshots` at or below a folder.
pub fn folders(below: &Path) -> Vec<PathBuf> {
    let mut folders = walk::folders_of_snapshots(below);
    for folder in &mut folders {
        *folder = plain(folder);
    }
    folders.sort();
    folders
}
