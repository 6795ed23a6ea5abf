//! Finds the ordering that a racy spec lacks: two steps of different lanes whose exchange alone makes
//! the test go another way; and tries what would mend it.

use std::cmp::Reverse;
use std::time::Duration;

use crate::exec::{Begun, Ended, LaneId, Options, Perturbation};
use crate::plan::Plan;
use crate::source::SourceFile;
use crate::suite::{Found, Runner, Worker};
use crate::trace;
use crate::trace::record::Record;

use super::budget::Budget;
use super::difference::Step;
use super::orders::{Explorer, Order, Orders};
use super::repair::{self, Pair};
use super::tally::{Tally, is_same_way};

/// How many repairs are shown.
const REPAIRS: usize = 3;
/// How many changes one repair may need: a spec may lack more than one ordering.
const DEPTH: usize = 3;
/// How many perturbed runs a changed spec must go the same way in.
const RUNS: u32 = 40;
/// How often two orders are run again, to see that it is they that decide.
const AGAIN: usize = 2;
/// The same, where an order was seen to go more than one way.
const AGAIN_IN_DOUBT: usize = 8;
/// For how long repairs are tried.
const TRYING: Duration = Duration::from_secs(30);
/// For how long the orders of one are.
const EACH: Duration = Duration::from_secs(3);

/// Two steps of which nothing says which comes first, though it matters.
#[derive(Debug)]
pub struct Missing {
    /// The one that came first in the run that was not perturbed.
    pub first: Side,
    /// The other.
    pub second: Side,
    /// What comes of it where the first comes first, and where the other does: orders of all steps which
    /// differ in nothing else.
    pub orders: [Order; 2],
    /// What would mend it, tried.
    pub repairs: Vec<Repair>,
}

/// One of the two steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Where it begins in the spec, in bytes.
    pub start: u32,
    /// The lane that it is in.
    pub lane: String,
    /// Its line, and its file where that is not the spec.
    pub step: Step,
    /// The step as it is written, or its first line.
    pub text: String,
    /// Whether it is the second part of what the step sends: the first had arrived before.
    pub rest: bool,
    /// The how-manieth time that it ran, from 1, where it ran more than once.
    pub time: Option<u32>,
}

/// A change of the spec after which it goes one way.
#[derive(Debug, Clone)]
pub struct Repair {
    /// What to do, in a sentence or more.
    pub words: Vec<String>,
    /// The whole spec with the change.
    pub text: String,
    /// In how many orders it was tried; none where it has no lanes any more.
    pub orders: u32,
    /// Whether there are no others.
    pub all: bool,
    /// About how many there are.
    pub about: u64,
    /// In how many perturbed runs it was tried.
    pub runs: u32,
}

/// What is needed to run a test, and changed forms of it.
pub(super) struct Inquiry<'a> {
    pub(super) runner: &'a Runner,
    pub(super) found: &'a Found,
    /// The test's name.
    pub(super) test: &'a str,
    pub(super) worker: &'a mut Worker,
    pub(super) longest: Duration,
    /// A seed for what is chosen by chance.
    pub(super) seed: u64,
    /// How much time is left for everything.
    pub(super) left: Duration,
}

