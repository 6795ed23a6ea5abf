//! The ordering that a test lacks, and what would mend it.

use similar::{ChangeTag, TextDiff};

use super::{Options, grouped, sentence};
use crate::diagnostic::full::plain;
use crate::report::paint::{ADDED, MARK, Page, QUIET, REMOVED, STRONG};
use crate::report::terminal::shown_path;
use crate::stress::cause::Kind;
use crate::stress::difference::first_lines;
use crate::stress::{Cause, Ended, Missing, Orders, Repair, Side, Stressed, Tally};

/// How many ways are shown with the order that leads there.
const WAYS: usize = 4;
/// How many steps of an order are named.
const STEPS: usize = 24;

/// How many orders were tried: `12 of 12 orders`, `200 orders, chosen by the seed`.
pub(super) fn tried(tried: u32, all: bool) -> String {
    match (tried, all) {
        (1, true) => "the only order".to_owned(),
        (tried, true) => format!("all {} orders", grouped(tried.into())),
        (tried, false) => format!("{} orders, not all that there are,", grouped(tried.into())),
    }
}

/// What is known of the steps that nothing orders.
pub(super) fn draw(page: &mut Page, stressed: &Stressed, tally: &Tally, options: &Options<'_>) {
    if let Some(missing) = &tally.missing {
        draw_sides(page, stressed, missing, options);
    }
    if let Some(orders) = tally.orders.as_ref().filter(|orders| !orders.agree()) {
        draw_orders(page, orders, tally, options);
    }
    if let Some(missing) = &tally.missing {
        draw_repairs(page, stressed, missing, options);
    } else if let Some(cause) = &tally.cause {
        sentence(page, &because(cause), options);
        page.end_line();
    }
}

