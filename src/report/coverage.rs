//! A catalogue with the specs that show its lines: as text, as Markdown, as JSON.

mod json;
mod markdown;
mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use crate::spec::catalogue::Note;
use crate::suite::coverage::{Coverage, Totals};

/// How much of the catalogue is shown, in a sentence.
fn summary(coverage: &Coverage) -> String {
    let Totals { lines, shown, excused, missing } = coverage.totals();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let specs = coverage.specs.len();
    let mut out = format!("{lines} line{}: {shown} shown by {specs} spec{}", plural(lines), plural(specs));
    if excused > 0 {
        out.push_str(&format!(", {excused} not shown for a reason"));
    }
    if missing > 0 {
        out.push_str(&format!(", {missing} not shown"));
    }
    out
}

/// How far a note can be relied on, and where it is from.
fn standing(note: &Note) -> String {
    let confirmed = if note.confirmed { "confirmed" } else { "not confirmed" };
    [confirmed].into_iter().chain(note.refs.iter().map(String::as_str)).collect::<Vec<_>>().join("; ")
}
