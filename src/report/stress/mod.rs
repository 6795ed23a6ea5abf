//! The output of `stress`: each test that went in more than one way, with two of them side by side,
//! and a summary.

mod columns;
mod json;
mod missing;
mod orders;
mod repairs;

use std::path::Path;

use super::paint::{BAD, GOOD, MARK, ODD, Page, QUIET, STRONG};
use super::terminal::{self, shown_path, verdict};
use super::way_out::quoted;
use crate::diagnostic::Style;
use crate::diagnostic::full::{fold, plain};
use crate::stress::tally::{Trouble, Way};
use crate::stress::{Difference, Ended, Place, Stressed, Tally};

pub use json::json;

/// How wide a terminal is at least: less would leave no room for two traces.
const NARROWEST: usize = 40;
/// Up to so many tests, those with lanes that are in order have a line each.
const FEW: usize = 20;
/// How many of the ways that are not shown have a line.
const OTHERS: usize = 3;

/// What is shown, and how.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Colours and width.
    pub style: Style,
    /// The seed of the first run.
    pub seed: u64,
    /// How many tests there are: of a few, those that are in order are told of, too.
    pub tests: usize,
    /// How many runs each test was to have.
    pub runs: u32,
    /// What else the command line said on how the specs are understood, as a shell takes it, each
    /// word with a blank before it.
    pub arguments: &'a str,
}

/// Everything that there is to say.
pub fn text(ended: &Ended, options: &Options<'_>) -> String {
    let mut out: String = ended.specs.iter().map(|stressed| spec(stressed, options)).collect();
    out.push_str(&summary(ended, options));
    out
}

/// What there is to say about a spec; empty where there is nothing.
fn spec(stressed: &Stressed, options: &Options<'_>) -> String {
    if let Some(invalid) = &stressed.invalid {
        return terminal::spec(invalid, terminal::Options { style: options.style, ..terminal::Options::default() });
    }
    let mut page = Page::new(options.style.color);
    for tally in &stressed.tests {
        match &tally.trouble {
            Some(Trouble::Ignored(reason)) => verdict(&mut page, ODD, "ignored", &tally.name, reason),
            Some(Trouble::CouldNotRun(reason)) => verdict(&mut page, BAD, "could not run", &tally.name, reason),
            None => {}
        }
        let few = options.tests <= FEW;
        if let Some(agreed) = orders::agreed(tally).filter(|_| few && !tally.differs() && !tally.fails()) {
            verdict(&mut page, GOOD, "same", &tally.name, &agreed);
        }
        if tally.differs() {
            draw_difference(&mut page, stressed, tally, options);
        } else if let Some(way) = tally.ways.first().filter(|_| tally.fails()) {
            draw_failing(&mut page, stressed, tally, way, options);
        }
    }
    page.finish()
}

/// A test that fails at the same step in every run, perturbed or not.
fn draw_failing(page: &mut Page, stressed: &Stressed, tally: &Tally, way: &Way, options: &Options<'_>) {
    verdict(page, BAD, "failed", &tally.name, "in every run, unperturbed too");
    let failure = way.record.failure.as_ref();
    draw_place(page, stressed.place_of(failure.map(|failure| (failure.line, failure.file.as_deref()))).as_ref());
    sentence(page, failure.map_or("", |failure| &failure.message), options);
    page.push("  to see more: ");
    page.paint(STRONG, &format!("sockspec run {}{}", quoted(&shown_path(&stressed.path)), options.arguments));
    page.end_line();
    page.end_line();
}

fn draw_difference(page: &mut Page, stressed: &Stressed, tally: &Tally, options: &Options<'_>) {
    let (Some(usual), Some(other)) = (tally.usual().or_else(|| tally.ways.first()), tally.other()) else { return };
    verdict(page, BAD, "differs", &tally.name, &ways(tally));
    let difference = Difference::between(&usual.record, &other.record);
    draw_place(page, stressed.place_of(difference.step.as_ref().map(|(line, file)| (*line, file.as_deref()))).as_ref());
    page.end_line();
    let heads = [head(usual, tally), head(other, tally)];
    columns::draw(page, &heads, &difference, options.style.width.max(NARROWEST));
    page.end_line();
    draw_others(page, tally, [usual, other], options);
    draw_reasons(page, stressed, tally, options);
    if let Some(seed) = other.seed.or(usual.seed) {
        page.push("  to see it again: ");
        page.paint(STRONG, &command(stressed, tally, seed, options));
        page.end_line();
    }
    page.end_line();
}

/// What decides which way it goes, and what would mend it.
fn draw_reasons(page: &mut Page, stressed: &Stressed, tally: &Tally, options: &Options<'_>) {
    if let Some(missing) = &tally.missing {
        missing::draw(page, stressed, missing, options);
    }
    if let Some(orders) = tally.orders.as_ref().filter(|orders| !orders.agree()) {
        orders::draw(page, orders, tally, options);
    }
    if let Some(missing) = &tally.missing {
        repairs::draw(page, stressed, missing, options);
    } else if let Some(because) = missing::because(tally) {
        sentence(page, &because, options);
        page.end_line();
    }
}

