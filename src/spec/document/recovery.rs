//! Goes on after a mistake in the YAML: with the next step, else with the next key of the file, so
//! that one bracket too few does not hide what else is wrong.

use std::ops::Range;

use granit_parser::{Event, Options, Parser, Span as Place};

use super::builder::{Builder, Content, Flow, Frame, Pending};
use super::{Kind, MAX_DEPTH, Node, syntax};
use crate::source::Span;

/// So many mistakes in the YAML are looked for; each costs a search through the rest of the file.
const MAX_MISTAKES: usize = 20;

/// What the text that is read now continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Nothing: it is a whole document.
    Document,
    /// The map that is the file.
    Keys,
    /// A list that is the value of one of its keys: the steps.
    Entries,
}

/// Reads the builder's text. Whether some of it had to be left out.
pub(super) fn read(builder: &mut Builder<'_, '_>) -> bool {
    let end = builder.text.len();
    let (mut region, mut level) = (0..end, Level::Document);
    for mistakes in 0..=MAX_MISTAKES {
        match parse(builder, region.clone(), level) {
            Ok(Flow::Stop) => return true,
            Ok(Flow::Continue) if region.end == end => return mistakes > 0,
            Ok(Flow::Continue) => (region, level) = (region.end..end, Level::Keys),
            Err(at) => {
                let next = next(builder, at);
                spoil(builder);
                match next {
                    Some((after, next)) if after.start > region.start => (region, level) = (after, next),
                    _ => return true,
                }
            }
        }
        let keep = if level == Level::Entries { 2 } else { 1 };
        while builder.open.len() > keep {
            builder.close(None);
        }
    }
    true
}

fn options() -> Options {
    granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

/// Reads a part of the text. At a mistake, reports it and gives its place.
fn parse(builder: &mut Builder<'_, '_>, region: Range<usize>, level: Level) -> Result<Flow, usize> {
    let base = region.start;
    let mut documents = 0;
    // The collections that are open, counted from the one that is continued.
    let mut depth = 0;
    for event in Parser::new_from_str_with_options(&builder.text[region], options()) {
        let (event, place) = event.map_err(|error| {
            let at = base + error.marker().byte_offset().unwrap_or_default();
            let diagnostic = syntax::explain(error.kind(), at, builder.text, &builder.open);
            let at = diagnostic.span.start as usize;
            builder.report(diagnostic);
            at
        })?;
        let span = span_of(&place, base);
        match &event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    builder.report(syntax::second_document(span, builder.text));
                    return Ok(Flow::Stop);
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                depth += 1;
                if depth == 1 && level != Level::Document {
                    continue;
                }
            }
            Event::SequenceEnd | Event::MappingEnd => {
                depth -= 1;
                if depth == 0 && level != Level::Document {
                    continue;
                }
            }
            _ => {}
        }
        let tag = place.tag_span().map(|tag| span_of(&tag, base));
        if builder.event(event, span, tag) == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
    Ok(Flow::Continue)
}

fn span_of(place: &Place, base: usize) -> Span {
    let start = place.start.byte_offset().unwrap_or_default();
    let end = place.end.byte_offset().unwrap_or_default();
    Span::new(base + start, base + end)
}

/// Where to go on after a mistake at `at`, and with what.
fn next(builder: &Builder<'_, '_>, at: usize) -> Option<(Range<usize>, Level)> {
    let [Frame { content: Content::Mapping(..), flow: false, .. }, inner @ ..] = &builder.open[..] else {
        return None;
    };
    let text = builder.text;
    let end = text.len();
    let indent = match inner {
        [Frame { content: Content::Sequence(_), flow: false, start, .. }, ..] => {
            Some(start - text[..*start].rfind('\n').map_or(0, |line| line + 1))
        }
        _ => None,
    };
    let mut lines = lines_after(text, at).filter(|(_, line)| !line.trim().is_empty());
    while let Some((start, line)) = lines.next() {
        if is_key(line) {
            return Some((start..end, Level::Keys));
        }
        if indent.is_some_and(|indent| is_entry(line, indent)) {
            let stop = lines.find(|(_, line)| is_key(line)).map_or(end, |(stop, _)| stop);
            return Some((start..stop, Level::Entries));
        }
    }
    None
}

/// The lines after the one that holds `at`, each with its offset.
fn lines_after(text: &str, at: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut start = text[at..].find('\n').map_or(text.len(), |line| at + line + 1);
    text[start..].split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line)
    })
}

/// Whether a line begins a key of the file.
fn is_key(line: &str) -> bool {
    let word = line.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    word.len() < line.len() && word.trim_start_matches(' ').starts_with(':')
}

/// Whether a line begins an entry of the list that stands in that column.
fn is_entry(line: &str, indent: usize) -> bool {
    let entry = line.trim_start_matches(' ');
    line.len() - entry.len() == indent && (entry.starts_with("- ") || entry.trim_end() == "-")
}

/// Closes the value that the mistake is in, up to the step or the key of the file that it belongs
/// to, and marks it as reported.
fn spoil(builder: &mut Builder<'_, '_>) {
    let cut = builder.open.len() > 2;
    while builder.open.len() > 2 {
        builder.close(None);
    }
    match builder.open.last_mut().map(|frame| &mut frame.content) {
        Some(Content::Sequence(nodes)) if cut => nodes.last_mut().into_iter().for_each(Node::spoil),
        Some(Content::Mapping(entries, _)) if cut => {
            entries.last_mut().into_iter().for_each(|entry| entry.value.spoil());
        }
        Some(Content::Mapping(_, Pending::Value(_) | Pending::Dropped)) => {
            builder.add(Node { span: Span::default(), kind: Kind::Invalid(Vec::new()) });
        }
        _ => {}
    }
}
