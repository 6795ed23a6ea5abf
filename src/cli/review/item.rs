//! One trace that waits: what is shown of it, and what is decided.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::report::review::StepText;
use crate::review::{Comparison, compare};
use crate::snapshot::write_whole;
use crate::suite::lines::StepLine;
use crate::suite::waiting::{Reviewed, State, Waiting};
use crate::trace::TraceText;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Accepted,
    Rejected,
    Skipped,
    /// Somebody else has decided meanwhile.
    Elsewhere,
}

impl Decision {
    pub(super) fn word(self, state: State) -> &'static str {
        match (self, state) {
            (Self::Accepted, State::Stale) => "removed",
            (Self::Accepted, _) => "accepted",
            (Self::Rejected, State::Stale) => "kept",
            (Self::Rejected, _) => "rejected",
            (Self::Skipped, _) => "skipped",
            (Self::Elsewhere, _) => "decided elsewhere",
        }
    }
}

/// One trace that waits.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) waiting: Waiting,
    pub(super) decision: Option<Decision>,
    /// What has changed. Of a trace that is new, and of a stale one, both sides are the same.
    pub(super) comparison: Comparison,
    pub(super) sentences: Vec<String>,
    /// What the spec says of itself.
    pub(super) about: String,
    pub(super) refs: Vec<String>,
    reviewed: Option<Reviewed>,
    steps: BTreeMap<u32, StepLine>,
    files: Files,
}

/// The files of a test as they were at some time: the snapshot, the pending one, and others that are stale
/// with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files(Vec<(PathBuf, Option<Vec<u8>>)>);

impl Files {
    fn read(waiting: &Waiting) -> io::Result<Self> {
        let at = |path: &Path| match fs::read(path) {
            Ok(bytes) => Ok((path.to_owned(), Some(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok((path.to_owned(), None)),
            Err(error) => Err(io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))),
        };
        let own = [&waiting.pending.snapshot, &waiting.pending.path];
        own.into_iter().chain(&waiting.others).map(|path| at(path)).collect::<io::Result<_>>().map(Self)
    }

    /// Makes the files what they were.
    pub(super) fn restore(&self) -> io::Result<()> {
        for (path, bytes) in &self.0 {
            match bytes {
                Some(bytes) if fs::read(path).is_ok_and(|there| there == *bytes) => {}
                Some(bytes) => write_whole(path, |file| file.write_all(bytes))?,
                None => crate::snapshot::remove(path).map(drop)?,
            }
        }
        Ok(())
    }
}

impl Item {
    pub(super) fn load(waiting: Waiting) -> io::Result<Self> {
        let files = Files::read(&waiting)?;
        let (accepted, trace) = match waiting.state {
            State::Changed => (waiting.accepted()?, waiting.trace()?),
            State::New | State::Stale => (waiting.trace()?, waiting.trace()?),
        };
        let comparison = compare(&accepted, &trace);
        let reviewed = waiting.review();
        let steps = reviewed.as_ref().map(|reviewed| reviewed.lines(&comparison.new)).unwrap_or_default();
        let own_line = |line: u32| steps.get(&line).filter(|step| step.file.is_none()).map(|step| step.line);
        let sentences = match (&waiting.reason, waiting.state) {
            (Some(reason), _) => vec![format!("this snapshot is stale: {reason}")],
            (None, State::Changed) => {
                comparison.sentences.iter().map(|sentence| sentence.with_lines(own_line)).collect()
            }
            (None, _) => Vec::new(),
        };
        let details = reviewed.as_ref().map(|reviewed| reviewed.loaded.details()).unwrap_or_default();
        Ok(Self {
            waiting,
            decision: None,
            comparison,
            sentences,
            about: details.about,
            refs: details.refs,
            reviewed,
            steps,
            files,
        })
    }

    /// Whether another one has changed in the same way.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.waiting.state == other.waiting.state && self.comparison.is_like(&other.comparison)
    }

    /// The line of the spec for an event of the new trace.
    pub(super) fn step(&self, line: u32) -> Option<StepText> {
        let StepLine { line, file } = self.steps.get(&line)?;
        let source = &self.reviewed.as_ref()?.loaded.source;
        let own = |text: &str| text.lines().nth(*line as usize - 1).map(|text| text.trim().to_owned());
        match file {
            None => Some(StepText { place: line.to_string(), text: own(source.text())? }),
            Some(file) => {
                let path =
                    source.included_paths().find(|path| path.ends_with(file) || path.display().to_string() == *file)?;
                let text = own(&fs::read_to_string(path).ok()?)?;
                let name = Path::new(file).file_name().map(|name| name.to_string_lossy().into_owned());
                Some(StepText { place: format!("{}:{line}", name.unwrap_or_default()), text })
            }
        }
    }

    /// The spec's file, and the line of the first step that has changed.
    pub(super) fn place(&self) -> Option<(PathBuf, u32)> {
        let spec = self.waiting.spec.clone()?;
        let changed = self.comparison.rows.iter().filter(|row| row.kind.is_change());
        let mut lines = changed.filter_map(|row| self.steps.get(&row.new.as_ref()?.line));
        let line = lines.find(|step| step.file.is_none()).map_or(1, |step| step.line);
        Some((spec, line))
    }

    /// The trace that is shown first: the new one, or the stale one.
    pub(super) fn trace(&self) -> &TraceText {
        &self.comparison.new
    }

    /// Does what is decided, and gives what the files were before. `None` where they are not what was
    /// shown any more; then nothing is done.
    pub(super) fn decide(&mut self, decision: Decision) -> io::Result<Option<Files>> {
        let before = Files::read(&self.waiting)?;
        if before != self.files {
            return Ok(None);
        }
        match (decision, self.waiting.state) {
            (Decision::Skipped | Decision::Elsewhere, _) | (Decision::Rejected, State::Stale) => {}
            (Decision::Accepted, State::Stale) => self.waiting.remove()?,
            (Decision::Accepted, _) => self.waiting.pending.accept()?,
            (Decision::Rejected, _) => self.waiting.pending.reject()?,
        }
        self.decision = Some(decision);
        self.files = Files::read(&self.waiting)?;
        Ok(Some(before))
    }

    /// Takes a decision back, unless somebody else has changed the files since.
    pub(super) fn undo(&mut self, before: &Files, decision: Option<Decision>) -> io::Result<bool> {
        if Files::read(&self.waiting)? != self.files {
            return Ok(false);
        }
        before.restore()?;
        self.files = Files::read(&self.waiting)?;
        self.decision = decision;
        Ok(true)
    }

    /// Reads everything again. The decision stays as long as the files do.
    pub(super) fn reload(&mut self) -> io::Result<()> {
        let mut waiting = self.waiting.clone();
        waiting.state = match self.waiting.state {
            State::Stale => State::Stale,
            _ if self.waiting.pending.snapshot.is_file() => State::Changed,
            _ => State::New,
        };
        *self = Self::load(waiting)?;
        Ok(())
    }

    /// What somebody else has done meanwhile, where there is nothing to decide any more.
    pub(super) fn decided_elsewhere(&self) -> io::Result<Option<&'static str>> {
        if self.waiting.pending.path.is_file() {
            return Ok(None);
        }
        let waited = self.comparison.new.to_text();
        let is_accepted = || Ok::<_, io::Error>(self.waiting.accepted()?.trim() == waited.trim());
        Ok(Some(match self.waiting.state {
            State::Stale => "removed",
            State::New | State::Changed if is_accepted()? => "accepted",
            State::New | State::Changed => "rejected, or a run has passed",
        }))
    }
}
