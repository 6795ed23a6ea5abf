//! How a trace differs from the accepted one, line by line.

use std::time::Duration;

use similar::{ChangeTag, DiffOp, TextDiff};

use super::paint::{ADDED, Page, QUIET, REMOVED, STRONG};
use crate::review::compare;

/// How many lines that are the same stand round those that differ.
const CONTEXT: usize = 3;
/// How many lines of a difference are shown.
const LIMIT: usize = 200;
/// How long the search for the smallest difference may take.
const PATIENCE: Duration = Duration::from_millis(300);

/// How many sentences stand above a difference.
const SENTENCES: usize = 5;

/// Says what has changed in plain words, the most important first.
pub(super) fn tell(page: &mut Page, accepted: &str, trace: &str) {
    let sentences = compare(accepted, trace).sentences;
    let shown = if sentences.len() > SENTENCES + 1 { SENTENCES } else { sentences.len() };
    for sentence in &sentences[..shown] {
        page.push("  ");
        page.paint(STRONG, &sentence.text);
        page.end_line();
    }
    if shown < sentences.len() {
        page.push(&format!("  and {} more changes", sentences.len() - shown));
        page.end_line();
    }
}

/// Draws the lines that differ: `-` what was accepted, `+` what came.
pub(super) fn draw(page: &mut Page, accepted: &str, trace: &str) {
    let old: Vec<&str> = accepted.lines().collect();
    let new: Vec<&str> = trace.lines().collect();
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&old, &new);
    let mut shown = 0;
    let mut next = 0;
    for group in diff.grouped_ops(CONTEXT) {
        let begins = group.first().map_or(0, |op| op.new_range().start);
        if begins > next {
            gap(page, "…");
            if let Some(event) = event_of(&new, begins) {
                line(page, ChangeTag::Equal, new[event]);
                if event + 1 < begins {
                    gap(page, "…");
                }
            }
        }
        next = group.last().map_or(next, |op| op.new_range().end);
        for (tag, text) in group.iter().flat_map(|op| lines(op, &old, &new)) {
            shown += 1;
            if shown <= LIMIT {
                line(page, tag, text);
            }
        }
    }
    if shown > LIMIT {
        gap(page, &format!("… {} more lines", shown - LIMIT));
    } else if next < new.len() {
        gap(page, "…");
    }
}

/// The lines of one operation: those taken away first.
fn lines<'t>(op: &DiffOp, old: &[&'t str], new: &[&'t str]) -> Vec<(ChangeTag, &'t str)> {
    if let DiffOp::Equal { .. } = op {
        return new[op.new_range()].iter().map(|text| (ChangeTag::Equal, *text)).collect();
    }
    let removed = old[op.old_range()].iter().map(|text| (ChangeTag::Delete, *text));
    let added = new[op.new_range()].iter().map(|text| (ChangeTag::Insert, *text));
    removed.chain(added).collect()
}

/// Where the event begins whose bytes this line shows.
fn event_of(lines: &[&str], at: usize) -> Option<usize> {
    let is_payload = |line: &str| line.trim_start().starts_with("| ");
    let inside = lines.get(at).is_some_and(|line| is_payload(line));
    inside.then(|| lines[..at].iter().rposition(|line| !is_payload(line)))?
}

fn line(page: &mut Page, tag: ChangeTag, text: &str) {
    page.push("  ");
    match tag {
        ChangeTag::Equal => page.push(&format!("  {text}")),
        ChangeTag::Delete => page.paint(REMOVED, &format!("- {text}")),
        ChangeTag::Insert => page.paint(ADDED, &format!("+ {text}")),
    }
    page.end_line();
}

fn gap(page: &mut Page, text: &str) {
    page.blanks(4);
    page.paint(QUIET, text);
    page.end_line();
}
