//! How a trace differs from the accepted one, in the report of a run.

use super::events;
use super::paint::{Page, QUIET, STRONG};
use crate::review::Comparison;

/// How many events that are the same stand round those that differ.
const CONTEXT: usize = 3;
/// How many lines of a difference are shown.
const LIMIT: usize = 200;
/// How many sentences stand above a difference.
const SENTENCES: usize = 5;

/// Says what has changed in plain words, the most important first.
pub(super) fn tell(page: &mut Page, comparison: &Comparison, width: usize) {
    let sentences = &comparison.sentences;
    let shown = if sentences.len() > SENTENCES + 1 { SENTENCES } else { sentences.len() };
    for sentence in &sentences[..shown] {
        page.sentence(STRONG, &sentence.text, 2, width);
    }
    if shown < sentences.len() {
        page.push(&format!("  and {} more changes", sentences.len() - shown));
        page.end_line();
    }
}

/// Draws the events that differ: `-` what was accepted, `+` what came, `<` and `>` what only stands elsewhere.
pub(super) fn draw(page: &mut Page, comparison: &Comparison) {
    let lines = events::lines(comparison, CONTEXT);
    for line in lines.iter().take(LIMIT) {
        page.push("  ");
        page.paint(line.sign.color(), &format!("{}{}", line.sign.mark(), line.text));
        page.end_line();
    }
    if lines.len() > LIMIT {
        page.blanks(4);
        page.paint(QUIET, &format!("… {} more lines", lines.len() - LIMIT));
        page.end_line();
    }
}
