//! A run in version 14 of the Test Anything Protocol.

use std::fmt::Write as _;

use super::run::RunReport;
use super::terminal;
use super::told::{self, Kind};
use crate::suite::{Outcome, SpecResult, TestResult};

/// The run as lines of TAP.
pub fn run(report: &RunReport) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", report.totals.all());
    if let Some(seed) = report.seed {
        let _ = writeln!(out, "# shuffled, seed {seed}");
    }
    for ((spec, test), number) in report.tests().zip(1..) {
        point(&mut out, number, report, spec, test);
    }
    if report.is_interrupted {
        out.push_str("Bail out! interrupted\n");
    }
    out
}

fn point(out: &mut String, number: usize, report: &RunReport, spec: &SpecResult, test: &TestResult) {
    let kind = report.kind(test);
    let not = if matches!(kind, Kind::Failed | Kind::Broken) { "not " } else { "" };
    let _ = write!(out, "{not}ok {number} - {}", escaped(&test.name));
    if kind == Kind::Skipped {
        let _ = write!(out, " # SKIP {}", escaped(&told::sentence(&test.outcome)));
    }
    out.push('\n');
    if kind != Kind::Skipped {
        diagnostics(out, kind, spec, test);
    }
}

/// What there is to say, as a block of YAML.
fn diagnostics(out: &mut String, kind: Kind, spec: &SpecResult, test: &TestResult) {
    out.push_str("  ---\n");
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(out, "  {key}: {value}");
    };
    line("duration_ms", &format!("{:.3}", test.took.as_secs_f64() * 1000.0));
    if kind != Kind::Passed || matches!(test.outcome, Outcome::Flaky(_)) {
        line("verdict", test.outcome.verdict());
        line("message", &quoted(&told::sentence(&test.outcome)));
        let place = told::place(spec, test);
        line("file", &quoted(&place.file));
        line("line", &place.start.line.to_string());
        line("column", &place.start.column.to_string());
        if let Outcome::Flaky(tries) | Outcome::Differs(tries) = &test.outcome {
            let ways: Vec<_> = tries.runs.iter().map(|run| tries.ways[run.way].outcome.verdict()).collect();
            line("runs", &quoted(&ways.join(" ")));
        }
        block(out, "report", &told::text(spec, test));
    } else if let Outcome::Passed { accepted: Some(snapshot) } = &test.outcome {
        line("accepted", &quoted(&terminal::shown_path(snapshot)));
    }
    out.push_str("  ...\n");
}

/// A text of several lines as it is, where YAML can have it so.
fn block(out: &mut String, key: &str, text: &str) {
    let is_plain = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}');
    if text.starts_with([' ', '\n']) || !text.chars().all(is_plain) {
        let _ = writeln!(out, "  {key}: {}", quoted(text));
        return;
    }
    let _ = writeln!(out, "  {key}: |");
    for line in text.trim_end().lines() {
        let _ = writeln!(out, "    {line}");
    }
}

/// A text as JSON has it, which is YAML, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A description in one line, in which `#` begins no directive.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace(char::is_control, " ")
}
