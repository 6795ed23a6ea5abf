//! One step comes before all that other lanes do, or behind it; and two ends that both send before
//! they receive take turns.

use crate::spec::ast::Verb;

use super::Proposal;
use super::effect::looks;
use super::scene::{Apart, Scene, Side, list};
use super::words;

/// The first or the last of all, for either step.
pub(super) fn proposals(scene: &Scene<'_>, apart: &Apart<'_>) -> Vec<Proposal> {
    let mut all = Vec::new();
    let (first, second) = (&apart.first, &apart.second);
    for (before, after) in [(first, second), (second, first)] {
        // Between two lanes it may be what a barrier between the steps does.
        let is_pair = apart.lanes.len() == 2;
        if !is_pair || before.index + 1 < before.list.steps.len() {
            all.extend(last(scene, apart, after));
        }
        if !is_pair || after.index > 0 {
            all.extend(begins(scene, apart, before));
        }
    }
    for (one, other) in [(&apart.first, &apart.second), (&apart.second, &apart.first)] {
        all.extend(instead(scene, apart, one));
        all.extend(receives_first(scene, apart, one, other));
    }
    all
}

/// The step waits until all other lanes are over.
fn last(scene: &Scene<'_>, apart: &Apart<'_>, side: &Side<'_>) -> Option<Proposal> {
    let body = format!("barrier: {}", scene.fresh("done", &[]));
    let mut changes = ends(scene, apart, side, &body)?;
    changes.push(scene.text.before(side.list, side.index, &body)?);
    let words = format!(
        "put {} at the end of {} and {} in lane `{}`: then {} comes when all others are done",
        scene.text.written(side.list, side.index, &body),
        others(apart, side),
        words::ahead(scene, side.list, side.index),
        apart.lanes[side.lane].name.text,
        words::step(scene.text, side.step),
    );
    Some(Proposal { words, changes })
}

/// A look at what another lane takes away gives way to a barrier at the end of the others.
fn instead(scene: &Scene<'_>, apart: &Apart<'_>, side: &Side<'_>) -> Option<Proposal> {
    looks(side.step)?;
    if !std::ptr::eq(side.step, side.child()) {
        return None;
    }
    let body = format!("barrier: {}", scene.fresh("done", &[]));
    let mut changes = ends(scene, apart, side, &body)?;
    changes.push(scene.text.instead(side.step, &body));
    let words = format!(
        "put {} at the end of {}, and in lane `{}` in place of {} in line {}: what it waits for may be gone when it \
         looks",
        scene.text.written(side.list, side.index, &body),
        others(apart, side),
        apart.lanes[side.lane].name.text,
        words::step(scene.text, side.step),
        scene.line(side.step.span.start),
    );
    Some(Proposal { words, changes })
}

/// A step at the end of each lane but one.
fn ends(scene: &Scene<'_>, apart: &Apart<'_>, side: &Side<'_>, body: &str) -> Option<Vec<super::Change>> {
    let others = apart.lanes.iter().enumerate().filter(|(index, _)| *index != side.lane);
    others.map(|(_, lane)| scene.text.after(list(lane), lane.steps.len().checked_sub(1)?, body)).collect()
}

/// All other lanes wait until the step is over.
fn begins(scene: &Scene<'_>, apart: &Apart<'_>, side: &Side<'_>) -> Option<Proposal> {
    let body = format!("barrier: {}", scene.fresh(words::done(side.step), &[]));
    let mut changes = vec![scene.text.after(side.list, side.index, &body)?];
    for (_, lane) in apart.lanes.iter().enumerate().filter(|(index, _)| *index != side.lane) {
        changes.push(scene.text.before(list(lane), 0, &body)?);
    }
    let words = format!(
        "put {} {} in lane `{}` and at the beginning of {}: then {} comes before all others",
        scene.text.written(side.list, side.index, &body),
        words::behind(scene, side.list, side.index),
        apart.lanes[side.lane].name.text,
        others(apart, side),
        words::step(scene.text, side.step),
    );
    Some(Proposal { words, changes })
}

fn others(apart: &Apart<'_>, side: &Side<'_>) -> String {
    let others = apart.lanes.iter().enumerate().filter(|(index, _)| *index != side.lane);
    let names: Vec<&str> = others.map(|(_, lane)| lane.name.text.as_str()).collect();
    match names.as_slice() {
        [one] => format!("lane `{one}`"),
        _ => format!("lanes {}", words::listed(&names)),
    }
}

/// Where both ends send before they receive, and both may find no room: one receives first.
fn receives_first(scene: &Scene<'_>, apart: &Apart<'_>, side: &Side<'_>, other: &Side<'_>) -> Option<Proposal> {
    let (own, peer) = (side.call()?, other.call()?);
    let sends = |verb: &Verb| matches!(verb, Verb::Send { .. });
    let is_peer = scene.peers.get(&own.endpoint.text) == Some(&peer.endpoint.text);
    if !is_peer || !sends(&own.verb) || !sends(&peer.verb) {
        return None;
    }
    let receives = |at: &usize| {
        let call = super::scene::call(&side.list.steps[*at]);
        call.is_some_and(|call| {
            call.endpoint.text == own.endpoint.text && matches!(call.verb, Verb::Recv { .. } | Verb::Read { .. })
        })
    };
    let at = (side.index + 1..side.list.steps.len()).find(receives)?;
    let changes = scene.text.move_before(side.list, at, side.index)?;
    let words = format!(
        "move line {} before line {} in lane `{}`: one end receives before it sends",
        scene.line(side.list.steps[at].span.start),
        scene.line(side.child().span.start),
        apart.lanes[side.lane].name.text,
    );
    Some(Proposal { words, changes })
}
