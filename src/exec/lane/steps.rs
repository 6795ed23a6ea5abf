//! Going through the steps of a lane: whose turn it is, what each kind of step does, and whether
//! there is time left for it.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use crate::exec::perturb::hold;
use crate::exec::perturb::{self, Delay};
use crate::exec::steer::Steer;
use crate::exec::stop::Stop;
use crate::model::topology::LinkState;
use crate::plan::{Action, Step};
use crate::source::Span;
use crate::trace::event::{Event, What};
use crate::trace::record::{Entry, Facts};

use super::{Deadline, Lane, earlier};

/// What is said of a step that had no time left to begin.
pub(crate) const TOO_LONG: &str = "the block around this step took too long";

impl Lane<'_> {
    /// Runs steps in their order.
    pub(crate) async fn steps(&mut self, steps: &[Step], entries: &RefCell<Vec<Entry>>) -> Result<(), Stop> {
        let mut steps = steps.iter().peekable();
        while let Some(step) = steps.next() {
            if self.test.options.cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            self.in_time(step.span)?;
            if self.test.options.perturb.is_some() {
                self.perturb(step, steps.peek().copied()).await?;
            }
            self.step = step.span.start;
            if let Some(steer) = self.test.steer.as_ref().filter(|_| self.takes_turns() && is_seen(step)) {
                steer.turn(self.id, step.span.start).await;
                self.in_time(step.span)?;
            }
            self.nobody_is_lost(step)?;
            self.test.current.set(Some(step.span.start));
            self.test.activity.begins();
            match &step.action {
                Action::Call(call) => match steps.next_if(|next| self.shake_hands(call, next)) {
                    Some(Step { span, action: Action::Call(other) }) => {
                        // Handshakes are rare: two calls at once do not make every lane larger.
                        Box::pin(self.both((step.span, call), (*span, other), entries)).await?;
                    }
                    _ => self.call(step.span, call, entries).await?,
                },
                Action::Pause(time) => self.pause(step.span, *time).await?,
                Action::Let(assignments) => self.compute(assignments)?,
                Action::Assert(assertion) => self.assert(assertion)?,
                Action::Link { changes, words } => self.link(step.span, changes, words, entries)?,
                Action::Barrier { name, within } => self.barrier(step.span, name, *within).await?,
                Action::Parallel { .. }
                | Action::Repeat { .. }
                | Action::Table { .. }
                | Action::Retry { .. }
                | Action::Include { .. } => self.block(step, entries).await?,
            }
        }
        Ok(())
    }

    /// In a perturbed run, delays a step, and looks whether it may be joined with the next.
    async fn perturb(&mut self, step: &Step, next: Option<&Step>) -> Result<(), Stop> {
        let Some(perturb) = &self.test.options.perturb else { return Ok(()) };
        let delay = perturb.delay(step.span.start, self.turn);
        self.delay(delay, self.limit).await;
        if self.lanes.is_some() && perturb.holds(step.span.start, self.turn) {
            hold::until_others_rest(self.test, step, self.limit).await;
        }
        self.may_join = next.is_some_and(|next| is_joinable(step, next));
        self.in_time(step.span)
    }

    /// Lets others run for a while, unless that would bring the end of a deadline near.
    pub(crate) async fn delay(&self, delay: Delay, deadline: Option<Deadline>) {
        for _ in 0..delay.yields {
            tokio::task::yield_now().await;
        }
        let far = |deadline: &Deadline| deadline.at > Instant::now() + deadline.within.mul_f32(0.75);
        if !delay.sleep.is_zero() && deadline.as_ref().is_none_or(far) {
            tokio::time::sleep(delay.sleep).await;
        }
    }

    /// No program may have ended that the spec needs. A step of that program itself shows what has
    /// become of it, so its report does not hang on which of the two was sooner.
    fn nobody_is_lost(&self, step: &Step) -> Result<(), Stop> {
        let own = match &step.action {
            Action::Call(call) => Some(call.endpoint.shown()),
            _ => None,
        };
        self.test.programs.lost(true, own.as_deref()).map_or(Ok(()), Err)
    }

    /// The block around must not be over. A step that never waits would not notice.
    fn in_time(&self, span: Span) -> Result<(), Stop> {
        match self.limit {
            Some(limit) if Instant::now() >= limit.at => Err(Stop::failed(TOO_LONG).at(span).deadline(limit.within)),
            _ => Ok(()),
        }
    }

    /// Sleeps, but not beyond the end of the block around.
    async fn pause(&self, span: Span, time: Duration) -> Result<(), Stop> {
        let end = Instant::now() + time;
        let _pausing = self.test.activity.pauses();
        tokio::time::sleep_until(self.limit.map_or(end, |limit| limit.at.min(end))).await;
        self.in_time(span)
    }

    /// Changes the links of hosts.
    fn link(
        &self,
        span: Span,
        changes: &[(usize, LinkState)],
        words: &str,
        entries: &RefCell<Vec<Entry>>,
    ) -> Result<(), Stop> {
        let began = Instant::now();
        let order = self.test.next_order();
        let Some(net) = &self.test.net else {
            return Err(Stop::failed("there is no isolated network whose links could change").at(span));
        };
        for (host, state) in changes {
            net.set_link(*host, *state).map_err(|error| Stop::CouldNotRun(format!("cannot change a link: {error}")))?;
        }
        let what = What::Words(words.to_owned());
        let event = Event { endpoint: "link".to_owned(), what, fails: Vec::new(), wire: Vec::new() };
        entries.borrow_mut().push(self.happened(span, order, began, event, Facts::default()));
        Ok(())
    }

    /// Waits for the other lanes.
    async fn barrier(&mut self, span: Span, name: &str, within: Duration) -> Result<(), Stop> {
        let Some((meeting, lane)) = &self.meeting else {
            return Err(Stop::failed(format!("the barrier `{name}` stands outside `parallel`")).at(span));
        };
        let deadline = earlier(Deadline::new(self.at_most(within)), self.limit);
        let _idle = self.test.steer.as_ref().map(Steer::idle);
        meeting.meet(*lane, name, span, deadline).await.map_err(|stop| stop.at(span))
    }
}

/// Whether others can see what a step does.
fn is_seen(step: &Step) -> bool {
    matches!(step.action, Action::Call(_) | Action::Link { .. } | Action::Retry { .. })
}

/// Whether two steps send on one endpoint, one right after the other, so that the kernel may as well
/// be given both at once.
fn is_joinable(step: &Step, next: &Step) -> bool {
    match (&step.action, &next.action) {
        (Action::Call(one), Action::Call(other)) => {
            perturb::is_plain_send(one) && perturb::is_plain_send(other) && one.endpoint.pieces == other.endpoint.pieces
        }
        _ => false,
    }
}