/// The ways that are not shown, those that came most often.
fn draw_others(page: &mut Page, tally: &Tally, shown: [&Way; 2], options: &Options<'_>) {
    let mut others: Vec<_> =
        tally.ways.iter().filter(|way| !shown.iter().any(|shown| std::ptr::eq(*way, *shown))).collect();
    others.sort_by_key(|way| std::cmp::Reverse(way.count));
    for way in others.iter().take(OTHERS) {
        sentence(page, &format!("another way: {}", head(way, tally)), options);
    }
    let rest = others.iter().skip(OTHERS).map(|way| way.count).sum::<u32>() + tally.others;
    if rest > 0 {
        let unit = if rest == 1 { "run" } else { "runs" };
        sentence(page, &format!("yet other ways: {} {unit}", grouped(rest.into())), options);
    }
    if rest > 0 || !others.is_empty() {
        page.end_line();
    }
}

/// In how many ways the runs went.
fn ways(tally: &Tally) -> String {
    let more = if tally.others > 0 { "more than " } else { "" };
    let runs = if tally.runs == 1 { "run" } else { "runs" };
    format!("{} {runs} went in {more}{} ways", grouped(tally.runs.into()), tally.ways.len())
}

/// How often a way came, and from which seed.
fn head(way: &Way, tally: &Tally) -> String {
    let often = format!("{} of {} runs", grouped(way.count.into()), grouped(tally.runs.into()));
    let is_cut = tally.orders.as_ref().is_some_and(|orders| orders.split.is_some());
    match way.seed {
        _ if way.is_usual && way.count == 0 => "only unperturbed".to_owned(),
        _ if way.is_usual => format!("{often}, and unperturbed"),
        None if way.count == 0 && is_cut => "only with a send cut in two, and an order of its own".to_owned(),
        None if way.count == 0 => "only in an order of its own".to_owned(),
        Some(seed) => format!("{often}, first seed {seed}"),
        None => often,
    }
}

/// The command that makes the run of a seed again.
fn command(stressed: &Stressed, tally: &Tally, seed: u64, options: &Options<'_>) -> String {
    let path = shown_path(&stressed.path);
    let filter = match stressed.tests.len() {
        0 | 1 => String::new(),
        _ => format!(" --filter {}", quoted(&tally.name)),
    };
    format!("sockspec stress {}{filter}{} --seed {seed} --runs 1", quoted(&path), options.arguments)
}

/// The step, as it is written.
fn draw_place(page: &mut Page, place: Option<&Place>) {
    let Some(place) = place else { return };
    let number = place.line.to_string();
    page.blanks(number.len());
    page.paint(MARK, "-->");
    page.push(&format!(" {}:{number}", plain(&shown_path(Path::new(&place.file)))));
    page.end_line();
    if !place.text.is_empty() {
        page.paint(MARK, &format!("{number} |"));
        page.push(&format!(" {}", plain(&place.text)));
        page.end_line();
    }
}

/// A sentence that is folded.
fn sentence(page: &mut Page, text: &str, options: &Options<'_>) {
    hanging(page, text, 2, 2, options);
}

/// A sentence that is folded, with so many blanks before its first line and before the others.
fn hanging(page: &mut Page, text: &str, first: usize, others: usize, options: &Options<'_>) {
    for (nth, line) in fold(&plain(text), options.style.width.max(NARROWEST) - others).lines().enumerate() {
        page.blanks(if nth == 0 { first } else { others });
        page.push(line);
        page.end_line();
    }
}

/// The last lines: how many specs and runs there were, and how many tests differ.
fn summary(ended: &Ended, options: &Options<'_>) -> String {
    let totals = ended.totals();
    let mut page = Page::new(options.style.color);
    let unit = |count: u64, unit: &str| format!("{} {unit}{}", grouped(count), if count == 1 { "" } else { "s" });
    page.push(&format!("{}, {}, ", unit(totals.specs, "spec"), unit(totals.runs, "run")));
    let color = if totals.differ == 0 { GOOD } else { BAD };
    page.paint(color, &format!("{} differ", grouped(totals.differ)));
    let rest = [
        (totals.fail, "failed", BAD),
        (totals.invalid, "invalid", BAD),
        (totals.could_not_run, "could not run", BAD),
        (totals.ignored, "ignored", ODD),
    ];
    for (count, word, color) in rest.into_iter().filter(|(count, ..)| *count > 0) {
        page.push(", ");
        page.paint(color, &format!("{} {word}", grouped(count)));
    }
    page.push(&format!(" in {:.2}s", ended.took.as_secs_f64()));
    page.paint(QUIET, &format!("  seed {}", options.seed));
    page.end_line();
    if let Some(orders) = orders::in_all(ended) {
        hanging(&mut page, &orders, 0, 0, options);
    }
    let fewer = ended.specs.iter().filter(|stressed| stressed.has_fewer_than(options.runs)).count() as u64;
    if fewer > 0 {
        let end = if ended.timed_out { "the time was up" } else { "it ended" };
        let text = format!("{end} before {} had all {} runs", unit(fewer, "spec"), grouped(options.runs.into()));
        hanging(&mut page, &text, 0, 0, options);
    }
    page.finish()
}

/// A number with a comma before each three of its digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        let shown = [0, 7, 999, 1000, 12_200, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "7", "999", "1,000", "12,200", "1,234,567"]);
    }
}
