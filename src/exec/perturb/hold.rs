//! In a perturbed run one step of a lane is held back until the other lanes have done all that they can
//! do without it: an order that rests on a gap, however long, is not there any more.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::plan::{Action, Plan, Step};

use crate::exec::lane::Deadline;
use crate::exec::test::Test;

/// How often it is looked, a millisecond apart, before nothing that moved will move.
const LOOKS: u32 = 8;
/// The same, where a program may be what somebody waits for.
const LOOKS_AT_PROGRAMS: u32 = 40;
/// For how long a step is held back at most while others go on.
const LONGEST: Duration = Duration::from_millis(200);
/// The same, while a lane sits out a time that the spec gives.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the lanes of a run are about.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// How many steps have begun.
    begun: Cell<u64>,
    /// How many lanes sit out a time, and go on by themselves after it.
    pausing: Cell<u32>,
}

/// A lane sits out a time for as long as this lives.
pub(crate) struct Pausing<'a>(&'a Activity);

impl Drop for Pausing<'_> {
    fn drop(&mut self) {
        self.0.pausing.set(self.0.pausing.get() - 1);
    }
}

impl Activity {
    /// A step begins.
    pub(crate) fn begins(&self) {
        self.begun.set(self.begun.get() + 1);
    }

    /// Whether a lane sits out a time now.
    pub(crate) fn is_pausing(&self) -> bool {
        self.pausing.get() > 0
    }

    /// A lane sits out a time.
    pub(crate) fn pauses(&self) -> Pausing<'_> {
        self.pausing.set(self.pausing.get() + 1);
        Pausing(self)
    }
}

/// Waits before a step until the other lanes cannot go on, or for long enough; not where that would bring the
/// end of the block around near, or the deadline of who waits for this step, which may be as short as its own.
pub(crate) async fn until_others_rest(test: &Test<'_>, step: &Step, limit: Option<Deadline>) {
    let began = Instant::now();
    let longest = match &step.action {
        Action::Call(call) => LONGEST.min(call.within / 4),
        Action::Barrier { within, .. } => LONGEST.min(*within / 4),
        _ => LONGEST,
    };
    let limit = limit.map(|limit| limit.at - limit.within.mul_f32(0.75));
    let enough = if test.programs.is_empty() { LOOKS } else { LOOKS_AT_PROGRAMS };
    let (mut last, mut looks) = (test.activity.begun.get(), 0);
    while looks < enough && limit.is_none_or(|limit| Instant::now() < limit) && !test.options.cancel.is_cancelled() {
        let is_pausing = test.activity.is_pausing();
        if began.elapsed() >= if is_pausing { LONGEST_PAUSE } else { longest } {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let now = test.activity.begun.get();
        looks = if now != last || is_pausing { 0 } else { looks + 1 };
        last = now;
    }
}

/// The steps that can be held back: those in lanes that others can see, by where they begin.
pub(crate) fn candidates(plan: &Plan) -> Vec<u32> {
    let mut found = Vec::new();
    collect(&plan.steps, false, &mut found);
    found
}

fn collect(steps: &[Step], in_lane: bool, found: &mut Vec<u32>) {
    for step in steps {
        match &step.action {
            Action::Call(_) | Action::Link { .. } if in_lane => found.push(step.span.start),
            Action::Parallel { lanes, .. } => lanes.iter().for_each(|lane| collect(&lane.steps, true, found)),
            Action::Repeat { steps, .. } | Action::Include { steps, .. } => collect(steps, in_lane, found),
            Action::Table { rows, .. } => rows.iter().for_each(|row| collect(&row.steps, in_lane, found)),
            // A `retry` has its own time, and ends where its steps hold.
            _ => {}
        }
    }
}
