//! Changes of a text at the places of steps, which keep to its style: a step of a block list gets a
//! line of its own with the indentation of its neighbour, one of a list in brackets stands beside it.

use std::ops::Range;

use crate::source::{SourceFile, Span};
use crate::spec::ast::{Call, Step, StepKind, Verb};

/// A piece of the text that becomes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What goes.
    pub(super) at: Range<usize>,
    /// What comes.
    pub(super) text: String,
}

impl Change {
    /// What goes and what comes.
    pub(super) fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { at: span.start as usize..span.end as usize, text: text.into() }
    }

    fn insert(at: usize, text: String) -> Self {
        Self { at: at..at, text }
    }
}

/// A list of steps, and where what stands before its first one ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'s> {
    /// The steps.
    pub(super) steps: &'s [Step],
    /// One past what stands before them: the lane's name.
    pub(super) floor: u32,
}

/// How a list is written.
enum Style<'t> {
    /// A dash before each step.
    Block {
        /// Where the line of this step begins.
        line: usize,
        /// What stands before the dash.
        indent: &'t str,
    },
    /// In brackets.
    Flow {
        /// What stands before the step, where it begins its line.
        indent: Option<&'t str>,
    },
}

/// The text as it is, for changes of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t>(pub(super) &'t str);

impl<'t> Text<'t> {
    /// A change that puts a step before that one.
    pub(super) fn before(self, list: List<'_>, index: usize, body: &str) -> Option<Change> {
        let start = list.steps.get(index)?.span.start as usize;
        Some(match self.style(list, index)? {
            Style::Block { line, indent } => {
                let at = self.above_comments(line, indent, self.floor(list, index)?);
                Change::insert(at, format!("{indent}- {body}{}", self.line_feed()))
            }
            Style::Flow { indent: None } => Change::insert(start, format!("{{{body}}}, ")),
            Style::Flow { indent: Some(indent) } => {
                Change::insert(start, format!("{{{body}}},{}{indent}", self.line_feed()))
            }
        })
    }

    /// A change that puts a step behind that one.
    pub(super) fn after(self, list: List<'_>, index: usize, body: &str) -> Option<Change> {
        let end = self.end(list.steps.get(index)?);
        Some(match self.style(list, index)? {
            Style::Block { indent, .. } => {
                let (at, text) = (self.next_line(end), format!("{indent}- {body}"));
                // The last line of the file may have no end.
                let ended = at == 0 || self.0[..at].ends_with('\n');
                let feed = self.line_feed();
                Change::insert(at, if ended { format!("{text}{feed}") } else { format!("{feed}{text}") })
            }
            Style::Flow { indent: None } => Change::insert(end, format!(", {{{body}}}")),
            Style::Flow { indent: Some(indent) } => {
                Change::insert(end, format!(",{}{indent}{{{body}}}", self.line_feed()))
            }
        })
    }

    /// A step as it stands in a list: `- close`, or `{close}` in one in brackets.
    pub(super) fn written(self, list: List<'_>, index: usize, body: &str) -> String {
        match self.style(list, index) {
            Some(Style::Flow { .. }) => format!("`{{{body}}}`"),
            _ => format!("`- {body}`"),
        }
    }

    /// Whether a step has its line to itself.
    pub(super) fn is_alone(self, list: List<'_>, index: usize) -> bool {
        !matches!(self.style(list, index), Some(Style::Flow { indent: None }))
    }

    /// The whole lines of a step of a block list, with the comments above it that are its own.
    pub(super) fn lines(self, list: List<'_>, index: usize) -> Option<Range<usize>> {
        let Style::Block { line, indent } = self.style(list, index)? else { return None };
        let start = self.above_comments(line, indent, self.floor(list, index)?);
        let end = self.next_line(self.end(&list.steps[index]));
        self.0[..end].ends_with('\n').then_some(start..end)
    }