/// What makes a test differ that lacks no ordering.
pub(super) fn because(cause: &Cause) -> String {
    let kinds = match cause {
        Cause::Elsewhere => {
            return "no order of the spec's steps decides it, and no perturbation alone: a program, a timer or a choice of \
                    the kernel's does. Wait for what it does (`ready`, `expect`, `recv`), or match both (`one_of`, \
                    `fails`, `expect: [eof, reset]`)"
                .to_owned();
        }
        Cause::Perturbed(kinds) => kinds,
    };
    let words: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
    let what = match kinds[..] {
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
fn draw_sides(page: &mut Page, stressed: &Stressed, missing: &Missing, options: &Options<'_>) {
    page.push("  ");
    page.paint(STRONG, "missing ordering: nothing says which of these two steps comes first");
    page.end_line();
    let sides = [&missing.first, &missing.second];
    let width = sides.map(|side| side.step.0.to_string().len()).into_iter().max().unwrap_or_default();
    for side in sides {
        page.blanks(width + 2);
        page.paint(MARK, "-->");
        let own = stressed.path.to_string_lossy();
        let file = side.step.1.as_deref().unwrap_or(&own);
        let path = shown_path(std::path::Path::new(file)).into_owned();
        page.push(&format!(" {}:{}, lane `{}`{}", plain(&path), side.step.0, plain(&side.lane), which(side)));
        page.end_line();
        page.push("  ");
        page.paint(MARK, &format!("{:>width$} |", side.step.0));
        page.push(&format!(" {}", plain(&side.text)));
        page.end_line();
    }
    let lines = first_lines(&missing.orders[0].record, &missing.orders[1].record);
    let heads = [head(&missing.first), head(&missing.second)];
    let width = heads.iter().map(|head| head.chars().count()).max().unwrap_or_default();
    for (head, line) in heads.iter().zip(lines) {
        let line = line.trim_start();
        sentence(page, &format!("{head:width$} {line}"), options);
    }
    page.end_line();
}

/// A step of an order.
fn line((line, rest): (u32, bool)) -> String {
    if rest { format!("the rest of {line}") } else { line.to_string() }
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

/// For each way the shortest order that leads there, by the lines of its steps.
fn draw_orders(page: &mut Page, orders: &Orders, tally: &Tally, options: &Options<'_>) {
    let all = if orders.all { "all that there are" } else { "not all that there are" };
    sentence(page, &format!("{} orders of the lanes' steps were tried, {all}:", grouped(orders.tried.into())), options);
    for way in orders.ways.iter().take(WAYS) {
        let record = &way.shortest.record;
        let is_usual = tally.usual().is_some_and(|usual| usual.is_of(record, &way.shortest.trace));
        let outcome = match &record.failure {
            Some(failure) => format!("fails at line {}", failure.line),
            None if is_usual => "the trace of the unperturbed run".to_owned(),
            None => "another trace".to_owned(),
        };
        let steps: Vec<String> = way.shortest.lines.iter().take(STEPS).copied().map(line).collect();
        let more = if way.shortest.lines.len() > STEPS { ", …" } else { "" };
        sentence(
            page,
            &format!(
                "  {} of them: {outcome}, as with the lines {}{more}",
                grouped(way.count.into()),
                steps.join(", ")
            ),
            options,
        );
    }
    if orders.ways.len() > WAYS {
        sentence(page, &format!("  and {} other ways", orders.ways.len() - WAYS), options);
    }
    page.end_line();
}

fn draw_repairs(page: &mut Page, stressed: &Stressed, missing: &Missing, options: &Options<'_>) {
    let own = std::fs::read_to_string(&stressed.path).unwrap_or_default();
    for (nth, repair) in missing.repairs.iter().enumerate() {
        let which = if nth == 0 { "to mend it: " } else { "or: " };
        sentence(page, &format!("{which}{}", repair.words.join("; and ")), options);
        draw_change(page, &own, &repair.text);
        sentence(page, &format!("tried: {}", proof(repair)), options);
        page.end_line();
    }
    if missing.repairs.is_empty() {
        let text = "nothing that was tried makes it go one way: order the two by a `barrier`, let the second wait for \
                    what the first does (`expect`), or allow both outcomes";
        sentence(page, text, options);
        page.end_line();
    }
}

/// With what a repair was tried.
pub(super) fn proof(repair: &Repair) -> String {
    let runs = format!("{} perturbed runs", repair.runs);
    match repair.orders {
        0 => format!("{runs} go one way, and pass"),
        orders => format!("{} and {runs} go one way, and pass", tried(orders, repair.all)),
    }
}

/// The lines that change, with their numbers.
fn draw_change(page: &mut Page, own: &str, changed: &str) {
    let diff = TextDiff::from_lines(own, changed);
    for change in diff.grouped_ops(1).iter().flatten().flat_map(|op| diff.iter_changes(op)) {
        let (sign, style, number) = match change.tag() {
            ChangeTag::Equal => (' ', anstyle::Style::new(), change.new_index()),
            ChangeTag::Insert => ('+', ADDED, change.new_index()),
            ChangeTag::Delete => ('-', REMOVED, change.old_index()),
        };
        let number = number.map_or_else(String::new, |number| (number + 1).to_string());
        page.push("  ");
        page.paint(QUIET, &format!("{number:>4} "));
        page.paint(style, &format!("{sign} {}", plain(change.value().trim_end())));
        page.end_line();
    }
}

/// What is shown of tests that go one way in every order of their lanes' steps.
pub(super) fn agreed(tally: &Tally) -> Option<String> {
    let orders = tally.orders.as_ref().filter(|orders| orders.agree() && orders.tried > 0)?;
    Some(match (orders.all, orders.tried) {
        (true, 1) => "its lanes' steps have one order".to_owned(),
        (true, tried) => format!("{0} of {0} orders give this trace", grouped(tried.into())),
        (false, tried) => format!("{} orders, not all that there are, give this trace", grouped(tried.into())),
    })
}

/// How many orders were tried of all tests.
pub(super) fn in_all(ended: &Ended) -> Option<String> {
    let tallies = ended.specs.iter().flat_map(|stressed| &stressed.tests);
    let orders: Vec<&Orders> = tallies.filter_map(|tally| tally.orders.as_ref()).collect();
    let (tests, all) = (orders.len(), orders.iter().filter(|orders| orders.all).count());
    let tried: u64 = orders.iter().map(|orders| u64::from(orders.tried)).sum();
    let whole = match all {
        all if all == tests => ", all that there are".to_owned(),
        0 => String::new(),
        all => format!(", all that there are of {all} of the tests"),
    };
    let unit = if tests == 1 { "test" } else { "tests" };
    (tests > 0).then(|| format!("{tests} {unit} with lanes: {} orders of their steps{whole}", grouped(tried)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_endings() {
        let shown = [1, 2, 3, 4, 11, 12, 21, 22, 113].map(ordinal);
        assert_eq!(shown, ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "22nd", "113th"]);
    }
}
