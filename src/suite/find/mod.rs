//! Finds spec files: those named, and those in the folders named.

use std::env;
use std::fmt;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::glance::Glance;
use crate::snapshot::place::{Home, absolute, is_spec};

/// A spec file, with its name and the place of its snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file, as messages call it.
    pub path: PathBuf,
    /// The spec's name: `tcp/half-close`.
    pub name: String,
    /// The folder of its snapshots, as messages call it.
    pub snapshots: Arc<Path>,
    /// Another file with the same name and the same snapshots.
    pub rival: Option<PathBuf>,
    /// Where in the name that begins which its snapshot is called by.
    stem: usize,
    glance: OnceLock<Glance>,
}

impl Found {
    /// What its snapshot is called by in the folder of snapshots.
    pub fn stem(&self) -> &str {
        &self.name[self.stem..]
    }

    /// Whether a name as people write it means this one, a folder of it, or a case of it.
    pub fn is_called(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        let spec = name.strip_suffix(']').and_then(|name| name.split_once('[')).map_or(name, |(spec, _)| spec);
        self.name == spec || self.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether its tags say that it waits for a timer, as far as one can see at a glance.
    pub fn is_slow(&self) -> bool {
        self.glance().is_slow()
    }

    /// What its text says at a glance. The file is read for that once.
    pub(super) fn glance(&self) -> Glance {
        *self.glance.get_or_init(|| Glance::at(&self.path))
    }
}

/// What names are relative to, and where snapshots lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Names are relative to the nearest folder called `specs`, or to the folder that was named;
    /// snapshots lie beside it or where this says.
    Nearest {
        /// `--snapshots`
        snapshots: Option<PathBuf>,
    },
    /// Names are relative to the folder that was named, and the snapshots lie in this one.
    Given {
        /// The folder.
        snapshots: PathBuf,
    },
}

/// What keeps specs from being found.
#[derive(Debug)]
pub enum FindError {
    /// A file or folder cannot be read, or is not there.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A folder has no spec in it.
    NoSpecs {
        /// Which.
        folder: PathBuf,
    },
}

impl fmt::Display for FindError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } if error.kind() == ErrorKind::NotFound => {
                write!(out, "there is no file or folder `{}`", path.display())
            }
            Self::Unreadable { path, error } => write!(out, "cannot read `{}`: {error}", path.display()),
            Self::NoSpecs { folder } => {
                write!(out, "no spec in `{}`: no file there ends in `.yaml` or `.yml`", folder.display())
            }
        }
    }
}

impl std::error::Error for FindError {}

/// Finds the specs in files and folders, in the order of their names, each once.
///
/// # Errors
/// Where something cannot be read, or a folder has no spec in it.
pub fn find(roots: &[PathBuf], layout: &Layout) -> Result<Vec<Found>, FindError> {
    let mut found = Vec::new();
    for root in roots {
        let unreadable = |error| FindError::Unreadable { path: root.clone(), error };
        let metadata = fs::metadata(root).map_err(unreadable)?;
        let absolute = absolute(root).map_err(unreadable)?;
        let places = Places::new(layout).map_err(unreadable)?;
        if metadata.is_dir() {
            let before = found.len();
            let top = places.top(&absolute);
            Walk { places: &places, found: &mut found }.walk(root, &absolute, &top, &mut Vec::new())?;
            if found.len() == before {
                return Err(FindError::NoSpecs { folder: root.clone() });
            }
        } else {
            found.push(places.top(absolute.parent().unwrap_or(&absolute)).found(root.clone()));
        }
    }
    sort(&mut found);
    Ok(found)
}

/// Puts specs in the order of their names, each once.
pub fn sort(found: &mut Vec<Found>) {
    found.sort_unstable_by(|one, other| (&one.name, &one.path).cmp(&(&other.name, &other.path)));
    drop_twins(found);
}

/// The spec of that name below a folder, without looking at any other.
pub fn named(root: &Path, name: &str, layout: &Layout) -> Option<Found> {
    let path =
        ["yaml", "yml"].iter().map(|extension| root.join(format!("{name}.{extension}"))).find(|path| path.is_file())?;
    let folder = Places::new(layout).ok()?.top(&absolute(root).ok()?);
    Some(Found {
        path,
        name: name.to_owned(),
        snapshots: folder.snapshots,
        rival: None,
        stem: 0,
        glance: OnceLock::new(),
    })
}

/// Keeps one of several ways to the same file, and tells apart files that only share a name.
fn drop_twins(found: &mut Vec<Found>) {
    found.dedup_by(|next, kept| {
        if next.name != kept.name || next.snapshots != kept.snapshots && !is_same(&next.snapshots, &kept.snapshots) {
            return false;
        }
        let same = fs::canonicalize(&next.path).ok() == fs::canonicalize(&kept.path).ok();
        if !same {
            next.rival = Some(kept.path.clone());
        }
        same
    });
}

