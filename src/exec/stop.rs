//! Why a test ends before its last step. What a socket says is no such reason: that is an
//! observation, and goes into the record.

use std::time::Duration;

use crate::source::Span;
use crate::trace::record::{Difference, Failure, Printed};

/// A test that does not go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A step did otherwise than written.
    Failed(Box<Failure>),
    /// The runner could not do its work: no descriptors left, no temporary folder.
    CouldNotRun(String),
    /// Somebody cancelled the run.
    Cancelled,
}

impl Stop {
    /// A failure at the step that runs; its place is filled in by the runner, where none is given.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failure { message: message.into(), ..Failure::default() }))
    }

    /// With a few words under the step.
    #[must_use]
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        self.with(|failure| failure.label = label.into())
    }

    /// With a sentence that explains.
    #[must_use]
    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        self.with(|failure| failure.notes.push(note.into()))
    }

    /// With a way out.
    #[must_use]
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.with(|failure| failure.help.push(help.into()))
    }

    /// With what programs have printed.
    #[must_use]
    pub(crate) fn printed(self, printed: impl Iterator<Item = Printed>) -> Self {
        self.with(|failure| failure.printed.extend(printed))
    }

    /// With the deadline that passed.
    #[must_use]
    pub(crate) fn deadline(self, deadline: Duration) -> Self {
        self.with(|failure| failure.deadline = Some(deadline.as_micros() as u64))
    }

    /// With what was expected and what came.
    #[must_use]
    pub(crate) fn difference(self, difference: Difference) -> Self {
        self.with(|failure| failure.difference = Some(difference))
    }

    /// At a place, unless it has one.
    #[must_use]
    pub(crate) fn at(self, span: Span) -> Self {
        self.with(|failure| {
            if failure.end == 0 {
                (failure.start, failure.end) = (span.start, span.end);
            }
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Failure)) -> Self {
        if let Self::Failed(failure) = &mut self {
            change(failure);
        }
        self
    }
}
