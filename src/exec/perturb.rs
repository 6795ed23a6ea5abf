//! What a perturbed run does otherwise: where it cuts what is sent, how it delays steps, in which
//! order it resumes lanes, which buffers its sockets have.
//!
//! Every decision is a function of the seed and of the step (its place in the spec, and the
//! iteration of the loops around it), never of how many decisions came before: so a seed shows the
//! same again, as far as the kernel lets it. How strongly a run is disturbed is decided once for
//! all of it: a race that delays show is often hidden by more of them.

use std::time::Duration;

use crate::model::perturb::Perturb;
use crate::plan::{Call, Mode, Plan, Room, Verb};

use super::hold;
use super::steer::LaneId;

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

/// Where a step stands in the loops around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Tells the iterations apart.
    path: u64,
    /// How often it runs in all.
    times: u64,
}

impl Turn {
    /// Outside of all loops.
    pub(crate) const ONCE: Self = Self { path: 0, times: 1 };

    /// A number for a lane that begins here: another one for each, the same in every run.
    pub(crate) fn lane(self, outer: LaneId, step: u32, index: usize) -> LaneId {
        LaneId(mixed(outer.0 ^ mixed(self.path ^ mixed(u64::from(step) << 32 ^ index as u64))))
    }

    /// In an iteration of a loop that makes so many.
    pub(crate) fn iteration(self, step: u32, iteration: u64, count: u64) -> Self {
        let path = mixed(self.path ^ mixed(u64::from(step) << 32 ^ iteration));
        Self { path, times: self.times.saturating_mul(count.max(1)) }
    }
}

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

/// Numbers that follow from one another.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below another, which is not 0.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// A few yields, or a sleep of less than so many milliseconds.
    fn delay(&mut self, longest: u64) -> Delay {
        let yields = self.below(4) as u32;
        let micros = if longest > 0 && self.one_in(2) { self.below(longest * 1000) } else { 0 };
        Delay { yields, sleep: Duration::from_micros(micros) }
    }
}

