//! A receive that takes what has come by then becomes one that takes what its pattern frames; a
//! send that does not wait becomes one that does.

use crate::spec::ast::{Call, Form, Scalar, Step, Verb};
use crate::trace::event::What;
use crate::trace::shown::{Shown, total_size};

use super::Proposal;
use super::edit::Change;
use super::scene::{Scene, call};
use super::words;

/// Receives that are framed, of the steps whose runs differ.
pub(super) fn proposals(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut all = Vec::new();
    for (step, call) in scene.calls() {
        let in_pair = scene.pair.iter().any(|own| std::ptr::eq(*own, step));
        if !in_pair && !differs(scene, step) {
            continue;
        }
        if let Verb::Read { size, is, truncated: None, waitall: None, discard: None } = &call.verb {
            all.extend(framed(scene, step, call, size, is.as_ref()));
        }
        all.extend(waiting(scene, step, call));
    }
    all
}

/// Whether runs differ in what a step did, or failed there.
fn differs(scene: &Scene<'_>, step: &Step) -> bool {
    let seen: Vec<&What> = (0..scene.ways.len())
        .filter_map(|way| scene.happened(way, step))
        .map(|happened| &happened.event.what)
        .collect();
    let failed = (0..scene.ways.len()).any(|way| scene.failure(way, step).is_some());
    failed || seen.windows(2).any(|pair| pair[0] != pair[1])
}

/// `read` as `recv`: of its pattern; else of what runs have received, that of the usual run first.
fn framed(scene: &Scene<'_>, step: &Step, call: &Call, size: &Scalar, is: Option<&Form>) -> Vec<Proposal> {
    if let Some(is) = is.filter(|is| is.span != call.verb_span) {
        return checked(scene, step, call, size, is).into_iter().collect();
    }
    let mut patterns: Vec<(u64, String)> = Vec::new();
    for way in 0..scene.ways.len() {
        let Some(happened) = scene.happened(way, step) else { continue };
        let What::Data { bytes, .. } = &happened.event.what else { continue };
        let Some(count) = total_size(bytes).filter(|count| *count > 0) else { continue };
        let text = match bytes.as_slice() {
            // Beside a pattern of its own, the bytes would be said twice.
            [Shown::Bytes(bytes)] if is.is_none() => words::quoted(bytes),
            _ => None,
        };
        patterns.push((count, text.unwrap_or_else(|| format!("{{bytes: {count}}}"))));
    }
    // What the usual run got, and after it whatever is longest: the most that belongs together.
    let rest = patterns.split_off(patterns.len().min(1));
    patterns.extend(rest.into_iter().max_by_key(|(count, _)| *count));
    patterns.dedup();
    let proposal = |(_, pattern): (u64, String)| {
        let span = call.verb_span.to(size.span);
        let change = Change::replace(span, format!("recv: {pattern}"));
        Proposal { words: said(scene, step, call, &pattern), changes: vec![change] }
    };
    patterns.into_iter().map(proposal).collect()
}

/// `read` with the pattern that stands beside it.
fn checked(scene: &Scene<'_>, step: &Step, call: &Call, size: &Scalar, is: &Form) -> Option<Proposal> {
    let between = scene.text.0.get(size.span.end as usize..is.span.start as usize)?;
    let plain = between.trim().trim_start_matches(',').trim_start() == "is:";
    let pattern = scene.text.slice(is.span);
    if !plain || call.verb_span.end > size.span.start {
        return None;
    }
    let change = Change::replace(call.verb_span.to(is.span), format!("recv: {pattern}"));
    Some(Proposal { words: said(scene, step, call, pattern), changes: vec![change] })
}

fn said(scene: &Scene<'_>, step: &Step, call: &Call, pattern: &str) -> String {
    format!(
        "write `{}: {{recv: {pattern}}}` in line {}: `read` takes what has come by then, `recv` what its pattern frames",
        call.endpoint.text,
        scene.line(step.span.start),
    )
}

/// A call that does not wait, as one that does.
fn waiting(scene: &Scene<'_>, step: &Step, own: &Call) -> Option<Proposal> {
    let flag = own.nonblocking.as_ref().filter(|_| own.fails.is_none())?;
    call(step)?;
    let change = scene.text.without("nonblocking", flag.span)?;
    let words = format!(
        "leave `nonblocking: true` out in line {}: then {} waits until it can",
        scene.line(step.span.start),
        words::step(scene.text, step),
    );
    Some(Proposal { words, changes: vec![change] })
}
