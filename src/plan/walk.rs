//! Walks through the steps of a plan, and the blocks in it.

use super::{Action, Attribute, AttributeCheck, Call, Condition, Plan, Step, Verb};
use crate::model::signal::Signal;
use crate::source::Span;

impl Plan {
    /// Whether it has lanes that run at once.
    pub fn has_lanes(&self) -> bool {
        has_lanes(&self.steps)
    }

    /// Whether steps of it take as long as they say: pauses, and silence.
    pub fn has_pauses(&self) -> bool {
        has_pauses(&self.steps)
    }

    /// Whether it stops programs, or lets them go on.
    pub fn stops_programs(&self) -> bool {
        let stops = |signal: Signal| matches!(signal.0, libc::SIGSTOP | libc::SIGTSTP | libc::SIGCONT);
        any(&self.steps, &mut |call| matches!(call.verb, Verb::Signal(signal) if stops(signal)))
    }

    /// Whether a step looks at the O_NONBLOCK that accept(2) gave.
    pub fn asks_nonblock(&self) -> bool {
        let asks = |attribute: &Attribute| matches!(attribute.check, AttributeCheck::Nonblock(_));
        any(
            &self.steps,
            &mut |call| matches!(&call.verb, Verb::ExpectAttributes(attributes) if attributes.iter().any(asks)),
        )
    }

    /// The place of the whole step that begins there.
    pub fn step_at(&self, start: u32) -> Option<Span> {
        step_at(&self.steps, start)
    }

    /// Whether the step that begins there waits for silence, for as long as it says.
    pub fn is_silence(&self, start: u32) -> bool {
        is_silence(&self.steps, start)
    }

    /// The innermost lane that a step is in, by the place of the step.
    pub fn lane_of(&self, step: u32) -> Option<&str> {
        lane_of(&self.steps, step)
    }
}

fn has_pauses(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Pause(_) => true,
        Action::Call(call) => call.is_silence(),
        _ => inner(step).into_iter().any(has_pauses),
    })
}

fn is_silence(steps: &[Step], start: u32) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Call(call) => step.span.start == start && call.is_silence(),
        _ => inner(step).into_iter().any(|steps| is_silence(steps, start)),
    })
}

impl Call {
    /// Whether it lasts as long as it says, whatever the others do.
    pub(crate) fn is_silence(&self) -> bool {
        let is_silence = |condition: &Condition| matches!(condition, Condition::Silence(_));
        matches!(&self.verb, Verb::Expect { conditions, .. } if conditions.iter().any(is_silence))
    }
}

fn has_lanes(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Parallel { lanes, .. } => lanes.len() > 1 || inner(step).into_iter().any(has_lanes),
        _ => inner(step).into_iter().any(has_lanes),
    })
}

fn lane_of(steps: &[Step], start: u32) -> Option<&str> {
    steps.iter().find_map(|step| match &step.action {
        Action::Parallel { lanes, .. } => lanes.iter().find_map(|lane| {
            let inner = lane_of(&lane.steps, start);
            inner.or_else(|| step_at(&lane.steps, start).is_some().then_some(lane.name.as_str()))
        }),
        _ => inner(step).into_iter().find_map(|steps| lane_of(steps, start)),
    })
}

/// The innermost step that begins there.
fn step_at(steps: &[Step], start: u32) -> Option<Span> {
    steps.iter().find_map(|step| {
        let inner = inner(step).into_iter().find_map(|steps| step_at(steps, start));
        inner.or_else(|| (step.span.start == start).then_some(step.span))
    })
}

/// The steps of a block.
pub(super) fn inner(step: &Step) -> Vec<&[Step]> {
    match &step.action {
        Action::Parallel { lanes, .. } => lanes.iter().map(|lane| lane.steps.as_slice()).collect(),
        Action::Repeat { steps, .. } | Action::Retry { steps, .. } | Action::Include { steps, .. } => vec![steps],
        Action::Table { rows, .. } => rows.iter().map(|row| row.steps.as_slice()).collect(),
        _ => Vec::new(),
    }
}

/// Whether a call is so.
pub(super) fn any(steps: &[Step], so: &mut impl FnMut(&Call) -> bool) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Call(call) => so(call),
        _ => inner(step).into_iter().any(|steps| any(steps, so)),
    })
}
