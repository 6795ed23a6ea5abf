//! A queue of datagrams that overflows: room for all that is sent, and a receive for each.

use crate::model::size::parse_size;
use crate::spec::ast::{Call, Scalar, Setting, Step, StepKind, Times, Verb};

use super::Proposal;
use super::edit::{Change, List};
use super::effect::size;
use super::scene::{Apart, Scene, Side, call, inner};

/// What the kernel counts for a datagram beside its bytes, at most.
const OVERHEAD: u64 = 1280;
/// As much as a socket may have on a machine where nobody has changed it (`net.core.rmem_max`).
const MOST: u64 = 212_992;

/// More room, and as many receives as there are sends.
pub(super) fn proposals(scene: &Scene<'_>, apart: &Apart<'_>) -> Vec<Proposal> {
    let sides = [&apart.first, &apart.second];
    let receiver = sides.into_iter().find_map(|side| Some((side, receives(side)?)));
    let Some((side, receiver)) = receiver else { return Vec::new() };
    let Some(sent) = sent(scene, receiver) else { return Vec::new() };
    let room = room(scene, receiver, sent);
    let counts = more_receives(scene, side, receiver, sent.count);
    let mut all = Vec::new();
    if let Some((change, words)) = &room {
        all.push(Proposal { words: words.clone(), changes: vec![change.clone()] });
    }
    if let (Some((room, words)), Some((count, more))) = (room, counts) {
        all.push(Proposal { words: format!("{words}, and {more}"), changes: vec![room, count] });
    }
    all
}

/// The endpoint that a step receives datagrams at.
fn receives<'s>(side: &Side<'s>) -> Option<&'s str> {
    let call = side.call()?;
    matches!(call.verb, Verb::Recv { .. } | Verb::Read { .. }).then_some(call.endpoint.text.as_str())
}

/// The datagrams that are sent to an endpoint.
#[derive(Clone, Copy)]
struct Sent {
    count: u64,
    bytes: u64,
}

/// How many datagrams are sent to an endpoint of datagrams, as far as that is written.
fn sent(scene: &Scene<'_>, receiver: &str) -> Option<Sent> {
    let is_bound = |call: &Call| call.endpoint.text == receiver && matches!(call.verb, Verb::Bind { .. });
    if scene.peers.contains_key(receiver) || !scene.calls().into_iter().any(|(_, call)| is_bound(call)) {
        return None;
    }
    let connected = |name: &str| {
        let to = |call: &Call| matches!(&call.verb, Verb::Connect { to, .. } if to.text == receiver);
        scene.calls().into_iter().any(|(_, call)| call.endpoint.text == name && to(call))
    };
    let mut all = Sent { count: 0, bytes: 0 };
    counted(List { steps: &scene.spec.steps, floor: 0 }, 1, &mut |step, own, times| {
        let Verb::Send { to, .. } = &own.verb else { return Some(()) };
        let is_to = to.as_ref().map_or_else(|| connected(&own.endpoint.text), |to| to.text == receiver);
        if is_to {
            let bytes = size(scene, step)?;
            all.count = all.count.checked_add(times)?;
            all.bytes = all.bytes.checked_add(bytes.checked_mul(times)?)?;
        }
        Some(())
    })?;
    (all.count > 1).then_some(all)
}

/// Goes through all calls, each with how often it runs; `None` where that is not written.
fn counted<'s>(list: List<'s>, times: u64, with: &mut impl FnMut(&'s Step, &'s Call, u64) -> Option<()>) -> Option<()> {
    for step in list.steps {
        if let Some(call) = call(step) {
            with(step, call, times)?;
        }
        let own = match &step.kind {
            StepKind::Repeat { times: Times::Count(count), until: None, .. } => count.text.parse().ok()?,
            StepKind::Repeat { times: Times::Rows(rows), .. } => rows.len() as u64,
            StepKind::Repeat { .. } => return None,
            _ => 1,
        };
        for (_, list) in inner(step) {
            counted(list, times.checked_mul(own)?, with)?;
        }
    }
    Some(())
}

/// A receive buffer that all datagrams fit into.
fn room(scene: &Scene<'_>, receiver: &str, sent: Sent) -> Option<(Change, String)> {
    let needed = (sent.bytes + sent.count * OVERHEAD).next_multiple_of(16_384);
    if needed > MOST {
        return None;
    }
    if let Some((step, value)) = option(scene, receiver) {
        if parse_size(&value.text).is_some_and(|bytes| bytes >= needed) {
            return None;
        }
        let line = scene.line(step.span.start);
        let words = format!("write `SO_RCVBUF: {needed}` in line {line}: then {} datagrams have room", sent.count);
        return Some((Change::replace(value.span, needed.to_string()), words));
    }
    let list = List { steps: &scene.spec.steps, floor: 0 };
    let binds = |step: &Step| {
        call(step).is_some_and(|call| call.endpoint.text == receiver && matches!(call.verb, Verb::Bind { .. }))
    };
    let index = list.steps.iter().position(binds)?;
    let body = format!("{receiver}: {{set: {{SO_RCVBUF: {needed}}}}}");
    let change = scene.text.after(list, index, &body)?;
    let line = scene.last_line(&list.steps[index]);
    Some((change, format!("put `- {body}` after line {line}: then {} datagrams have room", sent.count)))
}

/// The step that sets the receive buffer, with the value.
fn option<'s>(scene: &Scene<'s>, receiver: &str) -> Option<(&'s Step, &'s Scalar)> {
    scene.calls().into_iter().find_map(|(step, call)| match &call.verb {
        Verb::Set { options } if call.endpoint.text == receiver => {
            let option = options.iter().find(|(name, _)| name.text == "SO_RCVBUF");
            match option {
                Some((_, Setting::Value(value))) => Some((step, value)),
                _ => None,
            }
        }
        _ => None,
    })
}

/// A loop of one receive that takes as many as are sent.
fn more_receives(scene: &Scene<'_>, side: &Side<'_>, name: &str, sent: u64) -> Option<(Change, String)> {
    let mut taken = 0_u64;
    counted(List { steps: &scene.spec.steps, floor: 0 }, 1, &mut |_, call, times| {
        if call.endpoint.text == name && matches!(call.verb, Verb::Recv { peek: None, .. } | Verb::Read { .. }) {
            taken = taken.checked_add(times)?;
        }
        Some(())
    })?;
    let missing = sent.checked_sub(taken).filter(|missing| *missing > 0)?;
    let StepKind::Repeat { times: Times::Count(count), steps, .. } = &side.child().kind else { return None };
    let [only] = steps.as_slice() else { return None };
    if !std::ptr::eq(only, side.step) {
        return None;
    }
    let total = count.text.parse::<u64>().ok()?.checked_add(missing)?;
    let line = scene.line(side.child().span.start);
    Some((
        Change::replace(count.span, total.to_string()),
        format!("`repeat: {total}` in line {line}: all are received"),
    ))
}
