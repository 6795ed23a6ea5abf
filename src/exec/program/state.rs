//! What is known of a program while it runs: told by its supervisor and by its streams, and waited
//! for by the steps.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::signal::ExitStatus;

use super::output::Tail;

/// A stream that a program prints on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Its output, and what it says on its input.
    Stdout,
    /// Its error output.
    Stderr,
}

/// What is known, shared by the tasks of a program and by the steps.
#[derive(Debug, Default)]
pub(crate) struct State {
    inner: Mutex<Inner>,
    changed: Notify,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// How it has ended.
    pub(super) status: Option<ExitStatus>,
    /// What became of signals: the errors of kill(2), 0 for none.
    pub(super) signalled: VecDeque<i32>,
    /// Whether neither it nor anything that it has started is left.
    pub(super) is_gone: bool,
    /// Whether the line that it is ready by has come.
    pub(super) is_ready: bool,
    stdout: Output,
    stderr: Output,
}

/// What is known of a stream.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) tail: Tail,
    /// Whether nobody has it open any more.
    pub(super) has_ended: bool,
    /// Whether so much waits to be received that no more is read.
    pub(super) is_full: bool,
}

impl Inner {
    /// Whether nobody has its streams open any more.
    pub(super) fn streams_ended(&self) -> bool {
        self.stdout.has_ended && self.stderr.has_ended
    }

    pub(super) fn output(&mut self, stream: Stream) -> &mut Output {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

impl State {
    /// Looks at what is known.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes it, and lets everybody look who waits.
    pub(super) fn change(&self, change: impl FnOnce(&mut Inner)) {
        self.look(change);
        self.changed.notify_waiters();
    }

    /// Waits until something is so.
    pub(super) async fn until<T>(&self, mut look: impl FnMut(&mut Inner) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look: what changes between the two is not missed.
            changed.as_mut().enable();
            if let Some(found) = self.look(&mut look) {
                return found;
            }
            changed.await;
        }
    }
}
