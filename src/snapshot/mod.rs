//! Accepted, pending and stale traces: where they lie, how they are compared, when they are
//! written. The files are insta's; [`file`] alone knows it.

mod file;
pub mod insta_env;
pub mod pending;
pub mod place;
pub mod references;
pub mod stale;
mod walk;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use file::Header;
pub use file::{create_whole, write_together, write_whole};

/// What a run may write where a trace is not the accepted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Update {
    /// Nothing.
    No,
    /// A pending file.
    #[default]
    Pending,
    /// The snapshot where there is none yet, a pending file where it differs.
    New,
    /// The snapshot.
    All,
    /// The snapshot, even where the traces are equal and only the file is written otherwise.
    Force,
}

/// Where pending files lie, and how strictly files are compared.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What may be written.
    pub update: Update,
    /// `INSTA_PENDING_DIR` with the root that paths in it are relative to; beside the snapshot if
    /// none.
    pub pending: Option<PendingFolder>,
    /// Whether the header must be equal too.
    pub full_match: bool,
}

/// A folder that mirrors the tree below a root, for pending files alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingFolder {
    /// The folder.
    pub folder: PathBuf,
    /// The root.
    pub root: PathBuf,
}

/// A test, as far as its snapshot is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The test's name, for messages.
    pub name: &'a str,
    /// The folder of the snapshots.
    pub folder: &'a Path,
    /// The snapshot's file, without regard to overlays.
    pub base: &'a Path,
    /// The spec's file.
    pub spec: &'a Path,
    /// The spec's `about`.
    pub about: &'a str,
    /// Whether other cases have the same snapshot.
    pub shared: bool,
}

/// What the comparison of a trace with its snapshot gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are equal.
    Same,
    /// They were not, and the trace is the accepted one now.
    Accepted(PathBuf),
    /// There is no snapshot yet.
    New(Difference),
    /// They differ.
    Changed(Difference),
}

/// A trace that is not the accepted one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The accepted trace; empty where there is none.
    pub accepted: String,
    /// The snapshot's file.
    pub snapshot: PathBuf,
    /// The pending file, where one was written.
    pub pending: Option<PathBuf>,
    /// Why it could not be written, where it could not.
    pub unwritten: Option<String>,
    /// What this run took for the shared snapshot already, where this trace differs from that.
    pub contradicts: Option<Claim>,
}

/// A trace that a run took for a shared snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The test that gave it.
    pub test: String,
    /// The trace.
    pub trace: String,
}

/// The snapshots of a run.
#[derive(Debug, Default)]
pub struct Store {
    settings: Settings,
    /// The first trace of this run for each shared snapshot, so that one case cannot overwrite what
    /// another one has just given.
    shared: Mutex<HashMap<PathBuf, Claim>>,
}

impl Store {
    /// A store that writes what the settings allow.
    pub fn new(settings: Settings) -> Self {
        Self { settings, shared: Mutex::default() }
    }

    /// Compares a trace with its snapshot, and writes what is to be written.
    ///
    /// # Errors
    /// Where a snapshot cannot be read or written; the message names it. The accepted one is then as
    /// it was.
    pub fn settle(&self, subject: Subject<'_>, trace: &str) -> io::Result<Verdict> {
        let (snapshot, text) = current(subject.base)?;
        let Some(text) = text else {
            return self.differs(subject, trace, snapshot, None);
        };
        let accepted = file::body(&text);
        if !file::same(accepted, trace) || self.settings.full_match && !header_is(subject, &snapshot) {
            return self.differs(subject, trace, snapshot, Some(accepted));
        }
        if subject.shared && self.claim(subject, &snapshot, trace).is_some() {
            return Ok(Verdict::Same);
        }
        if self.settings.update != Update::No {
            file::remove(&self.pending_of(&snapshot)?)?;
        }
        if self.settings.update == Update::Force {
            file::write(&snapshot, &header(subject), trace)?;
        }
        Ok(Verdict::Same)
    }

    /// Compares a trace with its snapshot, and neither writes anything nor claims it for a test.
    ///
    /// # Errors
    /// Where a snapshot cannot be read.
    pub fn look(&self, subject: Subject<'_>, trace: &str) -> io::Result<Verdict> {
        let (snapshot, text) = current(subject.base)?;
        let accepted = text.as_deref().map(file::body);
        let is_same = |accepted: &str| file::same(accepted, trace);
        let header_is_right = || !self.settings.full_match || header_is(subject, &snapshot);
        if accepted.is_some_and(is_same) && header_is_right() {
            return Ok(Verdict::Same);
        }
        let contradicts = if subject.shared { self.claimed(&snapshot, trace) } else { None };
        let accepted_text = accepted.unwrap_or_default().to_owned();
        let difference = Difference { accepted: accepted_text, snapshot, contradicts, ..Difference::default() };
        Ok(if accepted.is_some() { Verdict::Changed(difference) } else { Verdict::New(difference) })
    }

    /// Whether a trace that is not the accepted one becomes it.
    pub fn accepts_changed(&self) -> bool {
        matches!(self.settings.update, Update::All | Update::Force)
    }

