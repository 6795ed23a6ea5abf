//! Explores the orders in which the steps of lanes can begin: all of them, where there are not too
//! many, or a number of them that a seed chooses.
//!
//! Each order is a run of its own, in which the next step begins when nothing moves any more
//! (`exec/steer/`). A step that waits for another lane is passed by, so an order that cannot come
//! about is none.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::exec::{Begun, Cancel, Ended, LaneId, Options, Perturbation, Script, Split};
use crate::plan::Plan;
use crate::source::SourceFile;
use crate::suite::Worker;
use crate::trace;
use crate::trace::record::{Entry, Record};

use super::budget::Budget;
use super::tally::is_same_way;

/// How many orders are tried at most.
const MOST: usize = 2000;
/// How many are chosen where there are more.
const CHOSEN: usize = 200;
/// So many are chosen first, to find out about how many there are.
const GUESSES: usize = 16;
/// After so many runs in which a step waited in vain, no more are made.
const SLOW: u32 = 3;

/// The orders that were tried, and what came of them.
#[derive(Debug, Default)]
pub struct Orders {
    /// How many.
    pub tried: u32,
    /// Whether there are no others.
    pub all: bool,
    /// About how many there are, as far as those that were chosen tell.
    pub about: u64,
    /// The ways in which the test went, first that of the first order: each lane as far as it goes.
    pub ways: Vec<OrderWay>,
    /// Where what is sent was cut in two parts: with whole sends it went one way.
    pub split: Option<Split>,
    /// Whether an order went another way when it came again: then something else decides, too.
    pub wavers: bool,
    /// Each order, by the lanes whose turn it was, with its way.
    known: HashMap<Vec<LaneId>, usize>,
}

/// A way in which a test went in some orders of its steps.
#[derive(Debug)]
pub struct OrderWay {
    /// In how many.
    pub count: u32,
    /// That of them in which the fewest steps wait for others, and lanes give way to each other least often.
    pub shortest: Order,
}

/// One order, and what came of it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The steps, as they began.
    pub turns: Vec<Begun>,
    /// Where they stand.
    pub lines: Vec<Line>,
    /// What happened.
    pub record: Box<Record>,
    /// Its canonical trace.
    pub trace: String,
}

/// Where a step of an order stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Its line, from 1.
    pub line: u32,
    /// Its file, where that is not the spec.
    pub file: Option<String>,
    /// Whether it is the second part of what the step sends.
    pub rest: bool,
}

impl Line {
    fn of(begun: &Begun, source: &SourceFile) -> Self {
        let file = source.included_name(begun.step).map(str::to_owned);
        Self { line: source.line(begun.step), file, rest: begun.rest }
    }
}

impl Order {
    /// The lanes whose turn it was.
    pub(super) fn lanes(&self) -> Vec<LaneId> {
        self.turns.iter().map(|begun| begun.lane).collect()
    }

    /// Whether two orders give the same.
    pub(super) fn goes_as(&self, other: &Self) -> bool {
        is_same_way((&self.record, &self.trace), (&other.record, &other.trace))
    }

    /// How many steps were over only after another one had begun: they waited for it. Who is first of two
    /// that wait is a matter of chance rather than of order.
    pub(super) fn waits(&self) -> usize {
        let mut times = Vec::new();
        collect_times(&self.record.entries, &mut times);
        let waits = |time: &&Range<u64>| times.iter().any(|other| time.start < other.start && other.start < time.end);
        times.iter().filter(waits).count()
    }

    /// The product of how many lanes could have had each turn.
    fn choices(&self) -> u64 {
        self.turns.iter().fold(1, |all, begun| all.saturating_mul(begun.ready.len() as u64))
    }

    /// How easily an order is understood: the least is the easiest.
    fn length(&self) -> (usize, usize, &[Line]) {
        let switches = self.turns.windows(2).filter(|two| two[0].lane != two[1].lane).count();
        (self.waits(), switches, &self.lines)
    }
}

/// From when to when each event went on.
fn collect_times(entries: &[Entry], times: &mut Vec<Range<u64>>) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => times.push(happened.began..happened.began + happened.took),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| collect_times(&lane.entries, times)),
            Entry::Repeat(groups) => groups.iter().for_each(|group| collect_times(&group.entries, times)),
            Entry::Retry(entries) => collect_times(entries, times),
        }
    }
}

/// Runs a test in one order after the other.
#[derive(Debug)]
pub(super) struct Explorer<'a> {
    pub(super) plan: &'a Plan,
    pub(super) source: &'a SourceFile,
    pub(super) worker: &'a mut Worker,
    pub(super) cancel: &'a Cancel,
    /// The longest that a step may take: in an order in which it waits in vain, that is how long it does.
    pub(super) longest: Duration,
    /// When it has to end.
    pub(super) budget: Budget,
    /// Where what is sent is cut in two parts, if it is.
    pub(super) split: Option<Split>,
}

