//! The order in which the steps of lanes begin, decided from outside: whoever explores the orders
//! of a `parallel` runs it once in each.
//!
//! In a steered run a step of a lane begins when it is let, and it is let only when nothing moves
//! any more: each lane waits for its turn, or for something that the step of another lane has to
//! do. So the order in which steps begin is all that is decided, and a run can be made again.
//! Steps that nobody else can see (`barrier`, `let`, `assert`, `pause`) need no turn; a `retry` has
//! one for all that it tries.

use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::network::Kind;
use crate::model::splitmix::mixed;
use crate::model::state::TcpState;

use super::endpoint::Endpoint;
use super::net::sys;
use super::starved;
use super::test::Test;
use crate::exec::perturb::hold::LONGEST_PAUSE;

/// In how many rounds of the runtime nothing may move.
const ROUNDS: u32 = 3;
/// For how long nothing may move where a look alone does not tell: a step waits at an endpoint that has bytes
/// to send, or where it looks every millisecond whether more than the end has come.
const LONGER: Duration = Duration::from_millis(3);
/// How long it is waited for what is under way outside of the runtime's sight: the effect of a step,
/// a blocking call. After that it is taken to wait for another lane.
const BUSY: Duration = Duration::from_millis(80);
/// How many turns are given in a run. After that, and where giving them takes too long, all begin as they
/// like.
const TURNS: usize = 400;

/// The order in which the steps of lanes begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The lane whose turn it is, one after the other. A turn that its lane cannot take is taken by the
    /// one that is first in the spec.
    pub lanes: Vec<LaneId>,
    /// Where the list is at its end, the turns are given by chance, from this seed; without one each
    /// time to the lane whose step is the first in the spec.
    pub seed: Option<u64>,
    /// For how many turns chance prefers the same lanes; at each turn anew where it is 0. What happens after a
    /// lane has gone far ahead is rarely found otherwise.
    pub stretch: usize,
    /// The lane that has its turns only where no other can go on, not even after a pause.
    pub last: Option<LaneId>,
    /// Whether what is sent on a stream is cut in two parts, of which the second has a turn of its own.
    pub split: Option<Split>,
}

/// Where what is sent is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// After the first byte.
    First,
    /// In the middle.
    Middle,
    /// Before the last byte.
    Last,
}

impl Split {
    /// After how many bytes of so many.
    pub(crate) fn of(self, len: u64) -> u64 {
        match self {
            Self::First => 1.min(len / 2),
            Self::Middle => len / 2,
            Self::Last => len.saturating_sub(1),
        }
    }

    /// Where, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::First => "after its first byte",
            Self::Middle => "in its middle",
            Self::Last => "before its last byte",
        }
    }
}

/// A lane of a run: the same in every run of the same plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LaneId(pub u64);

/// A step of a lane that began, in a steered run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its lane.
    pub lane: LaneId,
    /// Where it begins in the spec, in bytes.
    pub step: u32,
    /// Whether it is the second part of what the step sends.
    pub rest: bool,
    /// The lanes that could have had the turn, this one among them, in the order of their steps.
    pub ready: Vec<LaneId>,
}

/// The turns of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turns {
    /// The steps that began, in order.
    pub begun: Vec<Begun>,
    /// Whether there were more than are given turns.
    pub cut: bool,
}

/// A step that waits for its turn; those of lanes that are first in the spec come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    step: u32,
    lane: LaneId,
    rest: bool,
}

/// Gives the turns of a run.
#[derive(Debug)]
pub(crate) struct Steer {
    script: Script,
    /// For how long, in all, lanes may be kept from their turns: who waits for them has a deadline.
    patience: Duration,
    spent: Cell<Duration>,
    /// How long the thread had waited for a processor when the run began.
    starved: Duration,
    turns: RefCell<Turns>,
    waiting: RefCell<Vec<Waiting>>,
    turn: Cell<Option<LaneId>>,
    /// Counts what lanes do.
    moves: Cell<u64>,
    /// How many calls are under way that the runtime does not see.
    busy: Cell<u32>,
    /// The endpoints of the steps that run.
    called: RefCell<Vec<String>>,
    /// How many lanes there are.
    lanes: Cell<u32>,
    /// How many of them wait for other lanes, and for nothing else.
    idle: Cell<u32>,
    /// Lanes that wait for their turn.
    given: Notify,
    /// Lanes that look again and again.
    look: Notify,
    /// Whoever gives the turns.
    wanted: Notify,
}

