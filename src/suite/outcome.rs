//! What became of a test: the verdicts, with what a report needs to show them.

use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::snapshot::Claim;
use crate::source::SourceFile;
use crate::trace::record::Record;

/// What became of one spec file: of each of its cases, in the order of its matrix.
#[derive(Debug)]
pub struct SpecResult {
    /// How messages call the file: its path as it was found.
    pub path: PathBuf,
    /// The file, where it could be read and one of the tests has something to show in it.
    pub source: Option<SourceFile>,
    /// The checker's warnings.
    pub warnings: Vec<Diagnostic>,
    /// One for each case; a spec that is invalid as a whole has one.
    pub tests: Vec<TestResult>,
    /// What it says of itself, where [`Runner`](super::Runner) keeps details.
    pub details: Option<Box<Details>>,
}

impl SpecResult {
    /// Of a file of which no test has run yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), source: None, warnings: Vec::new(), tests: Vec::new(), details: None }
    }
}

/// How much results hold beside the verdicts. What no report asks for is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing; the file, where there is something to show in it.
    #[default]
    Verdicts,
    /// What specs say of themselves, the values of cases, and the file in any case.
    Facts,
    /// And the record of every test.
    Records,
}

/// What a spec says of itself, for reports that tell of the tests that passed, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// What it shows, in a sentence.
    pub about: String,
    /// The texts that it rests on: sections of RFCs, man pages, links.
    pub refs: Vec<String>,
    /// The lines of a catalogue that it shows.
    pub ids: Vec<String>,
    /// Words to select by.
    pub tags: Vec<String>,
    /// What the machine must offer, as written.
    pub requires: Vec<String>,
    /// The variables of its matrix, in written order.
    pub matrix: Vec<String>,
}

/// What became of one test.
#[derive(Debug)]
pub struct TestResult {
    /// The test's name: `tcp/echo[net=tcp6]`.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took, from building its plan to comparing its trace; all of its runs together.
    pub took: Duration,
    /// How often it ran.
    pub runs: u32,
    /// The variables of the matrix with the values of this case; none where no details are kept.
    pub values: Vec<(String, String)>,
    /// The run, where details are kept and the outcome does not have it.
    pub record: Option<Box<Record>>,
}

impl TestResult {
    /// A test that has no more to show than its outcome.
    pub fn new(name: impl Into<String>, outcome: Outcome, took: Duration) -> Self {
        Self { name: name.into(), outcome, took, runs: 0, values: Vec::new(), record: None }
    }

    /// The run, where it is there.
    pub fn record(&self) -> Option<&Record> {
        match &self.outcome {
            Outcome::Failed { record, .. } => Some(record),
            _ => self.record.as_deref(),
        }
    }
}

/// The verdict on a test, with what there is to show.
#[derive(Debug)]
pub enum Outcome {
    /// Every step did as written, and the trace equals the accepted snapshot.
    Passed {
        /// The snapshot that this run accepted (`--update`), where it did.
        accepted: Option<PathBuf>,
    },
    /// A step did otherwise; `record.failure` says which and how.
    Failed {
        /// The run up to there.
        record: Box<Record>,
        /// Where the record was written, if it was.
        written: Option<PathBuf>,
    },
    /// Every step did as written, but the trace differs from the snapshot.
    Changed(Box<Change>),
    /// Every step did as written, but there is no snapshot yet.
    New(Box<Change>),
    /// The spec is wrong; nothing ran. Never empty; the warnings are with the spec.
    Invalid(Vec<Diagnostic>),
    /// Something that the spec requires is missing.
    Ignored {
        /// What, e.g. `needs ipv6: no address ::1 on this machine`.
        reason: String,
    },
    /// The runner itself could not do its work.
    CouldNotRun {
        /// Why.
        reason: String,
    },
    /// It ran several times, and passed in the end, but not always (`--retries`).
    Flaky(Box<Tries>),
    /// It ran several times, not always in the same way, and did not pass in the end (`--retries`), or was to go
    /// the same way each time (`--repeat`).
    Differs(Box<Tries>),
    /// The run was ended before this test had begun, since others had failed (`--fail-fast`).
    NotRun,
    /// The run was interrupted before this test had ended, or begun.
    Cancelled {
        /// The line of the step that ran, from 1; 0 where none did.
        line: u32,
        /// The file that the step is in, where that is not the spec.
        file: Option<String>,
    },
}

