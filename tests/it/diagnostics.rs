//! Specs that are wrong, in `tests/data/err`: what is found in each, and how it is shown.
//!
//! A wrong spec says itself where its mistakes are, in comments. `#! word` after a line says that
//! an error underlines this word there, `#? word` a warning; `#!2 word` says so of the second line
//! below, and a comment alone on its line speaks of the next. What is found must be exactly this:
//! a mistake that gives two findings is wrong, too. Files that have no such comment are those in
//! which none can stand, or where the place is the whole file.

use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sockspec::diagnostic::{Diagnostic, Format, Severity, Style, render};
use sockspec::plan::Settings;
use sockspec::source::SourceFile;
use sockspec::{plan, spec};

use crate::schema::yaml_files;

const FOLDER: &str = "tests/data/err";

/// Reads a file by its path in the repository, where tests run, so that no message has another.
fn read(path: &Path) -> SourceFile {
    let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
    SourceFile::read(path, path.to_string_lossy()).unwrap()
}

fn findings(file: &SourceFile) -> Vec<Diagnostic> {
    let parsed = spec::parse(file);
    let mut found = parsed.diagnostics;
    found.extend(plan::check(&parsed.spec, file, "x", &Settings::default()));
    found.sort_by_key(|diagnostic| diagnostic.span);
    found
}

/// A finding as a file announces it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    line: usize,
    severity: Severity,
    word: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} `{}`", self.line, self.severity.name(), self.word)
    }
}

/// What a file says of its mistakes.
fn announced(text: &str) -> Vec<Mark> {
    let marks = text.lines().enumerate().filter_map(|(at, line)| mark(line, at + 1));
    let mut marks: Vec<Mark> = marks.collect();
    marks.sort();
    marks
}

fn mark(line: &str, number: usize) -> Option<Mark> {
    let at = line.find("#!").or_else(|| line.find("#?"))?;
    let (before, mark) = line.split_at(at);
    let severity = if mark.starts_with("#!") { Severity::Error } else { Severity::Warning };
    let (below, word) = mark[2..].split_once(' ')?;
    let alone = usize::from(before.trim().is_empty());
    let below = if below.is_empty() { alone } else { below.parse().unwrap() };
    Some(Mark { line: number + below, severity, word: word.trim().to_owned() })
}

/// What was found in it, as it would have announced it.
fn found(file: &SourceFile, findings: &[Diagnostic]) -> Vec<Mark> {
    let mark = |finding: &Diagnostic| Mark {
        line: file.location(finding.span.start).line,
        severity: finding.severity,
        word: file.slice(finding.span).trim().to_owned(),
    };
    let mut marks: Vec<Mark> = findings.iter().map(mark).collect();
    marks.sort();
    marks
}

/// Runs a check on every wrong spec, and fails with the list of those on which it fails.
fn on_each(check: impl Fn(&Path, &SourceFile, &[Diagnostic]) -> Result<(), String>) {
    let mut failures = String::new();
    let files = yaml_files(FOLDER);
    assert!(files.len() >= 100, "only {} wrong specs", files.len());
    for path in files {
        let file = read(&path);
        if let Err(why) = check(&path, &file, &findings(&file)) {
            let _ = writeln!(failures, "{}: {why}", file.name());
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_mistake_is_found_where_it_is() {
    on_each(|_, file, findings| {
        if findings.is_empty() {
            return Err("nothing was found".to_owned());
        }
        let (announced, found) = (announced(file.text()), found(file, findings));
        if announced.is_empty() || announced == found {
            return Ok(());
        }
        let list = |marks: &[Mark]| marks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(format!("\n    announced {}\n    found     {}", list(&announced), list(&found)))
    });
}

#[test]
fn every_finding_says_what_to_write() {
    on_each(|_, _, findings| match findings.iter().find(|finding| finding.help.is_empty()) {
        Some(finding) => Err(format!("no help for: {}", finding.message)),
        None => Ok(()),
    });
}

#[test]
fn every_rendering_was_read() {
    on_each(|path, file, findings| {
        let rendered: Vec<String> =
            findings.iter().map(|finding| render(file, finding, Format::Full, Style::default())).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let assert = || settings.bind(|| insta::assert_snapshot!(name, rendered.join("\n")));
        catch_unwind(AssertUnwindSafe(assert)).map_err(|_| "the rendering has changed".to_owned())
    });
}

#[test]
fn five_mistakes_in_five_steps_are_five_findings() {
    let file = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join("five-mistakes.yaml"));
    let lines: Vec<usize> = findings(&file).iter().map(|finding| file.location(finding.span.start).line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7]);
}
