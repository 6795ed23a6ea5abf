//! A review: every trace that is not the accepted one, as two diagrams and in words.

mod item;

use std::collections::BTreeMap;
use std::path::PathBuf;

use maud::{Markup, html};

use super::frame::Page;
use super::{filter, words};
use crate::review::Comparison;
use crate::source::SourceFile;

/// What its keys do.
const KEYS: &[(&str, &str)] = &[
    ("j k ↓ ↑", "the next trace, the one before"),
    ("Enter", "opens the trace, or closes it; on an arrow or a line number, goes to the line of the spec"),
    ("b", "back to the link that was followed last"),
    ("f", "the next trace, opened"),
    ("o", "opens all traces that are shown, or closes them"),
    ("/", "the filter; Enter leads from there to the first trace"),
    ("Esc", "from the filter back to the traces"),
];

/// Up to how many traces are open from the beginning.
const OPEN: usize = 12;

/// All that there is to decide on.
#[derive(Debug, Default)]
pub struct Review {
    /// The traces.
    pub entries: Vec<Entry>,
    /// With what they are compared, if not with the accepted snapshots: a revision.
    pub base: Option<String>,
    /// Where the files can be seen: an address with `{path}` and `{line}` in it.
    pub link_base: Option<String>,
}

/// A trace to decide on.
#[derive(Debug)]
pub struct Entry {
    /// The test.
    pub name: String,
    /// What it is.
    pub state: State,
    /// The file of the snapshot.
    pub snapshot: PathBuf,
    /// The spec.
    pub path: Option<PathBuf>,
    /// The same, as links to where it can be seen are to name it.
    pub place: Option<PathBuf>,
    /// The spec's text.
    pub source: Option<SourceFile>,
    /// What it shows.
    pub about: String,
    /// Words to select by.
    pub tags: Vec<String>,
    /// The lines of the spec, by those of the new trace, where that is known.
    pub lines: BTreeMap<u32, u32>,
}

/// What has become of a trace.
#[derive(Debug)]
pub enum State {
    /// It is another one.
    Changed(Box<Comparison>),
    /// There was none.
    New(String),
    /// It is the same, of a test that is called otherwise now.
    Moved {
        /// The trace.
        trace: String,
        /// How the test was called.
        from: String,
    },
    /// Its spec is gone, or its case.
    Stale {
        /// The trace that was accepted.
        trace: String,
        /// Why that is so, in a sentence.
        reason: String,
    },
    /// Its snapshot is gone, which had this trace.
    Removed(String),
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Changed(_) => "changed",
            Self::New(_) => "new",
            Self::Moved { .. } => "moved",
            Self::Stale { .. } => "stale",
            Self::Removed(_) => "removed",
        }
    }
}

/// The page of a review.
pub fn review(review: &Review) -> String {
    let main = html! {
        h2.quiet { @match &review.base {
            Some(base) => { "Traces that differ from those of " code { (base) } }
            None => { "Traces that wait for a decision" }
        } }
        @if review.entries.is_empty() { p { "There is none." } }
        ol.items {
            @for (at, entry) in review.entries.iter().enumerate() {
                (item::item(at, entry, review, review.entries.len() <= OPEN))
            }
        }
    };
    let count = |word: &str| review.entries.iter().filter(|item| item.state.word() == word).count();
    let states: Vec<(&str, usize)> = ["changed", "new", "removed", "moved", "stale"]
        .into_iter()
        .map(|word| (word, count(word)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    review.entries.iter().flat_map(|item| &item.tags).for_each(|tag| *tags.entry(tag).or_default() += 1);
    let filter = (!review.entries.is_empty()).then(|| filter::form("Filter traces", &states, &tags));
    Page { title: "sockspec review", summary: summary(&states), filter, main, keys: KEYS }.finish()
}

fn summary(states: &[(&str, usize)]) -> Markup {
    html! {
        ul.totals aria-label="Totals" {
            @for (word, count) in states { li { (words::verdict(word)) " " (count) } }
        }
    }
}
