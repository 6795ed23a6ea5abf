//! Snapshot files: reading and comparing them ourselves, writing them by insta.
//!
//! A file that is equal is read and compared here, in microseconds; insta lists the whole folder at
//! each of its assertions. A file that has to be written is written by insta, so that it is to the
//! byte what insta and `cargo insta` would write.

use std::error::Error;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What stands above the trace in a snapshot file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The spec, as seen from the folder that holds the folder of snapshots.
    pub(super) source: String,
    /// The spec's `about`.
    pub(super) description: String,
}

/// The text of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at("cannot read", path, &error)),
    }
}

/// The trace in the text of a file: what follows the header.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")).and_then(after_header).unwrap_or(text)
}

/// Whether two traces are the same to insta: it heeds neither outer blank lines nor CRLF.
pub(super) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (outer(one), outer(other));
    one == other
        || (one.contains("\r\n") || other.contains("\r\n")) && one.replace("\r\n", "\n") == other.replace("\r\n", "\n")
}

/// The header of a file, where insta can read it.
pub(super) fn header(path: &Path) -> Option<Header> {
    let snapshot = insta::Snapshot::from_file(path).ok()?;
    let metadata = snapshot.metadata();
    Some(Header {
        source: metadata.source().unwrap_or_default().to_owned(),
        description: metadata.description().unwrap_or_default().to_owned(),
    })
}

/// Writes a snapshot, whole or not at all.
pub(super) fn write(path: &Path, header: &Header, trace: &str) -> io::Result<()> {
    let source = serde_json::Value::from(header.source.as_str());
    let description = serde_json::Value::from(header.description.as_str());
    let text = format!("---\nsource: {source}\ndescription: {description}\n---\n{trace}\n");
    replace(path, |file, temporary| {
        file.write_all(text.as_bytes())?;
        format(temporary, temporary)
    })
}

/// Writes a file of any other kind, whole or not at all.
///
/// # Errors
/// Where it cannot be written; the message names it.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    replace(path, |file, _| through_buffer(file, fill))
}

/// Writes several files: each of them whole, and none of them as long as another one cannot be.
///
/// # Errors
/// Where one cannot be written; the message names it.
pub fn write_together(files: &[(PathBuf, &[u8])]) -> io::Result<()> {
    let mut staged = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let written = stage(path).and_then(|mut file| file.write_all(bytes).map(|()| file));
        staged.push((path, written.map_err(|error| at("cannot write", path, &error))?));
    }
    for (path, file) in staged {
        file.persist(path).map_err(|error| at("cannot write", path, &error.error))?;
    }
    Ok(())
}

/// Writes a file where there is none yet, whole or not at all.
///
/// # Errors
/// Where it cannot be written, or one is there; the message names it.
pub fn create_whole(path: &Path, fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    place(path, Overwrite::No, |file, _| through_buffer(file, fill))
}

fn through_buffer(out: &mut File, fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::new(out);
    fill(&mut buffered)?;
    buffered.flush()
}

/// Makes a pending file the accepted snapshot, without what only a review needs.
pub(super) fn accept(pending: &Path, snapshot: &Path) -> io::Result<()> {
    replace(snapshot, |_, temporary| format(pending, temporary))?;
    remove(pending).map(drop)
}

/// Removes a file; tells whether there was one.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    // There hardly ever is one, and a look takes no lock of the folder.
    match fs::symlink_metadata(path).and_then(|_| fs::remove_file(path)) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(at("cannot remove", path, &error)),
    }
}

/// Has insta read a snapshot and write it as an accepted one.
fn format(from: &Path, to: &Path) -> io::Result<()> {
    let insta = |error: Box<dyn Error>| {
        let why = innermost(&*error);
        let which = format!("File error for {:?}: ", to.display());
        io::Error::other(why.strip_prefix(&which).unwrap_or(&why))
    };
    insta::Snapshot::from_file(from).map_err(insta)?.save(to).map_err(insta)
}

/// Puts a file in place of another one in a single move, so that nobody ever sees half of it, and
/// the old one stays where the new one cannot be written.
fn replace(path: &Path, fill: impl FnOnce(&mut File, &Path) -> io::Result<()>) -> io::Result<()> {
    place(path, Overwrite::Yes, fill)
}

/// What to do where there is a file already.
#[derive(Clone, Copy)]
enum Overwrite {
    Yes,
    No,
}

