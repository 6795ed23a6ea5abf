//! The files that are formatted: those named, and those of folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::snapshot::place::is_spec;

/// A file, and whether it was named itself.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) is_named: bool,
}

/// All files, those of a folder in the order of their names, each once. What cannot be read is given to `failed`.
pub(super) fn all(paths: &[PathBuf], failed: &mut dyn FnMut(&Path, io::Error)) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut seen = Vec::new();
    for path in paths {
        let before = files.len();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, &mut files, &mut Vec::new(), failed),
            Ok(_) => files.push(File { path: path.clone(), is_named: true }),
            Err(error) => failed(path, error),
        }
        files[before..].sort();
    }
    files.retain(|file| {
        let own = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
        let is_new = !seen.contains(&own);
        seen.push(own);
        is_new
    });
    files
}

/// Takes the files of a folder and of those in it, hidden ones left out. `above` are the folders on the way
/// here, by their true paths, so that a link to one of them does not lead in a circle.
fn walk(folder: &Path, files: &mut Vec<File>, above: &mut Vec<PathBuf>, failed: &mut dyn FnMut(&Path, io::Error)) {
    let own = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    if above.contains(&own) {
        return;
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return failed(folder, error),
    };
    above.push(own);
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, files, above, failed),
            Ok(metadata) if metadata.is_file() && is_spec(&path) => files.push(File { path, is_named: false }),
            _ => {}
        }
    }
    above.pop();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_of_folders_come_once_and_hidden_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/.git")).unwrap();
        for name in ["b/z.yaml", "b/_part.yml", "b/.git/x.yaml", "b/readme.md", "a.yaml", ".hidden.yaml"] {
            fs::write(root.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        let mut failed = Vec::new();
        let paths = [root.to_owned(), root.join("b/z.yaml"), root.join("gone")];
        let found = all(&paths, &mut |path, _| failed.push(path.to_owned()));
        let names: Vec<_> = found.iter().map(|file| file.path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.yaml", "b/_part.yml", "b/z.yaml"]);
        assert_eq!(failed, [root.join("gone")]);
    }
}
