//! A run: every test with what it did, and how cases of a matrix differ.

mod matrix;
mod outcome;
mod story;
mod test;

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::run::RunReport;
use super::frame::Page;
use super::words;
use story::Story;

/// What its keys do.
const KEYS: &[(&str, &str)] = &[
    ("j k ↓ ↑", "the next test, the one before"),
    ("Enter", "opens the test, or closes it; on an arrow, goes to the line of the spec that it is from"),
    ("b", "back to the link that was followed last"),
    ("f", "the next test that needs attention, opened"),
    ("o", "opens all tests that are shown, or closes them"),
    ("/", "the filter; Enter leads from there to the first test"),
    ("Esc", "from the filter back to the tests"),
];

/// The page of a run.
pub fn run(report: &RunReport) -> String {
    let stories = story::stories(report);
    let matrices = matrix::section(report, &stories);
    let main = html! {
        section aria-labelledby="tests" {
            h2 #tests { "Tests" }
            ol.items { @for story in &stories { (test::item(report, &stories, story)) } }
        }
        @if let Some(matrices) = &matrices { (matrices) }
    };
    let filter = filter(report, &stories);
    let summary = summary(report, matrices.is_some());
    Page { title: "sockspec run", summary, filter: Some(filter), main, keys: KEYS }.finish()
}

fn summary(report: &RunReport, has_matrices: bool) -> Markup {
    let began = humantime::format_rfc3339_seconds(report.began);
    html! {
        ul.totals aria-label="Totals" {
            @for (word, count) in words::totals(report) {
                li { (words::verdict(word)) " " (count) }
            }
        }
        p.quiet {
            time datetime=(began) { (began) } ", " (words::time(report.took)) ". "
            @if has_matrices { a href="#matrices" { "By matrix value" } }
        }
        @if let Some(seed) = report.seed { p.quiet { "Specs ran in a shuffled order, of seed " (seed) "." } }
        @if report.is_interrupted { p.failure { "The run was interrupted: not all tests have ended." } }
    }
}

/// By words, verdicts and tags. It is there only where there is a script.
fn filter(report: &RunReport, stories: &[Story<'_>]) -> Markup {
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    stories.iter().flat_map(Story::tags).for_each(|tag| *tags.entry(tag).or_default() += 1);
    super::filter::form("Filter tests", &words::totals(report), &tags)
}
