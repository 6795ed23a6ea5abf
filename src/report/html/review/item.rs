//! One trace of a review.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::super::super::diagram::{Additions, Diagram, Mark, OfStep, Step};
use super::super::super::terminal::shown_path;
use super::super::{diagrams, source, words};
use super::{Review, Reviewed, State, diff};
use crate::review::{Comparison, RowKind};
use crate::trace::TraceText;

/// The item in the list.
pub(super) fn item(at: usize, item: &Reviewed, review: &Review, is_open: bool) -> Markup {
    let word = item.state.word();
    html! {
        li id={ "t" (at) } data-verdict=(word) data-tags=(item.tags.join(" ")) {
            details open[is_open] {
                summary {
                    (words::verdict(word))
                    span.name { (item.name) }
                }
                div.body {
                    @if !item.about.is_empty() { p.about { (item.about) } }
                    @match &item.state {
                        State::Changed(comparison) => { (changed(at, item, comparison)) }
                        State::New(trace) => {
                            (alone(at, item, trace))
                            (diff::whole(at, item, trace))
                        }
                        State::Stale(trace) => {
                            p { "No spec has a test of this name any more." }
                            (alone(at, item, trace))
                            (diff::whole(at, item, trace))
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

/// The line of the spec that an event of the new trace comes from.
pub(super) fn line(item: &Reviewed, new: u32) -> Option<u32> {
    item.source.as_ref()?;
    item.lines.get(&new).copied()
}

/// Where the spec can be seen, with `{line}` in it.
fn place(item: &Reviewed, review: &Review) -> Option<String> {
    let (base, path) = (review.link_base.as_ref()?, item.path.as_ref()?);
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

fn facts(at: usize, item: &Reviewed, review: &Review) -> Markup {
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
            @if review.base.is_none() && !matches!(item.state, State::Stale(_)) {
                dt { "If that is right" }
                dd.mono { "sockspec accept '" (item.name) "'" }
            }
        }
    }
}

fn changed(at: usize, item: &Reviewed, comparison: &Comparison) -> Markup {
    html! {
        ul.sentences aria-label="What has changed" {
            @for sentence in &comparison.sentences {
                li {
                    (sentence.text)
                    @if let Some(line) = sentence.new.first().and_then(|new| line(item, *new)) {
                        " " a href=(source::link(at, line)) { "line " (line) }
                    }
                }
            }
        }
        div.pair {
            figure {
                figcaption { "Accepted" }
                (old(at, item, comparison))
            }
            figure {
                figcaption { "Now" }
                (new(at, item, comparison))
            }
        }
        (diff::events(at, item, comparison))
    }
}

/// The diagram of the accepted trace. An arrow leads where that leads which stands in its place now.
fn old(at: usize, item: &Reviewed, comparison: &Comparison) -> Markup {
    let of = |line: u32| {
        let is_it = |cell: &crate::review::Cell| cell.line == line;
        comparison.rows.iter().find(|row| row.old.as_ref().is_some_and(is_it))
    };
    let link = |step: &Step| {
        let new = of(step.line)?.new.as_ref()?.line;
        line(item, new).map(|line| source::link(at, line))
    };
    let mark = |step: &Step| worst(lines(step).filter_map(|line| of(line).map(|row| row.kind)));
    drawn(&item.name, &comparison.old, &link, &mark)
}

fn new(at: usize, item: &Reviewed, comparison: &Comparison) -> Markup {
    let link = |step: &Step| line(item, step.line).map(|line| source::link(at, line));
    let mark = |step: &Step| worst(lines(step).filter_map(|line| comparison.kind_of_new(line)));
    drawn(&item.name, &comparison.new, &link, &mark)
}

fn drawn(name: &str, trace: &TraceText, link: &OfStep<'_, String>, mark: &OfStep<'_, Mark>) -> Markup {
    let diagram = Diagram::of(&trace.to_record(name, |line| line));
    diagrams::boxed(&diagram, Additions { link: Some(link), mark: Some(mark) })
}

/// A trace that stands against nothing.
fn alone(at: usize, item: &Reviewed, trace: &str) -> Markup {
    let link = |step: &Step| line(item, step.line).map(|line| source::link(at, line));
    drawn(&item.name, &TraceText::read(trace), &link, &|_| None)
}

/// The lines of the trace that a step is drawn of.
fn lines(step: &Step) -> impl Iterator<Item = u32> {
    [Some(step.line), step.received].into_iter().flatten().filter(|line| *line > 0)
}

/// How a step is marked that is drawn of several events: one that is changed in part is changed.
fn worst(kinds: impl Iterator<Item = RowKind>) -> Option<Mark> {
    let mut marks: Vec<Option<Mark>> = kinds.map(mark).collect();
    marks.dedup();
    match marks.as_slice() {
        [] => None,
        [one] => *one,
        _ => Some(Mark::Changed),
    }
}

fn mark(kind: RowKind) -> Option<Mark> {
    match kind {
        RowKind::Same => None,
        RowKind::Changed | RowKind::Renamed => Some(Mark::Changed),
        RowKind::Added | RowKind::MovedHere => Some(Mark::Added),
        RowKind::Removed | RowKind::MovedAway => Some(Mark::Removed),
    }
}
