//! How a trace differs from another one, line by line.

use std::time::Duration;

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

/// How many lines that are the same stand round those that differ.
const CONTEXT: usize = 3;
/// How long the search for the smallest difference may take.
const PATIENCE: Duration = Duration::from_millis(300);

/// The lines that differ, `-` those of the first, `+` those of the second, with some that are the same.
pub(super) fn lines(one: &str, other: &str) -> Markup {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(one, other);
    html! {
        div.diff.mono tabindex="0" role="region" aria-label="Difference" {
            @for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
                @if at > 0 { span.gap { "  …" } }
                @for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                    (line(change.tag(), change.value()))
                }
            }
        }
    }
}

fn line(tag: ChangeTag, text: &str) -> Markup {
    let text = text.strip_suffix('\n').unwrap_or(text);
    match tag {
        ChangeTag::Equal => html! { span { "  " (text) } },
        ChangeTag::Delete => html! { del { "- " (text) } },
        ChangeTag::Insert => html! { ins { "+ " (text) } },
    }
}
