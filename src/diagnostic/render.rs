//! A diagnostic as text: in full as rustc draws it, as one line for editors, or as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::local::{Local, local};
use super::{Diagnostic, Related, Severity};
use super::{full, place};
use crate::source::{Location, SourceFile, Span};

/// How much of a diagnostic is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The message, the source line underlined, related places, help.
    #[default]
    Full,
    /// One line: `file:line:column: error[code]: message; help`.
    Short,
    /// One JSON object on one line.
    Json,
}

/// What the text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80 }
    }
}

/// The text of a diagnostic. It ends in a line feed.
pub fn render(file: &SourceFile, diagnostic: &Diagnostic, format: Format, style: Style) -> String {
    match format {
        Format::Full => full::draw(file, diagnostic, style),
        Format::Short => short(file, diagnostic),
        Format::Json => json(file, diagnostic),
    }
}

fn short(file: &SourceFile, diagnostic: &Diagnostic) -> String {
    let Local { file, diagnostic, notes } = local(file, diagnostic);
    let Location { line, column } = place::location(file, diagnostic.span);
    let severity = diagnostic.severity.name();
    let mut out = format!(
        "{}:{line}:{column}: {severity}[{}]: {}",
        one_line(file.name()),
        diagnostic.code,
        one_line(&diagnostic.message)
    );
    for help in notes.iter().chain(&diagnostic.help) {
        let _ = write!(out, "; {}", one_line(help));
    }
    out.push('\n');
    out
}

/// The text with line breaks and other control characters as blanks.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A diagnostic in JSON. Lines and columns are from 1, columns count characters; bytes are from 0,
/// and an end is one past the last.
#[derive(Serialize)]
struct Json<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start_byte: u32,
    end_byte: u32,
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    label: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    help: &'a [String],
    related: Vec<JsonRelated<'a>>,
}

#[derive(Serialize)]
struct JsonRelated<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start_byte: u32,
    end_byte: u32,
    label: &'a str,
}

fn json(file: &SourceFile, diagnostic: &Diagnostic) -> String {
    let Local { file, diagnostic, notes } = local(file, diagnostic);
    let (span, start, end) = ends(file, diagnostic.span);
    let json = Json {
        file: file.name(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start_byte: span.start,
        end_byte: span.end,
        severity: diagnostic.severity.name(),
        code: diagnostic.code,
        message: &diagnostic.message,
        label: &diagnostic.label,
        notes: &notes,
        help: &diagnostic.help,
        related: diagnostic.related.iter().map(|related| json_related(file, related)).collect(),
    };
    let mut out =
        serde_json::to_string(&json).unwrap_or_else(|error| unreachable!("texts and numbers are always JSON: {error}"));
    out.push('\n');
    out
}

fn json_related<'a>(file: &SourceFile, related: &'a Related) -> JsonRelated<'a> {
    let (span, start, end) = ends(file, related.span);
    JsonRelated {
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start_byte: span.start,
        end_byte: span.end,
        label: &related.label,
    }
}

/// A span inside of the file, and where it begins and ends.
fn ends(file: &SourceFile, span: Span) -> (Span, Location, Location) {
    let span = place::in_file(file.text(), span);
    (span, file.location(span.start), file.location(span.end))
}

impl Severity {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}
