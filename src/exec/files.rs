//! The temporary folder of a test: what is written into it before the first step, and how it is
//! removed after the last.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::values::Scope;
use crate::plan::file::{Content, File};

/// A folder that others can pass through, if they know where to: a server may give up its rights
/// before it opens its files.
const PASSABLE: u32 = 0o711;
/// What its owner needs to empty a folder.
const REMOVABLE: u32 = 0o700;

/// The temporary folder of a test; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder of the test's own.
    pub(super) fn make() -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix("sockspec-").tempdir()?.keep();
        let folder = Self { path };
        fs::set_permissions(&folder.path, Permissions::from_mode(PASSABLE))?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    /// Removes it with all that is in it, also where a mode forbids that to its own owner.
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.path).is_err() {
            allow_removal(&self.path);
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes the files of a spec. Modes are set as they are written, whatever the umask says; those of
/// folders last, since one may forbid to write into it. An error is a sentence.
pub(super) fn write(folder: &Path, files: &[File], scope: Scope<'_>) -> Result<(), String> {
    let failed = |file: &File, error: &io::Error| format!("cannot write `{}`: {error}", file.path.display());
    for file in files {
        let path = folder.join(&file.path);
        let bytes = match &file.content {
            Content::Text(template) => scope.bytes(template)?,
            Content::Bytes(bytes) => bytes.to_vec(),
            Content::Folder => {
                make_folders(folder, &path).map_err(|error| failed(file, &error))?;
                continue;
            }
        };
        let written = path.parent().map_or(Ok(()), |parent| make_folders(folder, parent));
        written.and_then(|()| write_file(&path, &bytes, file.mode)).map_err(|error| failed(file, &error))?;
    }
    for file in files.iter().filter(|file| matches!(file.content, Content::Folder)) {
        let mode = Permissions::from_mode(file.mode);
        fs::set_permissions(folder.join(&file.path), mode).map_err(|error| failed(file, &error))?;
    }
    Ok(())
}

fn write_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode & 0o700).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))
}

/// Makes the folders of a path that are not there.
fn make_folders(folder: &Path, path: &Path) -> io::Result<()> {
    if path == folder || path.exists() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folders(folder, parent)?;
    }
    DirBuilder::new().mode(0o755).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))
}

/// Gives back the right to empty a folder and those in it.
fn allow_removal(path: &Path) {
    let _ = fs::set_permissions(path, Permissions::from_mode(REMOVABLE));
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            allow_removal(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::exec::values::{NoEndpoints, Values};
    use crate::model::value::Value;
    use crate::plan::template::{Piece, Template};
    use crate::source::Span;

    fn file(path: &str, content: Content, mode: u32) -> File {
        File { path: path.into(), content, mode }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn files_are_written_with_their_folders_and_modes() {
        let values = Values::default();
        values.set("port", Value::Number(10_080));
        let scope = Scope { values: &values, endpoints: &NoEndpoints };
        let port = Piece::Variable { name: "port".into(), part: None };
        let text = Template { pieces: vec![Piece::Literal("listen ".into()), port], span: Span::default() };
        let folder = Folder::make().unwrap();
        let files = [
            file("conf/sites/a.conf", Content::Text(text), 0o644),
            file("key", Content::Bytes(vec![0, 0xff].into()), 0o400),
            file("run.sh", Content::Bytes(b"#!/bin/sh\n"[..].into()), 0o4755),
            file("conf", Content::Folder, 0o500),
            file("spool/in", Content::Folder, 0o777),
        ];
        write(folder.path(), &files, scope).unwrap();
        let at = |path: &str| folder.path().join(path);
        assert_eq!(fs::read(at("conf/sites/a.conf")).unwrap(), b"listen 10080");
        assert_eq!(fs::read(at("key")).unwrap(), [0, 0xff]);
        let modes = [("conf", 0o500), ("conf/sites", 0o755), ("conf/sites/a.conf", 0o644), ("key", 0o400)];
        for (path, wanted) in modes.into_iter().chain([("run.sh", 0o4755), ("spool", 0o755), ("spool/in", 0o777)]) {
            assert_eq!(mode(&at(path)), wanted, "{path}");
        }
        let path = folder.path().to_owned();
        assert_eq!(mode(&path), PASSABLE);
        drop(folder);
        assert!(!path.exists(), "a folder that cannot be written to is removed as well");
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let values = Values::default();
        let scope = Scope { values: &values, endpoints: &NoEndpoints };
        let folder = Folder::make().unwrap();
        let files = [file("a", Content::Bytes([].into()), 0o644), file("a/b", Content::Bytes([].into()), 0o644)];
        let error = write(folder.path(), &files, scope).unwrap_err();
        assert!(error.starts_with("cannot write `a/b`: "), "{error}");
    }
}
