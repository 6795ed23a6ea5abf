//! The difference of two traces, event by event, each with the line of the spec that it is from.

use maud::{Markup, html};

use super::Places;
use crate::review::{Comparison, Row, RowKind};
use crate::trace::TraceText;
use crate::trace::read::Node;

/// How many events that are the same stand round those that differ.
const CONTEXT: usize = 2;

/// All rows; those that are the same and far from what differs are folded away.
pub(in crate::report::html) fn events(comparison: &Comparison, places: Places<'_>) -> Markup {
    let rows = &comparison.rows;
    let changes: Vec<usize> =
        rows.iter().enumerate().filter(|(_, row)| row.kind.is_change()).map(|(at, _)| at).collect();
    let is_near = |row: usize| changes.iter().any(|change| change.abs_diff(row) <= CONTEXT);
    let mut runs: Vec<(bool, Vec<&Row>)> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let is_near = is_near(number);
        match runs.last_mut() {
            Some((last, run)) if *last == is_near => run.push(row),
            _ => runs.push((is_near, vec![row])),
        }
    }
    html! {
        div.diff.mono role="region" aria-label="Difference by event" tabindex="0" {
            @for (is_near, run) in &runs {
                // To fold a single event away would save nothing.
                @if *is_near || run.len() == 1 {
                    @for row in run { (drawn(row, places)) }
                } @else {
                    details {
                        summary { (run.len()) " events that are the same" }
                        @for row in run { (drawn(row, places)) }
                    }
                }
            }
        }
    }
}

/// A trace without another one.
pub(in crate::report::html) fn trace(trace: &str, places: Places<'_>) -> Markup {
    fn push<'n>(nodes: &'n [Node], out: &mut Vec<&'n Node>) {
        for node in nodes {
            out.push(node);
            push(node.inner(), out);
        }
    }
    let text = TraceText::read(trace);
    let mut nodes = Vec::new();
    push(&text.nodes, &mut nodes);
    html! {
        div.diff.mono role="region" aria-label="Trace" tabindex="0" {
            @for node in nodes { (side("", "", "", &node.head(), Some((places, node.line)), None)) }
        }
    }
}

fn drawn(row: &Row, places: Places<'_>) -> Markup {
    let place = row.new.as_ref().map(|cell| (places, cell.line));
    let (old, new) = (row.old.as_ref().map(|cell| cell.text.as_str()), row.new.as_ref().map(|cell| cell.text.as_str()));
    html! {
        @match (row.kind, old, new) {
            (RowKind::Same, _, Some(new)) => { (side("", "", "", new, place, None)) }
            (RowKind::Renamed, Some(old), Some(new)) => {
                (side("was", "−", "called otherwise: was", old, None, Some(new)))
                (side("is", "+", "is", new, place, Some(old)))
            }
            (_, Some(old), Some(new)) => {
                (side("was", "−", "was", old, None, Some(new)))
                (side("is", "+", "is", new, place, Some(old)))
            }
            (RowKind::MovedAway, Some(old), None) => { (side("was", "<", "moved from here", old, None, None)) }
            (RowKind::MovedHere, None, Some(new)) => { (side("is", ">", "moved here", new, place, None)) }
            (_, Some(old), None) => { (side("was", "−", "gone", old, None, None)) }
            (_, None, Some(new)) => { (side("is", "+", "new", new, place, None)) }
            (_, None, None) => {}
        }
    }
}

/// One side of a row: a sign, which has a word for those who do not see it; the line of the spec; the
/// text, with what the other side has otherwise emphasised.
fn side(
    class: &str,
    sign: &str,
    word: &str,
    text: &str,
    place: Option<(Places<'_>, u32)>,
    other: Option<&str>,
) -> Markup {
    let (before, middle, after) = other.map_or((text, "", ""), |other| parted(text, other));
    html! {
        div class={ "event " (class) } {
            @if sign.is_empty() { span.sign {} } @else { span.sign role="img" aria-label=(word) title=(word) { (sign) } }
            span.place {
                @if let Some((link, line)) = place.and_then(|(places, event)| Some((places.link(event)?, places.line(event)?))) {
                    a href=(link) aria-label={ "line " (line) " of the spec" } { (line) }
                }
            }
            span.text { (before) @if !middle.is_empty() { b { (middle) } } (after) }
        }
    }
}

/// A text in three: what the other one begins with, too, what differs, and what the other ends with,
/// too. No word is cut.
fn parted<'t>(text: &'t str, other: &str) -> (&'t str, &'t str, &'t str) {
    let same = |(one, other): &(char, char)| one == other;
    let size = |c: char| c.len_utf8();
    let before: usize = text.chars().zip(other.chars()).take_while(same).map(|(c, _)| size(c)).sum();
    let (rest, others) = (&text[before..], &other[before..]);
    let after: usize = rest.chars().rev().zip(others.chars().rev()).take_while(same).map(|(c, _)| size(c)).sum();
    let (middle, tail) = rest.split_at(rest.len() - after);
    let other_middle = &others[..others.len() - after];
    let in_word = |c: &char| c.is_alphanumeric();
    let begins_in = |text: &str| text.starts_with(char::is_alphanumeric);
    let ends_in = |text: &str| text.ends_with(char::is_alphanumeric);
    let mut begin = before;
    if begins_in(middle) || begins_in(other_middle) {
        begin -= text[..before].chars().rev().take_while(in_word).map(size).sum::<usize>();
    }
    let mut end = before + middle.len();
    if ends_in(middle) || ends_in(other_middle) {
        end += tail.chars().take_while(in_word).map(size).sum::<usize>();
    }
    (&text[..begin], &text[begin..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::parted;

    #[test]
    fn what_differs_is_between_what_does_not() {
        assert_eq!(parted("send 4 \"ping\"", "send 4 \"pong\""), ("send 4 \"", "ping", "\""));
        assert_eq!(parted("aa", "aaa"), ("", "aa", ""));
        assert_eq!(parted("aaa", "aa"), ("", "aaa", ""));
        assert_eq!(parted("close", "close unread 5"), ("close", "", ""));
        assert_eq!(parted("close unread 5", "close"), ("close", " unread 5", ""));
        assert_eq!(parted("client    eof", "client    expect reset"), ("client    ", "eof", ""));
        assert_eq!(parted("ä", "ö"), ("", "ä", ""));
        assert_eq!(parted("", "x"), ("", "", ""));
    }
}
