//! Barriers between the two steps: one that is there already and misses a lane, one that stands a
//! step too early or too late, or a new one.

use super::Proposal;
use super::edit::Change;
use super::scene::{Apart, Scene, Side, barrier, names};
use super::words::{self, listed};

/// Barriers that let one step come before the other.
pub(super) fn proposals(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>) -> Vec<Proposal> {
    let mut all = joined(scene, apart, before, after);
    all.extend(moved(scene, apart, before, after));
    all.extend(fresh(scene, apart, before, after));
    all
}

/// A new barrier behind the one and before the other.
fn fresh(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>) -> Option<Proposal> {
    let name = scene.fresh(words::done(before.step), &[]);
    let body = format!("barrier: {name}");
    let changes =
        vec![scene.text.after(before.list, before.index, &body)?, scene.text.before(after.list, after.index, &body)?];
    let words = format!(
        "put {} {} in lane `{}` and {} in lane `{}`: then {} comes first",
        scene.text.written(before.list, before.index, &body),
        words::behind(scene, before.list, before.index),
        apart.lanes[before.lane].name.text,
        words::ahead(scene, after.list, after.index),
        apart.lanes[after.lane].name.text,
        words::step(scene.text, before.step),
    );
    Some(Proposal { words, changes })
}

/// A barrier that one of the two lanes has where it is of use, and the other lane does not name.
fn joined(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>) -> Vec<Proposal> {
    let mut all = Vec::new();
    // Behind the first step: the other lane waits for it.
    let behind = before.list.steps.iter().skip(before.index + 1).find_map(barrier);
    if let Some(name) = behind.filter(|name| !names(after.list, name)) {
        let change = scene.text.before(after.list, after.index, &format!("barrier: {name}"));
        let place = words::ahead(scene, after.list, after.index);
        all.extend(joins(scene, apart, name, after, &place, change));
    }
    // Before the second step: it waits for the first lane, too.
    let ahead = after.list.steps.iter().take(after.index).rev().find_map(barrier);
    if let Some(name) = ahead.filter(|name| !names(before.list, name)) {
        let change = scene.text.after(before.list, before.index, &format!("barrier: {name}"));
        let place = words::behind(scene, before.list, before.index);
        all.extend(joins(scene, apart, name, before, &place, change));
    }
    all.extend(between(scene, apart, before, after));
    all.extend(between(scene, apart, after, before));
    all
}

fn joins(
    scene: &Scene<'_>,
    apart: &Apart<'_>,
    name: &str,
    side: &Side<'_>,
    place: &str,
    change: Option<Change>,
) -> Option<Proposal> {
    let lane = &apart.lanes[side.lane].name.text;
    let step = scene.text.written(side.list, side.index, &format!("barrier: {name}"));
    let words = format!("add {step} {place} in lane `{lane}`: it is met by {} only", who(apart, name));
    Some(Proposal { words, changes: vec![change?] })
}

/// The lanes that name a barrier.
fn who(apart: &Apart<'_>, name: &str) -> String {
    let lanes = apart.lanes.iter().filter(|lane| names(super::scene::list(lane), name));
    listed(&lanes.map(|lane| lane.name.text.as_str()).collect::<Vec<_>>())
}

/// A lane that misses a barrier of the others gets a place between what stands before that barrier
/// and what stands behind it.
fn between(scene: &Scene<'_>, apart: &Apart<'_>, missing: &Side<'_>, other: &Side<'_>) -> Option<Proposal> {
    let name = other.list.steps.iter().find_map(barrier).filter(|name| !names(missing.list, name))?;
    let own = scene.fresh(words::done(missing.step), &[]);
    let body = format!("barrier: {own}");
    let mut changes = vec![
        scene.text.before(missing.list, missing.index, &format!("barrier: {name}"))?,
        scene.text.after(missing.list, missing.index, &body)?,
    ];
    let mut lines = Vec::new();
    for (index, lane) in apart.lanes.iter().enumerate().filter(|(index, _)| *index != missing.lane) {
        let list = super::scene::list(lane);
        let Some(at) = list.steps.iter().position(|step| barrier(step) == Some(name)) else { continue };
        if at + 1 < list.steps.len() {
            changes.push(scene.text.after(list, at, &body)?);
            let place = words::behind(scene, list, at);
            lines.push(format!("{place} in lane `{}`", apart.lanes[index].name.text));
        }
    }
    if lines.is_empty() {
        return None;
    }
    let own_barrier = scene.text.written(missing.list, missing.index, &body);
    let words = format!(
        "put {} {} and {own_barrier} after it in lane `{}`, and {own_barrier} {}: then {} lies between what they do \
         before and after they meet",
        scene.text.written(missing.list, missing.index, &format!("barrier: {name}")),
        words::ahead(scene, missing.list, missing.index),
        apart.lanes[missing.lane].name.text,
        lines.join(" and "),
        words::step(scene.text, missing.step),
    );
    Some(Proposal { words, changes })
}

/// A barrier that both lanes name, and that stands on the wrong side of one of the steps.
fn moved(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>) -> Vec<Proposal> {
    let mut all = Vec::new();
    let place = |side: &Side<'_>, name: &str| side.list.steps.iter().position(|step| barrier(step) == Some(name));
    for name in before.list.steps.iter().filter_map(barrier) {
        let (Some(own), Some(other)) = (place(before, name), place(after, name)) else { continue };
        // Both wait for it before the steps, or behind them.
        let (side, changes, words) = if own < before.index && other < after.index {
            let changes = scene.text.move_after(before.list, own, before.index);
            (before, changes, format!("behind line {}", scene.last_line(before.child())))
        } else if own > before.index && other > after.index {
            let changes = scene.text.move_before(after.list, other, after.index);
            (after, changes, format!("before line {}", scene.line(after.child().span.start)))
        } else {
            continue;
        };
        let at = if side.lane == before.lane { own } else { other };
        let line = scene.line(side.list.steps[at].span.start);
        let words = format!(
            "move `- barrier: {name}` in lane `{}` from line {line} {words}: then {} comes first",
            apart.lanes[side.lane].name.text,
            words::step(scene.text, before.step),
        );
        all.extend(changes.map(|changes| Proposal { words, changes }));
    }
    all
}