/// Puts a file into its place in a single move.
fn place(path: &Path, overwrite: Overwrite, fill: impl FnOnce(&mut File, &Path) -> io::Result<()>) -> io::Result<()> {
    let attempt = || {
        let mut temporary = stage(path)?;
        let name = temporary.path().to_owned();
        fill(temporary.as_file_mut(), &name)?;
        match overwrite {
            Overwrite::Yes => temporary.persist(path)?,
            Overwrite::No => temporary.persist_noclobber(path)?,
        };
        Ok(())
    };
    attempt().map_err(|error: io::Error| at("cannot write", path, &error))
}

/// A temporary file beside a path, which may become that file.
fn stage(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sockspec-").permissions(readable_by_all()).tempfile_in(folder).map_err(without_path)
}

/// The error without the name of a temporary file, which tells nobody anything.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((why, _)) => io::Error::new(error.kind(), why),
        None => error,
    }
}

#[cfg(unix)]
fn readable_by_all() -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    Permissions::from_mode(0o666)
}

fn after_header(text: &str) -> Option<&str> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        start += line.len();
        if line.trim_end() == "---" {
            return Some(&text[start..]);
        }
    }
    None
}

fn outer(text: &str) -> &str {
    text.trim_end().trim_start_matches(['\r', '\n'])
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The error with what was tried, and on which file.
pub(super) fn at(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header_of(description: &str) -> Header {
        Header { source: "specs/tcp/echo.yaml".into(), description: description.into() }
    }

    #[test]
    fn what_is_written_is_what_insta_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tcp/echo.snap");
        for about in ["An echo.", "A \"quoted\": one # not a comment", "ünïcode \\ and 'single'", "yes", "- 1"] {
            write(&path, &header_of(about), "server    listen tcp\nend       server open").unwrap();
            let snapshot = insta::Snapshot::from_file(&path).unwrap();
            assert_eq!(snapshot.metadata().description(), Some(about));
            assert_eq!(header(&path), Some(header_of(about)));
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(body(&text), "server    listen tcp\nend       server open\n");
            assert!(!text.contains("assertion_line") && !text.contains("expression"), "{text}");
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn writing_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.snap");
        write(&path, &header_of("One."), "a\nb\n").unwrap();
        let once = fs::read_to_string(&path).unwrap();
        assert_eq!(once, "---\nsource: specs/tcp/echo.yaml\ndescription: One.\n---\na\nb\n");
        insta::Snapshot::from_file(&path).unwrap().save(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), once);
    }

    #[test]
    fn accepting_drops_what_only_a_review_needs() {
        let folder = tempfile::tempdir().unwrap();
        let pending = folder.path().join("a.snap.new");
        let snapshot = folder.path().join("a.snap");
        fs::write(&pending, "---\nsource: specs/a.yaml\nassertion_line: 7\ndescription: A.\n---\nx\n").unwrap();
        accept(&pending, &snapshot).unwrap();
        assert_eq!(fs::read_to_string(&snapshot).unwrap(), "---\nsource: specs/a.yaml\ndescription: A.\n---\nx\n");
        assert!(!pending.exists());
    }

    #[test]
    fn a_pending_file_that_is_broken_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let pending = folder.path().join("a.snap.new");
        let snapshot = folder.path().join("a.snap");
        fs::write(&snapshot, "---\nsource: a\n---\nold\n").unwrap();
        fs::write(&pending, "---\n\t: [\n---\nnew\n").unwrap();
        let message = accept(&pending, &snapshot).unwrap_err().to_string();
        assert!(message.contains("a.snap"), "{message}");
        assert!(pending.exists());
        assert_eq!(fs::read_to_string(&snapshot).unwrap(), "---\nsource: a\n---\nold\n");
    }

    #[test]
    fn comparison_is_that_of_insta() {
        assert!(same("a\nb", "a\nb\n\n"));
        assert!(same("a\r\nb\r\n", "a\nb\n"));
        assert!(same("\n\na", "a"));
        assert!(!same("a\n\nb", "a\nb"));
        assert!(!same("a \nb", "a\nb"));
    }

    #[test]
    fn the_body_follows_the_header() {
        assert_eq!(body("---\nsource: x\n---\na\n---\nb\n"), "a\n---\nb\n");
        assert_eq!(body("---\r\nsource: x\r\n---\r\na\r\n"), "a\r\n");
        assert_eq!(body("a\n"), "a\n");
        assert_eq!(body("---\nnever ended\n"), "---\nnever ended\n");
    }
}
