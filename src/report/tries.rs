//! A test that ran several times, and went several ways.

use super::paint::{Page, QUIET, STRONG};
use super::terminal::{Options, failed, shown_path};
use super::{changes, terminal};
use crate::review::compare;
use crate::suite::{Outcome, SpecResult, Tries, Way};

/// How many ways are shown.
const MOST_WAYS: usize = 4;
/// How many runs are told by their numbers.
const MOST_NUMBERS: usize = 8;

/// Draws each way: which runs went it, and how it differs.
pub(super) fn draw(page: &mut Page, result: &SpecResult, tries: &Tries, options: Options<'_>) {
    let mut first: Option<&Way> = None;
    let shown = &tries.ways[..tries.ways.len().min(MOST_WAYS)];
    for (index, way) in shown.iter().enumerate() {
        page.push("  ");
        page.paint(STRONG, &which(tries, index));
        page.push(&format!(": {}", terminal::word(&way.outcome)));
        page.end_line();
        draw_way(page, result, way, first, options);
        if !matches!(way.outcome, Outcome::Failed { .. } | Outcome::CouldNotRun { .. }) {
            first = first.or(Some(way));
        }
    }
    let more = tries.ways.len() - shown.len();
    if more > 0 {
        page.push(&format!("  … {more} more ways"));
        page.end_line();
    }
    // A failure has an empty line at its end.
    if more > 0 || !shown.last().is_some_and(|way| matches!(way.outcome, Outcome::Failed { .. })) {
        page.end_line();
    }
}

/// What one way is like without the others.
pub(super) fn text(result: &SpecResult, way: &Way) -> String {
    let mut page = Page::new(false);
    draw_way(&mut page, result, way, None, Options::default());
    page.finish()
}

/// Draws how a way ended, or where its trace is not that of the first way that has one.
fn draw_way(page: &mut Page, result: &SpecResult, way: &Way, first: Option<&Way>, options: Options<'_>) {
    match (&way.outcome, first) {
        (Outcome::Failed { record, written }, _) => {
            failed(page, result.source.as_ref(), record, written.as_deref(), options.style);
        }
        (Outcome::CouldNotRun { reason }, _) => {
            page.push(&format!("    {reason}"));
            page.end_line();
        }
        (Outcome::Changed(change), None) => {
            page.paint(QUIET, &format!("  against {}", shown_path(&change.snapshot)));
            page.end_line();
            changes::draw(page, &compare(&change.accepted, &way.trace));
        }
        (_, Some(first)) => changes::draw(page, &compare(&first.trace, &way.trace)),
        (_, None) => {}
    }
}

/// How many runs went which way, in a few words.
pub(super) fn about(tries: &Tries) -> String {
    format!("{} runs went in {} ways", tries.runs.len(), tries.ways.len())
}

/// Which runs went this way: `runs 1, 2 of 3`.
pub(super) fn which(tries: &Tries, way: usize) -> String {
    let all = tries.runs.len();
    let numbers: Vec<String> =
        tries.runs.iter().zip(1..).filter(|(run, _)| run.way == way).map(|(_, number)| number.to_string()).collect();
    match numbers.as_slice() {
        [one] => format!("run {one} of {all}"),
        some if some.len() <= MOST_NUMBERS => format!("runs {} of {all}", some.join(", ")),
        many => format!("{} of {all} runs, first run {}", many.len(), many[0]),
    }
}
