//! A run for GitHub Actions: workflow commands, which become annotations at the lines of specs, and a summary of the job.

use std::fmt::Write as _;
use std::path::{Path, absolute};

use super::run::RunReport;
use super::terminal;
use super::told::{self, Kind, Place};
use crate::diagnostic::{Diagnostic, Style};
use crate::suite::{Outcome, SpecResult, TestResult};

/// How many tests the summary shows in full: GitHub refuses one of more than a MiB.
const MOST_SHOWN: usize = 50;
/// How many bytes of a test it shows.
const MOST_BYTES: usize = 16 << 10;

/// The workflow commands, a line each. Files are named as from `root`, the folder of the repository.
pub fn commands(report: &RunReport, root: Option<&Path>) -> String {
    let mut out = String::new();
    for spec in &report.specs {
        spec.warnings.iter().for_each(|warning| warn(&mut out, spec, warning, root));
        for test in &spec.tests {
            let level = match report.kind(test) {
                Kind::Failed | Kind::Broken => "error",
                Kind::Passed if matches!(test.outcome, Outcome::Flaky(_)) => "warning",
                Kind::Passed | Kind::Skipped => continue,
            };
            let title = format!("{}: {}", terminal::word(&test.outcome), test.name);
            command(&mut out, level, &told::place(spec, test), root, &title, &message(spec, test));
        }
    }
    out
}

/// What an annotation shows below its title.
fn message(spec: &SpecResult, test: &TestResult) -> String {
    let drawn = match &test.outcome {
        // The lines of the spec are round the annotation anyway.
        Outcome::Failed { record, .. } => super::failure::draw_record(None, record, Style::default()),
        Outcome::Invalid(found) => found.first().map(explanation),
        Outcome::Cancelled { .. } => Some(told::sentence(&test.outcome)),
        _ => None,
    };
    drawn.unwrap_or_else(|| {
        let whole = told::text(spec, test);
        whole.split_once('\n').map_or_else(|| told::sentence(&test.outcome), |(_, rest)| without_margin(rest))
    })
}

/// A finding without its place.
fn explanation(found: &Diagnostic) -> String {
    let mut text = found.message.clone();
    for part in std::iter::once(&found.label).filter(|label| !label.is_empty()).chain(&found.help) {
        let _ = write!(text, "\n{part}");
    }
    text
}

fn without_margin(text: &str) -> String {
    text.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn warn(out: &mut String, spec: &SpecResult, warning: &Diagnostic, root: Option<&Path>) {
    let Some(source) = &spec.source else { return };
    let place = told::of_span(source, warning.span);
    command(out, "warning", &place, root, warning.code, &explanation(warning));
}

fn command(out: &mut String, level: &str, place: &Place, root: Option<&Path>, title: &str, message: &str) {
    let Place { file, start, end } = place;
    let _ = write!(out, "::{level} file={},line={}", property(&from_root(file, root)), start.line);
    if let Some(end) = end {
        let _ = write!(out, ",endLine={}", end.line);
        // GitHub has columns on one line only.
        if start.line == end.line {
            let _ = write!(out, ",col={},endColumn={}", start.column, end.column);
        }
    }
    let _ = writeln!(out, ",title={}::{}", property(title), data(message.trim_end()));
}

/// A path as from the folder of the repository.
fn from_root(file: &str, root: Option<&Path>) -> String {
    let path = absolute(file).ok();
    let below = path.as_deref().zip(root).and_then(|(path, root)| path.strip_prefix(root).ok());
    below.map_or_else(|| file.to_owned(), |below| below.to_string_lossy().into_owned())
}

/// A message as a workflow command has it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property as a workflow command has it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The summary of the job, in Markdown.
pub fn summary(report: &RunReport) -> String {
    let mut out = String::from("### sockspec\n\n");
    let line = terminal::summary(&report.totals, report.took, Style::default());
    let _ = writeln!(out, "{}{}\n", line.trim_end(), if report.is_interrupted { ", interrupted" } else { "" });
    let told =
        |test: &TestResult| !matches!(test.outcome, Outcome::Passed { .. }) && report.kind(test) != Kind::Skipped;
    let bad: Vec<_> = report.tests().filter(|(_, test)| told(test)).collect();
    if bad.is_empty() {
        return out;
    }
    out.push_str("| verdict | test | |\n|---|---|---|\n");
    for (_, test) in &bad {
        let (verdict, name) = (terminal::word(&test.outcome), code(&test.name));
        let _ = writeln!(out, "| {verdict} | {name} | {} |", cell(&told::sentence(&test.outcome)));
    }
    for (spec, test) in bad.iter().take(MOST_SHOWN) {
        let text = told::text(spec, test);
        let cut = &text[..text.floor_char_boundary(MOST_BYTES)];
        let fence = fence(cut);
        let name = html(&test.name);
        let _ = writeln!(
            out,
            "\n<details><summary>{name}</summary>\n\n{fence}text\n{}\n{fence}\n\n</details>",
            cut.trim_end()
        );
    }
    out
}

/// A row of backticks that the text does not have.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

fn cell(text: &str) -> String {
    html(text).replace('|', "\\|").replace(char::is_control, " ")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
