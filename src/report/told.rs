//! What reports in files tell of a test, whatever their form: its kind, its place, a sentence, and a text.

use std::collections::BTreeMap;

use super::run::RunReport;
use super::terminal::{self, Options};
use crate::source::{Location, SourceFile, Span};
use crate::suite::{Change, Outcome, SpecResult, TestResult, Tries, Way};
use crate::trace::record::{Failure, Record};
use crate::trace::{Placed, placed};

/// What a verdict is to those who know four only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Passed,
    /// It did otherwise.
    Failed,
    /// It could not be found out what it does.
    Broken,
    Skipped,
}

/// Where in the specs something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) start: Location,
    /// Where it ends, where more than the line is known.
    pub(super) end: Option<Location>,
}

impl RunReport {
    /// The kind of a test's verdict.
    pub(super) fn kind(&self, test: &TestResult) -> Kind {
        match &test.outcome {
            Outcome::Flaky(_) if self.flaky_is_ok => Kind::Passed,
            outcome => kind(outcome),
        }
    }
}

/// The kind of a verdict by itself.
pub(super) fn kind(outcome: &Outcome) -> Kind {
    match outcome {
        Outcome::Passed { .. } => Kind::Passed,
        Outcome::Ignored { .. } | Outcome::NotRun | Outcome::Cancelled { line: 0, .. } => Kind::Skipped,
        // One that had begun may be what hangs.
        Outcome::Invalid(_) | Outcome::CouldNotRun { .. } | Outcome::Cancelled { .. } => Kind::Broken,
        _ => Kind::Failed,
    }
}

/// What became of a test, in a sentence without an end; empty where it passed.
pub(super) fn sentence(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed { .. } => String::new(),
        Outcome::Failed { record, .. } => {
            record.failure.as_ref().map_or_else(String::new, |failure| failure.message.clone())
        }
        Outcome::Changed(change) => contradiction(change)
            .unwrap_or_else(|| format!("the trace differs from {}", terminal::shown_path(&change.snapshot))),
        Outcome::New(change) => contradiction(change)
            .unwrap_or_else(|| format!("there is no snapshot {} yet", terminal::shown_path(&change.snapshot))),
        Outcome::Invalid(found) => found.first().map_or_else(String::new, |first| first.message.clone()),
        Outcome::Ignored { reason } | Outcome::CouldNotRun { reason } => reason.clone(),
        Outcome::Flaky(tries) | Outcome::Differs(tries) => several(tries),
        Outcome::NotRun => "not run, since others had failed".to_owned(),
        Outcome::Cancelled { line: 0, .. } => "the run was interrupted before this test had begun".to_owned(),
        Outcome::Cancelled { line, file: None } => format!("interrupted at line {line}"),
        Outcome::Cancelled { line, file: Some(file) } => format!("interrupted at line {line} of {file}"),
    }
}

fn contradiction(change: &Change) -> Option<String> {
    let first = change.contradicts.as_ref()?;
    Some(format!("another trace than that of `{}`, which has the same snapshot", first.test))
}

fn several(tries: &Tries) -> String {
    let bad = tries.bad().map(|way| sentence(&way.outcome)).find(|sentence| !sentence.is_empty());
    let about = super::tries::about(tries);
    match bad {
        Some(bad) => format!("{about}; one of them: {bad}"),
        None => about,
    }
}

/// What the terminal shows of a test, without colours.
pub(super) fn text(spec: &SpecResult, test: &TestResult) -> String {
    terminal::test(spec, test, Options::default()).trim_end().to_owned()
}

/// Where the step is that a verdict is about; the first line of the spec, where it is about the whole.
pub(super) fn place(spec: &SpecResult, test: &TestResult) -> Place {
    of_outcome(spec, test, &test.outcome).unwrap_or_else(|| line_of(spec, None, 1))
}

fn of_outcome(spec: &SpecResult, test: &TestResult, outcome: &Outcome) -> Option<Place> {
    match outcome {
        Outcome::Failed { record, .. } => Some(of_failure(spec, record.failure.as_ref()?)),
        Outcome::Invalid(found) => Some(of_span(spec.source.as_ref()?, found.first()?.span)),
        Outcome::Changed(change) => of_change(spec, &change.accepted, test.record.as_deref()?),
        Outcome::Flaky(tries) | Outcome::Differs(tries) => {
            tries.bad().find_map(|way| of_outcome(spec, test, &way.outcome))
        }
        Outcome::Cancelled { line: line @ 1.., file } => Some(line_of(spec, file.as_deref(), *line)),
        _ => None,
    }
}

pub(super) fn of_failure(spec: &SpecResult, failure: &Failure) -> Place {
    let (start, end) = failure.part.map_or((failure.start, failure.end), |part| (part.start, part.end));
    match &spec.source {
        Some(source) => of_span(source, Span { start, end }),
        None => line_of(spec, failure.file.as_deref(), failure.line.max(1)),
    }
}

pub(super) fn of_span(source: &SourceFile, span: Span) -> Place {
    let file = source.part(span.start).file.name().trim_start_matches("./").to_owned();
    Place { file, start: source.location(span.start), end: Some(source.location(span.end)) }
}

fn line_of(spec: &SpecResult, file: Option<&str>, line: u32) -> Place {
    let file = file.map_or_else(|| terminal::shown_path(&spec.path).into_owned(), str::to_owned);
    Place { file, start: Location { line: line as usize, column: 1 }, end: None }
}

/// The step that gave the first line which is not as accepted.
fn of_change(spec: &SpecResult, accepted: &str, record: &Record) -> Option<Place> {
    let mut accepted = accepted.lines();
    let lines = placed(record);
    let mut differs = |placed: &Placed| placed.text.lines().any(|line| accepted.next() != Some(line));
    let at = lines.iter().position(&mut differs).unwrap_or(lines.len());
    // What only the end lacks came with the last step.
    let upto = lines.get(..=at).unwrap_or(&lines);
    let step = upto.iter().rev().find(|placed| placed.line > 0)?;
    Some(line_of(spec, step.file.as_deref(), step.line))
}

/// The lines of the spec, by the first lines of the events in the trace of a run. What an included file has done
/// has none.
pub(super) fn lines_of_events(record: &Record) -> BTreeMap<u32, u32> {
    let mut at = 1;
    let mut lines = BTreeMap::new();
    for placed in placed(record) {
        if placed.line > 0 && placed.file.is_none() {
            lines.insert(at, placed.line);
        }
        at += placed.text.lines().count() as u32;
    }
    lines
}

impl Tries {
    /// The ways that do not pass.
    pub(super) fn bad(&self) -> impl Iterator<Item = &Way> {
        self.ways.iter().filter(|way| !matches!(way.outcome, Outcome::Passed { .. }))
    }
}