    /// What stands before the dash of a step.
    pub(super) fn indent(self, list: List<'_>, index: usize) -> Option<&'t str> {
        match self.style(list, index)? {
            Style::Block { indent, .. } => Some(indent),
            Style::Flow { .. } => None,
        }
    }

    /// Changes that put a step of a block list behind another one.
    pub(super) fn move_after(self, list: List<'_>, index: usize, target: usize) -> Option<Vec<Change>> {
        let (own, target) = (self.lines(list, index)?, self.lines(list, target)?);
        let text = self.0[own.clone()].to_owned();
        Some(vec![Change { at: own, text: String::new() }, Change::insert(target.end, text)])
    }

    /// Changes that put a step of a block list before another one.
    pub(super) fn move_before(self, list: List<'_>, index: usize, target: usize) -> Option<Vec<Change>> {
        let (own, target) = (self.lines(list, index)?, self.lines(list, target)?);
        let text = self.0[own.clone()].to_owned();
        Some(vec![Change { at: own, text: String::new() }, Change::insert(target.start, text)])
    }

    /// A change that puts another step in the place of that one.
    pub(super) fn instead(self, step: &Step, body: &str) -> Change {
        let end = self.end(step);
        let text = if self.is_braced(step) { format!("{{{body}}}") } else { body.to_owned() };
        Change { at: step.span.start as usize..end, text }
    }

    /// A change that gives a call one more modifier.
    pub(super) fn modifier(self, step: &Step, call: &Call, key: &str, value: &str) -> Option<Change> {
        let verb = call.verb_span;
        let after_verb = self.0.get(verb.end as usize..)?.trim_start();
        let is_bare = matches!(call.verb, Verb::Close { .. } | Verb::Reset | Verb::Disconnect | Verb::Listen { .. });
        if is_bare && !after_verb.starts_with(':') {
            let word = self.0.get(verb.start as usize..verb.end as usize)?;
            return Some(Change::replace(verb, format!("{{{word}: true, {key}: {value}}}")));
        }
        let end = self.end(step);
        let map = self.0.get(call.endpoint.span.end as usize..end)?;
        let map = map.trim_start().strip_prefix(':')?.trim_start();
        if !map.starts_with('{') {
            return self.block_modifier(verb, end, key, value);
        }
        // A comment may hide the brace that ends the map.
        if map.contains('\n') && map.contains('#') {
            return None;
        }
        let inner = if self.is_braced(step) { map.strip_suffix('}')?.trim_end() } else { map };
        let inner = inner.strip_suffix('}')?.trim_end();
        let at = end - map.len() + inner.len();
        let comma = if inner.ends_with(',') { " " } else { ", " };
        Some(Change::insert(at, format!("{comma}{key}: {value}")))
    }

    /// The same of a call whose map is not in braces: a line of its own.
    fn block_modifier(self, verb: Span, end: usize, key: &str, value: &str) -> Option<Change> {
        let indent = self.0.get(self.line_start(verb.start as usize)..verb.start as usize)?;
        if !is_blank(indent) {
            return None;
        }
        let (at, feed) = (self.next_line(end), self.line_feed());
        let ended = self.0[..at].ends_with('\n');
        let line = format!("{indent}{key}: {value}");
        Some(Change::insert(at, if ended { format!("{line}{feed}") } else { format!("{feed}{line}") }))
    }

    /// A change that takes a modifier away, by the place of its value; only in braces.
    pub(super) fn without(self, key: &str, value: Span) -> Option<Change> {
        let before = self.0.get(..value.start as usize)?.trim_end().strip_suffix(':')?.trim_end();
        let before = before.strip_suffix(key)?.trim_end().strip_suffix(',')?;
        Some(Change { at: before.len()..value.end as usize, text: String::new() })
    }

    /// What is written there.
    pub(super) fn slice(self, span: Span) -> &'t str {
        self.0.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Where a step ends, without the blank lines behind it.
    pub(super) fn end(self, step: &Step) -> usize {
        step.span.start as usize + self.slice(step.span).trim_end().len()
    }

    /// Whether a step is in braces of its own.
    pub(super) fn is_braced(self, step: &Step) -> bool {
        self.slice(step.span).starts_with('{')
    }

    fn floor(self, list: List<'_>, index: usize) -> Option<usize> {
        Some(match index.checked_sub(1) {
            Some(before) => self.end(list.steps.get(before)?),
            None => list.floor as usize,
        })
    }

    /// How a step of a list is written: what stands before it tells.
    fn style(self, list: List<'_>, index: usize) -> Option<Style<'t>> {
        let start = list.steps.get(index)?.span.start as usize;
        let before = self.0.get(self.floor(list, index)?..start)?;
        let sign = before.lines().rev().find_map(|line| without_comment(line).trim_end().chars().next_back());
        let own_line = self.line_start(start);
        match sign? {
            '-' => {
                let dash = self.0[..start].rfind('-')?;
                let line = self.line_start(dash);
                let indent = &self.0[line..dash];
                is_blank(indent).then_some(Style::Block { line, indent })
            }
            '[' | ',' => {
                let indent = &self.0[own_line..start];
                Some(Style::Flow { indent: is_blank(indent).then_some(indent).filter(|_| own_line > 0) })
            }
            _ => None,
        }
    }

    /// The first of the lines above this one that are comments of the same indentation.
    fn above_comments(self, line: usize, indent: &str, floor: usize) -> usize {
        let mut first = line;
        while let Some(above) = first.checked_sub(1).map(|end| self.line_start(end)) {
            let is_own = |text: &str| text.strip_prefix(indent).is_some_and(|text| text.starts_with('#'));
            if above < floor || !is_own(&self.0[above..first]) {
                break;
            }
            first = above;
        }
        first
    }

    /// Where the line begins that this is in.
    pub(super) fn line_start(self, at: usize) -> usize {
        self.0[..at].rfind('\n').map_or(0, |feed| feed + 1)
    }

    /// Where the line ends that this is in, its line feed included.
    fn next_line(self, at: usize) -> usize {
        self.0[at..].find('\n').map_or(self.0.len(), |feed| at + feed + 1)
    }

    fn line_feed(self) -> &'static str {
        if self.0.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c == ' ')
}

/// A line of what stands between two nodes.
fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

/// Whether a block has steps of its own inside.
pub(super) fn is_loop(step: &Step) -> bool {
    matches!(step.kind, StepKind::Repeat { .. } | StepKind::Retry { .. })
}

/// The text with all these changes; `None` where two are at odds, or one is not in this file.
pub(super) fn apply(source: &SourceFile, mut changes: Vec<Change>) -> Option<String> {
    let text = source.text();
    changes.sort_by_key(|change| change.at.start);
    let at_odds = |pair: &[Change]| pair[0].at.end > pair[1].at.start;
    if changes.windows(2).any(at_odds) || changes.last().is_none_or(|last| last.at.end > text.len()) {
        return None;
    }
    Some(changed(text, &changes))
}

/// The text with the changes in it.
fn changed(text: &str, changes: &[Change]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for change in changes {
        out.push_str(&text[at..change.at.start]);
        out.push_str(&change.text);
        at = change.at.end;
    }
    out.push_str(&text[at..]);
    out
}
