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
    if let Some(all) = coverage.part_of {
        return format!("{shown} of {all} line{} shown by {specs} spec{}", plural(all), plural(specs));
    }
    let shown = format!("{lines} line{}: {shown} shown by {specs} spec{}", plural(lines), plural(specs));
    let rest = [(excused, "not shown for a reason"), (missing, "not shown")];
    let rest = rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    [shown].into_iter().chain(rest).collect::<Vec<_>>().join(", ")
}

/// How far a note can be relied on, and where it is from.
fn standing(note: &Note) -> String {
    let confirmed = if note.confirmed { "confirmed" } else { "not confirmed" };
    [confirmed].into_iter().chain(note.refs.iter().map(String::as_str)).collect::<Vec<_>>().join("; ")
}
