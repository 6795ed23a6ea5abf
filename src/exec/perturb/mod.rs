//! What a perturbed run does otherwise: where it cuts what is sent, how it delays steps, in which
//! order it resumes lanes, which buffers its sockets have.
//!
//! Every decision is a function of the seed and of the step (its place in the spec, and the
//! iteration of the loops around it), never of how many decisions came before: so a seed shows the
//! same again, as far as the kernel lets it. How strongly a run is disturbed is decided once for
//! all of it: a race that delays show is often hidden by more of them.

mod dice;
pub(super) mod hold;
#[cfg(test)]
mod tests;
mod turn;

use std::time::Duration;

use crate::model::perturb::Perturb;
use crate::model::splitmix::mixed;
use crate::plan::{Call, Mode, Plan, Room, Verb};

use dice::Dice;
pub(crate) use turn::Turn;

/// How a run is perturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Perturbation {
    /// From which all decisions follow.
    pub seed: u64,
    /// What is perturbed.
    pub what: Perturb,
    /// What the streams of the spec need of their buffers.
    pub room: Room,
    /// The step of a lane that is held back until the others cannot go on, by where it begins.
    pub held: Option<u32>,
}

/// The most pieces of one byte that one send is cut into.
const BYTES: u64 = 48;
/// The same, where each piece costs a pause, since the other end is nobody of this spec.
const BYTES_FAR: u64 = 12;
/// The smallest buffer, and the largest: specs that need more have what the kernel gives.
const SMALLEST: u64 = 8 << 10;
const LARGEST: u64 = 128 << 10;
/// How often a buffer may be filled up in a run: each time may cost a timer of the kernel's.
const FILLS: u64 = 16;
/// How many steps of a loop are disturbed, about, of each step that is written.
const IN_LOOPS: u64 = 8;
/// In one of so many runs a step is held back until the other lanes cannot go on.
const HOLDS: u64 = 2;
/// In one of so many runs a program is stopped as soon as it runs, for less than so many milliseconds.
const STOPS: u64 = 3;
const LONGEST_STOP: u64 = 100;

/// What is decided about.
#[derive(Debug, Clone, Copy)]
enum About {
    Schedule,
    Segments,
    Buffers,
    Delay,
    Order(u64),
    Cuts,
    Joins,
    Hold,
    Start,
}

/// How strongly a run is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strength {
    Not,
    Some,
    Much,
}

/// What comes before a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Delay {
    /// So often the others may run.
    pub(crate) yields: u32,
    /// After that it sleeps, for less than 2 ms.
    pub(crate) sleep: Duration,
}

/// A place where a send is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// After so many bytes.
    pub(crate) at: u64,
    /// Whether what comes before it is held back for what follows (MSG_MORE).
    pub(crate) joined: bool,
    /// What comes between the two pieces.
    pub(crate) delay: Delay,
}

impl Perturbation {
    /// What a seed does to a plan: of that which its spec stands, what its steps are not about.
    pub fn of(plan: &Plan, seed: u64) -> Self {
        let mut what = plan.perturb;
        let room = plan.room().filter(|room| needed(*room) <= LARGEST);
        if plan.is_about_sizes() {
            (what.segments, what.buffers) = (false, false);
        }
        // A trace that has the segments shows how many there were.
        what.segments &= !plan.wire;
        what.buffers &= !plan.wire && room.is_some();
        let unheld = Self { seed, what, room: room.unwrap_or_default(), held: None };
        Self { held: unheld.to_hold(&hold::candidates(plan)), ..unheld }
    }

    /// The same, of which only so much is done.
    #[must_use]
    pub fn only(self, what: Perturb) -> Self {
        Self { what, held: self.held.filter(|_| what.schedule), ..self }
    }

    /// Which of the steps that can be held back is, if any.
    fn to_hold(self, candidates: &[u32]) -> Option<u32> {
        let mut dice = self.dice(About::Hold, 0, Turn::ONCE);
        let holds = self.what.schedule && !candidates.is_empty() && dice.one_in(HOLDS);
        holds.then(|| candidates[dice.below(candidates.len() as u64) as usize])
    }

    /// Whether a step is held back until the other lanes cannot go on: of one in a loop, about one iteration.
    pub(crate) fn holds(&self, step: u32, turn: Turn) -> bool {
        self.what.schedule && self.held == Some(step) && self.dice(About::Hold, step, turn).one_in(turn.times)
    }

    /// The sizes of the buffers of a stream, for sending and for receiving, as setsockopt(2) takes them;
    /// the kernel doubles them.
    pub(crate) fn buffers(&self, name: &str, turn: Turn) -> [Option<i32>; 2] {
        let strength = self.strength(About::Buffers);
        if !self.what.buffers || strength == Strength::Not {
            return [None, None];
        }
        let place = name.bytes().fold(0, |place, byte| mixed(place ^ u64::from(byte)));
        let mut dice = self.dice(About::Buffers, place as u32, turn);
        let needed = needed(self.room);
        let widest = if strength == Strength::Much { 1 } else { 4 };
        [(); 2].map(|()| (!dice.one_in(3)).then(|| (needed * (1 + dice.below(widest))) as i32))
    }

