//! The text of a spec, with places for links to lead to.

use maud::{Markup, html};

use crate::source::SourceFile;

/// What a link to a line of a spec's text leads to; `spec` is its number on the page.
pub(super) fn link(spec: usize, line: u32) -> String {
    format!("#s{spec}-{line}")
}

/// The text, line by line.
pub(super) fn listing(spec: usize, file: &SourceFile) -> Markup {
    html! {
        div.source.mono tabindex="0" role="region" aria-label={ "Text of " (file.name()) } {
            ol {
                @for (at, line) in file.text().lines().enumerate() {
                    li id={ "s" (spec) "-" (at + 1) } data-line=(at + 1) tabindex="-1" { (line) }
                }
            }
        }
    }
}
