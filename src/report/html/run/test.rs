//! A test of a run: its line, and what there is to say of it.

use maud::{Markup, html};

use super::super::super::diagram::{Additions, Diagram, Step};
use super::super::super::run::RunReport;
use super::super::super::terminal::shown_path;
use super::super::comparison::{self, Places};
use super::super::{diagrams, source, words};
use super::outcome;
use super::story::Story;
use crate::suite::Outcome;

/// The item of a test in the list.
pub(super) fn item(report: &RunReport, stories: &[Story<'_>], story: &Story<'_>) -> Markup {
    let verdict = story.result.outcome.verdict();
    let lines = story.lines();
    let places =
        if story.spec.source.is_some() { Places { spec: story.at, lines: &lines } } else { comparison::NOWHERE };
    html! {
        li id=(story.id) data-verdict=(verdict) data-tags=(story.tags().join("\n")) {
            details {
                summary {
                    (words::verdict(verdict))
                    span.name { (story.result.name) }
                    span.time { (words::time(story.result.took)) }
                }
                div.body {
                    (facts(story))
                    (warnings(story))
                    (outcome::told(story.spec, &story.result.name, &story.result.outcome, places))
                    (drawn(stories, story))
                    @if let Some(trace) = story.trace.as_deref().filter(|_| story.same_as.is_none()) {
                        details { summary { "Trace" } pre.scroll tabindex="0" { (trace) } }
                    }
                    (text(report, stories, story))
                }
            }
        }
    }
}

/// What the spec says of itself, and where it is.
fn facts(story: &Story<'_>) -> Markup {
    let details = story.spec.details.as_deref();
    let lists =
        details.map(|details| [("Catalogue", &details.ids), ("Tags", &details.tags), ("Requires", &details.requires)]);
    html! {
        @if let Some(details) = details { p.about { (details.about) } }
        dl.facts {
            dt { "Spec" }
            dd.mono {
                @match line(story) {
                    Some(line) => { a href=(source::link(story.at, line)) { (shown_path(&story.spec.path)) ":" (line) } }
                    None => { (shown_path(&story.spec.path)) }
                }
            }
            @if !story.result.values.is_empty() {
                dt { "Case" }
                dd.mono {
                    @for (at, (name, value)) in story.result.values.iter().enumerate() {
                        @if at > 0 { ", " } (name) "=" (value)
                    }
                }
            }
            @if let Some(details) = details.filter(|details| !details.refs.is_empty()) {
                dt { "References" }
                dd { @for (at, text) in details.refs.iter().enumerate() { @if at > 0 { "; " } (words::reference(text)) } }
            }
            @for (word, list) in lists.into_iter().flatten().filter(|(_, list)| !list.is_empty()) {
                dt { (word) }
                dd { (list.join(", ")) }
            }
        }
    }
}

/// The line of the spec that is of interest: that of the failure, or that of its first step.
fn line(story: &Story<'_>) -> Option<u32> {
    story.spec.source.as_ref()?;
    let line = match &story.result.outcome {
        Outcome::Failed { record, .. } => {
            record.failure.as_ref().filter(|failure| failure.file.is_none()).map_or(0, |failure| failure.line)
        }
        Outcome::Cancelled { line, file: None } => *line,
        Outcome::Invalid(found) => {
            found.first().zip(story.spec.source.as_ref()).map_or(0, |(first, file)| file.line(first.span.start))
        }
        _ => 0,
    };
    Some(line.max(1))
}

fn warnings(story: &Story<'_>) -> Markup {
    html! { @if story.is_first { @for warning in &story.spec.warnings { (outcome::diagnostic(story.spec, warning)) } } }
}

fn drawn(stories: &[Story<'_>], story: &Story<'_>) -> Markup {
    if let Some(same) = story.same_as.and_then(|same| stories.get(same)) {
        return html! { p { "It did the same as " a href={ "#" (same.id) } { (same.result.name) } "." } };
    }
    // What has changed is drawn with what was accepted beside it.
    let is_drawn = matches!(&story.result.outcome, Outcome::Changed(change) if change.contradicts.is_none());
    html! { @if let Some(diagram) = story.diagram.as_ref().filter(|_| !is_drawn) { (diagram_of(story, diagram)) } }
}

fn diagram_of(story: &Story<'_>, diagram: &Diagram) -> Markup {
    if story.spec.source.is_none() {
        return diagrams::drawn(diagram);
    }
    let link = |step: &Step| (step.line > 0 && step.file.is_none()).then(|| source::link(story.at, step.line));
    diagrams::boxed(diagram, Additions { link: Some(&link), mark: None })
}

/// The text of the spec, once for all its cases.
fn text(report: &RunReport, stories: &[Story<'_>], story: &Story<'_>) -> Markup {
    let Some(file) = &report.specs[story.at].source else { return html! {} };
    if story.is_first {
        return html! { details { summary { "Spec" } (source::listing(story.at, file, None)) } };
    }
    let first = stories.iter().find(|first| first.at == story.at).map_or("", |first| &first.result.name);
    html! { p { a href=(source::link(story.at, 1)) { "The spec's text" } ", with " (first) } }
}
