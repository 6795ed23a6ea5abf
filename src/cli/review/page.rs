//! `sockspec review --html`: what there is to review as a page, or what a branch has changed.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::git::{self, Differing};
use crate::cli::Exit;
use crate::cli::choose::{Choose, Stale};
use crate::cli::output::Output;
use crate::report::html::{self, Entry};
use crate::review::compare;
use crate::snapshot::{self, place::is_spec, write_whole};
use crate::suite::waiting::{State, Waiting};
use crate::trace::TraceText;

/// A page instead of a terminal.
#[derive(Debug, Args)]
pub(super) struct Page {
    /// Write a page with all that is to be reviewed instead, one file that stands alone; `-` is standard
    /// output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// On the page, compare the snapshots with those that a branch began with, instead of pending traces
    /// with their snapshots: for pull requests
    #[arg(long, value_name = "REVISION", requires = "html")]
    base: Option<String>,

    /// Where the page's links to lines of specs lead, e.g.
    /// `https://example.org/OWNER/REPOSITORY/blob/BRANCH/{path}#L{line}`
    #[arg(long, value_name = "URL", requires = "html", value_parser = address)]
    link_base: Option<String>,
}

impl Page {
    /// Writes the page, where one is wanted.
    pub(super) fn write(&self, choose: &Choose, output: &mut Output) -> Option<Exit> {
        let file = self.html.as_deref()?;
        let entries = match &self.base {
            Some(base) => since(base, choose, output),
            None => waiting(choose, output),
        };
        let (entries, base) = match entries {
            Ok(found) => found,
            Err(exit) => return Some(exit),
        };
        let count = entries.len();
        let page = html::review(&html::Review { entries, base, link_base: self.link_base.clone() });
        if file == Path::new("-") {
            output.print(&page);
            return Some(Exit::Success);
        }
        if let Err(error) = write_whole(file, |out| out.write_all(page.as_bytes())) {
            output.error(error);
            return Some(Exit::CouldNotRun);
        }
        let what = if count == 1 { "1 trace".to_owned() } else { format!("{count} traces") };
        output.line(format_args!("{what} in {}", file.display()));
        Some(Exit::Success)
    }
}

/// Traces, and what they are compared with if not with the snapshots.
type Found = (Vec<Entry>, Option<String>);

/// What differs from where a branch began.
fn since(base: &str, choose: &Choose, output: &mut Output) -> Result<Found, Exit> {
    let folder = choose.snapshots.as_deref().unwrap_or(Path::new("."));
    let differences = git::differences(folder, base).map_err(|message| {
        output.error(message);
        Exit::CouldNotRun
    })?;
    let moved = moved(&differences);
    let is_left = |one: &&Differing| !moved.values().any(|old| **old == one.path);
    let left = differences.iter().filter(is_left);
    let entries: Vec<Entry> =
        left.filter_map(|one| differing_entry(one, moved.get(&one.path).copied(), choose)).collect();
    if entries.is_empty() && !choose.names.is_empty() {
        output.error(format!("no trace of that name differs from {base}: {}", choose.names.join(", ")));
        return Err(Exit::Nothing);
    }
    Ok((entries, Some(base.to_owned())))
}

/// What waits for a decision.
fn waiting(choose: &Choose, output: &mut Output) -> Result<Found, Exit> {
    let waiting = choose.choose(Stale::Included, output)?;
    let entries: io::Result<Vec<Entry>> = waiting.iter().map(pending_entry).collect();
    let entries = entries.map_err(|error| {
        output.error(error);
        Exit::CouldNotRun
    })?;
    Ok((entries, None))
}

fn pending_entry(waiting: &Waiting) -> io::Result<Entry> {
    let trace = waiting.trace()?;
    let state = match waiting.state {
        State::Changed => html::State::Changed(Box::new(compare(&waiting.accepted()?, &trace))),
        State::New => html::State::New(trace),
        State::Stale => {
            let reason = waiting.reason.clone().unwrap_or_default();
            html::State::Stale { trace, reason }
        }
    };
    Ok(entry(waiting, state))
}

