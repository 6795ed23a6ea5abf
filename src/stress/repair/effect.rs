//! Waiting until what one step did is seen where the other step is, and receiving what was sent
//! before the receiver ends the connection.

use std::collections::BTreeSet;

use crate::spec::ast::{Call, Expectation, Form, Scalar, Step, Verb};
use crate::trace::event::What;
use crate::trace::shown::total_size;

use super::Proposal;
use super::scene::{Apart, Scene, Side, call, is_inside};
use super::words;

/// Waits before the one step until the effect of the other has arrived.
pub(super) fn waits(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>) -> Vec<Proposal> {
    let Some(call) = before.call().filter(|_| !before.repeats) else { return Vec::new() };
    let expected = effects(scene, apart, before, after, call);
    expected.into_iter().filter_map(|(endpoint, what)| wait(scene, apart, before, after, &endpoint, &what)).collect()
}

fn wait(
    scene: &Scene<'_>,
    apart: &Apart<'_>,
    before: &Side<'_>,
    after: &Side<'_>,
    endpoint: &str,
    what: &str,
) -> Option<Proposal> {
    let body = format!("{endpoint}: {{expect: {what}}}");
    let change = scene.text.before(after.list, after.index, &body)?;
    let words = format!(
        "put {} {} in lane `{}`: it waits until what {} does has arrived",
        scene.text.written(after.list, after.index, &body),
        words::ahead(scene, after.list, after.index),
        apart.lanes[after.lane].name.text,
        words::step(scene.text, before.step),
    );
    Some(Proposal { words, changes: vec![change] })
}

