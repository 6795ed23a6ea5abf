//! The parser's events, one by one, to a tree.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};

use super::super::ast::Style;
use super::{Entry, Key, Kind, MAX_DEPTH, MAX_FINDINGS, Node};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Up to so many keys, comparing each with each is the fastest way to find one that is there twice.
const FEW_KEYS: usize = 16;

/// A tree that is being built.
pub(super) struct Builder<'a, 'd> {
    pub(super) text: &'a str,
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
    /// The collections that are open, the outermost first.
    pub(super) open: Vec<Frame<'a>>,
    /// Whether the outermost map had a key that was no word.
    pub(super) lost_key: bool,
    root: Option<Node<'a>>,
}

/// A collection that is open.
pub(super) struct Frame<'a> {
    pub(super) start: usize,
    pub(super) flow: bool,
    pub(super) content: Content<'a>,
    /// The values of keys that were reported.
    lost: Vec<Node<'a>>,
}

/// What an open collection holds so far.
pub(super) enum Content<'a> {
    Sequence(Vec<Node<'a>>),
    Mapping(Vec<Entry<'a>>, Pending<'a>),
}

/// What the parser's next node in a map is.
pub(super) enum Pending<'a> {
    /// A key.
    Key,
    /// The value of this key.
    Value(Key<'a>),
    /// The value of a key that was reported.
    Dropped,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    Stop,
}

impl<'a, 'd> Builder<'a, 'd> {
    pub(super) fn new(text: &'a str, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self { text, diagnostics, open: Vec::with_capacity(8), lost_key: false, root: None }
    }

