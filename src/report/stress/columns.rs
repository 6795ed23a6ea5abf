//! Two traces side by side.

use similar::{DiffOp, TextDiff};
use unicode_width::UnicodeWidthChar;

use super::super::paint::{ADDED, Page, QUIET, REMOVED, STRONG};
use crate::diagnostic::full::{fold, plain};
use crate::stress::Difference;
use crate::stress::difference::FAILED;

/// How many events are shown of each.
const LINES: usize = 16;
/// Over how many lines of its column an event may go.
const LONGEST: usize = 3;
/// How much is shown before what differs, where an event is too long.
const CONTEXT: usize = 8;
/// What stands between the columns.
const BETWEEN: &str = " │ ";

/// Draws what two ways of a test show, from the event before the first that differs on.
pub(super) fn draw(page: &mut Page, heads: &[String; 2], difference: &Difference, width: usize) {
    let column = (width - "  ".len() - 3) / 2;
    row(page, column, Some(&heads[0]), Some(&heads[1]), [STRONG, STRONG]);
    page.paint(QUIET, &format!("  {}─┼─{}", "─".repeat(column), "─".repeat(column)));
    page.end_line();
    if let Some(before) = &difference.before {
        let last = before.lines().last();
        row(page, column, last, last, [anstyle::Style::new(); 2]);
    }
    let (one, other) = (shown(&difference.one), shown(&difference.other));
    for op in TextDiff::configure().diff_slices(&one, &other).ops() {
        let (left, right) = (&one[op.old_range()], &other[op.new_range()]);
        let colors = match op {
            DiffOp::Equal { .. } => [anstyle::Style::new(); 2],
            _ => [REMOVED, ADDED],
        };
        for at in 0..left.len().max(right.len()) {
            match (left.get(at), right.get(at)) {
                (Some(left), Some(right)) => {
                    let [left, right] = abridged([left, right], column);
                    row(page, column, Some(&left), Some(&right), colors);
                }
                (left, right) => row(page, column, left.copied(), right.copied(), colors),
            }
        }
    }
    let (one, other) = (more(&difference.one), more(&difference.other));
    if one.is_some() || other.is_some() {
        row(page, column, one.as_deref(), other.as_deref(), [QUIET, QUIET]);
    }
}

fn shown(lines: &[String]) -> Vec<&str> {
    // To leave out a single line would save nothing.
    let count = if lines.len() > LINES + 1 { LINES } else { lines.len() };
    let lines: Vec<&str> = lines[..count].iter().map(String::as_str).collect();
    if lines.is_empty() { vec!["(nothing more)"] } else { lines }
}

fn more(lines: &[String]) -> Option<String> {
    (lines.len() > LINES + 1).then(|| format!("… {} more lines", lines.len() - LINES))
}

/// Two events of which what they have in common at their beginning is left out in part, where it is so
/// long that what differs would not be seen.
pub(super) fn abridged(texts: [&str; 2], column: usize) -> [String; 2] {
    let common = texts[0].chars().zip(texts[1].chars()).take_while(|(one, other)| one == other).count();
    let is_cut = |text: &str| wrapped(text, column, false).last().is_some_and(|(line, _)| line.ends_with('…'));
    if texts[0] == texts[1] || common < column + CONTEXT || !texts.into_iter().any(is_cut) {
        return texts.map(str::to_owned);
    }
    texts.map(|text| {
        let begins = text.chars().take(column.saturating_sub(CONTEXT + 1));
        begins.chain(['…']).chain(text.chars().skip(common - CONTEXT)).collect()
    })
}

/// A row of both columns; what is too long for its column goes on in the next line.
fn row(page: &mut Page, column: usize, left: Option<&str>, right: Option<&str>, colors: [anstyle::Style; 2]) {
    let folds = |text: &str| colors[0] == STRONG || text.starts_with(FAILED) || text.starts_with("end ");
    let cell = |text: Option<&str>| text.map_or_else(Vec::new, |text| wrapped(text, column, folds(text)));
    let (left, right) = (cell(left), cell(right));
    for at in 0..left.len().max(right.len()) {
        let cell = |lines: &[(String, usize)]| lines.get(at).cloned().unwrap_or_default();
        let ((left, used), (right, _)) = (cell(&left), cell(&right));
        page.push("  ");
        page.paint(colors[0], &left);
        page.blanks(column - used);
        page.paint(QUIET, BETWEEN);
        page.paint(colors[1], &right);
        page.end_line();
    }
}

