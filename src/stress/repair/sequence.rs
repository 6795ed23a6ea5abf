//! The steps one after the other, in place of a `parallel`: in the order of the run that was not
//! perturbed.

use std::fmt::Write as _;

use super::Proposal;
use super::edit::Change;
use super::scene::{Apart, Scene, barrier, list};

/// The steps of all lanes in the order in which that run began them.
pub(super) fn proposal(scene: &Scene<'_>, apart: &Apart<'_>) -> Option<Proposal> {
    let usual = scene.ways.first().filter(|way| way.record.failure.is_none())?;
    let (around, text) = (apart.around, scene.text);
    let indent = text.indent(around.list, around.index)?;
    // The comments above stay.
    let lines = text.lines(around.list, around.index)?;
    let place = text.line_start(apart.parallel.span.start as usize)..lines.end;
    let mut steps: Vec<(u64, String)> = Vec::new();
    for lane in apart.lanes {
        let mut last = 0;
        for (index, step) in lane.steps.iter().enumerate() {
            // Steps in a sequence meet nobody.
            if barrier(step).is_some() {
                continue;
            }
            let own = scene.line(step.span.start)..=scene.last_line(step);
            // What leaves no line in a trace comes behind what stands before it.
            last = usual.began(own).unwrap_or(last).max(last);
            let own = text.lines(list(lane), index)?;
            steps.push((last, shifted(&text.0[own], text.indent(list(lane), index)?.len(), indent)));
        }
    }
    steps.sort_by_key(|(began, _)| *began);
    let words = format!(
        "write the steps of {} one after the other, in place of the `parallel` in line {}: a step is complete when \
         its effect has arrived",
        super::words::listed(&apart.lanes.iter().map(|lane| lane.name.text.as_str()).collect::<Vec<_>>()),
        scene.line(apart.parallel.span.start),
    );
    let text = steps.into_iter().map(|(_, lines)| lines).collect();
    Some(Proposal { words, changes: vec![Change { at: place, text }] })
}

/// Lines with another indentation.
fn shifted(lines: &str, from: usize, indent: &str) -> String {
    let mut out = String::with_capacity(lines.len());
    for line in lines.split_inclusive('\n') {
        let own = line.len() - line.trim_start_matches(' ').len();
        if line.trim().is_empty() {
            out.push_str(line);
        } else {
            let _ = write!(out, "{indent}{:width$}{}", "", &line[own..], width = own.saturating_sub(from));
        }
    }
    out
}
