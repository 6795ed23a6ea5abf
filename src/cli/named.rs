//! What people name on the command line: files, folders, and tests as reports call them; and where specs are if
//! nothing is named.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Exit;
use super::output::Output;
use crate::model::name::nearest;
use crate::snapshot::place::{self, is_spec};
use crate::suite::{FindError, Found, Layout, find};

/// From where specs are named.
#[derive(Debug)]
pub(super) struct Standpoint<'a> {
    /// Where specs are by the file of settings.
    usual: &'a [PathBuf],
    here: PathBuf,
}

/// Why there are no specs.
#[derive(Debug)]
pub(super) enum Lack {
    /// Nothing was named, and there is no folder for that.
    Folder {
        /// The nearest that would be one.
        above: Option<PathBuf>,
    },
    /// What was named is neither there nor the name of a test.
    Unknown {
        /// The word.
        word: String,
        /// What may be meant.
        near: Option<String>,
        /// Whether there is no spec at all.
        is_first: bool,
    },
    /// Where they were looked for.
    Found {
        /// Why.
        error: FindError,
        /// Whether a first one is still to be written.
        is_first: bool,
    },
}

impl Lack {
    /// Says it, and gives the exit code.
    pub(super) fn tell(&self, output: &mut Output) -> Exit {
        const FIRST: &str = "`sockspec new NAME` writes a first one";
        match self {
            Self::Folder { above: Some(above) } => {
                let above = above.display();
                output.error(format!("there is no folder `specs` here, but there is `{above}`: name it, or go there"));
                Exit::Usage
            }
            Self::Folder { above: None } => {
                output.error(format!(
                    "there is no folder `specs` here; name the specs, or folders of specs, that are meant; {FIRST}"
                ));
                Exit::Usage
            }
            Self::Unknown { word, near, is_first } => {
                let way_out = match near {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None if *is_first => format!("; {FIRST}"),
                    None => "; `sockspec list` lists the tests".to_owned(),
                };
                output.error(format!("there is no file or folder `{word}`, and no test of that name{way_out}"));
                Exit::CouldNotRun
            }
            Self::Found { error, is_first } => {
                output.error(if *is_first { format!("{error}; {FIRST}") } else { error.to_string() });
                Exit::from(error)
            }
        }
    }
}

impl<'a> Standpoint<'a> {
    /// The current folder. Where there is none, specs are not found either, and that is then said.
    pub(super) fn new(usual: &'a [PathBuf]) -> Self {
        Self { usual, here: env::current_dir().unwrap_or_default() }
    }

    /// The specs of paths and names; where there are none of either, all of the tree.
    pub(super) fn find(&self, words: &[PathBuf], layout: &Layout) -> Result<Vec<Found>, Lack> {
        if words.is_empty() {
            return self.all(layout);
        }
        let (mut paths, mut names) = (Vec::new(), Vec::new());
        for word in words {
            match existing(word) {
                Some(path) => paths.push(path),
                None => names.push(word),
            }
        }
        let mut found = find::find(&paths, layout).map_err(|error| Lack::Found { error, is_first: false })?;
        if !names.is_empty() {
            let all = self.all(layout).unwrap_or_default();
            for word in names {
                let before = found.len();
                let name = word.to_string_lossy();
                let is_meant = |spec: &&Found| spec.is_called(&name) || spec.is_called(bare(&name));
                found.extend(all.iter().filter(is_meant).cloned());
                if found.len() == before {
                    let near = near(word, &all);
                    return Err(Lack::Unknown { word: name.into_owned(), near, is_first: all.is_empty() });
                }
            }
            find::sort(&mut found);
        }
        Ok(found)
    }

    /// Whether specs that were found are some of the tree's, but not all of them.
    pub(super) fn is_part(&self, found: &[Found]) -> bool {
        let Ok(all) = self.all(&Layout::Nearest { snapshots: None }) else { return false };
        let files = |specs: &[Found]| -> HashSet<PathBuf> {
            specs.iter().filter_map(|spec| fs::canonicalize(&spec.path).ok()).collect()
        };
        let (found, all) = (files(found), files(&all));
        found.len() < all.len() && found.is_subset(&all)
    }

    /// The files and folders of paths and names, for those who need no more of specs than that.
    pub(super) fn paths(&self, words: &[PathBuf], lacks: &mut dyn FnMut(&Lack)) -> Vec<PathBuf> {
        if words.is_empty() {
            return self.roots().unwrap_or_else(|lack| {
                lacks(&lack);
                Vec::new()
            });
        }
        let of = |word: &PathBuf| {
            if let Some(path) = existing(word) {
                return Ok(vec![path]);
            }
            let specs = self.find(std::slice::from_ref(word), &Layout::Nearest { snapshots: None })?;
            Ok(specs.into_iter().map(|spec| spec.path).collect())
        };
        let paths = words.iter().filter_map(|word| of(word).map_err(|lack| lacks(&lack)).ok());
        paths.flatten().collect()
    }

