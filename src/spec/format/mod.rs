//! Formats the text of a spec: blanks and line ends, and nothing else. Every word, quote and comment stays as
//! it was written, in the order in which it was written.
//!
//! `tokens` cuts the text into what may stand between blanks, by the places that the parser gives (`walk`);
//! `layout` says in which column each line begins and how many blanks stand between two tokens; `comments`
//! puts those at the ends of lines back beneath each other. Before, `join` writes short steps into one line.
//! What comes out is read again: if it did not say the same, it would not be given.

mod comments;
mod join;
mod layout;
mod same;
#[cfg(test)]
mod tests;
mod tokens;
mod walk;

use super::document::{self, Kind};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;

/// So many columns a line may have that is written anew. Those that are there may be longer.
const WIDTH: usize = 110;

/// Why a text is not formatted.
#[derive(Debug)]
pub enum Unformatted {
    /// It is no YAML, or has in it what specs do not have.
    Invalid(Vec<Diagnostic>),
    /// It would say something else afterwards, or the formatter does not understand how it is written.
    Kept,
}

/// The text of a spec as it should be written.
///
/// # Errors
/// Where it cannot be formatted.
pub fn format(source: &SourceFile) -> Result<String, Unformatted> {
    if let Some(fault) = source.fault() {
        return Err(Unformatted::Invalid(vec![super::unreadable(fault)]));
    }
    let mut found = Vec::new();
    document::read(source.text(), &mut found);
    if found.iter().any(|finding| finding.severity == Severity::Error) {
        found.sort_by_key(|finding| finding.span);
        return Err(Unformatted::Invalid(found));
    }
    // However many carriage returns stand before a line feed: none stays, or the next time it would be taken away.
    let written = source.text().replace("\r\n", "\n");
    let mut text = written.clone();
    while text.contains("\r\n") {
        text = text.replace("\r\n", "\n");
    }
    let laid_out =
        join::short_steps(&text).and_then(|joined| layout::lay_out(&joined).filter(|out| same::is_same(&written, out)));
    let laid_out = laid_out.or_else(|| layout::lay_out(&text).filter(|out| same::is_same(&written, out)));
    laid_out.ok_or(Unformatted::Kept)
}

/// Whether a text has steps, so that it is a spec, or there to be included; or cannot be read, so that nobody knows.
pub fn may_be_spec(source: &SourceFile) -> bool {
    let mut found = Vec::new();
    let document = document::read(source.text(), &mut found);
    match document.root.map(|root| root.kind) {
        _ if source.fault().is_some() || document.incomplete => true,
        Some(Kind::Mapping(entries)) => entries.iter().any(|entry| entry.key.text == "steps"),
        _ => false,
    }
}
