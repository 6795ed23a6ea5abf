//! What is found in specs, and what is not.
//!
//! A spec says itself where its mistakes are: `#! word` after a line says that an error underlines
//! this word there, `#? word` a warning. Whatever else is found is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;
mod endpoints;
mod flow;
mod good;
mod lanes;
mod names;
mod networks;
mod patterns;
mod plans;
mod programs;
mod words;

use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::{self, Plan, Settings};
use crate::source::SourceFile;
use crate::spec;

/// A spec that is in memory; the folder is that of the good test specs, for `file:`.
fn file(text: &str) -> SourceFile {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/ok/test.yaml");
    SourceFile::new("test.yaml", path, text)
}

fn findings(text: &str, settings: &Settings) -> (SourceFile, Vec<Diagnostic>) {
    let file = file(text);
    let spec::Parsed { spec, diagnostics: mut found } = spec::parse(&file);
    found.extend(plan::check(&spec, &file, "test", settings));
    found.sort_by_key(|finding| finding.span);
    (file, found)
}

/// `LINE error WORD`, for each finding.
fn marks(text: &str, settings: &Settings) -> Vec<String> {
    let (file, found) = findings(text, settings);
    let mark = |finding: &Diagnostic| {
        assert!(!finding.help.is_empty(), "no way out: {finding:?}");
        let line = file.location(finding.span.start).line;
        format!("{line} {} {}", finding.severity.name(), file.slice(finding.span).trim())
    };
    found.iter().map(mark).collect()
}

/// What a spec says of its mistakes.
fn announced(text: &str) -> Vec<String> {
    let mut marks = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for (sign, severity) in [(" #! ", Severity::Error), (" #? ", Severity::Warning)] {
            if let Some((_, word)) = line.split_once(sign) {
                marks.push(format!("{} {} {}", at + 1, severity.name(), word.trim()));
            }
        }
    }
    marks
}

/// Checks a whole spec against what it says of itself.
#[track_caller]
fn check_spec(text: &str) {
    assert_eq!(marks(text, &Settings::default()), announced(text), "in\n{text}");
}

/// Checks steps against what they say of themselves.
#[track_caller]
fn check(steps: &str) {
    check_spec(&format!("about: A test.\nsteps:\n{steps}"));
}

/// The messages about these steps.
fn messages(steps: &str) -> Vec<String> {
    let text = format!("about: A test.\nsteps:\n{steps}");
    findings(&text, &Settings::default()).1.into_iter().map(|finding| finding.message).collect()
}

/// Everything that is said about these steps: messages, second places and help.
fn said(steps: &str) -> String {
    let text = format!("about: A test.\nsteps:\n{steps}");
    format!("{:?}", findings(&text, &Settings::default()).1)
}

/// The plan of the first case of a spec, which must be in order.
#[track_caller]
pub(in crate::plan) fn plan_of(text: &str) -> Plan {
    plan_with(text, &Settings::default())
}

#[track_caller]
fn plan_with(text: &str, settings: &Settings) -> Plan {
    let file = file(text);
    let spec::Parsed { spec, diagnostics: mut found } = spec::parse(&file);
    let cases = plan::cases(&spec, settings, &mut found);
    let plan = plan::build(&spec, &file, "test", &cases[0], settings, &mut found);
    plan.unwrap_or_else(|| panic!("{found:?}"))
}
