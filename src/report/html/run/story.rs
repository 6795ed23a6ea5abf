//! The tests of a run, each with what is drawn of it.

use std::collections::BTreeMap;

use super::super::super::diagram::Diagram;
use super::super::super::run::RunReport;
use super::super::super::told;
use crate::suite::{Outcome, SpecResult, TestResult};
use crate::trace;

/// A test on the page.
pub(super) struct Story<'r> {
    /// The element's id.
    pub(super) id: String,
    /// The number of its spec.
    pub(super) at: usize,
    pub(super) spec: &'r SpecResult,
    pub(super) result: &'r TestResult,
    /// Whether it is the first of its spec's cases, which shows what they share.
    pub(super) is_first: bool,
    /// What it did, as text, where it ran.
    pub(super) trace: Option<String>,
    /// The number of the test of the same spec that did the same, if it is not the first that did.
    pub(super) same_as: Option<usize>,
    /// What it did, where it ran and none before it did the same.
    pub(super) diagram: Option<Diagram>,
}

impl Story<'_> {
    /// The tags of its spec.
    pub(super) fn tags(&self) -> &[String] {
        self.spec.details.as_deref().map_or(&[], |details| &details.tags)
    }

    /// The lines of the spec, by the first lines of the events in its trace.
    pub(super) fn lines(&self) -> BTreeMap<u32, u32> {
        self.result.record().filter(|_| self.has_ended()).map(told::lines_of_events).unwrap_or_default()
    }

    /// Its trace, where it ran to its end, so that others can be compared with it.
    pub(super) fn trace_of_end(&self) -> Option<&str> {
        self.trace.as_deref().filter(|_| self.has_ended())
    }

    /// Whether it ran to its end, so that its trace can be compared with that of others.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.result.outcome, Outcome::Passed { .. } | Outcome::Changed(_) | Outcome::New(_))
    }
}

/// All tests in the order of the run.
pub(super) fn stories(report: &RunReport) -> Vec<Story<'_>> {
    let mut stories: Vec<Story<'_>> = Vec::new();
    for (at, spec) in report.specs.iter().enumerate() {
        let first = stories.len();
        for result in &spec.tests {
            let mut story = Story {
                id: format!("t{}", stories.len()),
                at,
                spec,
                result,
                is_first: stories.len() == first,
                trace: result.record().map(trace::text_of),
                same_as: None,
                diagram: None,
            };
            let is_same = |known: &Story<'_>| {
                known.same_as.is_none()
                    && story.trace_of_end().is_some()
                    && known.trace_of_end() == story.trace_of_end()
            };
            story.same_as = stories[first..].iter().position(is_same).map(|same| first + same);
            if story.same_as.is_none() {
                story.diagram = result.record().map(Diagram::of);
            }
            stories.push(story);
        }
    }
    stories
}