    /// The tree, with what is still open closed.
    pub(super) fn finish(mut self) -> Option<Node<'a>> {
        while !self.open.is_empty() {
            self.close(None);
        }
        self.root
    }

    /// Takes an event, which stands at `span`; its tag, if it has one, at `tag`.
    pub(super) fn event(&mut self, event: Event<'a>, span: Span, tag: Option<Span>) -> Flow {
        match event {
            Event::Scalar(text, style, _, kind) => {
                let empty = span.start == span.end && style == ScalarStyle::Plain;
                // The parser gives `~` for what is not there.
                let text = if empty { Cow::Borrowed("") } else { text };
                let mut node = Node { span, kind: Kind::Scalar(text, style_of(style)) };
                if kind.is_some() {
                    self.refuse_tag(kind.as_deref(), tag);
                    node.spoil();
                }
                self.add(node);
            }
            Event::SequenceStart(style, _, kind) => {
                self.refuse_tag(kind.as_deref(), tag);
                return self.start(span, style, Content::Sequence(Vec::with_capacity(4)));
            }
            Event::MappingStart(style, _, kind) => {
                self.refuse_tag(kind.as_deref(), tag);
                return self.start(span, style, Content::Mapping(Vec::with_capacity(2), Pending::Key));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(span)),
            Event::Anchor(..) => self.refuse_alias(span),
            Event::UnresolvedAlias(_) => {
                if !matches!(self.open.last(), Some(Frame { content: Content::Mapping(_, Pending::Dropped), .. })) {
                    self.refuse_alias(span);
                }
                self.add(Node { span, kind: Kind::Invalid(Vec::new()) });
            }
            // Its anchor was refused.
            Event::Alias(_) => self.add(Node { span, kind: Kind::Invalid(Vec::new()) }),
            _ => {}
        }
        Flow::Continue
    }

    fn start(&mut self, span: Span, style: StructureStyle, content: Content<'a>) -> Flow {
        if self.open.len() >= MAX_DEPTH {
            self.report(too_deep(span));
            return Flow::Stop;
        }
        let flow = style == StructureStyle::Flow;
        self.open.push(Frame { start: span.start as usize, flow, content, lost: Vec::new() });
        Flow::Continue
    }

    /// Closes the innermost collection, whose end token stands at `end`.
    pub(super) fn close(&mut self, end: Option<Span>) {
        let Some(frame) = self.open.pop() else { return };
        let last = match &frame.content {
            Content::Sequence(nodes) => nodes.last().map(|node| node.span.end),
            Content::Mapping(entries, _) => entries.last().map(|entry| entry.value.span.end),
        };
        // The parser ends a block where the next token begins, which is lines away.
        let end = match end {
            Some(end) if frame.flow => end.end,
            _ => last.unwrap_or_default(),
        };
        let span = Span::new(frame.start, end as usize);
        let kind = match frame.content {
            Content::Sequence(nodes) => Kind::Sequence(nodes),
            Content::Mapping(mut entries, pending) => {
                if let Pending::Value(key) = pending {
                    let value = Node { span: key.span, kind: Kind::Invalid(Vec::new()) };
                    entries.push(Entry { key, value });
                }
                self.refuse_duplicates(&mut entries);
                Kind::Mapping(entries)
            }
        };
        let mut node = Node { span, kind };
        if !frame.lost.is_empty() {
            self.lose(&mut node, frame.lost);
        }
        self.add(node);
    }

    /// Marks a map in which something is missing. The outermost keeps what it has, so that the
    /// steps are read all the same.
    fn lose(&mut self, node: &mut Node<'a>, lost: Vec<Node<'a>>) {
        if self.open.is_empty() {
            self.lost_key = true;
            return;
        }
        node.spoil();
        if let Kind::Invalid(parts) = &mut node.kind {
            parts.extend(lost);
        }
    }

    /// Puts a node where it belongs.
    pub(super) fn add(&mut self, node: Node<'a>) {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        let (entries, pending) = match &mut frame.content {
            Content::Sequence(nodes) => return nodes.push(node),
            Content::Mapping(entries, pending) => (entries, pending),
        };
        match std::mem::replace(pending, Pending::Key) {
            Pending::Value(key) => entries.push(Entry { key, value: node }),
            Pending::Dropped => frame.lost.push(node),
            Pending::Key => match key(node) {
                Ok(key) => *pending = Pending::Value(key),
                Err(finding) => {
                    *pending = Pending::Dropped;
                    if let Some(finding) = finding {
                        self.report(*finding);
                    }
                }
            },
        }
    }

    /// Adds a finding, unless there are enough.
    pub(super) fn report(&mut self, finding: Diagnostic) {
        if self.diagnostics.len() < MAX_FINDINGS {
            self.diagnostics.push(finding);
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Option<Span>) {
        let Some(span) = tag.and(span) else { return };
        let text = &self.text[span.start as usize..span.end as usize];
        self.report(
            Diagnostic::error("yaml-tag", span, format!("`{text}` is a YAML tag, which specs do not have"))
                .help("leave it out, or quote it where it is text"),
        );
    }

    fn refuse_alias(&mut self, span: Span) {
        let text = &self.text[span.start as usize..span.end as usize];
        self.report(
            Diagnostic::error("yaml-alias", span, format!("`{text}`: anchors and aliases are not supported"))
                .help("write it out where it is used, or quote it where it is text"),
        );
    }

    /// Reports keys that a map has twice, and keeps the first of each.
    fn refuse_duplicates(&mut self, entries: &mut Vec<Entry<'a>>) {
        let mut repeated = Vec::new();
        if entries.len() <= FEW_KEYS {
            for (index, entry) in entries.iter().enumerate().skip(1) {
                let first = entries[..index].iter().position(|other| other.key.text == entry.key.text);
                repeated.extend(first.map(|first| (first, index)));
            }
        } else {
            let mut seen: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
            for (index, entry) in entries.iter().enumerate() {
                let first = *seen.entry(&entry.key.text).or_insert(index);
                repeated.extend((first != index).then_some((first, index)));
            }
        }
        if repeated.is_empty() {
            return;
        }
        for (first, again) in repeated.iter().take(MAX_FINDINGS) {
            let (first, again) = (&entries[*first].key, &entries[*again].key);
            self.report(
                Diagnostic::error("duplicate-key", again.span, format!("`{}` stands here twice", again.text))
                    .label("again")
                    .related(first.span, "first here")
                    .help("keep one of the two; in steps, write a step for each"),
            );
        }
        let mut repeated = repeated.into_iter().map(|(_, again)| again).peekable();
        let mut index = 0;
        entries.retain(|_| {
            let again = repeated.next_if_eq(&index).is_some();
            index += 1;
            !again
        });
    }
}

/// A node as a key; else what is wrong with it, unless that was said already.
fn key(node: Node<'_>) -> Result<Key<'_>, Option<Box<Diagnostic>>> {
    let Node { span, kind } = node;
    let error = |code, message: &str| Diagnostic::error(code, span, message);
    Err(Some(Box::new(match kind {
        Kind::Scalar(text, Style::Plain) if text == "<<" => {
            error("yaml-alias", "`<<`: merge keys are not supported").help("write the keys out")
        }
        Kind::Scalar(..) if span.start == span.end => error("yaml-key", "a key is missing before the colon")
            .help("write `KEY: …`, or quote the colon where it is text"),
        Kind::Scalar(text, style) => return Ok(Key { text, style, span }),
        Kind::Invalid(_) => return Err(None),
        Kind::Sequence(_) | Kind::Mapping(_) => error("yaml-key", "a key must be a word, not a list or a map")
            .help("quote it where `[` or `{` begins a text"),
    })))
}

/// The finding about nesting that goes too deep at a place.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("yaml-depth", span, format!("lists and maps are nested more than {MAX_DEPTH} deep"))
        .help("write it flatter")
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}
