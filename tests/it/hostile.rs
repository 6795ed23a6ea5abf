//! Input that means harm, or that is simply broken: the checker says what is wrong and where, soon
//! and in little memory, and never panics.
//!
//! `SOCKSPEC_FUZZ_CASES` and `SOCKSPEC_FUZZ_SEED` make the generated part longer, or another one.

mod bombs;
mod fuzz;
mod mutants;

use std::path::Path;

use sockspec::diagnostic::render::{Format, Style, render};
use sockspec::diagnostic::{Diagnostic, Severity};
use sockspec::plan;
use sockspec::source::SourceFile;
use sockspec::spec::{self, Parsed};

/// Writes a file of these bytes, and gives what the checker finds in it. Every finding has a place
/// in the file and can be drawn.
fn check(folder: &Path, bytes: &[u8]) -> Vec<Diagnostic> {
    let path = folder.join("spec.yaml");
    std::fs::write(&path, bytes).expect("the temporary folder can be written to");
    let source = SourceFile::read(&path, "spec.yaml").expect("the file was just written");
    let Parsed { spec, diagnostics: mut findings } = spec::parse(&source);
    findings.extend(plan::check(&spec, &source, "spec", &plan::Settings::default()));
    for finding in &findings {
        let places = finding.related.iter().map(|related| related.span).chain([finding.span]);
        for span in places {
            let (start, end) = (span.start as usize, span.end as usize);
            assert!(start <= end && end <= source.text().len(), "{finding:?} is outside the file");
            assert!(source.text().is_char_boundary(start), "{finding:?} begins inside a character");
        }
        for format in [Format::Short, Format::Json] {
            let line = render(&source, finding, format, Style::default());
            assert!(line.ends_with('\n') && line.lines().count() == 1, "{finding:?} is not one line: {line}");
        }
        let drawn = render(&source, finding, Format::Full, Style::default());
        let shown = |c: char| c == '\n' || !c.is_control();
        assert!(drawn.chars().all(shown), "{finding:?} is drawn with control characters: {drawn:?}");
    }
    findings
}

fn is_error(finding: &Diagnostic) -> bool {
    finding.severity == Severity::Error
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not `{text}`")),
        Err(_) => default,
    }
}

/// Which of the generated inputs there are.
fn seed() -> u64 {
    setting("SOCKSPEC_FUZZ_SEED", 1)
}
