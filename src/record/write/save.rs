//! What is written goes onto the disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Written;
use crate::snapshot;

/// How long a spec may be that can be read.
const LONGEST: usize = 1024 * 1024;

/// The name of a file beside a spec.
pub(super) fn name_beside(stem: &str, number: usize) -> String {
    format!("{stem}.{number}.bin")
}

impl Written {
    /// Whether it is longer than a spec may be.
    pub fn is_too_long(&self) -> bool {
        self.text.len() > LONGEST
    }

    /// Writes the spec to its file, and what lies beside it.
    ///
    /// # Errors
    /// Where that fails; nothing is half then.
    pub fn save(&self, spec: &Path) -> io::Result<()> {
        let beside = self.files.iter().map(|(name, bytes)| (spec.with_file_name(name), bytes.as_slice()));
        let files: Vec<_> = beside.chain([(spec.to_owned(), self.text.as_bytes())]).collect();
        snapshot::write_together(&files)
    }

    /// Removes the files beside a spec that are named as those of a recording, and are none of this one's; gives
    /// their paths.
    ///
    /// # Errors
    /// Where the folder cannot be read, or such a file not be removed.
    pub fn remove_others(&self, spec: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = spec.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let stem = spec.file_stem().unwrap_or_default().to_string_lossy();
        let mut gone = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_own = self.files.iter().any(|(own, _)| *own == name);
            if !is_own && is_beside(&stem, &name) && entry.file_type()?.is_file() && snapshot::remove(&entry.path())? {
                gone.push(spec.with_file_name(name));
            }
        }
        gone.sort();
        Ok(gone)
    }
}

/// Whether a recording of this name would call a file so.
fn is_beside(stem: &str, name: &str) -> bool {
    let number = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".bin"));
    number.is_some_and(|number| number.parse().is_ok_and(|number| name_beside(stem, number) == name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(files: &[&str]) -> Written {
        Written {
            text: "new".to_owned(),
            files: files.iter().map(|name| ((*name).to_owned(), b"new".to_vec())).collect(),
        }
    }

    #[test]
    fn what_a_recording_before_has_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let others = ["a.bin", "a.x.bin", "a.01.bin", "ab.1.bin", "a.1.bin.yaml", "b.1.bin"];
        for name in others.iter().chain(&["a.yaml", "a.1.bin", "a.2.bin", "a.12.bin"]) {
            fs::write(folder.path().join(name), "old").unwrap();
        }
        let spec = folder.path().join("a.yaml");
        let new = written(&["a.1.bin"]);
        new.save(&spec).unwrap();
        let gone = new.remove_others(&spec).unwrap();
        assert_eq!(gone, ["a.12.bin", "a.2.bin"].map(|name| folder.path().join(name)));
        for (name, text) in others.map(|name| (name, "old")).iter().chain(&[("a.yaml", "new"), ("a.1.bin", "new")]) {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), *text, "{name}");
        }
    }

    #[test]
    fn nothing_is_written_where_a_part_cannot_be() {
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("a.yaml");
        fs::write(&spec, "old").unwrap();
        fs::write(folder.path().join("a.1.bin"), "old").unwrap();
        let why = written(&["a.1.bin", "a.yaml/b"]).save(&spec).unwrap_err().to_string();
        assert!(why.starts_with("cannot write ") && why.contains("/a.yaml/b: "), "{why}");
        assert_eq!(fs::read_to_string(folder.path().join("a.1.bin")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
