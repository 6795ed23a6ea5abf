//! The syntax tree of a spec. Every scalar is kept as it was written, with its place: `${name}` is
//! not replaced, and no word is understood yet. That is the work of `plan`, after the variables
//! of a case are known; so one mechanism serves words that are written and words that are computed.

mod call;
mod form;
mod step;
mod verb;

use crate::model::perturb::Perturb;
use crate::source::Span;

pub use call::{Call, Fails};
pub use form::{Form, FormKind};
pub use step::{Contents, Include, Lane, Row, Step, StepKind, Times};
pub use verb::{Beside, Expectation, QueuedError, Ready, Run, Setting, Tls, Verb, Wanted};

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes, where YAML knows no escapes.
    Single,
    /// In double quotes.
    Double,
    /// In a block, after `|` or `>`.
    Block,
}

/// A scalar with its place. The text is that after YAML's escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where, quotes included.
    pub span: Span,
}

/// A whole spec.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// One sentence: what this spec shows.
    pub about: Option<Scalar>,
    /// Texts that it rests on.
    pub refs: Vec<Scalar>,
    /// The lines of a catalogue that it shows.
    pub ids: Vec<Scalar>,
    /// Words to select by.
    pub tags: Vec<Scalar>,
    /// What the machine must offer.
    pub requires: Vec<Scalar>,
    /// The deadline of each step.
    pub timeout: Option<Scalar>,
    /// Variables with their values.
    pub vars: Vec<(Scalar, Scalar)>,
    /// Those of them that differ from one machine to the next, so that traces show their names.
    pub varying: Vec<Scalar>,
    /// Variables with the values of each case.
    pub matrix: Vec<(Scalar, Vec<Scalar>)>,
    /// `each` or `shared`.
    pub snapshot: Option<Scalar>,
    /// Variables that hold reserved ports.
    pub ports: Vec<Scalar>,
    /// What is written before the first step.
    pub files: Vec<File>,
    /// The network that it runs in.
    pub network: Option<Network>,
    /// Whether the segments on it are part of the trace.
    pub wire: Option<Scalar>,
    /// How `sockspec stress` may perturb it.
    pub perturb: Perturb,
    /// The steps.
    pub steps: Vec<Step>,
    /// Part of the file could not be read, and a diagnostic says so. Names may be missing, so what
    /// is undefined, unused or unmatched in the rest is not certain to be a mistake.
    pub incomplete: bool,
}

/// A file that is written before the first step.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name in the temporary folder; that of a folder ends in `/`.
    pub name: Scalar,
    /// What is in it.
    pub content: FileContent,
    /// Its permissions.
    pub mode: Option<Scalar>,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub enum FileContent {
    /// A text.
    Text(Scalar),
    /// Bytes in Base64.
    Base64(Scalar),
    /// It is an empty folder.
    Folder,
}

/// The network that a spec runs in.
#[derive(Debug, Clone)]
pub enum Network {
    /// `host`, `isolated`, or a variable that is one of them.
    Word(Scalar),
    /// An isolated one, with what it has.
    Map(Topology),
}

/// What an isolated network has.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// Addresses of the loopback device.
    pub addresses: Vec<Scalar>,
    /// Hosts with their addresses.
    pub hosts: Vec<(Scalar, Vec<Scalar>)>,
    /// Destinations with the kinds of their routes.
    pub routes: Vec<(Scalar, Scalar)>,
    /// Part of it could not be read, and a diagnostic says so: hosts may be missing.
    pub incomplete: bool,
}