/// Snapshots that are new and have the trace of one that is gone, with where that was: their specs were moved.
/// Of several with the same trace, those whose paths end alike belong together.
fn moved(differences: &[Differing]) -> HashMap<&PathBuf, &PathBuf> {
    let trace = |text: &Option<String>| text.as_deref().map(|text| snapshot::trace_of_text(text).trim().to_owned());
    let mut gone: Vec<(String, &PathBuf)> = differences
        .iter()
        .filter(|one| one.new.is_none() && one.old.as_deref().is_some_and(is_of_spec))
        .filter_map(|one| Some((trace(&one.old)?, &one.path)))
        .collect();
    let mut moved = HashMap::new();
    for new in differences.iter().filter(|one| one.old.is_none()) {
        let Some(trace) = trace(&new.new).filter(|trace| !trace.is_empty()) else { continue };
        let same_end = |old: &Path| {
            let (old, new) = (old.components().rev(), new.path.components().rev());
            old.zip(new).take_while(|(old, new)| old == new).count()
        };
        let candidates = gone.iter().enumerate().filter(|(_, (other, _))| *other == trace);
        if let Some((at, _)) = candidates.max_by_key(|(_, (_, path))| same_end(path)) {
            moved.insert(&new.path, gone.swap_remove(at).1);
        }
    }
    moved
}

/// A snapshot that is not what it was, or not where it was. Nothing, where its trace is the same, where it
/// is that of another tool, or not among those that are chosen.
fn differing_entry(differing: &Differing, moved_from: Option<&PathBuf>, choose: &Choose) -> Option<Entry> {
    let path = near(&differing.path);
    if differing.new.is_none() && !differing.old.as_deref().is_some_and(is_of_spec) {
        return None;
    }
    let waiting = Waiting::of_snapshot(&path)?;
    let before = moved_from.and_then(|path| Waiting::of_snapshot(&near(path)));
    let is_named =
        |name: &String| [Some(&waiting), before.as_ref()].into_iter().flatten().any(|one| one.pending.is_named(name));
    if !choose.names.is_empty() && !choose.names.iter().any(is_named) {
        return None;
    }
    let [old, new] = [&differing.old, &differing.new].map(|text| text.as_deref().map(snapshot::trace_of_text));
    let state = match (old, new) {
        (Some(old), Some(new)) if old.trim() == new.trim() => return None,
        (Some(old), Some(new)) => html::State::Changed(Box::new(compare(old, new))),
        (None, Some(new)) => match before {
            Some(before) => html::State::Moved { trace: new.to_owned(), from: before.name() },
            None => html::State::New(new.to_owned()),
        },
        (Some(old), None) => html::State::Removed(old.to_owned()),
        (None, None) => return None,
    };
    Some(entry(&waiting, state))
}

fn entry(waiting: &Waiting, state: html::State) -> Entry {
    let reviewed = if matches!(state, html::State::Removed(_)) { None } else { waiting.review() };
    let trace = match &state {
        html::State::Changed(comparison) => comparison.new.clone(),
        html::State::New(trace) | html::State::Moved { trace, .. } => TraceText::read(trace),
        html::State::Stale { .. } | html::State::Removed(_) => TraceText::default(),
    };
    let steps = reviewed.as_ref().map(|reviewed| reviewed.lines(&trace)).unwrap_or_default();
    let lines: BTreeMap<u32, u32> =
        steps.into_iter().filter(|(_, step)| step.file.is_none()).map(|(event, step)| (event, step.line)).collect();
    let details = reviewed.as_ref().map(|reviewed| reviewed.loaded.details()).unwrap_or_default();
    Entry {
        name: waiting.name(),
        state,
        snapshot: waiting.pending.snapshot.clone(),
        place: waiting.spec.as_deref().map(in_repository),
        path: waiting.spec.clone(),
        source: reviewed.map(|reviewed| reviewed.loaded.source),
        about: details.about,
        tags: details.tags,
        lines,
    }
}

/// A path without the current folder.
fn near(path: &Path) -> PathBuf {
    let here = env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// A path as seen from the folder of its repository; as it is, where there is none.
fn in_repository(path: &Path) -> PathBuf {
    let Ok(path) = fs::canonicalize(path) else { return path.to_owned() };
    let top = path.ancestors().find(|above| above.join(".git").exists());
    top.and_then(|top| path.strip_prefix(top).ok()).map_or_else(|| near(&path), Path::to_owned)
}

/// Whether the text of a snapshot names a spec: other tools have files like it.
fn is_of_spec(text: &str) -> bool {
    let mut header = text.lines().skip(1).take_while(|line| *line != "---");
    let source = header.find_map(|line| line.strip_prefix("source:"));
    source.is_some_and(|source| is_spec(Path::new(source.trim().trim_matches('"'))))
}

fn address(text: &str) -> Result<String, String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        Ok(text.to_owned())
    } else {
        Err("it must begin with `https://` or `http://`".to_owned())
    }
}
