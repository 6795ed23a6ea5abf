//! How a trace differs from another one: in words, in two diagrams side by side, and event by event.

mod events;

use std::collections::BTreeMap;

use maud::{Markup, html};

pub(super) use events::{events, trace};

use super::super::compared::{Compared, Side};
use super::super::diagram::{Additions, Diagram, Step};
use super::{diagrams, source, words};
use crate::review::Comparison;
use crate::trace::TraceText;

/// How many characters the labels of arrows have: two diagrams stand side by side, or in a narrow window.
const LABEL: usize = 26;

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
                    (words::sentence(&sentence.text))
                    @if let Some((new, line)) = sentence.new.first().and_then(|new| Some((*new, places.line(*new)?))) {
                        " " a href=[places.link(new)] { "line " (line) }
                    }
                }
            }
        }
        div.pair {
            figure {
                figcaption { (since.unwrap_or("Accepted")) }
                (diagram(test, comparison, Side::Old, places))
            }
            figure {
                figcaption { "Now" }
                (diagram(test, comparison, Side::New, places))
            }
        }
        (events(comparison, places))
    }
}

/// One of the two diagrams. An arrow of the accepted one leads where that leads which stands in its
/// place now.
fn diagram(test: &str, comparison: &Comparison, side: Side, places: Places<'_>) -> Markup {
    let compared = Compared::of(comparison, side, test, LABEL);
    let link = |step: &Step| places.link(compared.row(step)?.new.as_ref()?.line);
    let mark = |step: &Step| compared.mark(step);
    diagrams::boxed(&compared.diagram, Additions { link: Some(&link), mark: Some(&mark) })
}

/// The diagram of a trace that stands against nothing.
pub(super) fn alone(test: &str, trace: &str, places: Places<'_>) -> Markup {
    // The lines of its steps are those of the trace.
    let diagram = Diagram::of(&TraceText::read(trace).to_record(test, |line| line));
    let link = |step: &Step| places.link(step.line);
    diagrams::boxed(&diagram, Additions { link: Some(&link), mark: Some(&|_| None) })
}
