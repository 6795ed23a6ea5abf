//! How a trace differs from another one: in words, in two diagrams side by side, and event by event.

mod events;

use std::collections::BTreeMap;

use maud::{Markup, html};

pub(super) use events::{events, trace};

use super::super::diagram::{Additions, Diagram, Mark, OfStep, Step};
use super::{diagrams, source};
use crate::review::{Cell, Comparison, RowKind};
use crate::trace::TraceText;

/// Where the events of a trace lead: the number of the spec on the page, and its lines by those of
/// the trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) spec: usize,
    pub(super) lines: &'a BTreeMap<u32, u32>,
}

/// Of a trace whose events lead nowhere.
pub(super) const NOWHERE: Places<'static> = Places { spec: 0, lines: &BTreeMap::new() };

impl Places<'_> {
    /// The line of the spec.
    fn line(self, event: u32) -> Option<u32> {
        self.lines.get(&event).copied()
    }

    /// What a link to it leads to.
    fn link(self, event: u32) -> Option<String> {
        self.line(event).map(|line| source::link(self.spec, line))
    }
}

/// All that there is to see of what has changed in a test, since it was accepted or since a revision.
pub(super) fn comparison(test: &str, comparison: &Comparison, places: Places<'_>, since: Option<&str>) -> Markup {
    html! {
        ul.sentences aria-label="What has changed" {
            @for sentence in &comparison.sentences {
                li {
                    (sentence.text)
                    @if let Some((new, line)) = sentence.new.first().and_then(|new| Some((*new, places.line(*new)?))) {
                        " " a href=[places.link(new)] { "line " (line) }
                    }
                }
            }
        }
        div.pair {
            figure {
                figcaption { (since.unwrap_or("Accepted")) }
                (old(test, comparison, places))
            }
            figure {
                figcaption { "Now" }
                (new(test, comparison, places))
            }
        }
        (events(comparison, places))
    }
}

/// The diagram of the accepted trace. An arrow leads where that leads which stands in its place now.
fn old(test: &str, comparison: &Comparison, places: Places<'_>) -> Markup {
    let row = |line: u32| {
        let is_it = |cell: &Cell| cell.line == line;
        comparison.rows.iter().find(|row| row.old.as_ref().is_some_and(is_it))
    };
    let link = |step: &Step| places.link(row(step.line)?.new.as_ref()?.line);
    let mark = |step: &Step| together(lines(step).filter_map(|line| row(line).map(|row| row.kind)));
    drawn(test, &comparison.old, &link, &mark)
}

fn new(test: &str, comparison: &Comparison, places: Places<'_>) -> Markup {
    let link = |step: &Step| places.link(step.line);
    let mark = |step: &Step| together(lines(step).filter_map(|line| comparison.kind_of_new(line)));
    drawn(test, &comparison.new, &link, &mark)
}

/// The diagram of a trace that stands against nothing.
pub(super) fn alone(test: &str, trace: &str, places: Places<'_>) -> Markup {
    drawn(test, &TraceText::read(trace), &|step| places.link(step.line), &|_| None)
}

fn drawn(test: &str, trace: &TraceText, link: &OfStep<'_, String>, mark: &OfStep<'_, Mark>) -> Markup {
    // The lines of its steps are those of the trace.
    let diagram = Diagram::of(&trace.to_record(test, |line| line));
    diagrams::boxed(&diagram, Additions { link: Some(link), mark: Some(mark) })
}

/// The lines of the trace that a step is drawn of.
fn lines(step: &Step) -> impl Iterator<Item = u32> {
    [Some(step.line), step.received].into_iter().flatten().filter(|line| *line > 0)
}

/// How a step is marked that is drawn of several events: one that is changed in part is changed.
fn together(kinds: impl Iterator<Item = RowKind>) -> Option<Mark> {
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
