//! One trace of a review.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::super::super::terminal::shown_path;
use super::super::comparison::{self, Places};
use super::super::{source, words};
use super::{Entry, Review, State};

/// The item in the list.
pub(super) fn item(at: usize, item: &Entry, review: &Review, is_open: bool) -> Markup {
    let word = item.state.word();
    let places = match &item.source {
        Some(_) => Places { spec: at, lines: &item.lines },
        None => comparison::NOWHERE,
    };
    html! {
        li id={ "t" (at) } data-verdict=(word) data-tags=(item.tags.join("\n")) {
            // Of what was only moved nothing is to be seen.
            details open[is_open && !matches!(item.state, State::Moved { .. })] {
                summary {
                    (words::verdict(word))
                    span.name { (item.name) }
                    (in_short(item))
                }
                div.body {
                    @if !item.about.is_empty() { p.about { (item.about) } }
                    @match &item.state {
                        State::Changed(changed) => { (comparison::comparison(&item.name, changed, places, review.base.as_deref())) }
                        State::New(trace) => {
                            (comparison::alone(&item.name, trace, places))
                            (comparison::trace(trace, places))
                        }
                        State::Moved { trace, .. } => {
                            ul.sentences { li { (words::sentence(&of_state(&item.state))) } }
                            details { summary { "Trace" } (comparison::trace(trace, places)) }
                        }
                        State::Removed(trace) => {
                            ul.sentences { li { (words::sentence(&of_state(&item.state))) } }
                            (comparison::alone(&item.name, trace, comparison::NOWHERE))
                            (comparison::trace(trace, comparison::NOWHERE))
                        }
                        State::Stale { trace, .. } => {
                            ul.sentences { li { (words::sentence(&of_state(&item.state))) } }
                            (comparison::alone(&item.name, trace, comparison::NOWHERE))
                            (comparison::trace(trace, comparison::NOWHERE))
                        }
                    }
                    (facts(at, item, review))
                    @if let Some(file) = &item.source {
                        details { summary { "Spec" } (source::listing(at, file, place(item, review).as_deref())) }
                    }
                }
            }
        }
    }
}

/// What is seen of an item that is closed: what has changed first, and how much more.
fn in_short(item: &Entry) -> Markup {
    let (first, more) = match &item.state {
        State::Changed(changed) => {
            let first = changed.sentences.first().map(|sentence| sentence.text.clone());
            (first.unwrap_or_default(), changed.sentences.len().saturating_sub(1))
        }
        State::New(_) => (item.about.clone(), 0),
        state => (of_state(state), 0),
    };
    html! {
        @if !first.is_empty() {
            span.short { (words::sentence(&first)) @if more > 0 { " … and " (more) " more" } }
        }
    }
}

/// What there is to say of a trace that has not changed, in a sentence without an end.
fn of_state(state: &State) -> String {
    match state {
        State::Moved { from, .. } => format!("moved from `{from}`, the trace is the same"),
        State::Stale { reason, .. } => format!("this snapshot is stale: {reason}"),
        State::Removed(_) => "its snapshot is gone".to_owned(),
        State::Changed(_) | State::New(_) => String::new(),
    }
}

/// Where the spec can be seen, with `{line}` in it.
fn place(item: &Entry, review: &Review) -> Option<String> {
    let (base, path) = (review.link_base.as_ref()?, item.place.as_ref()?);
    let path = encoded(&shown_path(path));
    let whole = if base.contains("{path}") {
        base.replace("{path}", &path)
    } else {
        format!("{}/{path}", base.trim_end_matches('/'))
    };
    Some(if whole.contains("{line}") { whole } else { format!("{whole}#L{{line}}") })
}

/// A path as addresses have it.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/.-_~@=,+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn facts(at: usize, item: &Entry, review: &Review) -> Markup {
    let place = place(item, review);
    html! {
        dl.facts {
            @if let Some(path) = &item.path {
                dt { "Spec" }
                dd.mono {
                    @if item.source.is_some() { a href=(source::link(at, 1)) { (shown_path(path)) } } @else { (shown_path(path)) }
                    @if let Some(place) = &place { " " a href=(place.replace("{line}", "1")) rel="noreferrer" { "in its repository" } }
                }
            }
            dt { "Snapshot" }
            dd.mono { (shown_path(&item.snapshot)) }
            @if !item.tags.is_empty() {
                dt { "Tags" }
                dd { (item.tags.join(", ")) }
            }
            @if review.base.is_none() {
                dt { "If that is right" }
                dd {
                    code { "sockspec accept '" (item.name) "'" }
                    @if matches!(item.state, State::Stale { .. }) { ", which removes the snapshot" }
                }
            }
        }
    }
}
