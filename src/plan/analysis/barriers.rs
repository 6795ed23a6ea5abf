//! Barriers: who meets whom, and what that orders.

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::plan::Barrier;
use crate::source::Span;

use super::lanes::{Lane, What};

/// So many meetings are followed; where there are more, nothing is said about their order.
const MOST_MEETINGS: usize = 10_000;

/// The order that barriers make.
pub(super) struct Schedule {
    /// The barriers, with the lanes that name each.
    pub barriers: Vec<Barrier>,
    /// For each lane and each of its events, how many barriers the lane has passed before; none
    /// where the event happens several times, between different barriers.
    pub segments: Vec<Vec<Option<usize>>>,
    /// For each lane and each of its segments, how many segments of every lane are over by then.
    over: Vec<Vec<Vec<usize>>>,
    /// Whether the order is known at all.
    known: bool,
}

impl Schedule {
    /// Whether the first, a lane with its segment, is over when the second begins; also where that
    /// cannot be told.
    pub(super) fn before(&self, first: (usize, Option<usize>), second: (usize, Option<usize>)) -> bool {
        let ((first_lane, Some(first)), (second_lane, Some(second))) = (first, second) else { return true };
        if !self.known {
            return true;
        }
        match self.over[second_lane].get(second) {
            Some(over) => over[first_lane] > first,
            // A segment that is never reached.
            None => true,
        }
    }
}

/// A barrier that a lane waits at.
#[derive(Debug, Clone, Copy)]
struct Wait {
    barrier: usize,
    span: Span,
}

/// Follows the lanes from barrier to barrier; reports those that can never be passed.
pub(super) fn schedule(lanes: &[Lane], found: &mut Vec<Diagnostic>) -> Schedule {
    let mut barriers: Vec<Barrier> = Vec::new();
    let mut places: Vec<Span> = Vec::new();
    for (index, lane) in lanes.iter().enumerate() {
        for event in lane.events.iter().filter(|event| event.what == What::Barrier) {
            match barriers.iter_mut().find(|barrier| barrier.name == event.name) {
                Some(barrier) if barrier.lanes.contains(&index) => {}
                Some(barrier) => barrier.lanes.push(index),
                None => {
                    barriers.push(Barrier { name: event.name.clone(), lanes: vec![index] });
                    places.push(event.span);
                }
            }
        }
    }
    let alone = report_alone(&barriers, &places, lanes, found);
    let mut known = true;
    let mut segments = Vec::with_capacity(lanes.len());
    let mut waits = Vec::with_capacity(lanes.len());
    for lane in lanes {
        let mut unrolled = Unrolled { barriers: &barriers, waits: Vec::new(), segments: Vec::new(), known: true };
        unrolled.lane(lane);
        known &= unrolled.known;
        segments.push(unrolled.segments);
        waits.push(unrolled.waits);
    }
    let mut schedule = Schedule { barriers, segments, over: Vec::new(), known };
    if known {
        schedule.run(&waits, lanes, alone, found);
    }
    schedule
}

/// Reports barriers that only one lane names; whether there are any.
fn report_alone(barriers: &[Barrier], places: &[Span], lanes: &[Lane], found: &mut Vec<Diagnostic>) -> bool {
    let mut any = false;
    for (barrier, span) in barriers.iter().zip(places).filter(|(barrier, _)| barrier.lanes.len() == 1) {
        any = true;
        let (name, lane) = (&barrier.name, &lanes[barrier.lanes[0]].name);
        let message = format!("only the lane `{lane}` names the barrier `{name}`");
        let others = barriers.iter().filter(|other| other.lanes != barrier.lanes).map(|other| other.name.as_str());
        let finding = Diagnostic::error("lonely-barrier", *span, message);
        let alone = |other: &&str| *other != name;
        found.push(match nearest(name, others.filter(alone)) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("write `- barrier: {name}` in the lanes that it is to wait for")),
        });
    }
    any
}

/// The barriers of a lane in the order in which it comes to them.
struct Unrolled<'b> {
    barriers: &'b [Barrier],
    waits: Vec<Wait>,
    segments: Vec<Option<usize>>,
    known: bool,
}