impl Inquiry<'_> {
    /// The ordering that a test lacks, as far as its orders show.
    pub(super) fn missing(&mut self, plan: &Plan, source: &SourceFile, tally: &Tally) -> Option<Missing> {
        let orders = tally.orders.as_ref().filter(|orders| !orders.agree())?;
        self.lacking(plan, source, orders, &tally.usual()?.record, Budget::new(TRYING, self.left), 1)
    }

    /// The ordering that these orders show is lacking, with what mends it: the `depth`-th change of a repair.
    fn lacking(
        &mut self,
        plan: &Plan,
        source: &SourceFile,
        orders: &Orders,
        usual: &Record,
        budget: Budget,
        depth: usize,
    ) -> Option<Missing> {
        let mut explorer = Explorer { split: orders.split, ..self.explorer(plan, source, budget) };
        let [good, bad] = explorer.pair(orders, usual)?;
        let (first, second) = parting(plan, source, &good, &bad)?;
        let mut missing = Missing { first, second, orders: [good, bad], repairs: Vec::new() };
        missing.repairs = self.repairs(plan, source, &missing, orders, budget, depth);
        Some(missing)
    }

    fn explorer<'e>(&'e mut self, plan: &'e Plan, source: &'e SourceFile, budget: Budget) -> Explorer<'e> {
        let (cancel, longest) = (&self.runner.cancel, self.longest);
        Explorer { plan, source, worker: self.worker, cancel, longest, budget, split: None }
    }

    /// The changes that mend it.
    fn repairs(
        &mut self,
        plan: &Plan,
        source: &SourceFile,
        missing: &Missing,
        orders: &Orders,
        budget: Budget,
        depth: usize,
    ) -> Vec<Repair> {
        let usual = &missing.orders[0];
        let others = orders.ways.iter().map(|way| &way.shortest).filter(|order| !order.goes_as(usual));
        let records: Vec<&Record> = [usual].into_iter().chain(others).map(|order| &*order.record).collect();
        let mut good = Vec::new();
        let mut half = Vec::new();
        for candidate in repair::candidates(source, plan, missing.pair(), &records) {
            if good.len() == REPAIRS || budget.is_over() {
                break;
            }
            let words = vec![candidate.words];
            match self.try_out(&candidate.text, budget) {
                Tried::Sound { orders, all, about } => {
                    good.push(Repair { words, text: candidate.text, orders, all, about, runs: RUNS });
                }
                Tried::Racy(changed) => half.push((words, changed)),
                Tried::Wrong => {}
            }
        }
        if good.is_empty() && depth < DEPTH {
            good.extend(half.into_iter().find_map(|(words, changed)| self.deeper(words, *changed, budget, depth)));
        }
        good
    }

    /// What else has to change, where one change is not enough.
    fn deeper(&mut self, mut words: Vec<String>, changed: Changed, budget: Budget, depth: usize) -> Option<Repair> {
        let Changed { plan, source, orders, usual } = changed;
        let missing = self.lacking(&plan, &source, &orders, &usual, budget, depth + 1)?;
        let next = missing.repairs.into_iter().next()?;
        words.extend(next.words);
        Some(Repair { words, ..next })
    }

    /// Runs a changed spec in all orders of its lanes, and perturbed.
    fn try_out(&mut self, text: &str, budget: Budget) -> Tried {
        let Some((plan, source)) = self.runner.plan_changed(self.found, self.test, text) else { return Tried::Wrong };
        let options = Options { cancel: self.runner.cancel.clone(), longest: Some(self.longest), ..Options::default() };
        let Ok(usual) = self.worker.execute(&plan, &source, &options) else { return Tried::Wrong };
        if usual.ended != Ended::Completed {
            return Tried::Wrong;
        }
        let orders = if plan.has_lanes() {
            let (seed, budget) = (self.seed, budget.part(EACH));
            self.explorer(&plan, &source, budget).explore(seed)
        } else {
            Orders::default()
        };
        let trace = trace::text_of(&usual.record);
        let is_usual = |order: &Order| is_same_way((&usual.record, &trace), (&order.record, &order.trace));
        if !orders.agree() {
            return Tried::Racy(Box::new(Changed { plan, source, orders, usual: usual.record }));
        }
        if orders.ways.iter().any(|way| !is_usual(&way.shortest)) {
            return Tried::Wrong;
        }
        for seed in 0..RUNS {
            if budget.is_over() {
                return Tried::Wrong;
            }
            let perturb = Some(Perturbation::of(&plan, self.seed.wrapping_add(seed.into())));
            let options = Options { perturb, cancel: self.runner.cancel.clone(), ..Options::default() };
            let Ok(run) = self.worker.execute(&plan, &source, &options) else { return Tried::Wrong };
            if run.ended != Ended::Completed || trace::text_of(&run.record) != trace {
                return Tried::Wrong;
            }
        }
        Tried::Sound { orders: orders.tried, all: orders.all, about: orders.about }
    }
}

/// What came of a changed spec.
enum Tried {
    /// It goes one way.
    Sound { orders: u32, all: bool, about: u64 },
    /// It passes, and goes another way in another order of its steps.
    Racy(Box<Changed>),
    /// It is no spec any more, or fails, or does not stand perturbations.
    Wrong,
}

/// A changed spec that lacks something yet.
struct Changed {
    plan: Plan,
    source: SourceFile,
    orders: Orders,
    usual: Record,
}

impl Missing {
    fn pair(&self) -> Pair {
        Pair { first: self.first.start, second: self.second.start }
    }
}

