//! Diagrams on a page.

use maud::{Markup, html};

use super::super::diagram::{self, Additions, Diagram};
use super::frame::Page;

/// A page with a section a diagram.
pub fn diagrams(diagrams: &[Diagram]) -> String {
    let title = match diagrams {
        [one] => one.title(),
        many => format!("{} tests", many.len()),
    };
    let main = html! {
        @if diagrams.len() > 1 {
            nav aria-label="Tests" {
                ul { @for (at, diagram) in diagrams.iter().enumerate() { li { a href={ "#d" (at) } { (diagram.title()) } } } }
            }
        }
        @for (at, diagram) in diagrams.iter().enumerate() { (section(at, diagram, diagrams.len() > 1)) }
    };
    Page { title: &title, summary: html! {}, filter: None, main, keys: &[] }.finish()
}

fn section(at: usize, diagram: &Diagram, has_heading: bool) -> Markup {
    let title = diagram.title();
    html! {
        section id={ "d" (at) } aria-label=(title) {
            @if has_heading { h2 { (title) } }
            @if let Some(failure) = &diagram.failure { p.failure { "Failed: " (failure) } }
            (drawn(diagram))
        }
    }
}

/// A diagram in a box that it may be wider than.
pub(super) fn drawn(diagram: &Diagram) -> Markup {
    boxed(diagram, Additions::default())
}

/// The same, with what a page adds to it.
pub(super) fn boxed(diagram: &Diagram, additions: Additions<'_>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Diagram of " (diagram.title()) } {
            (diagram::embedded(diagram, additions))
        }
    }
}
