//! The output of `run`: every test that needs attention, with the way out, and a summary.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::paint::{BAD, GOOD, ODD, Page, QUIET, STRONG};
use super::way_out::WayOut;
use super::{changes, failure, tries};
use crate::diagnostic::{Diagnostic, Format, Style, render};
use crate::review::compare;
use crate::source::SourceFile;
use crate::suite::{Change, Outcome, SpecResult, TestResult, Totals};
use crate::trace::record::Record;

/// How many lines of a new trace are shown.
const NEW_LINES: usize = 60;

/// What is shown, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Colours and width.
    pub style: Style,
    /// Whether tests that passed have a line, too.
    pub verbose: bool,
    /// How diagnostics are shown.
    pub format: Format,
    /// How a trace that is pending is accepted.
    pub way_out: WayOut<'a>,
}

/// What there is to say about a spec: its warnings, and a paragraph for each test that needs
/// attention. Empty where there is nothing.
pub fn spec(result: &SpecResult, options: Options<'_>) -> String {
    let mut page = Page::new(options.style.color);
    diagnostics(&mut page, result.source.as_ref(), &result.warnings, options);
    for (at, test) in result.tests.iter().enumerate() {
        let same = |other: &&TestResult| is_same(&test.outcome, &other.outcome);
        if result.tests[..at].iter().any(|before| same(&before)) {
            continue;
        }
        match result.tests[at..].iter().filter(same).count() {
            0 | 1 => draw_test(&mut page, result, test, options),
            cases => draw_cases(&mut page, result, test, cases, options),
        }
    }
    page.finish()
}

/// What there is to say about one test.
pub(super) fn test(result: &SpecResult, test: &TestResult, options: Options<'_>) -> String {
    let mut page = Page::new(options.style.color);
    draw_test(&mut page, result, test, options);
    page.finish()
}

/// Whether two cases have one snapshot and gave one trace that is not the accepted one, so that
/// there is one thing to decide on.
fn is_same(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Outcome::New(one), Outcome::New(other)) | (Outcome::Changed(one), Outcome::Changed(other)) => one == other,
        _ => false,
    }
}

/// Draws several cases that are the same as one, under the name of their spec.
fn draw_cases(page: &mut Page, result: &SpecResult, first: &TestResult, cases: usize, options: Options<'_>) {
    let spec = first.name.split_once('[').map_or(first.name.as_str(), |(spec, _)| spec);
    let about = |change: &Change| format!("{}  ({cases} cases)", shown_path(&change.snapshot));
    match &first.outcome {
        Outcome::New(change) => {
            draw_new(page, spec, &about(change), change);
            options.way_out.draw(page, spec, &result.path, change, options.style.width);
        }
        Outcome::Changed(change) => {
            draw_changed(page, spec, &about(change), change, options.style.width);
            options.way_out.draw(page, spec, &result.path, change, options.style.width);
        }
        _ => {}
    }
}

fn draw_new(page: &mut Page, name: &str, about: &str, change: &Change) {
    verdict(page, ODD, "new", name, about);
    match &change.contradicts {
        Some(first) => changes::draw(page, &compare(&first.trace, &change.trace)),
        None => new_trace(page, &change.trace),
    }
}

fn draw_changed(page: &mut Page, name: &str, about: &str, change: &Change, width: usize) {
    verdict(page, BAD, "changed", name, about);
    let other = change.contradicts.as_ref().map_or(&change.accepted, |first| &first.trace);
    let comparison = compare(other, &change.trace);
    changes::tell(page, &comparison, width);
    changes::draw(page, &comparison);
}

/// The last line: how many tests have which verdict, and how long it all took.
pub fn summary(totals: &Totals, took: Duration, style: Style) -> String {
    let mut page = Page::new(style.color);
    draw_counts(&mut page, totals);
    page.push(&format!(" in {:.2}s", took.as_secs_f64()));
    page.end_line();
    page.finish()
}

/// How many tests have which verdict, without colours.
pub(super) fn counts(totals: &Totals) -> String {
    let mut page = Page::new(false);
    draw_counts(&mut page, totals);
    page.finish()
}

fn draw_counts(page: &mut Page, totals: &Totals) {
    let counts = [
        (totals.passed, "passed", GOOD),
        (totals.flaky, "flaky", ODD),
        (totals.failed, "failed", BAD),
        (totals.differs, if totals.differs == 1 { "differs" } else { "differ" }, BAD),
        (totals.changed, "changed", BAD),
        (totals.new, "new", ODD),
        (totals.invalid, "invalid", BAD),
        (totals.could_not_run, "could not run", BAD),
        (totals.ignored, "ignored", ODD),
        (totals.cancelled, "cancelled", ODD),
        (totals.not_run, "not run", ODD),
    ];
    let nothing = totals.all() == 0;
    let shown = counts.into_iter().filter(|(count, word, _)| *count > 0 || (nothing && *word == "passed"));
    for (at, (count, word, color)) in shown.enumerate() {
        if at > 0 {
            page.push(", ");
        }
        page.paint(if count > 0 { color } else { QUIET }, &format!("{count} {word}"));
    }
}

/// A table of the tests that took longest, the slowest first.
pub fn slowest(tests: &[(Duration, String)], style: Style) -> String {
    let mut page = Page::new(style.color);
    page.paint(STRONG, "slowest");
    page.end_line();
    for (took, name) in tests {
        page.push(&format!("{:>9}  {name}", in_seconds(*took)));
        page.end_line();
    }
    page.end_line();
    page.finish()
}