/// Where a step is seen, and what is seen there.
fn effects(
    scene: &Scene<'_>,
    apart: &Apart<'_>,
    before: &Side<'_>,
    after: &Side<'_>,
    call: &Call,
) -> Vec<(String, String)> {
    let name = &call.endpoint.text;
    let at_peer = |words: &[&str]| -> Vec<(String, String)> {
        let peer = scene.peers.get(name).cloned();
        peer.into_iter().flat_map(|peer| words.iter().map(move |what| (peer.clone(), (*what).to_owned()))).collect()
    };
    match &call.verb {
        // With bytes unread it is a reset.
        Verb::Close { .. } if leaves_bytes(scene, apart, before, after, name) => {
            at_peer(&["{state: CLOSED}", "[eof, reset]"])
        }
        Verb::Close { .. } => at_peer(&["{state: CLOSE-WAIT}", "eof"]),
        Verb::Shutdown { how, .. } if how.text != "read" => at_peer(&["{state: CLOSE-WAIT}", "eof"]),
        Verb::Reset | Verb::Disconnect => at_peer(&["{state: CLOSED}"]),
        Verb::Send { to, .. } => {
            let Some(receiver) = receiver(scene, name, to.as_ref()) else { return Vec::new() };
            let what = match unread(scene, apart, before, after, &receiver) {
                Some(bytes) if scene.peers.contains_key(&receiver) => format!("{{unread: {bytes}}}"),
                _ => "readable".to_owned(),
            };
            vec![(receiver, what)]
        }
        Verb::Connect { to, .. } if crate::model::name::is_name(&to.text) => {
            let waiting = queue(scene, before, after, &to.text);
            waiting.map(|waiting| (to.text.clone(), format!("{{queue: {waiting}}}"))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a close leaves bytes unread, where it comes first; as it was in the usual run, where that
/// cannot be counted.
fn leaves_bytes(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>, name: &str) -> bool {
    if let Some(bytes) = unread(scene, apart, before, after, name) {
        return bytes > 0;
    }
    let usual = scene.happened(0, before.step).map(|happened| &happened.event.what);
    matches!(usual, Some(What::Words(words)) if words.contains(" unread "))
}

/// The endpoint that a send goes to.
pub(super) fn receiver(scene: &Scene<'_>, sender: &str, to: Option<&Scalar>) -> Option<String> {
    let to = to.map(|to| to.text.clone());
    let receiver = to.or_else(|| scene.peers.get(sender).cloned()).or_else(|| connected(scene, sender));
    receiver.filter(|name| crate::model::name::is_name(name))
}

/// Whom a socket of datagrams is connected to.
fn connected(scene: &Scene<'_>, name: &str) -> Option<String> {
    let listens = |name: &str| {
        scene.calls().iter().any(|(_, call)| call.endpoint.text == name && matches!(call.verb, Verb::Listen { .. }))
    };
    scene.calls().into_iter().find_map(|(_, call)| match &call.verb {
        Verb::Connect { to, .. } if call.endpoint.text == name && !listens(&to.text) => Some(to.text.clone()),
        _ => None,
    })
}

/// Where a call stands to the place between the two steps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Before,
    Behind,
    /// Nobody knows: in another lane, or in a loop.
    Unknown,
}

/// Where a call stands to the place behind the one step and before the other.
fn stands(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>, step: &Step) -> Stands {
    let at = step.span.start;
    if !is_inside(step.span, apart.parallel.span) {
        let is_before = at < apart.parallel.span.start;
        let in_a_loop = is_before && !is_top(scene, step);
        return if in_a_loop {
            Stands::Unknown
        } else if is_before {
            Stands::Before
        } else {
            Stands::Behind
        };
    }
    let child = |side: &Side<'_>| side.list.steps.iter().position(|child| is_inside(step.span, child.span));
    let direct = |side: &Side<'_>, at: usize| std::ptr::eq(&raw const side.list.steps[at], step);
    match (child(before), child(after)) {
        (Some(at), _) if at > before.index => Stands::Behind,
        (Some(at), _) if at == before.index || direct(before, at) => Stands::Before,
        (_, Some(at)) if at >= after.index => Stands::Behind,
        (_, Some(at)) if direct(after, at) => Stands::Before,
        _ => Stands::Unknown,
    }
}

fn is_top(scene: &Scene<'_>, step: &Step) -> bool {
    scene.spec.steps.iter().any(|top| std::ptr::eq(top, step))
}

/// How many bytes wait at the receiver when the one step is over and the other has not begun.
fn unread(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>, receiver: &str) -> Option<u64> {
    let sender = scene.peers.get(receiver)?;
    let mut bytes = 0_u64;
    for (step, call) in scene.calls() {
        let name = &call.endpoint.text;
        let sends = name == sender && matches!(call.verb, Verb::Send { .. });
        let takes = name == receiver && takes(call);
        if !sends && !takes {
            continue;
        }
        match stands(scene, apart, before, after, step) {
            Stands::Behind => {}
            Stands::Unknown => return None,
            Stands::Before if sends => bytes = bytes.checked_add(size(scene, step)?)?,
            Stands::Before => bytes = bytes.checked_sub(size(scene, step)?)?,
        }
    }
    Some(bytes)
}

/// Whether a call takes bytes out of the queue.
fn takes(call: &Call) -> bool {
    match &call.verb {
        Verb::Recv { peek, .. } => peek.is_none(),
        Verb::Read { .. } => true,
        _ => false,
    }
}

/// How many bytes a step was seen to send or to receive.
pub(super) fn size(scene: &Scene<'_>, step: &Step) -> Option<u64> {
    let mut seen = (0..scene.ways.len()).filter_map(|way| scene.happened(way, step));
    seen.find_map(|happened| match &happened.event.what {
        // What varies was counted when it went.
        What::Data { bytes, .. } => total_size(bytes).or_else(|| Some(happened.facts.pieces.iter().sum())),
        What::Words(_) => None,
    })
}

/// How many connections wait at a listener when the one step is over and the other has not begun.
fn queue(scene: &Scene<'_>, before: &Side<'_>, after: &Side<'_>, listener: &str) -> Option<u64> {
    let apart = scene.apart.as_ref()?;
    let mut waiting = 0_u64;
    for (step, call) in scene.calls() {
        let comes = matches!(&call.verb, Verb::Connect { to, .. } if to.text == listener);
        let goes = matches!(&call.verb, Verb::Accept { listener: own, .. } if own.text == listener);
        if !comes && !goes {
            continue;
        }
        match stands(scene, apart, before, after, step) {
            Stands::Behind => {}
            Stands::Unknown => return None,
            Stands::Before if comes => waiting += 1,
            Stands::Before => waiting = waiting.checked_sub(1)?,
        }
    }
    Some(waiting)
}

/// Receives what was sent to an endpoint before it ends, where the spec never does.
pub(super) fn drained(scene: &Scene<'_>, apart: &Apart<'_>) -> Vec<Proposal> {
    [&apart.second, &apart.first].into_iter().filter_map(|side| drain(scene, apart, side)).collect()
}

fn drain(scene: &Scene<'_>, apart: &Apart<'_>, side: &Side<'_>) -> Option<Proposal> {
    let own = side.call().filter(|call| ends_receiving(call))?;
    let name = &own.endpoint.text;
    let sources = sources(scene, name);
    let calls = scene.calls();
    let received = calls.iter().filter(|(_, call)| call.endpoint.text == *name && takes(call)).count();
    let sent = calls.iter().filter_map(|(_, call)| match &call.verb {
        Verb::Send { payload, urgent: None, to, .. } if sources.contains(&call.endpoint.text) => {
            is_to(to.as_ref(), name).then_some(payload)
        }
        _ => None,
    });
    let missing: Vec<&Form> = sent.skip(received).collect();
    let mut bodies = Vec::with_capacity(missing.len());
    for payload in missing {
        let pattern = scene.text.slice(payload.span);
        if pattern.is_empty() || pattern.contains('\n') {
            return None;
        }
        bodies.push(format!("{name}: {{recv: {pattern}}}"));
    }
    let mut change = scene.text.before(side.list, side.index, bodies.first()?)?;
    for body in &bodies[1..] {
        change.text.push_str(&scene.text.before(side.list, side.index, body)?.text);
    }
    let steps: Vec<String> = bodies.iter().map(|body| scene.text.written(side.list, side.index, body)).collect();
    let words = format!(
        "put {} {} in lane `{}`: what was sent is received before {}",
        steps.join(" and "),
        words::ahead(scene, side.list, side.index),
        apart.lanes[side.lane].name.text,
        words::step(scene.text, side.step),
    );
    Some(Proposal { words, changes: vec![change] })
}

/// Whether nothing is received behind a call.
fn ends_receiving(call: &Call) -> bool {
    match &call.verb {
        Verb::Close { .. } | Verb::Reset | Verb::Disconnect => true,
        Verb::Shutdown { how, .. } => how.text != "write",
        _ => false,
    }
}

/// Who sends to an endpoint.
fn sources(scene: &Scene<'_>, name: &str) -> BTreeSet<String> {
    let mut sources: BTreeSet<String> = scene.peers.get(name).cloned().into_iter().collect();
    for (_, call) in scene.calls() {
        match &call.verb {
            Verb::Connect { to, .. } | Verb::Send { to: Some(to), .. } if to.text == name => {
                sources.insert(call.endpoint.text.clone());
            }
            _ => {}
        }
    }
    sources
}

fn is_to(to: Option<&Scalar>, name: &str) -> bool {
    to.is_none_or(|to| to.text == name)
}

/// Whether a step looks at an endpoint without taking anything: what it sees may be gone a moment
/// later.
pub(super) fn looks(step: &Step) -> Option<&str> {
    let call = call(step)?;
    match &call.verb {
        Verb::Expect { what: Expectation::Any(words), .. } => {
            let looks = words.iter().all(|word| matches!(word.text.as_str(), "readable" | "writable"));
            looks.then_some(call.endpoint.text.as_str())
        }
        Verb::Expect { what: Expectation::Attributes(attributes), .. } => {
            let looks = attributes.iter().all(|(name, _)| matches!(name.text.as_str(), "unread" | "queue" | "state"));
            looks.then_some(call.endpoint.text.as_str())
        }
        _ => None,
    }
}
