//! Taking turns: a barrier in each round of two loops, and a chain of barriers through more than two
//! lanes that all do the same.

use crate::spec::ast::{Call, Scalar, StepKind, Times, Verb};

use super::Proposal;
use super::edit::Change;
use super::effect::receiver;
use super::scene::{Apart, Scene, Side, call, list};
use super::words;

/// Turns, whichever step is the first in each round.
pub(super) fn proposals(scene: &Scene<'_>, apart: &Apart<'_>) -> Vec<Proposal> {
    let (first, second) = (&apart.first, &apart.second);
    let mut all: Vec<Proposal> = chain(scene, apart).into_iter().collect();
    all.extend(rounds(scene, apart, first, second));
    all.extend(rounds(scene, apart, second, first));
    all
}

/// Two loops that wait for each other in each round; the shorter goes on for as long as the other.
fn rounds(scene: &Scene<'_>, apart: &Apart<'_>, before: &Side<'_>, after: &Side<'_>) -> Option<Proposal> {
    let (count, other) = (rounds_of(before)?, rounds_of(after)?);
    let begun = scene.fresh(words::done(before.step), &[]);
    let over = scene.fresh(words::done(after.step), &[&begun]);
    let (begun, over) = (format!("barrier: {begun}"), format!("barrier: {over}"));
    let (text, (own, at), (theirs, place)) = (scene.text, before.own, after.own);
    let mut first = text.after(own, at, &begun)?;
    first.text.push_str(&text.after(own, at, &over)?.text);
    let mut changes = vec![first, text.before(theirs, place, &begun)?, text.after(theirs, place, &over)?];
    let mut words = format!(
        "take turns: put {} and {} {} in lane `{}`, and {} {} and {} {} in lane `{}`",
        text.written(own, at, &begun),
        text.written(own, at, &over),
        words::behind(scene, own, at),
        apart.lanes[before.lane].name.text,
        text.written(theirs, place, &begun),
        words::ahead(scene, theirs, place),
        text.written(theirs, place, &over),
        words::behind(scene, theirs, place),
        apart.lanes[after.lane].name.text,
    );
    let (one, two) = (number(count)?, number(other)?);
    if one != two {
        let (shorter, longer) = if one < two { (count, other) } else { (other, count) };
        changes.push(Change::replace(shorter.span, &longer.text));
        let line = scene.line(shorter.span.start);
        words = format!("{words}, and write `repeat: {}` in line {line}", longer.text);
    }
    Some(Proposal { words, changes })
}

/// How often the loop runs that a step stands in.
fn rounds_of<'s>(side: &Side<'s>) -> Option<&'s Scalar> {
    let StepKind::Repeat { times: Times::Count(count), until: None, steps, .. } = &side.child().kind else {
        return None;
    };
    steps.iter().any(|step| std::ptr::eq(step, side.step)).then_some(count)
}

fn number(count: &Scalar) -> Option<u64> {
    count.text.parse().ok()
}

/// What a step does, and to what: steps that are rivals do the same to the same.
fn rivalry(scene: &Scene<'_>, call: &Call) -> Option<(&'static str, String)> {
    Some(match &call.verb {
        Verb::Send { to, .. } => ("send", receiver(scene, &call.endpoint.text, to.as_ref())?),
        Verb::Connect { to, .. } => ("connect", to.text.clone()),
        Verb::Accept { listener, .. } => ("accept", listener.text.clone()),
        Verb::Recv { .. } | Verb::Read { .. } => ("recv", call.endpoint.text.clone()),
        Verb::Bind { address } | Verb::Listen { address: Some(address), .. } => ("bind", address.text.clone()),
        _ => return None,
    })
}

/// Rivals in three lanes or more, one after the other, as in the usual run.
fn chain(scene: &Scene<'_>, apart: &Apart<'_>) -> Option<Proposal> {
    let what = rivalry(scene, apart.first.call()?)?;
    let is_rival = |call: &Call| rivalry(scene, call).as_ref() == Some(&what);
    if !is_rival(apart.second.call()?) {
        return None;
    }
    let mut rivals = Vec::new();
    for (index, lane) in apart.lanes.iter().enumerate() {
        let own = [&apart.first, &apart.second].into_iter().find(|side| side.lane == index);
        let at = match own {
            Some(side) => Some(side.index).filter(|_| std::ptr::eq(side.step, side.child())),
            None => lane.steps.iter().position(|step| call(step).is_some_and(is_rival)),
        };
        if let Some(at) = at {
            let line = scene.line(lane.steps[at].span.start);
            let began = scene.ways.first().and_then(|way| way.began(line..=line));
            rivals.push((began.unwrap_or(u64::MAX), index, at));
        }
    }
    if rivals.len() < 3 {
        return None;
    }
    rivals.sort_unstable();
    let (mut changes, mut parts, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for pair in rivals.windows(2) {
        let ((_, one, at), (_, other, place)) = (pair[0], pair[1]);
        let (before, after) = (list(&apart.lanes[one]), list(&apart.lanes[other]));
        let known: Vec<&str> = taken.iter().map(String::as_str).collect();
        let name = scene.fresh(words::done(&before.steps[at]), &known);
        let body = format!("barrier: {name}");
        changes.push(scene.text.after(before, at, &body)?);
        changes.push(scene.text.before(after, place, &body)?);
        let written = scene.text.written(before, at, &body);
        parts.push(format!("{written} {} and {}", words::behind(scene, before, at), words::ahead(scene, after, place)));
        taken.push(name);
    }
    Some(Proposal { words: format!("let one come after the other: put {}", parts.join(", ")), changes })
}