    /// The files and folders in which the specs of these words are looked for.
    pub(super) fn watched(&self, words: &[PathBuf]) -> Vec<PathBuf> {
        let roots = || self.roots().unwrap_or_else(|_| vec![PathBuf::from("specs")]);
        match words.iter().map(|word| existing(word)).collect::<Option<Vec<_>>>() {
            Some(paths) if !paths.is_empty() => paths,
            Some(_) => roots(),
            None => words.iter().filter_map(|word| existing(word)).chain(roots()).collect(),
        }
    }

    /// All specs of the tree.
    fn all(&self, layout: &Layout) -> Result<Vec<Found>, Lack> {
        let roots = self.roots()?;
        let mut found = find::find(&roots, layout).map_err(|error| {
            let is_first = matches!(error, FindError::NoSpecs { .. });
            Lack::Found { error, is_first }
        })?;
        if self.usual.is_empty() && roots != [PathBuf::from("specs")] {
            self.show_from_here(&mut found);
        }
        Ok(found)
    }

    /// Where specs are: where the file of settings says, else in `specs`, else in the tree that one is in.
    fn roots(&self) -> Result<Vec<PathBuf>, Lack> {
        let specs = PathBuf::from("specs");
        if !self.usual.is_empty() && (self.usual != [specs.clone()] || specs.is_dir()) {
            return Ok(self.usual.to_vec());
        }
        if specs.is_dir() {
            return Ok(vec![specs]);
        }
        if let Some(tree) = place::tree(&self.here) {
            return Ok(vec![tree]);
        }
        let above = self.here.ancestors().skip(1).map(|above| above.join("specs")).find(|specs| specs.is_dir());
        Err(Lack::Folder { above: above.map(|above| place::relative(&self.here, &above).into()) })
    }

    /// Calls files as one sees them from here. They are below the root of a tree, whose path is absolute.
    fn show_from_here(&self, found: &mut [Found]) {
        for spec in found {
            spec.path = place::relative(&self.here, &spec.path).into();
            if spec.snapshots.is_absolute() {
                let relative = place::relative(&self.here, &spec.snapshots);
                spec.snapshots = Path::new(if relative.is_empty() { "." } else { &relative }).into();
            }
        }
    }
}

/// The cases among what was named, as reports call them.
pub(super) fn cases(words: &[PathBuf]) -> Vec<String> {
    let names = words.iter().filter_map(|word| word.to_str());
    let is_case = |name: &&str| name.ends_with(']') && name.contains('[') && !Path::new(name).exists();
    let cases = names.clone().filter(is_case);
    // Who names the spec, too, wants all of it.
    let is_alone = |case: &&str| {
        let spec = case.split_once('[').map_or(*case, |(spec, _)| spec);
        !names.clone().any(|name| name == spec)
    };
    cases.filter(is_alone).map(str::to_owned).collect()
}

/// The file or folder, which may be a spec that is named without the ending of its file.
fn existing(word: &Path) -> Option<PathBuf> {
    // What cannot be looked at is there for all that is known, and reading it tells why.
    let is_missing = |error: io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    if !fs::symlink_metadata(word).is_err_and(is_missing) {
        return Some(word.to_owned());
    }
    let with = |ending: &str| {
        let mut path = word.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    [".yaml", ".yml"].map(with).into_iter().find(|path| path.is_file())
}

/// What is there and nearest to a word: a test, a spec's file, or a folder.
fn near(word: &Path, all: &[Found]) -> Option<String> {
    let word = word.to_string_lossy();
    let word = word.trim_end_matches('/');
    let mut known: Vec<String> = Vec::new();
    for spec in all {
        known.push(spec.name.clone());
        let path = spec.path.to_string_lossy();
        known.extend(Path::new(&spec.name).ancestors().skip(1).map(|folder| folder.to_string_lossy().into_owned()));
        known.extend(Path::new(&*path).ancestors().map(|folder| folder.to_string_lossy().into_owned()));
    }
    known.extend(beside(Path::new(word)));
    known.retain(|name| !name.is_empty());
    known.sort_unstable();
    known.dedup();
    let near = nearest(word, known.iter().map(String::as_str));
    near.or_else(|| nearest(bare(word), all.iter().map(|spec| spec.name.as_str()))).map(str::to_owned)
}

/// What a path as one sees it from beside `specs` would be called, wherever one is.
fn bare(path: &str) -> &str {
    let name = path.strip_prefix("specs/").unwrap_or(path);
    name.strip_suffix(".yaml").or(name.strip_suffix(".yml")).unwrap_or(name)
}

/// The specs and folders in the folder that a path names.
fn beside(path: &Path) -> Vec<String> {
    let parent = path.parent().unwrap_or(Path::new(""));
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let is_candidate = |path: &PathBuf| is_spec(path) || path.is_dir();
    let paths = entries.map(|entry| parent.join(entry.file_name())).filter(is_candidate);
    paths.map(|path| path.to_string_lossy().into_owned()).filter(|path| !path.starts_with('.')).collect()
}
