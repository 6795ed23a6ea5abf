//! A run as a sequence diagram: a column an endpoint, an arrow a message.
//!
//! [`Diagram::of`] makes the model of a record; each rendering has a file of its own and adds
//! nothing to it. What a model says does not depend on times, so that two runs with the same trace
//! have the same diagram.

mod ahead;
mod build;
mod flat;
mod label;
mod mermaid;
mod peer;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod width;

use serde::Serialize;

pub(super) use label::{differing, shortened};
pub use mermaid::mermaid;
pub use svg::svg;
pub(super) use svg::{Additions, STYLE, embedded};
pub(super) use text::drawn;
pub use text::{Drawn, text};

use crate::trace::record::Record;

/// The form of the JSON; 1.
pub const VERSION: u32 = 1;

/// A run, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagram {
    /// The names of the tests that gave it: cases of a matrix may give the same.
    pub tests: Vec<String>,
    /// The endpoints, in the order in which they appear.
    pub columns: Vec<Column>,
    /// What happened, from top to bottom.
    pub rows: Vec<Row>,
    /// What was wrong, where a step did otherwise than written; that step is the last row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A line that goes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The endpoint, or the address of somebody outside the spec.
    pub name: String,
    /// What it is.
    pub role: Role,
}

/// What a column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A socket, or a file.
    Endpoint,
    /// A program.
    Program,
    /// An address that no endpoint of the spec is bound to.
    Outside,
}

/// Something that happened, or a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Row {
    /// An arrow, or a mark on a line.
    Step(Step),
    /// Rows that belong together.
    Block(Block),
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The line of the spec that did it, from 1; 0 where none did.
    pub line: u32,
    /// The file that the line is in, where that is not the spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the step that received it, where that is no row of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<u32>,
    /// Where it is drawn.
    pub shape: Shape,
    /// What it is.
    pub kind: Kind,
    /// What stands beside it, with payloads shortened.
    pub label: String,
    /// The same as the trace has it, where the label leaves something out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The columns whose lines begin here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<usize>,
    /// The columns whose lines end here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closes: Vec<usize>,
}

/// Where a step is drawn. Numbers are those of columns, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// From one line to another.
    Arrow {
        /// Whose line it leaves; `None` where that is not known.
        from: Option<usize>,
        /// Whose line it arrives at; `None` where that is not known.
        to: Option<usize>,
    },
    /// On one line.
    At(usize),
    /// Over all of them.
    Across,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Bytes that go out; received where an arrow arrives with them.
    Message,
    /// Bytes that come in, where they are no arrow of their own.
    Received,
    /// A connection is made, or accepted.
    Connection,
    /// Two ends do it together: a pair, a handshake of TLS.
    Both,
    /// A segment, or a datagram, on the wire.
    Segment,
    /// An endpoint comes to be.
    Opened,
    /// One direction ends, or both.
    End,
    /// The connection is aborted.
    Reset,
    /// A call that failed, as the spec allows.
    Refused,
    /// Anything else.
    Note,
    /// The step that did otherwise than written.
    Failure,
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// What they have in common.
    pub kind: BlockKind,
    /// The parts: the lanes of a `parallel`, the different iterations of a `repeat`.
    pub parts: Vec<Part>,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// Its parts ran at once.
    Parallel,
    /// Its parts ran one after the other, each so often as it says.
    Repeat,
    /// The try that held.
    Retry,
}

/// A part of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The lane's name, or `× 12`; empty where there is nothing to say.
    pub title: String,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Step {
    /// Whether it tells what is open at the end.
    pub(super) fn is_end(&self) -> bool {
        self.line == 0 && self.shape == Shape::Across && self.kind == Kind::Note
    }
}

impl Diagram {
    /// The diagram of a record.
    pub fn of(record: &Record) -> Self {
        build::build(record)
    }

    /// What stands above it: the tests.
    pub fn title(&self) -> String {
        match self.tests.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first, rest @ ..] => {
                let spec = first.split_once('[').map_or(first.as_str(), |(spec, _)| spec);
                format!("{spec} ({} cases)", rest.len() + 1)
            }
        }
    }
}

/// What there is of a step, if there is anything.
pub(super) type OfStep<'a, T> = dyn Fn(&Step) -> Option<T> + 'a;

/// What becomes of a step from one diagram to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is in both, but not the same.
    Changed,
    /// It is in the second one only.
    Added,
    /// It is in the first one only.
    Removed,
    /// It is at another place in the second one.
    MovedAway,
    /// It is at another place in the first one.
    MovedHere,
}

impl Mark {
    /// The sign beside it.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Changed => "≠",
            Self::Added => "+",
            Self::Removed => "−",
            Self::MovedAway => "<",
            Self::MovedHere => ">",
        }
    }

    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "new",
            Self::Removed => "gone",
            Self::MovedAway => "moved from here",
            Self::MovedHere => "moved here",
        }
    }
}

/// Makes one of those that show the same: cases of a matrix often do.
pub fn folded(diagrams: impl IntoIterator<Item = Diagram>) -> Vec<Diagram> {
    let mut folded: Vec<Diagram> = Vec::new();
    for diagram in diagrams {
        let spec = |of: &Diagram| of.tests.first().and_then(|test| test.split('[').next()).map(str::to_owned);
        let same = |known: &&mut Diagram| {
            spec(known) == spec(&diagram)
                && (&known.columns, &known.rows, &known.failure) == (&diagram.columns, &diagram.rows, &diagram.failure)
        };
        match folded.iter_mut().find(same) {
            Some(known) => known.tests.extend(diagram.tests),
            None => folded.push(diagram),
        }
    }
    folded
}

/// The models as one object of JSON, made to be read by programs; it ends in a line feed.
pub fn json(diagrams: &[Diagram]) -> String {
    #[derive(Serialize)]
    struct File<'d> {
        version: u32,
        diagrams: &'d [Diagram],
    }
    let mut json = serde_json::to_string_pretty(&File { version: VERSION, diagrams })
        .unwrap_or_else(|error| unreachable!("a diagram has no maps and no foreign types: {error}"));
    json.push('\n');
    json
}
