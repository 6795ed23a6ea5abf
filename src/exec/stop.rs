//! Why a test ends before its last step. What a socket says is no such reason: that is an
//! observation, and goes into the record.

use std::time::Duration;

use super::pattern::{Boundary, Mismatch};
use crate::source::Span;
use crate::trace::record::{Difference, Failure, Part, Printed};
use crate::trace::scene::{Came, Scene};

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

    /// Bytes that are not as a pattern says, at the part of it that they do not fit.
    pub(crate) fn mismatch(name: &str, mismatch: Mismatch) -> Self {
        let what = if mismatch.is_short() { "bytes are missing" } else { "other bytes" };
        Self::unfit(name, mismatch, what)
    }

    /// Bytes that a pattern still lacks when the deadline has passed.
    pub(crate) fn late(name: &str, mismatch: Mismatch, deadline: Duration) -> Self {
        let what = if mismatch.is_short() { "nothing came" } else { "other bytes" };
        Self::unfit(name, mismatch, what).deadline(deadline)
    }

    fn unfit(name: &str, mismatch: Mismatch, what: &str) -> Self {
        let label = if mismatch.is_nothing() { what.to_owned() } else { format!("{what} {}", mismatch.place()) };
        let part = mismatch.part.map(|(Span { start, end }, _)| Part { start, end, ..Part::default() });
        let came = match mismatch.end {
            Some(Boundary::Eof | Boundary::Truncated) => Some(Came::End),
            Some(Boundary::Reset) => Some(Came::reset()),
            _ => None,
        };
        let stop = Self::failed(format!("{name}: {}", mismatch.message))
            .label(label)
            .with(|failure| failure.part = part.filter(|part| part.end > 0));
        came.into_iter().fold(stop, Self::came).difference(mismatch.into())
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

    /// With what came instead of what was expected.
    #[must_use]
    pub(crate) fn came(self, came: Came) -> Self {
        self.seen(|scene| scene.came = Some(came))
    }

    /// With what was seen on both sides.
    #[must_use]
    pub(crate) fn seen(self, see: impl FnOnce(&mut Scene)) -> Self {
        self.with(|failure| see(failure.scene.get_or_insert_default()))
    }

    /// Whether both sides are still to be looked at.
    pub(crate) fn is_unseen(&self) -> bool {
        let has_step = |scene: &Scene| !scene.step.is_empty();
        matches!(self, Self::Failed(failure) if !failure.scene.as_deref().is_some_and(has_step))
    }

    /// With what was expected and what came.
    #[must_use]
    pub(crate) fn difference(self, difference: Difference) -> Self {
        self.with(|failure| failure.difference = Some(difference))
    }

    /// Of a step of that endpoint, unless it is of another one.
    #[must_use]
    pub(crate) fn of(self, endpoint: &str) -> Self {
        self.with(|failure| {
            failure.endpoint.get_or_insert_with(|| endpoint.to_owned());
        })
    }

    /// Whether it is of a step of that endpoint.
    pub(crate) fn is_of(&self, endpoint: &str) -> bool {
        matches!(self, Self::Failed(failure) if failure.endpoint.as_deref() == Some(endpoint))
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
