//! Steps, and the blocks of steps.

use std::path::PathBuf;

use crate::source::Span;

use super::{Call, Scalar};

/// A step with its place: from its key to the end of its value.
#[derive(Debug, Clone)]
pub struct Step {
    /// The place.
    pub span: Span,
    /// What to do.
    pub kind: StepKind,
    /// A diagnostic about this step has been given: its effect on names counts, but anything else
    /// found in it would be a consequence of the same mistake.
    pub faulty: bool,
}

/// What a step is.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// A verb of an endpoint.
    Call(Box<Call>),
    /// Lanes that run at once.
    Parallel {
        /// The lanes, in the order of the file.
        lanes: Vec<Lane>,
        /// The deadline of the whole block.
        within: Option<Scalar>,
    },
    /// A meeting point of lanes.
    Barrier {
        /// Its name.
        name: Scalar,
        /// The deadline of the meeting.
        within: Option<Scalar>,
    },
    /// Steps that run again and again.
    Repeat {
        /// How often.
        times: Times,
        /// The name of the counter, or of the row.
        name: Option<Scalar>,
        /// An expression that ends it early.
        until: Option<Scalar>,
        /// Whether the number of iterations is of no interest.
        vary: Option<Scalar>,
        /// The deadline of the whole block.
        within: Option<Scalar>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Variables with the expressions that compute them.
    Let(Vec<(Scalar, Scalar)>),
    /// An expression that must be true.
    Assert(Scalar),
    /// Steps that are tried again until they all do as written.
    Retry {
        /// For how long at most; as long as a step may take, where none is written.
        time: Option<Scalar>,
        /// The program that is ready when they do.
        ready: Option<Scalar>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps of another file.
    Include(Box<Include>),
    /// Hosts with what becomes of their links.
    Link(Vec<(Scalar, Scalar)>),
    /// A sleep.
    Pause(Scalar),
    /// A step that could not be read at all. It may do anything to what its words name: create
    /// it, use it, close it.
    Broken {
        /// Every scalar in it, keys included.
        words: Vec<Scalar>,
    },
}

/// How often the steps of a `repeat` run.
#[derive(Debug, Clone)]
pub enum Times {
    /// So many times.
    Count(Scalar),
    /// Once for each row of a table, all of which have the same columns.
    Rows(Vec<Row>),
}

/// A row of a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// The place.
    pub span: Span,
    /// The columns with their values.
    pub values: Vec<(Scalar, Scalar)>,
}

/// The steps of another file, where they are included.
#[derive(Debug, Clone)]
pub struct Include {
    /// The file's name, relative to the file that this stands in.
    pub file: Scalar,
    /// Names that the file sees, with their values or endpoints.
    pub with: Vec<(Scalar, Scalar)>,
    /// The deadline of all its steps.
    pub within: Option<Scalar>,
    /// What is in the file; `None` where it could not be read.
    pub contents: Option<Contents>,
}

/// What is in a file that is included.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The folder of the file.
    pub folder: PathBuf,
    /// The file's name without its extension.
    pub stem: String,
    /// Values for names that `with` leaves out.
    pub vars: Vec<(Scalar, Scalar)>,
    /// The names that it hands back, each with the name that it has outside.
    pub out: Vec<(Scalar, Scalar)>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Part of the file could not be read, and a diagnostic says so.
    pub incomplete: bool,
}

/// A lane of a `parallel`.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: Scalar,
    /// Its steps.
    pub steps: Vec<Step>,
}