impl Explorer<'_> {
    /// Two orders that differ in the place of one step alone, of which the first goes the usual way and the
    /// other does not.
    fn pair(&mut self, orders: &Orders, usual: &Record) -> Option<[Order; 2]> {
        let trace = trace::text_of(usual);
        let is_usual = |order: &Order| is_same_way((usual, &trace), (&order.record, &order.trace));
        let way = orders.ways.iter().position(|way| is_usual(&way.shortest))?;
        let others = orders.ways.iter().filter(|way| !is_usual(&way.shortest));
        // What comes without waiting, and most often, is the least surprising.
        let other = others.min_by_key(|way| (way.shortest.waits(), Reverse(way.count)))?.shortest.lanes();
        let one = orders.nearest(way, &other)?.to_vec();
        let (lanes, at) = self.turning(&one, &other, &is_usual)?;
        let again = if orders.wavers { AGAIN_IN_DOUBT } else { AGAIN };
        self.exchange(&lanes, at, other[at], &is_usual, again)
    }

    /// Follows the other order up to the step with which the test begins to go another way: the order just
    /// before that, and the place of the step.
    fn turning(
        &mut self,
        one: &[LaneId],
        other: &[LaneId],
        is_usual: &impl Fn(&Order) -> bool,
    ) -> Option<(Vec<LaneId>, usize)> {
        let (mut good, mut bad) = (0, other.len());
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            let order = self.run(beginning(one, &other[..middle]))?;
            if is_usual(&order) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        (bad > 0).then(|| (beginning(one, &other[..good]), good))
    }

    /// Moves the next step of a lane forward to a place, one by one, until the test goes another way.
    fn exchange(
        &mut self,
        lanes: &[LaneId],
        to: usize,
        lane: LaneId,
        is_usual: &impl Fn(&Order) -> bool,
        again: usize,
    ) -> Option<[Order; 2]> {
        let mut lanes = lanes.to_vec();
        let from = lanes[to..].iter().position(|known| *known == lane).map_or(lanes.len(), |at| to + at);
        if from == lanes.len() {
            // The run ended before its next step.
            lanes.push(lane);
        }
        let moved = |at: usize| {
            let mut lanes = lanes.clone();
            let lane = lanes.remove(from);
            lanes.insert(at, lane);
            lanes
        };
        let (mut bad, mut good) = (to, from);
        while good - bad > 1 {
            let middle = usize::midpoint(bad, good);
            if is_usual(&self.run(moved(middle))?) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        let (one, other) = (self.run(moved(good))?, self.run(moved(bad))?);
        if !is_usual(&one) || is_usual(&other) {
            return None;
        }
        // Where something else decides, such as a program or a timer, it is not these two steps.
        for _ in 0..again {
            if !self.run(moved(good))?.goes_as(&one) || !self.run(moved(bad))?.goes_as(&other) {
                return None;
            }
        }
        Some([one, other])
    }
}

/// An order that begins with these lanes, and goes on as another one does.
fn beginning(rest: &[LaneId], first: &[LaneId]) -> Vec<LaneId> {
    let mut lanes = first.to_vec();
    let mut taken = first.to_vec();
    for lane in rest {
        match taken.iter().position(|known| known == lane) {
            Some(known) => drop(taken.swap_remove(known)),
            None => lanes.push(*lane),
        }
    }
    lanes
}

/// The two steps at which two orders part.
fn parting(plan: &Plan, source: &SourceFile, one: &Order, other: &Order) -> Option<(Side, Side)> {
    let at =
        one.turns.iter().zip(&other.turns).position(|(one, other)| (one.lane, one.step) != (other.lane, other.step))?;
    // Whose step before lasts as long as it says has begun this one only after that: it is about the former.
    let [one, other] = [one, other].map(|order| {
        let before = order.turns[..at].iter().rposition(|begun| begun.lane == order.turns[at].lane);
        let at = before.filter(|before| plan.is_silence(order.turns[*before].step)).unwrap_or(at);
        side(plan, source, &order.turns, at)
    });
    Some((one?, other?))
}

fn side(plan: &Plan, source: &SourceFile, turns: &[Begun], at: usize) -> Option<Side> {
    let Begun { lane, step: start, rest, .. } = turns[at];
    let is_it = |begun: &&Begun| (begun.lane, begun.step, begun.rest) == (lane, start, rest);
    let times = turns.iter().filter(is_it).count();
    let time = (times > 1).then(|| turns[..=at].iter().filter(is_it).count() as u32);
    let step = (source.line(start), source.included_name(start).map(str::to_owned));
    let text = source.slice(plan.step_at(start)?).lines().next().unwrap_or_default().trim_end().to_owned();
    Some(Side { start, lane: plan.lane_of(start)?.to_owned(), step, text, rest, time })
}
