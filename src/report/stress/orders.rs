//! The orders of the lanes' steps that were tried, and what came of them.

use super::{Options, grouped, hanging, sentence};
use crate::report::paint::Page;
use crate::report::terminal::shown_path;
use crate::stress::orders::OrderWay;
use crate::stress::{Ended, Line, Orders, Tally};

/// How many ways are shown with the order that leads there.
const WAYS: usize = 4;
/// How many steps of an order are named.
const STEPS: usize = 24;

/// How many orders were tried: `both orders`, `all 12 orders`, `a sample of 201 of about 35,000 orders`.
pub(super) fn tried(tried: u32, all: bool, about: u64) -> String {
    match (tried, all) {
        (1, true) => "the only order".to_owned(),
        (2, true) => "both orders".to_owned(),
        (tried, true) => format!("all {} orders", grouped(tried.into())),
        (1, false) => format!("one of {}", estimated(1, about)),
        (tried, false) => format!("a sample of {} of {}", grouped(tried.into()), estimated(tried, about)),
    }
}

/// How many orders there are, where so many were tried and there are others.
fn estimated(tried: u32, about: u64) -> String {
    /// What is beyond is of no interest.
    const MOST: u64 = 1_000_000_000;
    match about {
        about if about <= tried.into() && tried == 1 => "several orders".to_owned(),
        about if about <= tried.into() => format!("more than {} orders", grouped(tried.into())),
        about if about > MOST => format!("more than {} orders", grouped(MOST)),
        about => {
            // Two digits are all that a sample can tell.
            let unit = 10_u64.pow(about.ilog10().saturating_sub(1));
            format!("about {} orders", grouped((about + unit / 2) / unit * unit))
        }
    }
}

/// For each way the shortest order that leads there, by the lines of its steps.
pub(super) fn draw(page: &mut Page, orders: &Orders, tally: &Tally, options: &Options<'_>) {
    if orders.wavers && tally.missing.is_none() {
        sentence(page, "the same order of the lanes' steps goes one way and another", options);
        return page.end_line();
    }
    let cut = orders.split.map_or_else(String::new, |split| format!(", each send cut in two {}", split.in_words()));
    let were = if orders.all && orders.tried > 1 { "were" } else { "was" };
    let head = format!("{} of the lanes' steps {were} tried{cut}:", tried(orders.tried, orders.all, orders.about));
    sentence(page, &head, options);
    let all = || orders.ways.iter().filter(|way| way.count > 0);
    let shown = || all().take(WAYS);
    let widest = shown().map(|way| grouped(way.count.into()).len()).max().unwrap_or_default();
    for way in shown() {
        let count = grouped(way.count.into());
        let text = format!("{count} {}{}", outcome(way, tally), lines(way));
        hanging(page, &text, 4 + widest - count.len(), 4 + widest + 1, options);
    }
    match all().count().saturating_sub(WAYS) {
        0 => {}
        1 => hanging(page, "and one other way", 4, 6, options),
        more => hanging(page, &format!("and {more} other ways"), 4, 6, options),
    }
    page.end_line();
}

/// What comes of orders: `give another trace`, `fails at line 12`.
fn outcome(way: &OrderWay, tally: &Tally) -> String {
    let record = &way.shortest.record;
    let is_usual = tally.usual().is_some_and(|usual| usual.is_of(record, &way.shortest.trace));
    let s = if way.count == 1 { "s" } else { "" };
    let Some(failure) = &record.failure else {
        let which = if is_usual { "the trace of the unperturbed run" } else { "another trace" };
        return format!("give{s} {which}");
    };
    let file = failure.file.as_deref().map_or_else(String::new, |file| format!(" of {}", shown(file)));
    let too = if is_usual { ", as the unperturbed run does" } else { "" };
    format!("fail{s} at line {}{file}{too}", failure.line)
}

/// The order itself, or the shortest of several.
fn lines(way: &OrderWay) -> String {
    let mut steps: Vec<(String, usize)> = Vec::new();
    for line in way.shortest.lines.iter().map(line) {
        match steps.last_mut() {
            Some((last, times)) if *last == line => *times += 1,
            _ => steps.push((line, 1)),
        }
    }
    let times = |(line, times): &(String, usize)| match times {
        1 => line.clone(),
        times => format!("{line} ({times} times)"),
    };
    let shown: Vec<String> = steps.iter().take(STEPS).map(times).collect();
    let begins = if way.count == 1 { ":" } else { ", such as" };
    if let [only] = &way.shortest.lines[..] {
        return format!("{begins} line {} first", line(only));
    }
    let more = if steps.len() > STEPS { ", …" } else { "" };
    format!("{begins} lines {}{more}", shown.join(", "))
}

fn line(line: &Line) -> String {
    let rest = if line.rest { "the rest of " } else { "" };
    let file = line.file.as_deref().map_or_else(String::new, |file| format!(" of {}", shown(file)));
    format!("{rest}{}{file}", line.line)
}