/// A time in seconds: `0.012s`, `12.30s`.
fn in_seconds(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.3}s", time.as_secs_f64()),
        _ => format!("{:.2}s", time.as_secs_f64()),
    }
}

fn draw_test(page: &mut Page, result: &SpecResult, test: &TestResult, options: Options<'_>) {
    let source = result.source.as_ref();
    match &test.outcome {
        Outcome::Passed { accepted: Some(snapshot) } => {
            verdict(page, GOOD, "accepted", &test.name, &shown_path(snapshot));
        }
        Outcome::Passed { accepted: None } if options.verbose => {
            let took = format!("{:.1} ms", test.took.as_secs_f64() * 1000.0);
            let about = if test.runs > 1 { format!("{took}, {} runs", test.runs) } else { took };
            verdict(page, GOOD, "passed", &test.name, &about);
            left_unread(page, test, options);
        }
        Outcome::Failed { record, written } => {
            verdict(page, BAD, "failed", &test.name, &each_time(test));
            failed(page, source, record, written.as_deref(), options.style);
        }
        Outcome::Changed(change) => {
            let snapshot = shown_path(&change.snapshot);
            let about = if test.runs > 1 { format!("{snapshot}  {}", each_time(test)) } else { snapshot.into_owned() };
            draw_changed(page, &test.name, &about, change, options.style.width);
            options.way_out.draw(page, &test.name, &result.path, change, options.style.width);
        }
        Outcome::New(change) => {
            draw_new(page, &test.name, &shown_path(&change.snapshot), change);
            if options.verbose {
                left_unread(page, test, options);
            }
            options.way_out.draw(page, &test.name, &result.path, change, options.style.width);
        }
        Outcome::Invalid(found) => {
            verdict(page, BAD, "invalid", &test.name, "");
            diagnostics(page, source, found, options);
        }
        Outcome::Ignored { reason } => verdict(page, ODD, "ignored", &test.name, reason),
        Outcome::CouldNotRun { reason } => verdict(page, BAD, "could not run", &test.name, reason),
        Outcome::Cancelled { line: line @ 1.., file } => {
            let file = file.as_ref().map_or(result.path.as_path(), Path::new);
            let place = format!("{}:{line}", shown_path(file));
            verdict(page, ODD, "cancelled", &test.name, &place);
        }
        Outcome::Flaky(found) => {
            verdict(page, ODD, "flaky", &test.name, &tries::about(found));
            tries::draw(page, result, found, options);
        }
        Outcome::Differs(found) => {
            verdict(page, BAD, "differs", &test.name, &tries::about(found));
            tries::draw(page, result, found, options);
        }
        Outcome::Cancelled { line: 0, .. } | Outcome::NotRun if options.verbose => {
            verdict(page, ODD, word(&test.outcome), &test.name, "");
        }
        Outcome::Passed { accepted: None } | Outcome::Cancelled { line: 0, .. } | Outcome::NotRun => {}
    }
}

/// What came from outside of the spec and nobody received: no trace tells it, and a `recv` may be missing.
fn left_unread(page: &mut Page, test: &TestResult, options: Options<'_>) {
    for (name, bytes) in test.record().map(Record::left_unread).unwrap_or_default() {
        let bytes = if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
        let told = format!("note: {bytes} came to `{name}` from outside of the spec, and no step received them");
        page.sentence(QUIET, &told, 2, options.style.width);
    }
}

/// That all runs of a test went the same way, where there were several.
fn each_time(test: &TestResult) -> String {
    if test.runs > 1 { format!("each of {} times", test.runs) } else { String::new() }
}

/// The verdict as people read it.
pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::CouldNotRun { .. } => "could not run",
        Outcome::NotRun => "not run",
        other => other.verdict(),
    }
}

/// A test's own line: the verdict, the name, and what can be said in a few words.
pub(super) fn verdict(page: &mut Page, color: anstyle::Style, word: &str, name: &str, about: &str) {
    page.paint(color, word);
    page.blanks("accepted  ".len().saturating_sub(word.len()).max(1));
    page.paint(STRONG, name);
    if !about.is_empty() {
        page.push("  ");
        page.paint(QUIET, about);
    }
    page.end_line();
}

pub(super) fn failed(
    page: &mut Page,
    source: Option<&SourceFile>,
    record: &Record,
    written: Option<&Path>,
    style: Style,
) {
    page.push(&failure::draw_record(source, record, style).unwrap_or_default());
    if let Some(written) = written {
        page.push(&format!("  the record of this run is {}", shown_path(written)));
        page.end_line();
    }
    page.end_line();
}

fn new_trace(page: &mut Page, trace: &str) {
    let count = trace.lines().count();
    // To leave out a single line would save nothing.
    let limit = if count > NEW_LINES + 1 { NEW_LINES } else { count };
    for line in trace.lines().take(limit) {
        page.push(&format!("    {line}"));
        page.end_line();
    }
    if count > limit {
        page.blanks(4);
        page.paint(QUIET, &format!("… {} more lines", count - limit));
        page.end_line();
    }
}

fn diagnostics(page: &mut Page, source: Option<&SourceFile>, found: &[Diagnostic], options: Options<'_>) {
    for diagnostic in found {
        match source {
            Some(source) => page.push(&render(source, diagnostic, options.format, options.style)),
            None => page.push(&format!("{}: {}\n", diagnostic.severity.name(), diagnostic.message)),
        }
        if options.format == Format::Full {
            page.end_line();
        }
    }
}

/// A path as people would write it: without the folder that they are in.
pub(super) fn shown_path(path: &Path) -> Cow<'_, str> {
    path.strip_prefix("./").unwrap_or(path).to_string_lossy()
}