/// One more of something, for as long as this lives.
pub(crate) struct OneMore<'s> {
    steer: &'s Steer,
    count: &'s Cell<u32>,
}

impl Drop for OneMore<'_> {
    fn drop(&mut self) {
        self.count.set(self.count.get() - 1);
        self.steer.moved();
    }
}

/// A step of an endpoint runs for as long as this lives.
pub(crate) struct Called<'s> {
    steer: &'s Steer,
    endpoint: String,
}

impl Drop for Called<'_> {
    fn drop(&mut self) {
        let mut called = self.steer.called.borrow_mut();
        if let Some(at) = called.iter().position(|endpoint| *endpoint == self.endpoint) {
            called.swap_remove(at);
        }
    }
}

impl Steer {
    /// Steps may take so long at most.
    pub(crate) fn new(script: Script, longest: Option<Duration>) -> Self {
        Self {
            script,
            patience: longest.unwrap_or(Duration::MAX) / 2,
            spent: Cell::default(),
            starved: starved(),
            turns: RefCell::default(),
            waiting: RefCell::default(),
            turn: Cell::new(None),
            moves: Cell::new(0),
            busy: Cell::new(0),
            called: RefCell::default(),
            lanes: Cell::new(0),
            idle: Cell::new(0),
            given: Notify::new(),
            look: Notify::new(),
            wanted: Notify::new(),
        }
    }

    /// Waits until a step of a lane may begin.
    pub(crate) async fn turn(&self, lane: LaneId, step: u32) {
        self.wait(Waiting { step, lane, rest: false }).await;
    }

    /// Where what is sent is cut, if it is.
    pub(crate) fn split(&self) -> Option<Split> {
        self.script.split.filter(|_| !self.turns.borrow().cut)
    }

    /// Waits until the second part of what a step sends may be sent.
    pub(crate) async fn rest(&self, lane: LaneId, step: u32) {
        self.wait(Waiting { step, lane, rest: true }).await;
    }

    async fn wait(&self, waiting: Waiting) {
        if self.turns.borrow().cut {
            return;
        }
        let lane = waiting.lane;
        self.waiting.borrow_mut().push(waiting);
        self.moved();
        self.wanted.notify_one();
        loop {
            let given = self.given.notified();
            if self.turns.borrow().cut || self.turn.get() == Some(lane) {
                self.turn.set(None);
                return;
            }
            given.await;
        }
    }

    /// Waits for so long, or until it is worth to look again.
    pub(crate) async fn pause(&self, until: Instant) {
        let _ = tokio::time::timeout_at(until, self.look.notified()).await;
    }

