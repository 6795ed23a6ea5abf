//! The files of a folder of snapshots, and those of a whole project.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::file::at;

/// All files below a folder. None where there is no such folder.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(at("cannot read", &folder, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| at("cannot read", &folder, &error))?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder { &mut folders } else { &mut found }.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The folders of a project that are called `snapshots`. What is hidden or built is passed over.
pub(super) fn folders_of_snapshots(project: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![project.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.file_name().is_some_and(|name| name == "snapshots") {
            found.push(folder);
            continue;
        }
        folders.extend(folders_in(&folder));
    }
    found
}

/// The folder among [`folders_of_snapshots`] of a folder that a file lies in, whose path goes on from there.
pub(super) fn folder_of(base: &Path, file: &Path) -> Option<PathBuf> {
    let mut folder = PathBuf::new();
    for part in file.components() {
        let Component::Normal(name) = part else { return None };
        folder.push(name);
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|there| there.is_dir());
        if is_passed_over(name) || !is_folder(&base.join(&folder)) {
            return None;
        }
        if name == "snapshots" {
            return Some(folder);
        }
    }
    None
}

/// All snapshots of a project, whoever made them.
pub(super) fn snapshots_of(project: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![project.to_owned()];
    while let Some(folder) = folders.pop() {
        folders.extend(folders_in(&folder));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        found.extend(entries.filter(|path| is_snapshot(path)));
    }
    found.sort();
    found
}

/// Whether a file is an accepted snapshot, going by its name.
pub(super) fn is_snapshot(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "snap")
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let entered = entries
        .filter(|entry| !is_passed_over(&entry.file_name()) && entry.file_type().is_ok_and(|kind| kind.is_dir()));
    entered.map(|entry| entry.path()).collect()
}

fn is_passed_over(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "target" || name == "node_modules"
}
