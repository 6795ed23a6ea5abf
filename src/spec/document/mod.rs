//! The YAML of a spec as a tolerant tree: every node knows its place, and what YAML has but the
//! language does not (aliases, tags, a second document) is reported and left out.

mod builder;
mod place;
mod recovery;
mod syntax;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::ast::{Scalar, Style};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use builder::Builder;
pub(super) use syntax::{missing_colon, quoted};

/// So many errors of one file are kept, and so many warnings; whoever has more has made one mistake
/// many times.
pub(super) const MAX_FINDINGS: usize = 100;

/// The deepest nesting that is read.
pub(super) const MAX_DEPTH: usize = 64;

/// A node with its place.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The place, quotes and brackets included.
    pub(super) span: Span,
    /// What it is.
    pub(super) kind: Kind<'a>,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// A text.
    Scalar(Cow<'a, str>, Style),
    /// A list.
    Sequence(Vec<Node<'a>>),
    /// A map.
    Mapping(Vec<Entry<'a>>),
    /// Something that was reported already, with what could be read of it.
    Invalid(Vec<Node<'a>>),
}

/// A key of a map with its value.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The key.
    pub(super) key: Key<'a>,
    /// The value.
    pub(super) value: Node<'a>,
}

/// A key with its place.
#[derive(Debug)]
pub(super) struct Key<'a> {
    /// The text.
    pub(super) text: Cow<'a, str>,
    /// How it was written.
    pub(super) style: Style,
    /// Where.
    pub(super) span: Span,
}

/// What was read of a text.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    /// The tree; none where the text is empty.
    pub(super) root: Option<Node<'a>>,
    /// Whether a part of it is missing, since it is not YAML.
    pub(super) incomplete: bool,
}

/// Reads a text.
pub(super) fn read<'a>(text: &'a str, diagnostics: &mut Vec<Diagnostic>) -> Document<'a> {
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        diagnostics.push(
            Diagnostic::error("yaml-syntax", Span::new(at, at + 1), "a NUL byte is no text")
                .help("write `\\0` in double quotes, or use `{hex: \"00\"}`"),
        );
        return Document { root: None, incomplete: true };
    }
    let mut builder = Builder::new(text, diagnostics);
    let incomplete = recovery::read(&mut builder) | builder.lost_key;
    Document { root: builder.finish(), incomplete }
}

impl Document<'_> {
    /// Moves every place to where the file is among all that were read.
    pub(super) fn shift(&mut self, base: u32) {
        if let Some(root) = &mut self.root {
            root.shift(base);
        }
    }
}

impl Key<'_> {
    /// The key as a scalar of the syntax tree.
    pub(super) fn scalar(&self) -> Scalar {
        Scalar { text: self.text.as_ref().to_owned(), style: self.style, span: self.span }
    }
}

impl Node<'_> {
    /// Whether nothing is written, or one of YAML's words for nothing.
    pub(super) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar(text, Style::Plain) => {
                matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// Whether it was reported already.
    pub(super) fn is_invalid(&self) -> bool {
        matches!(self.kind, Kind::Invalid(_))
    }

    fn shift(&mut self, base: u32) {
        self.span = self.span.up(base);
        match &mut self.kind {
            Kind::Scalar(..) => {}
            Kind::Sequence(nodes) | Kind::Invalid(nodes) => nodes.iter_mut().for_each(|node| node.shift(base)),
            Kind::Mapping(entries) => {
                for entry in entries {
                    entry.key.span = entry.key.span.up(base);
                    entry.value.shift(base);
                }
            }
        }
    }

    /// Marks it as reported.
    fn spoil(&mut self) {
        let kind = std::mem::replace(&mut self.kind, Kind::Sequence(Vec::new()));
        self.kind = Kind::Invalid(vec![Self { span: self.span, kind }]);
    }

    /// Every scalar in it, keys included.
    pub(super) fn words(&self, into: &mut Vec<Scalar>) {
        match &self.kind {
            Kind::Scalar(text, style) => {
                into.push(Scalar { text: text.as_ref().to_owned(), style: *style, span: self.span });
            }
            Kind::Sequence(nodes) | Kind::Invalid(nodes) => nodes.iter().for_each(|node| node.words(into)),
            Kind::Mapping(entries) => {
                for entry in entries {
                    into.push(entry.key.scalar());
                    entry.value.words(into);
                }
            }
        }
    }
}