    /// While what this gives lives, something is under way that the runtime does not see.
    pub(crate) fn busy(&self) -> OneMore<'_> {
        self.one_more(&self.busy)
    }

    /// While what this gives lives, a step of an endpoint runs.
    pub(crate) fn calls(&self, endpoint: &str) -> Called<'_> {
        self.called.borrow_mut().push(endpoint.to_owned());
        Called { steer: self, endpoint: endpoint.to_owned() }
    }

    /// While what this gives lives, there is a lane more.
    pub(crate) fn lane(&self) -> OneMore<'_> {
        self.one_more(&self.lanes)
    }

    /// While what this gives lives, a lane waits for other lanes, and for nothing else.
    pub(crate) fn idle(&self) -> OneMore<'_> {
        self.one_more(&self.idle)
    }

    fn one_more<'s>(&'s self, count: &'s Cell<u32>) -> OneMore<'s> {
        count.set(count.get() + 1);
        OneMore { steer: self, count }
    }

    /// Gives turns for as long as it is polled.
    pub(crate) async fn drive(&self, test: &Test<'_>) {
        loop {
            while self.waiting.borrow().is_empty() {
                self.wanted.notified().await;
            }
            let since = Instant::now();
            self.quiet(test).await;
            while test.activity.is_pausing() && self.is_for_later() && since.elapsed() < LONGEST_PAUSE {
                tokio::time::sleep(Duration::from_millis(1)).await;
                // Whoever has paused may have come to its next step.
                self.quiet(test).await;
            }
            self.spent.set(self.spent.get() + since.elapsed());
            self.give();
        }
    }

    /// The turns that were given.
    pub(crate) fn into_turns(self) -> Turns {
        self.turns.into_inner()
    }

    /// Whether giving turns has taken too long, also without the time for which there was no processor.
    fn has_spent_too_long(&self) -> bool {
        let spent = self.spent.get();
        spent > self.patience && spent.saturating_sub(starved().saturating_sub(self.starved)) > self.patience
    }

    fn moved(&self) {
        self.moves.set(self.moves.get() + 1);
    }

    /// Waits until nothing moves.
    async fn quiet(&self, test: &Test<'_>) {
        let (mut still, mut last, mut since) = (0, None, Instant::now());
        loop {
            self.look.notify_waiters();
            tokio::task::yield_now().await;
            test.pump();
            let seen = Seen::now(self, test);
            if last != Some(seen) {
                (still, last, since) = (0, Some(seen), Instant::now());
                continue;
            }
            still += 1;
            let enough = match seen {
                _ if self.busy.get() > 0 || (still > ROUNDS && test.programs.are_active()) => since.elapsed() >= BUSY,
                _ if !test.programs.is_empty() && still <= ROUNDS => false,
                Seen { unclear: true, .. } if self.is_anybody_blocked() => since.elapsed() >= LONGER,
                _ => still >= ROUNDS,
            };
            if enough {
                return;
            }
            if still > ROUNDS {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Whether nobody is ready whose turn it is: it may be after a pause.
    fn is_for_later(&self) -> bool {
        let waiting = self.waiting.borrow();
        let ready = |lane: &LaneId| waiting.iter().any(|waiting| waiting.lane == *lane);
        match self.script.lanes.get(self.turns.borrow().begun.len()) {
            Some(wanted) => !ready(wanted),
            None => self.script.last.is_some_and(|last| waiting.iter().all(|waiting| waiting.lane == last)),
        }
    }

    /// Whether a lane is in the midst of a step.
    fn is_anybody_blocked(&self) -> bool {
        self.lanes.get() as usize > self.waiting.borrow().len() + self.idle.get() as usize
    }

    fn give(&self) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.sort_unstable();
        let mut turns = self.turns.borrow_mut();
        let wanted = self.script.lanes.get(turns.begun.len());
        let scripted = wanted.and_then(|wanted| waiting.iter().position(|waiting| waiting.lane == *wanted));
        let by_chance = || match self.script.seed.filter(|_| wanted.is_none()) {
            Some(seed) => {
                let stretch = turns.begun.len() / self.script.stretch.max(1);
                let preference = |at: &usize| mixed(seed ^ mixed(stretch as u64 ^ mixed(waiting[*at].lane.0)));
                (0..waiting.len()).max_by_key(preference).unwrap_or_default()
            }
            None => 0,
        };
        let not_last = || self.script.last.and_then(|last| waiting.iter().position(|waiting| waiting.lane != last));
        let at = scripted.or_else(not_last).unwrap_or_else(by_chance);
        let ready = waiting.iter().map(|waiting| waiting.lane).collect();
        let Waiting { lane, step, rest } = waiting.remove(at);
        turns.begun.push(Begun { lane, step, rest, ready });
        turns.cut = turns.begun.len() >= TURNS || self.has_spent_too_long();
        self.turn.set(Some(lane));
        self.moved();
        self.given.notify_waiters();
    }
}

/// What a look shows of a run; as long as it stays the same, nothing moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    moves: u64,
    queues: u64,
    /// Whether something may move that the look does not show.
    unclear: bool,
}

impl Seen {
    fn now(steer: &Steer, test: &Test<'_>) -> Self {
        let (mut hasher, mut unclear) = (DefaultHasher::new(), false);
        for endpoint in test.open() {
            let (queues, moving) = queues(&endpoint);
            queues.hash(&mut hasher);
            unclear |= moving && steer.called.borrow().iter().any(|called| **called == *endpoint.name);
        }
        Self { moves: steer.moves.get(), queues: hasher.finish(), unclear }
    }
}

/// What is in the queues of an endpoint, and whether that may change by itself.
fn queues(endpoint: &Rc<Endpoint>) -> ([u64; 2], bool) {
    let Some(socket) = endpoint.socket() else { return ([0; 2], false) };
    let unread = sys::unread(socket.fd()).unwrap_or_default();
    if endpoint.network.is_tcp() {
        let Ok(info) = sys::tcp_info(socket.fd()) else { return ([unread, 0], false) };
        let ends = matches!(TcpState::from_linux(info.state), Some(TcpState::CloseWait | TcpState::Closed));
        return ([unread, info.notsent_bytes.into()], info.notsent_bytes > 0 || ends);
    }
    let unsent = sys::unsent(socket.fd()).unwrap_or_default();
    ([unread, unsent], endpoint.network.kind() == Kind::Stream && unsent > 0)
}

#[cfg(test)]
mod tests;
