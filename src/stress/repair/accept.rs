//! Accepting the connection of one client, however many others wait.

use std::collections::BTreeSet;

use crate::spec::ast::{Call, Scalar, Step, Verb};

use super::Proposal;
use super::scene::Scene;
use super::words::listed;

/// `from` beside each accept that took another client in some run, as a run had it.
pub(super) fn proposals(scene: &Scene<'_>) -> Vec<Proposal> {
    let accepts: Vec<(&Step, &Call)> = scene.calls().into_iter().filter(|(_, call)| is_open(call)).collect();
    let contested: Vec<(&Step, &Call)> =
        accepts.into_iter().filter(|(_, call)| clients(scene, call).len() > 1).collect();
    let ways = (0..scene.ways.len()).filter_map(|way| proposal(scene, &contested, way));
    // Any order will do; more than two only look like advice.
    ways.take(2).collect()
}

fn is_open(call: &Call) -> bool {
    matches!(call.verb, Verb::Accept { from: None, .. }) && call.fails.is_none()
}

/// Whose connection a listener may give: those who connect to it, and those who were accepted.
fn clients(scene: &Scene<'_>, accept: &Call) -> BTreeSet<String> {
    let Verb::Accept { listener, .. } = &accept.verb else { return BTreeSet::new() };
    let mut clients: BTreeSet<String> =
        scene.calls().into_iter().filter_map(|(_, call)| connects(call, listener)).collect();
    for (step, call) in scene.calls() {
        if matches!(&call.verb, Verb::Accept { listener: own, .. } if own.text == listener.text) {
            clients.extend((0..scene.ways.len()).filter_map(|way| scene.accepted(way, step)));
        }
    }
    clients
}

fn connects(call: &Call, listener: &Scalar) -> Option<String> {
    match &call.verb {
        Verb::Connect { to, .. } if to.text == listener.text => Some(call.endpoint.text.clone()),
        _ => None,
    }
}

fn proposal(scene: &Scene<'_>, contested: &[(&Step, &Call)], way: usize) -> Option<Proposal> {
    let (mut changes, mut lines, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (step, call) in contested {
        // Behind a failure nobody was accepted; the spec says less than it could.
        let Some(client) = scene.accepted(way, step) else { continue };
        changes.push(scene.text.modifier(step, call, "from", &client)?);
        lines.push(format!("`from: {client}` in line {}", scene.line(step.span.start)));
        names.push(client);
    }
    if changes.is_empty() {
        return None;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let words = format!(
        "write {}: `accept` then takes the connection of {}, whoever comes first",
        lines.join(" and "),
        listed(&names)
    );
    Some(Proposal { words, changes })
}