impl Unrolled<'_> {
    fn lane(&mut self, lane: &Lane) {
        let mut at = 0;
        while at < lane.events.len() {
            at = self.event(lane, at);
        }
    }

    /// One event, or a whole `repeat`; gives the index of the next.
    fn event(&mut self, lane: &Lane, at: usize) -> usize {
        let event = &lane.events[at];
        match event.what {
            What::Repeat { count, certain } => {
                let end = end_of(lane, at);
                let inside = &lane.events[at + 1..end];
                if inside.iter().any(|event| event.what == What::Barrier) {
                    self.known &= certain;
                    let meetings = self.waits.len();
                    self.segments.resize(end, None);
                    self.waits_of(lane, at + 1, end);
                    let per_iteration = self.waits.len() - meetings;
                    let total = per_iteration as u64 * count;
                    if total > MOST_MEETINGS as u64 {
                        self.known = false;
                    } else {
                        for _ in 1..count {
                            self.waits.extend_from_within(meetings..meetings + per_iteration);
                        }
                    }
                    self.segments.push(None);
                    end + 1
                } else {
                    self.segments.push(None);
                    at + 1
                }
            }
            What::Barrier => {
                self.segments.push(None);
                self.wait(&event.name, event.span);
                at + 1
            }
            _ => {
                self.segments.push(Some(self.waits.len()));
                at + 1
            }
        }
    }

    /// The barriers between two events, with what is repeated inside.
    fn waits_of(&mut self, lane: &Lane, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let event = &lane.events[at];
            match event.what {
                What::Barrier => self.wait(&event.name, event.span),
                What::Repeat { count, certain } => {
                    let end = end_of(lane, at);
                    let meetings = self.waits.len();
                    self.waits_of(lane, at + 1, end);
                    let inside = self.waits.len() - meetings;
                    self.known &= certain || inside == 0;
                    if inside as u64 * count > MOST_MEETINGS as u64 {
                        self.known = false;
                    } else {
                        for _ in 1..count {
                            self.waits.extend_from_within(meetings..meetings + inside);
                        }
                    }
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn wait(&mut self, name: &str, span: Span) {
        if let Some(barrier) = self.barriers.iter().position(|barrier| barrier.name == name) {
            self.waits.push(Wait { barrier, span });
        }
    }
}

/// The end of the `repeat` that begins at this event.
fn end_of(lane: &Lane, begin: usize) -> usize {
    let mut depth = 0;
    for (at, event) in lane.events.iter().enumerate().skip(begin) {
        match event.what {
            What::Repeat { .. } => depth += 1,
            What::EndRepeat => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    lane.events.len()
}

impl Schedule {
    /// Lets every lane run to its next barrier, and the barriers release those who have come.
    fn run(&mut self, waits: &[Vec<Wait>], lanes: &[Lane], alone: bool, found: &mut Vec<Diagnostic>) {
        let mut passed = vec![0; lanes.len()];
        self.over = vec![vec![vec![0; lanes.len()]]; lanes.len()];
        loop {
            let next: Vec<Option<Wait>> =
                waits.iter().zip(&passed).map(|(waits, at)| waits.get(*at).copied()).collect();
            let at = |lane: usize, barrier: usize| next[lane].is_some_and(|wait| wait.barrier == barrier);
            let ready = next.iter().flatten().find(|wait| {
                let barrier = &self.barriers[wait.barrier];
                barrier.lanes.iter().all(|lane| at(*lane, wait.barrier))
            });
            let Some(wait) = ready.copied() else {
                if next.iter().any(Option::is_some) && !alone {
                    self.report_stuck(&next, lanes, found);
                }
                return;
            };
            self.meet(wait.barrier, &mut passed);
        }
    }

    /// All lanes of a barrier are there: what each has done so far is over for all of them.
    fn meet(&mut self, barrier: usize, passed: &mut [usize]) {
        let meeting = self.barriers[barrier].lanes.clone();
        let mut over = vec![0; passed.len()];
        for &lane in &meeting {
            for (all, known) in over.iter_mut().zip(&self.over[lane][passed[lane]]) {
                *all = (*all).max(*known);
            }
        }
        for &lane in &meeting {
            over[lane] = passed[lane] + 1;
        }
        for &lane in &meeting {
            self.over[lane].push(over.clone());
            passed[lane] += 1;
        }
    }

    /// Lanes wait at barriers that nobody can pass: for each other, or for a lane that has ended.
    fn report_stuck(&self, next: &[Option<Wait>], lanes: &[Lane], found: &mut Vec<Diagnostic>) {
        let name = |wait: &Wait| self.barriers[wait.barrier].name.as_str();
        let stuck = |lane: &usize| next[*lane].is_some();
        let Some(first) = (0..lanes.len()).find(stuck) else { return };
        let Some(wait) = next[first] else { return };
        let missing = self.barriers[wait.barrier].lanes.iter().find(|lane| next[**lane].is_none());
        if let Some(missing) = missing {
            let (barrier, lane, other) = (name(&wait), &lanes[first].name, &lanes[*missing].name);
            let message =
                format!("the lane `{lane}` waits at the barrier `{barrier}` more often than the lane `{other}`");
            found.push(
                Diagnostic::error("uneven-barrier", wait.span, message)
                    .related(lanes[*missing].span, "this lane has ended by then")
                    .help("name the barrier equally often in all lanes that meet at it"),
            );
            return;
        }
        let other =
            next.iter().enumerate().skip(first + 1).find_map(|(lane, other)| {
                other.filter(|other| other.barrier != wait.barrier).map(|other| (lane, other))
            });
        let Some((lane, other)) = other else { return };
        let message = format!("the barriers `{}` and `{}` wait for each other", name(&wait), name(&other));
        found.push(
            Diagnostic::error("deadlock", wait.span, message)
                .label(format!("the lane `{}` waits here", lanes[first].name))
                .related(other.span, format!("while the lane `{}` waits here", lanes[lane].name))
                .help("name them in the same order in all lanes"),
        );
    }
}
