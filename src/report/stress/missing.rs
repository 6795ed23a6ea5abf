//! The two steps of a test that nothing orders, and what makes a test differ that lacks no ordering.

use std::path::Path;

use super::columns::{abridged, wrapped};
use super::{NARROWEST, Options, sentence};
use crate::diagnostic::full::plain;
use crate::report::paint::{MARK, Page, STRONG};
use crate::report::terminal::shown_path;
use crate::stress::cause::Kind;
use crate::stress::difference::{FAILED, first_lines};
use crate::stress::{Cause, Missing, Side, Stressed, Tally};

/// Of a test that goes another way whatever is left out.
const ELSEWHERE: &str = "no order of the spec's steps decides it, and none of `segments`, `buffers` and `schedule` \
     alone: a program, a timer, the load of the machine or a choice of the kernel's does. Wait for what it does \
     (`ready`, `expect`, `recv`), or match both (`one_of`, `fails`, `expect: [eof, reset]`)";

/// What makes a test differ of which no two steps are known that nothing orders.
pub(super) fn because(tally: &Tally) -> Option<String> {
    let orders = tally.orders.as_ref().filter(|orders| !orders.agree() && !orders.wavers);
    match (&tally.cause, orders) {
        _ if tally.missing.is_some() => None,
        (_, Some(_)) => Some("which two steps decide it was not found".to_owned()),
        (Some(Cause::Perturbed(kinds)), None) => Some(perturbed(kinds)),
        (Some(Cause::Elsewhere), None) => Some(ELSEWHERE.to_owned()),
        (None, None) => None,
    }
}

fn perturbed(kinds: &[Kind]) -> String {
    let words: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
    let what = match kinds {
        [Kind::Segments, ..] => {
            "a send that arrives in pieces makes it. `recv` takes what its pattern frames, however that arrives, and \
             `read` what is there by then. Where a peer takes one read for a message, say so"
        }
        [Kind::Buffers, ..] => {
            "small buffers make it: more is sent than they hold before somebody receives it. Receive in another lane \
             meanwhile; where the size of the buffers is the point, set it (`SO_SNDBUF`, `SO_RCVBUF`), or say so"
        }
        _ => {
            "a delay before a step makes it: by then a program, a timer or the kernel has gone on. Wait for what it does \
             (`ready`, `expect`, `recv`) on this side, too, or say so"
        }
    };
    let off: Vec<String> = kinds.iter().map(|kind| format!("{}: false", kind.word())).collect();
    format!("{what}: `perturb: {{{}, why: …}}`. Without {} these seeds go the usual way", off[0], words.join(" or "))
}

/// The two steps, on their lines.
pub(super) fn draw(page: &mut Page, stressed: &Stressed, missing: &Missing, options: &Options<'_>) {
    let columns = options.style.width.max(NARROWEST);
    page.push("  ");
    // Sixty columns are enough for what is not folded here.
    page.paint(STRONG, "missing ordering: nothing says which of these is first");
    page.end_line();
    let sides = [&missing.first, &missing.second];
    let width = sides.map(|side| side.step.0.to_string().len()).into_iter().max().unwrap_or_default();
    for side in sides {
        let path = side.step.1.as_deref().map_or(stressed.path.as_path(), Path::new);
        let place = format!("{}:{}", plain(&shown_path(path)), side.step.0);
        let which = format!("lane `{}`{}", plain(&side.lane), which(side));
        let has_room = width + "  --> ".len() + place.chars().count() + ", ".len() + which.chars().count() <= columns;
        page.blanks(width + 2);
        page.paint(MARK, "-->");
        page.push(&format!(" {place}{}", if has_room { format!(", {which}") } else { String::new() }));
        page.end_line();
        page.push("  ");
        page.paint(MARK, &format!("{:>width$} |", side.step.0));
        page.push(&format!(" {}", plain(&side.text)));
        page.end_line();
        if !has_room {
            page.blanks(width + 3);
            page.paint(MARK, "=");
            page.push(&format!(" {which}"));
            page.end_line();
        }
    }
    draw_outcomes(page, missing, columns - 2);
    if missing.first.rest || missing.second.rest {
        sentence(page, "it shows only where what is sent arrives in two parts", options);
    }
    page.end_line();
}

/// What comes of it where the one is first, and where the other is.
fn draw_outcomes(page: &mut Page, missing: &Missing, columns: usize) {
    let heads = [head(&missing.first), head(&missing.second)];
    let width = heads.iter().map(|head| head.chars().count()).max().unwrap_or_default() + 1;
    let lines = first_lines(&missing.orders[0].record, &missing.orders[1].record);
    let shown = abridged([&lines[0], &lines[1]], columns - width);
    for (head, line) in heads.iter().zip(&shown) {
        for (nth, (part, _)) in wrapped(line, columns - width, line.starts_with(FAILED)).into_iter().enumerate() {
            page.push(&format!("  {:width$}{part}", if nth == 0 { head } else { "" }));
            page.end_line();
        }
    }
}

fn head(side: &Side) -> String {
    let rest = if side.rest { "the rest of " } else { "" };
    format!("{rest}line {} first:", side.step.0)
}

/// Which part of a step it was, and which time that it ran.
fn which(side: &Side) -> String {
    let part = if side.rest { ", the second part of what it sends" } else { "" };
    part.to_owned() + &side.time.map_or_else(String::new, |time| format!(", the {} time", ordinal(time)))
}

fn ordinal(number: u32) -> String {
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::orders::way;
    use super::*;
    use crate::stress::Orders;
    use crate::trace::record::Failure;

    #[test]
    fn numbers_have_their_endings() {
        let shown = [1, 2, 3, 4, 11, 12, 21, 22, 113].map(ordinal);
        assert_eq!(shown, ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "22nd", "113th"]);
    }

    #[test]
    fn a_cause_says_what_to_do_and_what_was_tried() {
        let segments = perturbed(&[Kind::Segments, Kind::Schedule]);
        assert!(segments.contains("`perturb: {segments: false, why: …}`"), "{segments}");
        assert!(segments.ends_with("Without `segments` or `schedule` these seeds go the usual way"), "{segments}");
        let buffers = perturbed(&[Kind::Buffers]);
        assert!(
            buffers.contains("`SO_SNDBUF`") && buffers.contains("`perturb: {buffers: false, why: …}`"),
            "{buffers}"
        );
        let delay = perturbed(&[Kind::Schedule]);
        assert!(delay.contains("`ready`") && delay.contains("`perturb: {schedule: false, why: …}`"), "{delay}");
    }

    #[test]
    fn orders_are_not_said_to_decide_nothing_where_they_do() {
        let mut tally = Tally::new(String::new());
        assert_eq!(because(&tally), None);
        tally.cause = Some(Cause::Elsewhere);
        assert_eq!(because(&tally).as_deref(), Some(ELSEWHERE));
        let way = |line: u32| way(1, &[], Some(Failure { line, ..Failure::default() }));
        let mut orders = Orders::default();
        orders.ways.extend([way(3), way(4)]);
        tally.orders = Some(orders);
        assert_eq!(because(&tally).as_deref(), Some("which two steps decide it was not found"));
        tally.orders.as_mut().unwrap().wavers = true;
        assert_eq!(because(&tally).as_deref(), Some(ELSEWHERE));
    }
}
