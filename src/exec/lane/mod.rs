//! A lane: steps that run one after the other. The steps of a spec outside `parallel` are a lane
//! too.
//!
//! `steps` goes through them, `call` makes the call of one and `judge` compares what it did with
//! what the step allows; `blocks` runs steps again, `parallel` several lanes at once.

mod attempt;
mod blocks;
mod call;
mod compute;
mod deadline;
mod done;
mod judge;
mod parallel;
mod steps;

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::network::Kind;
use crate::plan::Number;
use crate::plan::pattern::Pattern;
use crate::plan::template::{Piece, Template};
use crate::trace::shown::Shown;

use super::endpoint::{Endpoint, New};
use super::net::sys;
use super::pattern::{Machine, Matched};
use super::perturb::{Perturbation, Turn};
use super::steer::LaneId;
use super::stop::Stop;
use super::test::Test;
use super::values::{Scope, Values};
use attempt::Attempt;
use parallel::Meeting;

pub(crate) use deadline::Deadline;
use deadline::earlier;
pub(crate) use done::Done;
pub(crate) use judge::verb;
use steps::TOO_LONG;

/// Steps that run one after the other, and what they see.
pub(crate) struct Lane<'t> {
    /// The run that it belongs to.
    pub(crate) test: &'t Test<'t>,
    /// Variables, and the counters of the `repeat`s around.
    pub(crate) values: Values,
    /// Where lanes meet, and which of them this is; `None` outside `parallel`.
    pub(crate) meeting: Option<(Rc<Meeting>, usize)>,
    /// When a block around ends at the latest.
    pub(super) limit: Option<Deadline>,
    /// How long a step may take at most, in a `retry`.
    pub(super) share: Option<Duration>,
    /// The try of a `retry` that it belongs to.
    pub(super) attempt: Option<Rc<Attempt>>,
    /// The counters, as a trace shows them, of the `repeat`s around whose number varies.
    pub(super) varying: Vec<String>,
    /// The iterations of the loops around.
    pub(super) turn: Turn,
    /// The lanes that this is in, and is, as an endpoint that is created here has them.
    pub(super) lanes: Option<Rc<[u64]>>,
    /// What tells it from other lanes.
    pub(super) id: LaneId,
    /// Where the step begins that runs.
    pub(super) step: u32,
    /// Whether the step that runs, a send, may be joined with the next.
    pub(super) may_join: bool,
}

impl<'t> Lane<'t> {
    /// The steps outside any block.
    pub(crate) fn of(test: &'t Test<'t>) -> Self {
        Self {
            test,
            values: test.values.clone(),
            meeting: None,
            limit: None,
            share: test.options.longest,
            attempt: None,
            varying: Vec::new(),
            turn: Turn::ONCE,
            lanes: None,
            id: LaneId::default(),
            step: 0,
            may_join: false,
        }
    }

    /// A lane of a `parallel` in this lane.
    /// It is that lane of the block that begins there; before the block, so many endpoints were created.
    pub(crate) fn child(
        &self,
        meeting: &Rc<Meeting>,
        (step, index): (u32, usize),
        limit: Option<Deadline>,
        created: u64,
    ) -> Self {
        let around = self.lanes.as_deref().unwrap_or_default();
        Self {
            test: self.test,
            values: self.values.clone(),
            meeting: Some((Rc::clone(meeting), index)),
            limit: limit.map(|limit| earlier(limit, self.limit)).or(self.limit),
            share: self.share,
            attempt: self.attempt.clone(),
            varying: self.varying.clone(),
            turn: self.turn,
            id: self.turn.lane(self.id, step, index),
            step,
            lanes: Some(around.iter().copied().chain([created, index as u64]).collect()),
            may_join: false,
        }
    }

    /// Everything that `${…}` can name now.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { values: &self.values, endpoints: self.test }
    }

    /// The text of a template.
    pub(crate) fn text<'a>(&self, template: &'a Template) -> Result<Cow<'a, str>, Stop> {
        if let [Piece::Literal(text)] = template.pieces.as_slice() {
            return Ok(Cow::Borrowed(text));
        }
        self.scope().text(template).map(Cow::Owned).map_err(Stop::failed)
    }

    /// A number.
    pub(crate) fn number(&self, number: &Number) -> Result<u64, Stop> {
        self.scope().number(number).map_err(Stop::failed)
    }

    /// A pattern that is about to take bytes.
    pub(crate) fn machine(&self, pattern: &Pattern) -> Result<Machine, Stop> {
        Machine::new(pattern, self.scope()).map_err(|error| Stop::failed(error).at(pattern.span))
    }

    /// Keeps what a pattern has captured, and gives what a trace shows of its bytes.
    pub(crate) fn captured(&self, matched: Matched) -> Vec<Shown> {
        for (name, value) in matched.captures {
            self.values.set(name, value);
        }
        matched.shown
    }

    /// The endpoint of a call.
    pub(crate) fn endpoint(&self, name: &Template) -> Result<Rc<Endpoint>, Stop> {
        self.test.endpoint(&self.text(name)?)
    }

    /// An endpoint that a step waits for anyway: in a lane, another one may be about to create it.
    pub(crate) async fn awaited(&self, name: &Template, deadline: Deadline) -> Result<Rc<Endpoint>, Stop> {
        loop {
            match self.endpoint(name) {
                Err(_) if self.lanes.is_some() && self.pause_between(deadline, Duration::from_millis(1)).await => {}
                found => return found,
            }
        }
    }

    /// Waits between two looks at something that nobody tells of; false where the deadline has passed.
    pub(crate) async fn pause_between(&self, deadline: Deadline, time: Duration) -> bool {
        match &self.test.steer {
            None => deadline.sleep(time).await,
            Some(steer) => {
                steer.pause((Instant::now() + time).min(deadline.at)).await;
                Instant::now() < deadline.at
            }
        }
    }

    /// Whether it waits for its turn, in a run where somebody gives turns.
    pub(crate) fn takes_turns(&self) -> bool {
        self.lanes.is_some() && self.attempt.is_none()
    }

    /// How long a step may take.
    fn at_most(&self, within: Duration) -> Duration {
        self.share.map_or(within, |share| share.min(within))
    }

    /// Gives a socket a name.
    pub(crate) fn create(&self, name: &str, new: New) -> Result<Rc<Endpoint>, Stop> {
        let replaced = self.attempt.as_ref().and_then(|_| self.test.endpoint(name).ok());
        let endpoint = self.test.create(name, new)?;
        endpoint.varies.set(self.varying.iter().any(|counter| endpoint.shown.contains(counter)));
        if let Some(perturb) = &self.test.options.perturb {
            self.shrink(&endpoint, perturb);
        }
        if let Some(lanes) = &self.lanes {
            let _ = endpoint.lanes.set(Rc::clone(lanes));
        }
        if let Some(attempt) = &self.attempt {
            attempt.created(&endpoint, replaced);
        }
        Ok(endpoint)
    }

    /// In a perturbed run, gives a new stream small buffers.
    fn shrink(&self, endpoint: &Endpoint, perturb: &Perturbation) {
        let Some(socket) = endpoint.socket().filter(|_| endpoint.network.kind() == Kind::Stream) else { return };
        for (size, option) in
            perturb.buffers(&endpoint.name, self.turn).into_iter().zip([libc::SO_SNDBUF, libc::SO_RCVBUF])
        {
            if let Some(size) = size {
                // A buffer that stays as it was perturbs nothing, and does no harm.
                let _ = sys::set_int(socket.fd(), libc::SOL_SOCKET, option, size);
            }
        }
    }
}