impl Outcome {
    /// The verdict in a word, as JSON has it.
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Failed { .. } => "failed",
            Self::Changed(_) => "changed",
            Self::New(_) => "new",
            Self::Invalid(_) => "invalid",
            Self::Ignored { .. } => "ignored",
            Self::CouldNotRun { .. } => "could-not-run",
            Self::Flaky(_) => "flaky",
            Self::Differs(_) => "differs",
            Self::NotRun => "not-run",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl Outcome {
    /// Whether it is one for which a run fails. Of a flaky test that is decided by who runs it.
    pub const fn is_bad(&self, flaky_is_ok: bool) -> bool {
        match self {
            Self::Passed { .. } | Self::Ignored { .. } | Self::NotRun | Self::Cancelled { .. } => false,
            Self::Flaky(_) => !flaky_is_ok,
            _ => true,
        }
    }
}

/// The runs of a test that did not all go the same way.
#[derive(Debug)]
pub struct Tries {
    /// All runs, in order.
    pub runs: Vec<Try>,
    /// The ways in which they went, in the order in which they were seen first. At least two.
    pub ways: Vec<Way>,
}

/// One run of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Try {
    /// Which of the ways it went.
    pub way: usize,
    /// How long it took.
    pub took: Duration,
}

/// One way in which a test went: with one canonical trace; or with a step that did otherwise, the same one each time.
#[derive(Debug)]
pub struct Way {
    /// What became of the first run that went this way: passed, failed, changed, new or could not run. Nothing is
    /// written for a trace.
    pub outcome: Outcome,
    /// Its trace; of a run that failed, up to there.
    pub trace: String,
}

/// A trace that is not the accepted one.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// The accepted trace; empty where there is none.
    pub accepted: String,
    /// The trace of this run.
    pub trace: String,
    /// The snapshot's file.
    pub snapshot: PathBuf,
    /// The pending file, where one was written.
    pub pending: Option<PathBuf>,
    /// Whether that is found from the current folder by the name of the test alone.
    pub is_found_by_name: bool,
    /// Why no pending file could be written, where one was to be.
    pub unwritten: Option<String>,
    /// What another case gave that has the same snapshot, where it differs from that.
    pub contradicts: Option<Claim>,
}

/// How many tests of each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed.
    pub passed: usize,
    /// A step did otherwise.
    pub failed: usize,
    /// The trace differs.
    pub changed: usize,
    /// No snapshot yet.
    pub new: usize,
    /// The spec is wrong.
    pub invalid: usize,
    /// A requirement is missing.
    pub ignored: usize,
    /// The runner failed.
    pub could_not_run: usize,
    /// Passed, but not always.
    pub flaky: usize,
    /// Went several ways.
    pub differs: usize,
    /// Not begun, since others had failed.
    pub not_run: usize,
    /// Interrupted.
    pub cancelled: usize,
}

impl Totals {
    /// Counts one more.
    pub fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Passed { .. } => &mut self.passed,
            Outcome::Failed { .. } => &mut self.failed,
            Outcome::Changed(_) => &mut self.changed,
            Outcome::New(_) => &mut self.new,
            Outcome::Invalid(_) => &mut self.invalid,
            Outcome::Ignored { .. } => &mut self.ignored,
            Outcome::CouldNotRun { .. } => &mut self.could_not_run,
            Outcome::Flaky(_) => &mut self.flaky,
            Outcome::Differs(_) => &mut self.differs,
            Outcome::NotRun => &mut self.not_run,
            Outcome::Cancelled { .. } => &mut self.cancelled,
        } += 1;
    }

    /// How many did not do as written, or not with the accepted trace, or not always. What could not run, and what is
    /// wrong with specs, is graver, and told apart.
    pub fn bad(&self, flaky_is_ok: bool) -> usize {
        let flaky = if flaky_is_ok { 0 } else { self.flaky };
        self.failed + self.changed + self.new + flaky + self.differs
    }

    /// How many in all.
    pub fn all(&self) -> usize {
        self.passed
            + self.failed
            + self.changed
            + self.new
            + self.invalid
            + self.ignored
            + self.could_not_run
            + self.flaky
            + self.differs
            + self.not_run
            + self.cancelled
    }
}
