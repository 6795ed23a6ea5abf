//! What is written into the temporary folder of a test before the first step.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::exec::values::Scope;
use crate::plan::file::{Content, File};

/// Writes the files of a spec. Modes are set as they are written, whatever the umask says; those of
/// folders last, since one may forbid to write into it. An error is a sentence.
pub(crate) fn write(folder: &Path, files: &[File], scope: Scope<'_>) -> Result<(), String> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::exec::test::temporary::Folder;
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