/// The finalizer of SplitMix64: every bit of what comes out depends on every bit that goes in.
pub(super) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded(seed: u64) -> Perturbation {
        Perturbation { seed, what: Perturb::ALL, room: Room { held: 100, sent: 100 }, held: None }
    }

    /// Everything that is decided about a step.
    fn decisions(perturb: &Perturbation, step: u32, turn: Turn) -> (Delay, Vec<usize>, Vec<Cut>, bool) {
        (
            perturb.delay(step, turn),
            perturb.order(step, turn, 3, 5),
            perturb.cuts(step, turn, 1000, false),
            perturb.joins(step, turn),
        )
    }

    #[test]
    fn a_seed_decides_the_same_again_in_whatever_order_it_is_asked() {
        let turns = [Turn::ONCE, Turn::ONCE.iteration(40, 0, 3), Turn::ONCE.iteration(40, 1, 3)];
        let places: Vec<(u32, Turn)> = (0..20).flat_map(|step| turns.map(|turn| (step * 30, turn))).collect();
        for seed in 0..50 {
            let perturb = seeded(seed);
            let forth: Vec<_> = places.iter().map(|(step, turn)| decisions(&perturb, *step, *turn)).collect();
            let mut back: Vec<_> = places.iter().rev().map(|(step, turn)| decisions(&perturb, *step, *turn)).collect();
            back.reverse();
            assert_eq!(forth, back, "seed {seed}");
        }
    }

    #[test]
    fn seeds_steps_and_iterations_are_told_apart() {
        let all = |at: &dyn Fn(u32) -> (Delay, Vec<usize>, Vec<Cut>, bool)| {
            let mut all: Vec<_> = (0..100).map(|number| format!("{:?}", at(number))).collect();
            all.sort();
            all.dedup();
            all.len()
        };
        assert!(all(&|seed| decisions(&seeded(seed.into()), 7, Turn::ONCE)) > 50);
        let strong =
            (0..100).find(|seed| seeded(*seed).strength(About::Segments) == Strength::Much).unwrap_or_default();
        assert!(all(&|step| decisions(&seeded(strong), step, Turn::ONCE)) > 50);
        assert!(all(&|iteration| decisions(&seeded(strong), 7, Turn::ONCE.iteration(3, iteration.into(), 8))) > 50);
    }

    #[test]
    fn cuts_are_inside_and_in_order_and_go_down_to_a_byte() {
        let mut single = false;
        for seed in 0..400 {
            for (len, far) in [(1, false), (2, false), (3, true), (70, false), (100_000, true)] {
                let cuts = seeded(seed).cuts(9, Turn::ONCE, len, far);
                let places: Vec<u64> = cuts.iter().map(|cut| cut.at).collect();
                assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
                assert!(places.iter().all(|place| (1..len).contains(place)), "{places:?} of {len}");
                single |= len == 70 && places.len() == BYTES as usize;
                let slept: Duration = cuts.iter().map(|cut| cut.delay.sleep).sum();
                assert!(slept <= Duration::from_millis(BYTES), "{slept:?}");
            }
        }
        assert!(single, "no send was cut byte by byte");
    }

    #[test]
    fn what_is_turned_off_is_left_alone() {
        for seed in 0..50 {
            let what = Perturb { schedule: false, ..Perturb::ALL };
            let calm = Perturbation { what, ..seeded(seed) };
            assert_eq!((calm.delay(5, Turn::ONCE), calm.order(5, Turn::ONCE, 1, 3)), (Delay::default(), vec![0, 1, 2]));
            let what = Perturb { segments: false, ..Perturb::ALL };
            let whole = Perturbation { what, ..seeded(seed) };
            assert_eq!((whole.cuts(5, Turn::ONCE, 99, false), whole.joins(5, Turn::ONCE)), (Vec::new(), false));
        }
    }

    #[test]
    fn buffers_have_room_for_what_is_outstanding() {
        let of = |seed, held| {
            let room = Room { held, sent: 1 << 20 };
            Perturbation { room, ..seeded(seed) }.buffers("conn", Turn::ONCE)
        };
        let mut small = 0;
        for seed in 0..100 {
            assert_eq!(of(seed, 100), of(seed, 100));
            let sizes: Vec<i32> = of(seed, 30_000).into_iter().flatten().collect();
            assert!(sizes.iter().all(|size| *size >= 60_000), "{sizes:?}");
            assert!(of(seed, 100).into_iter().flatten().all(|size| size >= (1 << 20) / FILLS as i32));
            small += usize::from(seeded(seed).buffers("conn", Turn::ONCE).contains(&Some(SMALLEST as i32)));
            let what = Perturb { buffers: false, ..Perturb::ALL };
            assert_eq!(Perturbation { what, ..seeded(seed) }.buffers("conn", Turn::ONCE), [None, None]);
        }
        assert!(small > 20, "{small} of 100 runs have small buffers");
    }

    #[test]
    fn a_long_loop_is_disturbed_as_often_as_a_short_one() {
        let disturbed = |count: u64| {
            let turn = |iteration| Turn::ONCE.iteration(3, iteration, count);
            let delays = |seed| (0..count).filter(|at| seeded(seed).delay(7, turn(*at)) != Delay::default()).count();
            (0..40).map(delays).sum::<usize>()
        };
        let (short, long) = (disturbed(100), disturbed(10_000));
        assert!(long < 2 * short && short > 40, "{short} of 100, {long} of 10,000");
    }

    #[test]
    fn every_step_is_held_back_now_and_then() {
        let candidates = [10, 20, 30];
        let mut held: Vec<_> = (0..200).map(|seed| seeded(seed).to_hold(&candidates)).collect();
        held.sort();
        for step in candidates {
            let runs = held.iter().filter(|held| **held == Some(step)).count();
            assert!((20..60).contains(&runs), "step {step}: {runs} of 200");
        }
        let what = Perturb { schedule: false, ..Perturb::ALL };
        assert!((0..20).all(|seed| Perturbation { what, ..seeded(seed) }.to_hold(&candidates).is_none()));
    }

    #[test]
    fn lanes_are_resumed_in_every_order() {
        let mut orders: Vec<_> = (0..200).map(|seed| seeded(seed).order(3, Turn::ONCE, 0, 3)).collect();
        orders.sort();
        orders.dedup();
        assert_eq!(orders.len(), 6);
    }
}