    fn differs(
        &self,
        subject: Subject<'_>,
        trace: &str,
        snapshot: PathBuf,
        accepted: Option<&str>,
    ) -> io::Result<Verdict> {
        let mut difference = Difference { accepted: accepted.unwrap_or_default().to_owned(), ..Difference::default() };
        let contradicts = if subject.shared { self.claim(subject, &snapshot, trace) } else { None };
        let accept = match self.settings.update {
            Update::No | Update::Pending => false,
            Update::New => accepted.is_none(),
            Update::All | Update::Force => true,
        };
        if contradicts.is_some() {
            difference.contradicts = contradicts;
        } else if accept {
            file::write(&snapshot, &header(subject), trace)?;
            file::remove(&self.pending_of(&snapshot)?)?;
            return Ok(Verdict::Accepted(snapshot));
        } else if self.settings.update != Update::No {
            let pending = self.pending_of(&snapshot)?;
            match file::write(&pending, &header(subject), trace) {
                Ok(()) => difference.pending = Some(pending),
                // What happened is known all the same.
                Err(error) => difference.unwritten = Some(error.to_string()),
            }
        }
        difference.snapshot = snapshot;
        Ok(if accepted.is_some() { Verdict::Changed(difference) } else { Verdict::New(difference) })
    }

    /// What claims a shared snapshot for another trace.
    fn claimed(&self, snapshot: &Path, trace: &str) -> Option<Claim> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.get(snapshot).filter(|first| !file::same(&first.trace, trace)).cloned()
    }

    /// Claims a shared snapshot for a trace. Gives the claim that was there before for another one.
    fn claim(&self, subject: Subject<'_>, snapshot: &Path, trace: &str) -> Option<Claim> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = shared.get(snapshot) {
            return (!file::same(&first.trace, trace)).then(|| first.clone());
        }
        shared.insert(snapshot.to_owned(), Claim { test: subject.name.to_owned(), trace: trace.to_owned() });
        None
    }

    fn pending_of(&self, snapshot: &Path) -> io::Result<PathBuf> {
        let beside = place::pending(snapshot);
        let Some(PendingFolder { folder, root }) = &self.settings.pending else {
            return Ok(beside);
        };
        match std::path::absolute(&beside)?.strip_prefix(root) {
            Ok(below) => Ok(folder.join(below)),
            Err(_) => Err(io::Error::other(format!(
                "INSTA_PENDING_DIR mirrors {}, and {} is outside of it; set INSTA_WORKSPACE_ROOT to a folder that holds both",
                root.display(),
                snapshot.display(),
            ))),
        }
    }
}

/// The trace in a snapshot's file.
///
/// # Errors
/// Where it cannot be read; the message names it.
pub fn trace_in(snapshot: &Path) -> io::Result<String> {
    let text = file::read(snapshot)?.ok_or(io::ErrorKind::NotFound)?;
    Ok(file::body(&text).to_owned())
}

/// The snapshot that counts on this platform, with its text where there is one: the overlay if it
/// exists, else the base.
fn current(base: &Path) -> io::Result<(PathBuf, Option<String>)> {
    let overlay = place::overlay(base);
    match file::read(&overlay)? {
        Some(text) => Ok((overlay, Some(text))),
        None => Ok((base.to_owned(), file::read(base)?)),
    }
}

fn header(subject: Subject<'_>) -> Header {
    let absolute = |path: &Path| place::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute(subject.folder);
    let project = folder.parent().unwrap_or(&folder);
    Header { source: place::relative(project, &absolute(subject.spec)), description: subject.about.to_owned() }
}

fn header_is(subject: Subject<'_>, snapshot: &Path) -> bool {
    file::header(snapshot).is_some_and(|old| old == header(subject))
}

/// The trace in a snapshot's file, or in a pending one; `None` where there is no such file.
///
/// # Errors
/// Where it cannot be read.
pub fn trace_at(path: &Path) -> io::Result<Option<String>> {
    Ok(file::read(path)?.map(|text| file::body(&text).to_owned()))
}

/// The trace in the text of a snapshot's file.
pub fn trace_of_text(text: &str) -> &str {
    file::body(text)
}

/// The spec that a snapshot or a pending file names, and what it says of itself; `None` where insta
/// cannot read it.
pub fn header_of(path: &Path) -> Option<(String, String)> {
    file::header(path).map(|header| (header.source, header.description))
}

/// Has a snapshot or a pending file name another spec.
///
/// # Errors
/// Where it cannot be read or written; it is then as it was.
pub fn set_source(path: &Path, source: &str) -> io::Result<()> {
    let text = file::read(path)?.ok_or(io::ErrorKind::NotFound)?;
    let header = file::header(path).unwrap_or_else(|| Header { source: String::new(), description: String::new() });
    file::write(path, &Header { source: source.to_owned(), ..header }, file::body(&text))
}

/// Changes the trace in a snapshot or a pending file.
///
/// # Errors
/// Where it cannot be read or written; it is then as it was.
pub fn set_trace(path: &Path, change: impl FnOnce(&str) -> String) -> io::Result<()> {
    let text = file::read(path)?.ok_or(io::ErrorKind::NotFound)?;
    let header = file::header(path).unwrap_or_else(|| Header { source: String::new(), description: String::new() });
    file::write(path, &header, &change(file::body(&text)))
}

/// Removes a snapshot or a pending file; tells whether there was one.
///
/// # Errors
/// Where it cannot be removed.
pub fn remove(path: &Path) -> io::Result<bool> {
    file::remove(path)
}

#[cfg(test)]
mod tests;