impl Explorer<'_> {
    /// Runs the test in an order. `None` where that cannot be done, or the time is up.
    pub(super) fn run(&mut self, lanes: Vec<LaneId>) -> Option<Order> {
        self.follow(Script { lanes, ..self.script() })
    }

    fn script(&self) -> Script {
        Script { split: self.split, ..Script::default() }
    }

    fn follow(&mut self, script: Script) -> Option<Order> {
        if self.cancel.is_cancelled() || self.budget.is_over() {
            return None;
        }
        let options = Options {
            script: Some(script),
            longest: Some(self.longest),
            cancel: self.cancel.clone(),
            ..Options::default()
        };
        let execution = self.worker.execute(self.plan, self.source, &options).ok()?;
        if !matches!(execution.ended, Ended::Completed | Ended::Failed) || execution.turns.cut {
            return None;
        }
        let trace = trace::text_of(&execution.record);
        let turns = execution.turns.begun;
        let lines = turns.iter().map(|begun| Line::of(begun, self.source)).collect();
        Some(Order { turns, lines, record: Box::new(execution.record), trace })
    }

    /// Tries the orders; where all go the same way, also those that come about only when a lane is held back
    /// for longer than another pauses, and those in which something happens in the midst of a send.
    pub(super) fn explore(&mut self, seed: u64) -> Orders {
        let mut whole = self.orders(seed, MOST);
        if whole.agree() && (!whole.all || self.plan.has_pauses()) {
            self.hold_back(&mut whole);
        }
        if !whole.agree() || whole.tried == 0 || !Perturbation::of(self.plan, seed).what.segments {
            return whole;
        }
        for split in [Split::First, Split::Last, Split::Middle] {
            self.split = Some(split);
            let orders = self.orders(seed, CHOSEN);
            if !orders.agree() {
                return orders;
            }
        }
        whole
    }

    /// Tries what comes of it if one lane goes on only where no other can.
    fn hold_back(&mut self, orders: &mut Orders) {
        let mut lanes: Vec<LaneId> = orders.ways.iter().flat_map(|way| way.shortest.lanes()).collect();
        lanes.sort_unstable();
        lanes.dedup();
        for lane in lanes {
            let Some(order) = self.follow(Script { last: Some(lane), ..self.script() }) else { return };
            orders.add(order);
        }
    }

    /// Tries the orders, where there are not more than so many.
    fn orders(&mut self, seed: u64, most: usize) -> Orders {
        let mut orders = Orders { split: self.split, ..Orders::default() };
        let Some(first) = self.run(Vec::new()) else { return orders };
        orders.about = first.choices();
        orders.add(first);
        let mut guessed = 0_u64;
        for nth in 0..GUESSES {
            let Some(order) = self.chosen(seed, nth) else { return orders };
            guessed = guessed.saturating_add(order.choices());
            // On the average, that is the number of all orders.
            orders.about = guessed / (nth as u64 + 1);
            orders.add(order);
        }
        if orders.about > (most + most / 2) as u64 {
            for nth in GUESSES..CHOSEN {
                let Some(order) = self.chosen(seed, nth) else { break };
                orders.add(order);
            }
        } else {
            orders.all = self.enumerate(&mut orders, most).is_some();
        }
        orders
    }

    fn chosen(&mut self, seed: u64, nth: usize) -> Option<Order> {
        // The first are without preference, so that they tell how many orders there are.
        let stretch = if nth < GUESSES { 0 } else { 1 << (nth % 6) };
        self.follow(Script { seed: Some(seed.wrapping_add(nth as u64)), stretch, ..self.script() })
    }

    /// Runs every order. `None` where there are more than can be tried.
    fn enumerate(&mut self, orders: &mut Orders, most: usize) -> Option<()> {
        let mut slow = 0;
        let mut scripts = vec![Vec::new()];
        while let Some(lanes) = scripts.pop() {
            if orders.known.len() >= most || slow >= SLOW {
                return None;
            }
            let (from, began) = (lanes.len(), Instant::now());
            let order = self.run(lanes.clone())?;
            slow += u32::from(began.elapsed() >= self.longest);
            let taken = order.lanes();
            // One that does not come about again is not the whole story.
            if !taken.starts_with(&lanes) {
                return None;
            }
            for (at, begun) in order.turns.iter().enumerate().skip(from) {
                let others = begun.ready.iter().filter(|lane| **lane != begun.lane);
                scripts.extend(others.map(|other| [&taken[..at], &[*other]].concat()));
            }
            orders.add(order);
        }
        Some(())
    }
}

impl Orders {
    /// Whether all orders that were tried give the same.
    pub fn agree(&self) -> bool {
        self.ways.len() < 2
    }

    fn add(&mut self, order: Order) {
        let way = self.ways.iter().position(|way| way.shortest.goes_as(&order)).unwrap_or_else(|| {
            self.ways.push(OrderWay { count: 0, shortest: order.clone() });
            self.ways.len() - 1
        });
        if let Some(known) = self.known.insert(order.lanes(), way) {
            self.wavers |= known != way;
            return;
        }
        self.tried += 1;
        let way = &mut self.ways[way];
        way.count += 1;
        if order.length() < way.shortest.length() {
            way.shortest = order;
        }
    }

