//! `sockspec pending`

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Exit;
use super::choose::{Choose, Stale};
use super::decide::shown;
use super::output::Output;
use crate::diagnostic::full::fold;
use crate::review::compare;
use crate::suite::waiting::{State, Waiting};

/// List what waits for a decision: traces that are new or have changed, and stale snapshots, which have no spec
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing waits, 1 something does, 3 something could not be read, 4 nothing \
of that name waits.")]
pub(super) struct PendingList {
    #[command(flatten)]
    pub(super) choose: Choose,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    #[default]
    Text,
    Json,
    /// The names alone, one a line
    Names,
}

/// What waits, for programs.
#[derive(Debug, Serialize)]
struct Item {
    name: String,
    state: &'static str,
    /// The spec's file.
    spec: Option<String>,
    snapshot: Option<String>,
    pending: Option<String>,
    /// What has changed, the most important first.
    sentences: Vec<String>,
    /// Why it is stale.
    reason: Option<String>,
}

impl PendingList {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let waiting = match self.choose.choose(Stale::Included, output) {
            Ok(waiting) => waiting,
            Err(exit) => return exit,
        };
        if self.format == ListFormat::Names {
            for waiting in &waiting {
                output.line(waiting.name());
            }
            return if waiting.is_empty() { Exit::Success } else { Exit::Failed };
        }
        let (mut items, mut exit) = (Vec::with_capacity(waiting.len()), Exit::Success);
        for waiting in &waiting {
            exit = exit.max(Exit::Failed);
            match sentences(waiting) {
                Ok(sentences) => items.push(item(waiting, sentences)),
                Err(error) => {
                    output.error(error);
                    exit = Exit::CouldNotRun;
                }
            }
        }
        match self.format {
            ListFormat::Text => list(&items, output),
            // These need no comparison.
            ListFormat::Names => {}
            ListFormat::Json => {
                let json = serde_json::to_string_pretty(&items);
                output.line(json.unwrap_or_else(|error| unreachable!("texts only: {error}")));
            }
        }
        exit
    }
}

/// What has changed, with the lines of new steps.
pub(super) fn sentences(waiting: &Waiting) -> std::io::Result<Vec<String>> {
    if waiting.state != State::Changed {
        return Ok(Vec::new());
    }
    let comparison = compare(&waiting.accepted()?, &waiting.trace()?);
    let steps = waiting.review().map(|reviewed| reviewed.lines(&comparison.new)).unwrap_or_default();
    let line_of = |line: u32| steps.get(&line).filter(|step| step.file.is_none()).map(|step| step.line);
    Ok(comparison.sentences.iter().map(|sentence| sentence.with_lines(line_of)).collect())
}

fn item(waiting: &Waiting, sentences: Vec<String>) -> Item {
    let is_there = |path: &std::path::Path| path.is_file().then(|| shown(path));
    let mut files = [&waiting.pending.path].into_iter().chain(&waiting.others);
    Item {
        name: waiting.name(),
        state: waiting.state.word(),
        spec: waiting.spec.as_deref().map(shown),
        snapshot: is_there(&waiting.pending.snapshot),
        pending: files
            .find(|path| path.extension().is_some_and(|extension| extension == "new"))
            .map(|path| shown(path)),
        sentences,
        reason: waiting.reason.clone(),
    }
}

fn list(items: &[Item], output: &mut Output) {
    if items.is_empty() {
        output.line("nothing is pending");
        return;
    }
    for item in items {
        output.line(format_args!("{:<7}  {}", item.state, item.name));
        for sentence in item.sentences.iter().chain(&item.reason) {
            for line in fold(sentence, output.style.width.saturating_sub(9).max(20)).lines() {
                output.line(format_args!("         {line}"));
            }
        }
    }
    let count = |state: State| items.iter().filter(|item| item.state == state.word()).count();
    let counts: Vec<String> = [State::Changed, State::New, State::Stale]
        .into_iter()
        .filter(|state| count(*state) > 0)
        .map(|state| format!("{} {}", count(state), state.word()))
        .collect();
    output.line(format_args!("\n{}; `sockspec review` goes through them", counts.join(", ")));
}
