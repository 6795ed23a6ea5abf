//! What was expected beside what came, the first difference marked.

use super::paint::{BAD, Page, STRONG};
use super::rows::{self, Row};
use crate::diagnostic::Style;
use crate::model::bytes::is_mostly_unprintable;
use crate::trace::record::Difference;

/// How far everything stands to the right.
const INDENT: usize = 2;
/// What stands between two columns.
const GAP: usize = 3;
/// The narrowest terminal on which both stand side by side.
const WIDE: usize = 76;
/// The column of what is written after `expected` and `got`, one under the other.
const LABEL: usize = 10;

/// Draws a difference.
pub(super) fn draw(page: &mut Page, difference: &Difference, style: Style) {
    if !difference.before.is_empty() {
        labelled(page, "after", &before(difference, style.width));
    }
    match &difference.expected {
        Some(expected) if style.width >= WIDE => side_by_side(page, difference, &expected.0, style.width),
        _ => stacked(page, difference, style.width),
    }
}

fn side_by_side(page: &mut Page, difference: &Difference, expected: &[u8], width: usize) {
    let columns = (width - INDENT - GAP) / 2;
    let expected = cut(expected, difference, columns);
    let got = cut(&difference.got.0, difference, columns);
    // One window for both, so that what belongs together stays beside each other.
    let around = rows::marked(&expected).min(rows::marked(&got));
    let (expected, got) = (rows::window(expected, around), rows::window(got, around));
    page.blanks(INDENT);
    page.paint(STRONG, "expected");
    page.blanks(columns - "expected".len() + GAP);
    page.paint(STRONG, "got");
    page.end_line();
    for at in 0..expected.len().max(got.len()) {
        pair(page, expected.get(at), got.get(at), columns);
    }
}

/// Two rows beside each other, and the marks under them.
fn pair(page: &mut Page, left: Option<&Row>, right: Option<&Row>, columns: usize) {
    page.blanks(INDENT);
    let used = left.map_or(0, Row::columns);
    page.push(left.map_or("", |row| &row.text));
    page.blanks(columns.saturating_sub(used) + GAP);
    page.push(right.map_or("", |row| &row.text));
    page.end_line();
    let (left, right) = (left.and_then(|row| row.mark), right.and_then(|row| row.mark));
    if left.is_none() && right.is_none() {
        return;
    }
    page.blanks(INDENT);
    let mut used = 0;
    if let Some(mark) = left {
        page.blanks(mark.column);
        page.paint(BAD, &"^".repeat(mark.width));
        used = mark.column + mark.width;
    }
    if let Some(mark) = right {
        page.blanks((columns + GAP + mark.column).saturating_sub(used));
        page.paint(BAD, &"^".repeat(mark.width));
    }
    page.end_line();
}

/// One under the other: for narrow terminals, and where words say what was expected.
fn stacked(page: &mut Page, difference: &Difference, width: usize) {
    let columns = width.saturating_sub(INDENT + LABEL).max(20);
    let expected = match (&difference.expected, &difference.expected_words) {
        (Some(expected), _) => shown(&expected.0, difference, columns),
        (None, Some(words)) => vec![Row::plain(words.as_str())],
        (None, None) => Vec::new(),
    };
    labelled(page, "expected", &expected);
    labelled(page, "got", &shown(&difference.got.0, difference, columns));
}

pub(super) fn labelled(page: &mut Page, label: &str, rows: &[Row]) {
    for (at, row) in rows.iter().enumerate() {
        page.blanks(INDENT);
        let label = if at == 0 { label } else { "" };
        page.paint(STRONG, label);
        page.blanks(LABEL.saturating_sub(label.len()).max(usize::from(at == 0)));
        page.push(&row.text);
        page.end_line();
        if let Some(mark) = row.mark {
            page.blanks(INDENT + LABEL + mark.column);
            page.paint(BAD, &"^".repeat(mark.width));
            page.end_line();
        }
    }
}

/// The rows to be shown, no more than are needed round the first difference.
fn shown(bytes: &[u8], difference: &Difference, columns: usize) -> Vec<Row> {
    let rows = cut(bytes, difference, columns);
    let around = rows::marked(&rows);
    rows::window(rows, around)
}

/// What came before the bytes that are compared, in a row or two.
fn before(difference: &Difference, width: usize) -> Vec<Row> {
    let columns = width.saturating_sub(INDENT + LABEL).max(20);
    if is_binary(difference) {
        rows::hex(&difference.before.0, None, columns)
    } else {
        rows::text(&difference.before.0, None, columns)
    }
}

/// The bytes in rows: both sides as text, or both in hex.
fn cut(bytes: &[u8], difference: &Difference, columns: usize) -> Vec<Row> {
    if bytes.is_empty() {
        return vec![Row::plain("nothing")];
    }
    let at = Some((difference.at as usize).min(bytes.len()));
    if is_binary(difference) { rows::hex(bytes, at, columns) } else { rows::text(bytes, at, columns) }
}

fn is_binary(difference: &Difference) -> bool {
    let expected = difference.expected.as_ref().map_or(&[][..], |expected| &expected.0);
    is_mostly_unprintable(&difference.got.0) || is_mostly_unprintable(expected)
}