    /// An order of this way that has the most in common with another one, from its beginning.
    pub(super) fn nearest(&self, way: usize, other: &[LaneId]) -> Option<&[LaneId]> {
        let common = |lanes: &[LaneId]| lanes.iter().zip(other).take_while(|(one, other)| one == other).count();
        let of_it = self.known.iter().filter(|(_, known)| **known == way).map(|(lanes, _)| lanes.as_slice());
        // Of those that have as much in common, always the same.
        of_it.max_by_key(|lanes| (common(lanes), std::cmp::Reverse(*lanes)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::plan::{self, Settings};
    use crate::spec;

    /// What comes of the orders of a spec's lanes.
    fn orders(text: &str, most: usize, split: Option<Split>) -> Orders {
        let source = &SourceFile::new("test.yaml", "test.yaml", text);
        let spec::Parsed { spec, diagnostics: mut found } = spec::parse(source);
        let settings = Settings::default();
        let cases = plan::cases(&spec, &settings, &mut found);
        let plan = &plan::build(&spec, source, "test", &cases[0], &settings, &mut found).unwrap();
        let (worker, cancel) = (&mut Worker::default(), &Cancel::default());
        let (longest, minute) = (Duration::from_secs(2), Duration::from_mins(1));
        let budget = Budget::new(minute, minute);
        Explorer { plan, source, worker, cancel, longest, budget, split }.orders(1, most)
    }

    /// Lanes each of which sends and receives so often on a pair of its own, whole messages or half ones.
    fn commuting(lanes: &[Vec<bool>]) -> String {
        let mut text = "about: A test.\nsteps:\n".to_owned();
        for lane in 0..lanes.len() {
            let _ = writeln!(text, "  - a{lane}: {{pair: b{lane}}}");
        }
        text.push_str("  - parallel:\n");
        for (lane, steps) in lanes.iter().enumerate() {
            let _ = writeln!(text, "      lane{lane}:");
            let mut waiting = 0;
            for sends in steps {
                // Nothing is received that was not sent.
                let sends = *sends || waiting == 0;
                waiting = if sends { waiting + 1 } else { waiting - 1 };
                let step = if sends { format!("a{lane}: {{send: x}}") } else { format!("b{lane}: {{recv: x}}") };
                let _ = writeln!(text, "        - {step}");
            }
        }
        text
    }

    fn multinomial(lanes: &[Vec<bool>]) -> u64 {
        let factorial = |number: usize| (1..=number as u64).product::<u64>();
        factorial(lanes.iter().map(Vec::len).sum()) / lanes.iter().map(|lane| factorial(lane.len())).product::<u64>()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn steps_that_commute_go_one_way_in_every_order(
            lanes in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 1..4), 2..4),
        ) {
            let wanted = multinomial(&lanes);
            prop_assume!(wanted <= 300);
            let orders = orders(&commuting(&lanes), MOST, None);
            prop_assert!(orders.all && orders.agree() && !orders.wavers, "{orders:#?}");
            prop_assert_eq!(u64::from(orders.tried), wanted);
        }
    }

    #[test]
    fn where_there_are_too_many_some_are_chosen() {
        let orders = orders(&commuting(&[vec![true; 3], vec![true; 3], vec![true; 3]]), 50, None);
        assert!(!orders.all && orders.agree());
        // There are 9! / 3!^3.
        assert!((840..3360).contains(&orders.about), "{}", orders.about);
        // One is the first, the others are chosen; some of few steps come again.
        assert!((40..=CHOSEN + 1).contains(&(orders.tried as usize)), "{}", orders.tried);
    }

    #[test]
    fn the_second_part_of_a_send_has_a_turn() {
        let text = "about: A test.\nsteps:\n  - a: {pair: b}\n  - parallel:\n      l: [{a: {send: xy}}]\n      r: [{b: {expect: readable}}, {b: {read: 2}}]\n";
        let whole = orders(text, MOST, None);
        assert!(whole.agree() && whole.all, "{whole:#?}");
        let cut = orders(text, MOST, Some(Split::First));
        assert!(!cut.agree() && cut.all, "{cut:#?}");
        let read_first = cut.ways.iter().find(|way| way.shortest.trace.contains("read 2 \"x\"")).unwrap();
        let lines: Vec<(u32, bool)> = read_first.shortest.lines.iter().map(|line| (line.line, line.rest)).collect();
        assert_eq!(lines.last(), Some(&(5, true)), "{lines:?}");
    }

    #[test]
    fn of_orders_that_give_the_same_the_one_without_waiting_is_kept() {
        let text = "about: A test.\nsteps:\n  - a: {pair: b}\n  - parallel:\n      l: [{b: {recv: x}}]\n      r: [{a: {send: x}}]\n";
        let orders = orders(text, MOST, None);
        assert_eq!((orders.tried, orders.ways.len()), (2, 1));
        let lines: Vec<u32> = orders.ways[0].shortest.lines.iter().map(|line| line.line).collect();
        assert_eq!((lines, orders.ways[0].shortest.waits()), (vec![6, 5], 0));
    }
}
