//! The text of a spec, with places for links to lead to.

use maud::{Markup, html};

use crate::source::SourceFile;

/// What a link to a line of a spec's text leads to; `spec` is its number on the page.
pub(super) fn link(spec: usize, line: u32) -> String {
    format!("#s{spec}-{line}")
}

/// The text, line by line. The number of a line leads to `place`, an address with `{line}` in it, where
/// there is one.
pub(super) fn listing(spec: usize, file: &SourceFile, place: Option<&str>) -> Markup {
    html! {
        div.source.mono tabindex="0" role="region" aria-label={ "Text of " (file.name()) } {
            ol {
                @for (number, line) in file.text().lines().enumerate().map(|(at, line)| (at + 1, line)) {
                    li id={ "s" (spec) "-" (number) } data-line=(number) tabindex="-1" {
                        @match place {
                            Some(place) => {
                                a.number href=(place.replace("{line}", &number.to_string())) rel="noreferrer" { (number) }
                            }
                            None => { span.number { (number) } }
                        }
                        span { (line) }
                    }
                }
            }
        }
    }
}
