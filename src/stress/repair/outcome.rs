//! Where either outcome is right, the spec says so: exactly those that runs have shown.

use crate::model::errno::Errno;
use crate::spec::ast::{Call, Expectation, Fails, FormKind, Scalar, Step, Verb};
use crate::trace::record::Failure;

use super::Proposal;
use super::edit::Change;
use super::scene::Scene;

/// Allows what was seen, at every step at which runs differ.
pub(super) fn proposals(scene: &Scene<'_>) -> Vec<Proposal> {
    let (mut changes, mut said) = (Vec::new(), Vec::new());
    for (step, call) in scene.calls() {
        let Some((change, what)) = errors(scene, step, call).or_else(|| ends(scene, step, call)) else { continue };
        changes.push(change);
        said.push(format!("`{what}` in line {}", scene.line(step.span.start)));
    }
    if changes.is_empty() {
        return Vec::new();
    }
    let words = format!("allow each outcome that was seen: write {}", said.join(" and "));
    vec![Proposal { words, changes }]
}

/// `fails` with the errors that runs have shown.
fn errors(scene: &Scene<'_>, step: &Step, call: &Call) -> Option<(Change, String)> {
    let written: Vec<&Scalar> = match &call.fails {
        None => Vec::new(),
        Some(Fails::Any(outcomes)) => outcomes.iter().collect(),
        Some(Fails::ByPlatform(_)) => return None,
    };
    let known: Vec<String> = written.iter().map(|outcome| outcome.text.clone()).collect();
    let mut seen: Vec<String> = (0..scene.ways.len()).filter_map(|way| outcome(scene, way, step)).collect();
    seen.retain(|outcome| !known.contains(outcome));
    let failed = (0..scene.ways.len()).any(|way| scene.failure(way, step).is_some());
    if seen.is_empty() || !failed {
        return None;
    }
    let mut all: Vec<String> = Vec::new();
    let none = |outcome: &&String| *outcome == "none";
    let outcomes = known.iter().chain(&seen);
    for outcome in outcomes.clone().filter(none).chain(outcomes.filter(|outcome| *outcome != "none")) {
        if !all.contains(outcome) {
            all.push(outcome.clone());
        }
    }
    let outcomes = format!("[{}]", all.join(", "));
    let change = match (written.first(), written.last()) {
        (Some(first), Some(last)) => replaced(scene, first, last, &all)?,
        _ => scene.text.modifier(step, call, "fails", &outcomes)?,
    };
    Some((change, format!("{}: {{{}: …, fails: {outcomes}}}", call.endpoint.text, scene.text.slice(call.verb_span))))
}

/// What a step gave in a way: an error's name, or `none`.
fn outcome(scene: &Scene<'_>, way: usize, step: &Step) -> Option<String> {
    if let Some(failure) = scene.failure(way, step) {
        let named = failure.label == "succeeded" || Errno::parse(&failure.label).is_some();
        return named.then(|| if failure.label == "succeeded" { "none".to_owned() } else { failure.label.clone() });
    }
    let happened = scene.happened(way, step)?;
    Some(happened.facts.errno.clone().unwrap_or_else(|| "none".to_owned()))
}

/// The words in place of those that are written: one, or a list in brackets.
fn replaced(scene: &Scene<'_>, first: &Scalar, last: &Scalar, all: &[String]) -> Option<Change> {
    let before = scene.text.0.get(..first.span.start as usize)?.trim_end();
    let span = first.span.to(last.span);
    let joined = all.join(", ");
    match before.chars().last()? {
        '[' => Some(Change::replace(span, joined)),
        ':' => Some(Change::replace(span, format!("[{joined}]"))),
        _ => None,
    }
}

/// `[eof, reset]`, where one of them was expected and the other came.
fn ends(scene: &Scene<'_>, step: &Step, call: &Call) -> Option<(Change, String)> {
    let name = &call.endpoint.text;
    let failures: Vec<&Failure> = (0..scene.ways.len()).filter_map(|way| scene.failure(way, step)).collect();
    let came = |label: &str| failures.iter().any(|failure| failure.label == label);
    match &call.verb {
        Verb::Expect { what: Expectation::Any(conditions), .. } => {
            let other = if came("a reset came") {
                "reset"
            } else if came("the end of the stream came") {
                "eof"
            } else {
                return None;
            };
            let mut all: Vec<String> = conditions.iter().map(|condition| condition.text.clone()).collect();
            all.push(other.to_owned());
            let change = replaced(scene, conditions.first()?, conditions.last()?, &all)?;
            Some((change, format!("{name}: {{expect: [{}]}}", all.join(", "))))
        }
        Verb::Recv { pattern, .. } => {
            let FormKind::Rest { end } = &pattern.kind else { return None };
            if !end.is_empty() || failures.is_empty() {
                return None;
            }
            let inner = scene.text.slice(pattern.span).strip_suffix('}')?.trim_end();
            let at = pattern.span.start as usize + inner.len();
            let change = Change { at: at..at, text: ", end: [eof, reset]".to_owned() };
            Some((change, format!("{name}: {{recv: {{rest: true, end: [eof, reset]}}}}")))
        }
        _ => None,
    }
}