/// Whether two paths are those of one folder, from here and from the root.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((absolute(one), absolute(other)), (Ok(one), Ok(other)) if one == other)
}

/// A folder with what the names of its specs begin with.
struct Folder {
    prefix: String,
    stem: usize,
    snapshots: Arc<Path>,
}

/// Tells the places of folders.
struct Places<'a> {
    layout: &'a Layout,
    here: PathBuf,
}

impl<'a> Places<'a> {
    fn new(layout: &'a Layout) -> io::Result<Self> {
        Ok(Self { layout, here: env::current_dir()? })
    }

    /// The folder that was named, or that of a file that was named.
    fn top(&self, absolute: &Path) -> Folder {
        let (base, snapshots) = match self.layout {
            Layout::Given { snapshots } => (absolute.to_owned(), snapshots.clone()),
            Layout::Nearest { snapshots } => {
                let home = Home::of_folder(absolute);
                (home.base, snapshots.clone().unwrap_or(home.snapshots))
            }
        };
        let mut prefix = String::new();
        for part in absolute.strip_prefix(&base).into_iter().flat_map(Path::components) {
            prefix.push_str(&part.as_os_str().to_string_lossy());
            prefix.push('/');
        }
        Folder { prefix, stem: 0, snapshots: self.shown(&snapshots) }
    }

    /// A folder in another one.
    fn below(&self, above: &Folder, absolute: &Path) -> Folder {
        let name = absolute.file_name().unwrap_or_default();
        let prefix = format!("{}{}/", above.prefix, name.to_string_lossy());
        if *self.layout != (Layout::Nearest { snapshots: None }) {
            return Folder { prefix, stem: above.stem, snapshots: Arc::clone(&above.snapshots) };
        }
        let home = Home::of_folder(absolute);
        let snapshots = self.shown(&home.snapshots);
        if home.base != absolute {
            return Folder { prefix, stem: above.stem, snapshots };
        }
        if name == "specs" {
            return Folder { prefix: String::new(), stem: 0, snapshots };
        }
        let stem = prefix.len();
        Folder { prefix, stem, snapshots }
    }

    /// A path without the folder that we are in.
    fn shown(&self, path: &Path) -> Arc<Path> {
        path.strip_prefix(&self.here).ok().filter(|path| *path != Path::new("")).unwrap_or(path).into()
    }
}

impl Folder {
    /// A spec in this folder.
    fn found(&self, path: PathBuf) -> Found {
        let own = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut name = String::with_capacity(self.prefix.len() + own.len());
        name.push_str(&self.prefix);
        name.push_str(&own);
        let snapshots = Arc::clone(&self.snapshots);
        Found { path, name, snapshots, rival: None, stem: self.stem, glance: OnceLock::new() }
    }
}

struct Walk<'a> {
    places: &'a Places<'a>,
    found: &'a mut Vec<Found>,
}

impl Walk<'_> {
    /// Takes the specs of a folder and of those in it. `above` are the folders on the way here, by
    /// their true paths, so that a link to one of them does not lead in a circle.
    fn walk(
        &mut self,
        shown: &Path,
        absolute: &Path,
        folder: &Folder,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), FindError> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(shown).map_err(|error| unreadable(shown, error))? {
            let entry = entry.map_err(|error| unreadable(shown, error))?;
            match kind(&entry) {
                Kind::Spec => self.found.push(folder.found(entry.path())),
                Kind::Folder { linked } => folders.push((entry, linked)),
                Kind::Other => {}
            }
        }
        if folders.is_empty() {
            return Ok(());
        }
        above.push(fs::canonicalize(shown).map_err(|error| unreadable(shown, error))?);
        for (entry, linked) in folders {
            let path = entry.path();
            if linked && fs::canonicalize(&path).is_ok_and(|path| above.contains(&path)) {
                continue;
            }
            let absolute = absolute.join(entry.file_name());
            self.walk(&path, &absolute, &self.places.below(folder, &absolute), above)?;
        }
        above.pop();
        Ok(())
    }
}

enum Kind {
    Spec,
    Folder { linked: bool },
    Other,
}

/// What an entry of a folder is to us. Hidden files are editors' and version control's; files whose
/// names begin with `_` are there to be included.
fn kind(entry: &DirEntry) -> Kind {
    let name = entry.file_name();
    if name.as_encoded_bytes().starts_with(b".") {
        return Kind::Other;
    }
    let Ok(mut file) = entry.file_type() else { return Kind::Other };
    let linked = file.is_symlink();
    if linked {
        match fs::metadata(entry.path()) {
            Ok(metadata) => file = metadata.file_type(),
            Err(_) => return Kind::Other,
        }
    }
    if file.is_dir() {
        return Kind::Folder { linked };
    }
    if is_spec(Path::new(&name)) && !name.as_encoded_bytes().starts_with(b"_") { Kind::Spec } else { Kind::Other }
}

fn unreadable(path: &Path, error: io::Error) -> FindError {
    FindError::Unreadable { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests;
