//! The tree of a file to a [`Spec`]. Whatever is wrong is reported and left out, and the rest is
//! read on, so that one run shows every mistake.

mod beside;
mod block;
mod catalogue;
mod escapes;
mod expect;
mod files;
mod form;
mod form_words;
mod ids;
mod include;
mod network;
mod perturb;
mod program;
mod step;
#[cfg(test)]
mod tests;
mod top;
mod value;
mod verb;

use std::path::PathBuf;

use super::ast::{Scalar, Spec, Step, StepKind};
use super::document::{Document, Entry, Key, Kind, MAX_FINDINGS, Node};
use super::words::Word;
use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::source::{SourceFile, Span};

pub(super) use catalogue::catalogue;

/// Reads the tree; adds its findings to those of the document.
pub(super) fn decode(document: &Document<'_>, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> Spec {
    let mut decoder = Decoder::new(source, diagnostics, document.incomplete);
    let mut spec = decoder.top(document.root.as_ref());
    spec.incomplete = decoder.incomplete;
    spec
}

/// What reads the tree.
struct Decoder<'s> {
    source: &'s SourceFile,
    diagnostics: &'s mut Vec<Diagnostic>,
    /// The places of what was found in the YAML itself.
    earlier: Vec<Span>,
    /// How many errors were found, and how many warnings.
    errors: usize,
    warnings: usize,
    /// How many steps were read.
    steps: usize,
    /// Whether something was reported about the step that is read now.
    faulty: bool,
    /// Whether names may be missing from the spec.
    incomplete: bool,
    /// The file that is read, and those that it is included from, the first of them first; nothing as long
    /// as nothing was included.
    files: Vec<PathBuf>,
}

/// A key, for messages about what stands after it.
#[derive(Clone, Copy)]
struct At<'k> {
    name: &'k str,
    span: Span,
}

impl<'k> From<&'k Key<'_>> for At<'k> {
    fn from(key: &'k Key<'_>) -> Self {
        Self { name: &key.text, span: key.span }
    }
}

impl<'s> Decoder<'s> {
    fn new(source: &'s SourceFile, diagnostics: &'s mut Vec<Diagnostic>, incomplete: bool) -> Self {
        let earlier: Vec<Span> = diagnostics.iter().map(|diagnostic| diagnostic.span).collect();
        let errors = earlier.len();
        Self {
            source,
            diagnostics,
            earlier,
            errors,
            warnings: 0,
            steps: 0,
            faulty: false,
            incomplete,
            files: Vec::new(),
        }
    }
}

impl Decoder<'_> {
    fn error(&mut self, diagnostic: Diagnostic) {
        self.faulty = true;
        self.errors += 1;
        if self.errors <= MAX_FINDINGS {
            self.diagnostics.push(diagnostic);
        }
    }

    fn warn(&mut self, diagnostic: Diagnostic) {
        self.warnings += 1;
        if self.warnings <= MAX_FINDINGS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The entries of a map that were read in order to be looked up by their words.
    fn entry<'n, 'a>(entries: &'n [Entry<'a>], name: &str) -> Option<&'n Entry<'a>> {
        entries.iter().find(|entry| entry.key.text == name)
    }
}

/// "Did you mean", with the nearest of the words, or all of them where none is near.
fn suggest<'w>(diagnostic: Diagnostic, word: &str, known: impl Iterator<Item = &'w str> + Clone) -> Diagnostic {
    match nearest(word, known.clone()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("there is {}", listed(known))),
    }
}

/// The words in backticks, with commas.
fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The names of words.
fn names<'w>(words: impl Iterator<Item = &'w Word> + Clone) -> impl Iterator<Item = &'w str> + Clone {
    words.map(|word| word.name)
}

/// A step that could not be read.
fn broken(node: &Node<'_>, span: Span) -> Step {
    let mut words = Vec::new();
    node.words(&mut words);
    Step { span, kind: StepKind::Broken { words }, faulty: true }
}

/// "a list", "a map", "a text".
fn shape(node: &Node<'_>) -> &'static str {
    match node.kind {
        Kind::Scalar(..) if node.is_null() => "nothing",
        Kind::Scalar(..) => "a text",
        Kind::Sequence(_) => "a list",
        Kind::Mapping(_) => "a map",
        Kind::Invalid(_) => "something else",
    }
}

/// The scalar of a node that is one.
fn scalar_of(node: &Node<'_>) -> Option<Scalar> {
    match &node.kind {
        Kind::Scalar(text, style) => Some(Scalar { text: text.as_ref().to_owned(), style: *style, span: node.span }),
        _ => None,
    }
}
