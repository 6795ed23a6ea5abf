//! A step that did otherwise than written, drawn on its line of the spec.

use crate::diagnostic::full;
use crate::diagnostic::{Diagnostic, Style};
use crate::source::{SourceFile, Span};
use crate::trace::record::Failure;

/// Draws a failure: the step, what was expected and what came, what was still unread, and the
/// trace up to there, whose text is `trace`. The text ends in a line feed.
pub fn draw(file: &SourceFile, failure: &Failure, trace: &str, style: Style) -> String {
    let span = Span { start: failure.start, end: failure.end };
    let mut diagnostic = Diagnostic::error("", span, failure.message.as_str()).label(failure.label.as_str());
    diagnostic.help.clone_from(&failure.help);
    let mut out = full::draw(file, &diagnostic, &failure.notes, style);
    out.push_str(trace);
    out
}