/// The name of a file, without its folders.
fn shown(file: &str) -> String {
    let path = std::path::Path::new(file);
    shown_path(path.file_name().map_or(path, std::path::Path::new)).into_owned()
}

/// What is shown of tests that go one way in every order of their lanes' steps.
pub(super) fn agreed(tally: &Tally) -> Option<String> {
    let orders = tally.orders.as_ref().filter(|orders| orders.agree() && orders.tried > 0)?;
    Some(match (orders.all, orders.tried) {
        (true, 1) => "its lanes' steps have one order".to_owned(),
        (true, tried) => format!("{0} of {0} orders give this trace", grouped(tried.into())),
        (false, count) => format!("{} of its lanes' steps gives this trace", tried(count, false, orders.about)),
    })
}

/// How many orders were tried of all tests.
pub(super) fn in_all(ended: &Ended) -> Option<String> {
    let tallies = ended.specs.iter().flat_map(|stressed| &stressed.tests);
    let orders: Vec<&Orders> = tallies.filter_map(|tally| tally.orders.as_ref()).collect();
    let (tests, all) = (orders.len(), orders.iter().filter(|orders| orders.all).count());
    let count: u64 = orders.iter().map(|orders| u64::from(orders.tried)).sum();
    let whole = match all {
        all if all == tests => ", all that there are".to_owned(),
        0 => ", a sample".to_owned(),
        all => format!(", of {all} of them all that there are"),
    };
    let unit = |count: u64, unit: &str| format!("{} {unit}{}", grouped(count), if count == 1 { "" } else { "s" });
    let (tests, orders) = (tests as u64, unit(count, "order"));
    (tests > 0).then(|| format!("{} with lanes: {orders} of their steps{whole}", unit(tests, "test")))
}

/// A way in which a test went in so many orders, the shortest of which has these lines.
#[cfg(test)]
pub(super) fn way(count: u32, lines: &[u32], failure: Option<crate::trace::record::Failure>) -> OrderWay {
    use crate::trace::record::{Record, VERSION};
    let line = |line: &u32| Line { line: *line, file: None, rest: false };
    let (test, entries, end) = (String::new(), Vec::new(), Vec::new());
    let record = Record { version: VERSION, test, entries, end, failure };
    let lines = lines.iter().map(line).collect();
    let shortest = crate::stress::Order { turns: Vec::new(), lines, record: Box::new(record), trace: String::new() };
    OrderWay { count, shortest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::record::Failure;

    #[test]
    fn how_many_were_tried_is_said_in_words() {
        let words = [(1, true), (2, true), (1234, true)].map(|(count, all)| tried(count, all, 0));
        assert_eq!(words, ["the only order", "both orders", "all 1,234 orders"]);
        let words = [(1, 0), (1, 6), (5, 1263), (201, 34_650), (201, 170), (201, u64::MAX / 16)];
        let words = words.map(|(count, about)| tried(count, false, about));
        let wanted = [
            "one of several orders",
            "one of about 6 orders",
            "a sample of 5 of about 1,300 orders",
            "a sample of 201 of about 35,000 orders",
            "a sample of 201 of more than 201 orders",
            "a sample of 201 of more than 1,000,000,000 orders",
        ];
        assert_eq!(words, wanted);
    }

    #[test]
    fn a_line_that_comes_again_and_again_is_named_once() {
        assert_eq!(lines(&way(1, &[11, 11, 11, 15, 11], None)), ": lines 11 (3 times), 15, 11");
        assert_eq!(lines(&way(2, &[9], None)), ", such as line 9 first");
        let many: Vec<u32> = (1..30).collect();
        assert!(lines(&way(2, &many, None)).ends_with(" 23, 24, …"));
    }

    #[test]
    fn a_step_is_called_by_its_file_and_its_part() {
        let file = Some("specs/net/_login.yaml".to_owned());
        assert_eq!(line(&Line { line: 3, file: file.clone(), rest: true }), "the rest of 3 of _login.yaml");
        let failure = Failure { line: 3, file, ..Failure::default() };
        let tally = Tally::new(String::new());
        assert_eq!(outcome(&way(1, &[3], Some(failure.clone())), &tally), "fails at line 3 of _login.yaml");
        assert_eq!(outcome(&way(2, &[3], Some(failure)), &tally), "fail at line 3 of _login.yaml");
    }

    #[test]
    fn what_the_unperturbed_run_does_is_said() {
        let failure = Failure { line: 9, ..Failure::default() };
        let mut tally = Tally::new(String::new());
        tally.count(*way(1, &[], Some(failure.clone())).shortest.record, None);
        assert_eq!(outcome(&way(4, &[9], Some(failure)), &tally), "fail at line 9, as the unperturbed run does");
        assert_eq!(outcome(&way(1, &[9], None), &tally), "gives another trace");
    }
}
