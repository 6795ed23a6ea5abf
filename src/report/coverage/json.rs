//! For programs.

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::{Format, Style, render};
use crate::report::terminal::shown_path;
use crate::spec::catalogue;
use crate::suite::coverage::{Coverage, Finding, Shows, Totals};

#[derive(Serialize)]
struct Document<'a> {
    catalogue: &'a str,
    title: Option<&'a str>,
    totals: JsonTotals,
    sections: Vec<Section<'a>>,
    /// As `sockspec check --format json` has them.
    findings: Vec<Value>,
}

#[derive(Serialize)]
struct JsonTotals {
    lines: usize,
    shown: usize,
    excused: usize,
    missing: usize,
    /// Those that name a line, and all.
    specs: usize,
    all_specs: usize,
}

#[derive(Serialize)]
struct Section<'a> {
    title: &'a str,
    lines: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    text: &'a str,
    /// Where it stands in the catalogue.
    #[serde(rename = "line")]
    row: u32,
    notes: Vec<Note<'a>>,
    not_shown: Option<&'a str>,
    specs: Vec<Spec<'a>>,
}

#[derive(Serialize)]
struct Note<'a> {
    platform: &'a str,
    text: &'a str,
    refs: &'a [String],
    confirmed: bool,
}

#[derive(Serialize)]
struct Spec<'a> {
    name: &'a str,
    file: String,
    about: &'a str,
}

/// The catalogue with its specs, as one object.
pub fn json(coverage: &Coverage) -> String {
    let Totals { lines, shown, excused, missing } = coverage.totals();
    let (specs, all_specs) = (coverage.specs.len(), coverage.all);
    let catalogue = &coverage.catalogue;
    let sections = catalogue
        .sections
        .iter()
        .map(|own| Section { title: &own.title, lines: own.lines.iter().map(|own| line(coverage, own)).collect() });
    let document = Document {
        catalogue: coverage.file.name(),
        title: catalogue.title.as_deref(),
        totals: JsonTotals { lines, shown, excused, missing, specs, all_specs },
        sections: sections.collect(),
        findings: coverage.invalid.iter().chain(&coverage.findings).map(finding).collect(),
    };
    let mut json = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("texts and numbers are always JSON: {error}"));
    json.push('\n');
    json
}

fn line<'a>(coverage: &'a Coverage, line: &'a catalogue::Line) -> Line<'a> {
    let note = |note: &'a catalogue::Note| Note {
        platform: &note.platform,
        text: &note.text,
        refs: &note.refs,
        confirmed: note.confirmed,
    };
    let spec =
        |spec: &'a Shows| Spec { name: &spec.name, file: shown_path(&spec.path).into_owned(), about: &spec.about };
    Line {
        id: &line.id.text,
        text: &line.text,
        row: coverage.file.line(line.id.span.start),
        notes: line.notes.iter().map(note).collect(),
        not_shown: line.not_shown.as_ref().map(|(reason, _)| reason.as_str()),
        specs: coverage.specs_of(line).map(spec).collect(),
    }
}

fn finding(finding: &Finding) -> Value {
    let json = render(&finding.file, &finding.diagnostic, Format::Json, Style::default());
    serde_json::from_str(&json).unwrap_or_else(|error| unreachable!("a finding was made JSON: {error}"))
}