/// The lines of a cell, each with its width. Those after the first are indented as the first is, and
/// two columns more. A sentence is folded at blanks, a line of a trace wherever it is full, and cut
/// where it is too long.
pub(super) fn wrapped(text: &str, column: usize, folds: bool) -> Vec<(String, usize)> {
    let indent = (text.len() - text.trim_start_matches(' ').len() + 2).min(column / 2);
    let text = plain(text);
    let folded = if folds { fold(&text, column - indent) } else { text };
    let mut lines: Vec<(String, usize)> = Vec::new();
    for part in folded.lines() {
        lines.push(if lines.is_empty() { (String::new(), 0) } else { (" ".repeat(indent), indent) });
        for letter in part.chars() {
            let width = letter.width().unwrap_or_default();
            if lines.last().is_some_and(|(_, used)| used + width > column) {
                lines.push((" ".repeat(indent), indent));
            }
            if let Some((line, used)) = lines.last_mut() {
                line.push(letter);
                *used += width;
            }
        }
    }
    if !folds && lines.len() > LONGEST {
        lines.truncate(LONGEST);
        if let Some((line, _)) = lines.last_mut() {
            line.pop();
            line.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_below_in_its_column() {
        let difference = Difference {
            step: None,
            before: Some("client    send 11 \"hello world\"".to_owned()),
            one: vec!["conn      recv 11 \"hello world\"".to_owned(), "conn      eof".to_owned()],
            other: vec!["failed: conn received something else".to_owned()],
        };
        let mut page = Page::new(false);
        draw(&mut page, &["12 of 20 runs".to_owned(), "8 of 20 runs".to_owned()], &difference, 60);
        let drawn = page.finish();
        assert!(drawn.lines().all(|line| line.chars().count() <= 60), "{drawn}");
        assert_eq!(
            drawn,
            concat!(
                "  12 of 20 runs               │ 8 of 20 runs\n",
                "  ────────────────────────────┼────────────────────────────\n",
                "  client    send 11 \"hello wo │ client    send 11 \"hello wo\n",
                "    rld\"                      │   rld\"\n",
                "  conn      recv 11 \"hello wo │ failed: conn received\n",
                "    rld\"                      │   something else\n",
                "  conn      eof               │\n",
            )
        );
    }

    #[test]
    fn what_differs_in_a_long_payload_is_seen() {
        let event = |end: &str| format!("conn      recv 500 \"{}{end}{}\"", "x".repeat(300), "y".repeat(197));
        let difference =
            Difference { step: None, before: Some(event("000")), one: vec![event("one")], other: vec![event("two")] };
        let mut page = Page::new(false);
        draw(&mut page, &["1 of 2 runs".to_owned(), "1 of 2 runs".to_owned()], &difference, 60);
        assert_eq!(
            page.finish(),
            concat!(
                "  1 of 2 runs                 │ 1 of 2 runs\n",
                "  ────────────────────────────┼────────────────────────────\n",
                "  conn      recv 500 \"xxxxxxx │ conn      recv 500 \"xxxxxxx\n",
                "    xxxxxxxxxxxxxxxxxxxxxxxxx │   xxxxxxxxxxxxxxxxxxxxxxxxx\n",
                "    xxxxxxxxxxxxxxxxxxxxxxxx… │   xxxxxxxxxxxxxxxxxxxxxxxx…\n",
                "  conn      recv 500…xxxxxxxx │ conn      recv 500…xxxxxxxx\n",
                "    oneyyyyyyyyyyyyyyyyyyyyyy │   twoyyyyyyyyyyyyyyyyyyyyyy\n",
                "    yyyyyyyyyyyyyyyyyyyyyyyy… │   yyyyyyyyyyyyyyyyyyyyyyyy…\n",
            )
        );
    }
}
