//! Places inside a scalar: the YAML text differs from what is read where it is quoted, escaped or
//! indented.

use crate::source::Span;
use crate::spec::ast::{Scalar, Style};

use super::Builder;

impl Builder<'_> {
    /// The place of `length` bytes at `offset` of a scalar's text; the whole scalar where an escape
    /// makes that uncertain.
    pub(super) fn place_in(&self, scalar: &Scalar, offset: usize, length: usize) -> Span {
        let raw = self.source.slice(scalar.span);
        let from = match scalar.style {
            Style::Block if raw.starts_with(['|', '>']) => raw.find('\n').map_or(0, |end| end + 1),
            Style::Single | Style::Double => 1,
            Style::Plain | Style::Block => 0,
        };
        let before = scalar.text.get(..offset).unwrap_or_default();
        let wanted = before.chars().filter(|c| !c.is_whitespace()).count();
        let word = scalar.text.get(offset..offset + length).unwrap_or_default();
        let body = raw.get(from..).unwrap_or_default();
        let at = body.char_indices().filter(|(_, c)| !c.is_whitespace()).nth(wanted).map(|(at, _)| at);
        match at {
            Some(at) if !word.is_empty() && body[at..].starts_with(word) && !is_escaped(&body[..at], scalar.style) => {
                let start = scalar.span.start as usize + from + at;
                Span::new(start, start + length)
            }
            _ => scalar.span,
        }
    }
}

/// Whether a text is written otherwise than it is read.
fn is_escaped(raw: &str, style: Style) -> bool {
    match style {
        Style::Double => raw.contains('\\'),
        Style::Single => raw.contains("''"),
        Style::Plain | Style::Block => false,
    }
}