    /// What comes before a step.
    pub(crate) fn delay(&self, step: u32, turn: Turn) -> Delay {
        let mut dice = self.dice(About::Delay, step, turn);
        let one_in = match self.strength(About::Schedule) {
            Strength::Not => return Delay::default(),
            Strength::Some => 4,
            Strength::Much => 1,
        };
        if !self.what.schedule || !dice.one_in(rarer(one_in, turn)) {
            return Delay::default();
        }
        dice.delay(2)
    }

    /// For how long a program is stopped as soon as it runs.
    pub(crate) fn stop(&self, step: u32, turn: Turn) -> Option<Duration> {
        let mut dice = self.dice(About::Start, step, turn);
        let stops = self.what.schedule && dice.one_in(rarer(STOPS, turn));
        stops.then(|| Duration::from_millis(dice.below(LONGEST_STOP)))
    }

    /// The order in which so many lanes are resumed for the `round`-th time.
    pub(crate) fn order(&self, step: u32, turn: Turn, round: u64, lanes: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..lanes).collect();
        if self.what.schedule && self.strength(About::Schedule) != Strength::Not {
            let mut dice = self.dice(About::Order(round), step, turn);
            for last in (1..lanes).rev() {
                order.swap(last, dice.below(last as u64 + 1) as usize);
            }
        }
        order
    }

    /// Where a send of so many bytes is cut. The other end may be `far`: nobody can be asked
    /// whether a piece has arrived there.
    pub(crate) fn cuts(&self, step: u32, turn: Turn, len: u64, far: bool) -> Vec<Cut> {
        let mut dice = self.dice(About::Cuts, step, turn);
        let strength = self.strength(About::Segments);
        if !self.what.segments || strength == Strength::Not || len < 2 || !dice.one_in(rarer(1, turn)) {
            return Vec::new();
        }
        let single = if far { BYTES_FAR } else { BYTES };
        let mut places = match (strength, dice.below(4)) {
            (_, 0) => return Vec::new(),
            // Byte by byte, from the beginning or from somewhere.
            (Strength::Much, 1 | 2) | (_, 1) => {
                let pieces = single.min(len - 1);
                let from = if dice.one_in(2) { 0 } else { dice.below(len - pieces) };
                (from.max(1)..=from + pieces).collect::<Vec<_>>()
            }
            // Before the last byte: a delimiter often has two.
            (_, 2) => vec![len - 1],
            _ => (0..=dice.below(4)).map(|_| 1 + dice.below(len - 1)).collect(),
        };
        places.sort_unstable();
        places.dedup();
        places.retain(|place| (1..len).contains(place));
        let cut = |at| {
            let joined = dice.one_in(4);
            let longest = u64::from(far || dice.one_in(4));
            Cut { at, joined, delay: dice.delay(longest) }
        };
        places.into_iter().map(cut).collect()
    }

    /// Whether a send is held back until the next, which follows at once.
    pub(crate) fn joins(&self, step: u32, turn: Turn) -> bool {
        self.what.segments
            && self.strength(About::Segments) != Strength::Not
            && self.dice(About::Joins, step, turn).one_in(rarer(3, turn))
    }

    /// How strongly the whole run is disturbed in this.
    fn strength(&self, about: About) -> Strength {
        match self.dice(about, 0, Turn::ONCE).below(4) {
            0 => Strength::Not,
            1 | 2 => Strength::Some,
            _ => Strength::Much,
        }
    }

    fn dice(&self, about: About, step: u32, turn: Turn) -> Dice {
        let about = match about {
            About::Schedule => 1,
            About::Segments => 2,
            About::Delay => 3,
            About::Cuts => 4,
            About::Joins => 5,
            About::Buffers => 6,
            About::Hold => 7,
            About::Start => 8,
            About::Order(round) => 9 + round,
        };
        Dice(mixed(self.seed ^ mixed(about ^ mixed(u64::from(step) ^ turn.path))))
    }
}

/// Whether a call sends bytes whose way into the kernel is not what its step is about.
pub(crate) fn is_plain_send(call: &Call) -> bool {
    let plain = matches!(&call.verb, Verb::Send { urgent: false, more: false, pass, .. } if pass.is_empty());
    plain && call.mode == Mode::Waiting && call.fails.is_empty()
}

/// The smallest buffer with which everything runs as it does with that of the kernel.
fn needed(room: Room) -> u64 {
    SMALLEST.max(room.held.saturating_mul(2)).max(room.sent / FILLS)
}

/// Makes what comes once in so many steps rarer in loops: what runs a thousand times is disturbed
/// a few times only, so that the run does not take a thousand times as long.
fn rarer(one_in: u64, turn: Turn) -> u64 {
    one_in.max(turn.times / IN_LOOPS)
}
