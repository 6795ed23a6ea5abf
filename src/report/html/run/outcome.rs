//! What the verdict on a test rests on.

use std::path::Path;

use maud::{Markup, html};

use super::super::super::terminal::shown_path;
use super::super::super::{failure, tries};
use super::super::comparison::{self, Places};
use super::super::words;
use crate::diagnostic::{Diagnostic, Format, Style, render};
use crate::review::compare;
use crate::suite::{Change, Outcome, SpecResult, Tries, Way};

/// How the texts are drawn that the terminal has, too.
const PLAIN: Style = Style { color: false, width: 90 };

/// A finding of the checker.
pub(super) fn diagnostic(spec: &SpecResult, diagnostic: &Diagnostic) -> Markup {
    html! {
        @match &spec.source {
            Some(file) => { pre.scroll tabindex="0" { (render(file, diagnostic, Format::Full, PLAIN).trim_end()) } }
            None => { p.failure { (diagnostic.severity.name()) ": " (diagnostic.message) } }
        }
    }
}

/// What there is to say of the outcome of a test; nothing of one that is as it should be. Events lead to
/// `places`.
pub(super) fn told(spec: &SpecResult, test: &str, outcome: &Outcome, places: Places<'_>) -> Markup {
    match outcome {
        Outcome::Passed { accepted: Some(snapshot) } => {
            html! { p { "Its trace was accepted: " code { (shown_path(snapshot)) } } }
        }
        Outcome::Passed { accepted: None } => html! {},
        Outcome::Failed { record, written } => html! {
            pre.scroll tabindex="0" aria-label="Failure" {
                (failure::draw_record(spec.source.as_ref(), record, PLAIN).unwrap_or_default().trim_end())
            }
            @if let Some(written) = written { p { "The record of this run is " code { (shown_path(written)) } } }
        },
        Outcome::Changed(change) => changed(test, change, places),
        Outcome::New(change) => html! {
            p { "There is no snapshot yet." }
            (changed(test, change, places))
        },
        Outcome::Invalid(found) => html! { @for finding in found { (diagnostic(spec, finding)) } },
        Outcome::Ignored { reason } | Outcome::CouldNotRun { reason } => html! { p { (reason) } },
        Outcome::Flaky(tries) | Outcome::Differs(tries) => went(spec, test, tries),
        Outcome::NotRun => html! { p { "It was not begun, since others had failed." } },
        Outcome::Cancelled { line: 0, .. } => html! { p { "The run was interrupted before this test had begun." } },
        Outcome::Cancelled { line, file } => {
            let file = file.as_ref().map_or(spec.path.as_path(), Path::new);
            html! { p { "The run was interrupted when this test was at " code { (shown_path(file)) ":" (line) } "." } }
        }
    }
}

/// The ways in which several runs went, each against the first that came to its end.
fn went(spec: &SpecResult, test: &str, tries: &Tries) -> Markup {
    let has_ended = |way: &&Way| !matches!(way.outcome, Outcome::Failed { .. } | Outcome::CouldNotRun { .. });
    let first = tries.ways.iter().position(|way| has_ended(&way));
    html! {
        p { (tries::about(tries)) ":" }
        @for (at, way) in tries.ways.iter().enumerate() {
            h4 { (tries::which(tries, at)) ": " (words::verdict(way.outcome.verdict())) }
            @match first.filter(|first| *first != at).map(|first| &tries.ways[first]) {
                Some(first) if has_ended(&way) => { (comparison::events(&compare(&first.trace, &way.trace), comparison::NOWHERE)) }
                _ => { (told(spec, test, &way.outcome, comparison::NOWHERE)) }
            }
        }
    }
}

/// How a trace differs from the accepted one, and what can be done about it.
fn changed(test: &str, change: &Change, places: Places<'_>) -> Markup {
    html! {
        @match &change.contradicts {
            Some(first) => {
                p { "The cases of this spec share one snapshot, and " code { (first.test) } " gave another trace in this run:" }
                (comparison::events(&compare(&first.trace, &change.trace), places))
            }
            None if change.accepted.is_empty() => {}
            None => { (comparison::comparison(test, &compare(&change.accepted, &change.trace), places, None)) }
        }
        dl.facts {
            dt { "Snapshot" }
            dd.mono { (shown_path(&change.snapshot)) }
            @if let Some(pending) = &change.pending {
                dt { "Pending" }
                dd.mono { (shown_path(pending)) }
            }
        }
        @if let Some(error) = &change.unwritten { p.failure { "The trace could not be left pending: " (error) } }
    }
}
