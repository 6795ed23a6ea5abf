//! What has changed between two traces: event by event, and in plain words.
//!
//! [`compare`] reads both texts back, pairs their events (`align`), and tells what differs in each
//! pair. [`Comparison::rows`] is the difference to be drawn, [`Comparison::sentences`] the one to be
//! read.

mod align;
mod alike;
mod closing;
mod covers;
mod ending;
mod fields;
mod finding;
mod lanes;
mod modifiers;
mod order;
mod payload;
mod phrase;
mod regroup;
mod rename;
mod roles;
mod sentences;
#[cfg(test)]
mod tests;
mod twins;
mod values;
mod walk;
mod wire;

pub use alike::alike;
pub use finding::Weight;
pub use rename::Rename;
pub use sentences::Sentence;

use crate::trace::TraceText;

/// How a trace differs from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The trace that was accepted.
    pub old: TraceText,
    /// The trace that came.
    pub new: TraceText,
    /// Both, event by event, in the order in which a difference is drawn.
    pub rows: Vec<Row>,
    /// What has changed, in plain words, the most important first.
    pub sentences: Vec<Sentence>,
    /// What only has another name now.
    pub renames: Vec<Rename>,
}

/// An event, the first line of a block, or a line that is neither; of one trace or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How they differ.
    pub kind: RowKind,
    /// As it was; nothing where it is new.
    pub old: Option<Cell>,
    /// As it is; nothing where it is gone.
    pub new: Option<Cell>,
}

/// One side of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The first line in the trace's text, from 1.
    pub line: u32,
    /// Its lines, as they stand, without the last line feed.
    pub text: String,
}

/// How the two sides of a row differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Not at all.
    Same,
    /// By names only.
    Renamed,
    /// It is another now.
    Changed,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It was here, and is elsewhere now.
    MovedAway,
    /// It is here, and was elsewhere.
    MovedHere,
}

impl RowKind {
    /// Whether there is something to mark.
    pub fn is_change(self) -> bool {
        self != Self::Same
    }
}

impl Comparison {
    /// Whether the traces are the same.
    pub fn is_same(&self) -> bool {
        self.rows.iter().all(|row| row.kind == RowKind::Same)
    }
}

/// Compares two traces. How their lines end makes no difference, nor do empty lines around them.
pub fn compare(old: &str, new: &str) -> Comparison {
    let read = |text: &str| {
        let text = text.replace("\r\n", "\n");
        TraceText::read(text.trim_end().trim_start_matches('\n'))
    };
    let (old, new) = (read(old), read(new));
    let mut before = old.clone();
    let renames = if old == new { Vec::new() } else { rename::apply(&mut before, &new) };
    let mut after = new.clone();
    let roles = roles::Roles::of([&before, &after]);
    roles::mark(&mut before, &roles);
    roles::mark(&mut after, &roles);
    let (rows, findings) = walk::walk((&old, &new), &before, &after);
    let sentences = sentences::of(findings, &renames);
    Comparison { old, new, rows, sentences, renames }
}
