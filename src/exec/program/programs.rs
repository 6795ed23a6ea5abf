//! The programs of a test: which of them has ended that must not, and what is told of them all.

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::exec::stop::Stop;
use crate::model::signal::ExitStatus;

use super::image::GRACE_MS;
use super::{PATIENCE, Program};

/// The programs of a test. All of them have ended when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    pub(super) all: RefCell<Vec<Rc<Program>>>,
    pub(super) tasks: RefCell<JoinSet<()>>,
}

impl Programs {
    /// Whether there are none, as in most tests.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.borrow().is_empty()
    }

    /// The programs, in the order in which they were started.
    pub(crate) fn all(&self) -> Vec<Rc<Program>> {
        self.all.borrow().clone()
    }

    /// What to do where nobody listens at a port that a program was told.
    pub(crate) fn not_listening(&self, port: u16, address: &str) -> Option<String> {
        self.all.borrow().iter().find_map(|program| program.not_listening(port, address))
    }

    /// The failure that a program is that has ended though no step has seen it, or, where more steps
    /// come, will see it. `but` is one that is not asked about.
    pub(crate) fn lost(&self, more_come: bool, but: Option<&str>) -> Option<Stop> {
        let all = self.all.borrow();
        let mut all =
            all.iter().filter(|program| !(program.uses.exits && more_come) && but != Some(program.shown.as_str()));
        all.find_map(|program| {
            let status = program.lost()?;
            program.is_told.set(true);
            let message = format!("{}: it ended {}, and nobody expected that", program.shown, status.described());
            let stop = Stop::failed(message).label(format!("ended {}", status.described()));
            let stop = stop.of(&program.shown).at(program.place);
            Some(stop.help(format!("if it shall end, write `- {}: {{expect: exit, status: {status}}}`", program.shown)))
        })
    }

    /// The failure of [`Programs::lost`], as soon as there is one. What a program has sent before its
    /// end has time to arrive at who waits for it.
    pub(crate) async fn until_lost(&self, but: &str) -> Stop {
        /// As long as a step waits for its effect.
        const ARRIVAL: Duration = Duration::from_millis(50);
        loop {
            self.next_end(but).await;
            tokio::time::sleep(ARRIVAL).await;
            if let Some(stop) = self.lost(true, Some(but)) {
                return stop;
            }
        }
    }

    /// Waits until one of the programs ends that must not.
    async fn next_end(&self, but: &str) {
        self.first_end(|program| {
            let counts = program.status().is_none() || program.lost().is_some();
            counts && !program.uses.exits && program.shown != but
        })
        .await;
    }

    /// After a failure that the end of a connection is: whoever had it may be about to end, which then
    /// takes some time, of an interpreter many milliseconds. It waits for that, unless the end of a
    /// program is known that explains it. `but` is the program at which it failed.
    pub(crate) async fn await_cause(&self, but: &str) {
        const BOUND: Duration = Duration::from_millis(200);
        let others: Vec<_> = self.all().into_iter().filter(|program| program.shown != but).collect();
        if others.iter().any(|program| program.lost().is_some()) || !others.iter().any(|program| program.is_to_live()) {
            return;
        }
        let end = self.first_end(|program| program.is_to_live() && program.shown != but);
        let _ = tokio::time::timeout(BOUND, end).await;
    }

    /// Waits until one of these programs has ended.
    async fn first_end(&self, is_one: impl Fn(&Program) -> bool) {
        let these = self.all().into_iter().filter(|program| is_one(program));
        let mut ends: Vec<_> = these.map(|program| Box::pin(async move { program.ended().await })).collect();
        poll_fn(|context| {
            let has_ended = ends.iter_mut().any(|end| end.as_mut().poll(context).is_ready());
            if has_ended { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Ends a program that was never to be, and waits until nothing of it is left.
    pub(crate) async fn discard(&self, program: &Rc<Program>) {
        program.may_end.set(true);
        program.is_done.set(true);
        program.end();
        let bound = Duration::from_millis(GRACE_MS.unsigned_abs().into()) + PATIENCE;
        let gone = program.state.until(|inner| inner.is_gone.then_some(()));
        if tokio::time::timeout(bound, gone).await.is_ok() {
            program.wait();
            self.all.borrow_mut().retain(|known| !Rc::ptr_eq(known, program));
        }
    }

    /// Whether one of them does something, or is about to.
    pub(crate) fn are_active(&self) -> bool {
        self.all.borrow().iter().any(|program| program.status().is_none() && program.is_active())
    }

    /// Waits a moment for what programs do last: one that is about to end, and what it has printed.
    pub(crate) async fn settle(&self) {
        /// The kernel closes the connections of a process before it says that it has ended.
        const MOMENT: Duration = Duration::from_millis(5);
        tokio::time::sleep(MOMENT).await;
        for program in self.all() {
            program.rest().await;
            program.settle().await;
        }
    }

    /// A failure with what the programs have printed, and which of them have ended by then. First
    /// comes the program at which it failed, last those that ended as they were to; of these, the
    /// ones that found nothing wrong have nothing to tell.
    pub(crate) fn told(&self, mut stop: Stop) -> Stop {
        let all = self.all.borrow();
        for program in all.iter().filter(|program| !program.is_told.get()) {
            if let Some(status) = program.lost() {
                stop = stop.note(format!("`{}` had ended by then, {}", program.shown, status.described()));
            }
        }
        let failed = all.iter().filter(|program| !matches!(program.status(), None | Some(ExitStatus::Code(0))));
        stop = failed.filter_map(|program| program.told.misplaced()).take(1).fold(stop, Stop::help);
        let rank = |program: &Program| match program.status() {
            _ if stop.is_of(&program.shown) => Some(0),
            None => Some(1),
            Some(_) if program.lost().is_some() => Some(1),
            Some(ExitStatus::Code(0)) => None,
            Some(_) => Some(2),
        };
        let mut told: Vec<_> = all.iter().filter_map(|program| Some((rank(program)?, program))).collect();
        told.sort_by_key(|(rank, _)| *rank);
        told.into_iter().fold(stop, |stop, (_, program)| stop.printed(program.printed()))
    }

    /// Ends every program with all that it has started, and waits until nothing is left: the last one
    /// first, since it may need those before it to end well.
    pub(crate) fn end(&self) {
        for program in self.all.take().iter().rev() {
            program.end();
            program.wait();
        }
    }

    /// The tasks that look after them, to be shut down at the end.
    pub(crate) fn take_tasks(&self) -> JoinSet<()> {
        self.tasks.take()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        self.end();
    }
}
