//! What was made so far, to be taken back where the rest cannot be made.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders that were not there before.
#[derive(Debug, Default)]
pub(super) struct Undo {
    files: Vec<PathBuf>,
    /// The outermost first.
    folders: Vec<PathBuf>,
}

impl Undo {
    /// Notes the folders that a file needs and that are still missing.
    pub(super) fn folders_of(&mut self, file: &Path) {
        let missing: Vec<&Path> = file.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
        self.folders.extend(missing.into_iter().rev().map(Path::to_owned));
    }

    /// Notes a file that was made.
    pub(super) fn file(&mut self, file: &Path) {
        self.files.push(file.to_owned());
    }

    /// Removes all of it, but no folder in which there is something else by now.
    pub(super) fn everything(&self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        self.empty_folders();
    }

    /// Removes the folders in which there is nothing.
    pub(super) fn empty_folders(&self) {
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
