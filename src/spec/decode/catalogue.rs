//! The tree of a file to a [`Catalogue`].

use super::ids::bad_id;
use super::{At, Decoder, Document, Entry, Kind, Node, Scalar, names, shape, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::name::is_id;
use crate::source::{SourceFile, Span};
use crate::spec::catalogue::{Catalogue, Line, Note, Section};
use crate::spec::decode::value::takes;
use crate::spec::words::{CATALOGUE, LINE, NOTE, SECTION, Value, Word, find};

/// Reads the tree; adds its findings to those of the document.
pub(in crate::spec) fn catalogue(
    document: &Document<'_>,
    source: &SourceFile,
    diagnostics: &mut Vec<Diagnostic>,
) -> Catalogue {
    let mut decoder = Decoder::new(source, diagnostics, document.incomplete);
    let mut catalogue = Catalogue::default();
    match document.root.as_ref().filter(|root| !root.is_null()) {
        Some(Node { kind: Kind::Mapping(entries), span }) => {
            for (word, entry) in decoder.known(CATALOGUE, entries) {
                let at = At::from(&entry.key);
                match word.name {
                    "title" => catalogue.title = decoder.sentence(at, &entry.value),
                    "about" => catalogue.about = decoder.paragraphs(at, &entry.value),
                    _ => catalogue.sections = decoder.sections(at, &entry.value),
                }
            }
            let first = entries.first().map_or(*span, |entry| entry.key.span);
            decoder.all_there(CATALOGUE, entries, first, "this catalogue", |name| format!("`{name}: …`"));
        }
        root => decoder.no_catalogue(root),
    }
    decoder.once(&catalogue);
    catalogue
}

impl Decoder<'_> {
    fn no_catalogue(&mut self, root: Option<&Node<'_>>) {
        if root.is_some_and(Node::is_invalid) || self.incomplete {
            return;
        }
        let (span, message) = match root {
            None => (Span::default(), "there is no catalogue in this file".to_owned()),
            Some(root) => (root.span, format!("a catalogue is a map with `sections`, not {}", shape(root))),
        };
        let help = "write `sections:`, and below it `- title: …` with `lines:`";
        self.error(Diagnostic::error("wrong-shape", span, message).help(help));
    }

    /// The entries whose keys are known. Others are findings.
    fn known<'n, 'a>(
        &mut self,
        words: &'static [Word],
        entries: &'n [Entry<'a>],
    ) -> Vec<(&'static Word, &'n Entry<'a>)> {
        let mut known = Vec::with_capacity(entries.len());
        for entry in entries {
            let at = At::from(&entry.key);
            if let Some(word) = find(words, at.name) {
                known.push((word, entry));
            } else {
                let finding = Diagnostic::error("unknown-key", at.span, format!("unknown key `{}`", at.name));
                self.error(suggest(finding, at.name, names(words.iter())));
                // What it was meant for is not missing.
                self.incomplete = true;
            }
        }
        known
    }

    /// Finds what has to be there and is not.
    fn all_there(
        &mut self,
        words: &[Word],
        entries: &[Entry<'_>],
        span: Span,
        what: &str,
        example: impl Fn(&str) -> String,
    ) {
        let missing = words.iter().find(|word| word.required && Self::entry(entries, word.name).is_none());
        if let Some(word) = missing.filter(|_| !std::mem::take(&mut self.incomplete)) {
            let finding = Diagnostic::error("missing-key", span, format!("{what} has no `{}`", word.name));
            self.error(finding.help(format!("write {}", example(word.name))));
        }
    }

    /// A text that says something, on one line, however many it was written on.
    fn sentence(&mut self, at: At<'_>, node: &Node<'_>) -> Option<String> {
        let text = self.paragraphs(at, node)?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// A text that says something.
    fn paragraphs(&mut self, at: At<'_>, node: &Node<'_>) -> Option<String> {
        let scalar = self.scalar(at, node, takes(Value::Text))?;
        if scalar.text.trim().is_empty() {
            let finding = Diagnostic::error("empty-text", scalar.span, format!("`{}` says nothing", at.name));
            self.error(finding.help(match at.name {
                "about" | "not_shown" => "write a sentence, or leave the key out",
                _ => "write a sentence",
            }));
            return None;
        }
        Some(scalar.text)
    }

    /// The maps of a list. The help has one of them as an example, and says whether the list may be left out.
    fn maps<'n, 'a>(&mut self, at: At<'_>, node: &'n Node<'a>, value: Value) -> Vec<(&'n [Entry<'a>], Span)> {
        let (example, is_required) = match value {
            Value::Notes => ("{platform: …, text: …}", false),
            _ => ("{title: …, lines: …}", true),
        };
        let Kind::Sequence(nodes) = &node.kind else {
            let message = format!("`{}` takes {}, not {}", at.name, takes(value), shape(node));
            self.not_a_map(at, node, message, format!("write `{}: [{example}]`", at.name));
            return Vec::new();
        };
        if nodes.is_empty() {
            let finding = Diagnostic::error("empty-list", node.span, format!("the list of `{}` is empty", at.name));
            let way_out = if is_required { "" } else { ", or leave the key out" };
            self.error(finding.help(format!("write `[{example}]`{way_out}")));
        }
        let entry = At { name: at.name, span: node.span };
        let mut maps = Vec::new();
        for node in nodes {
            if let Kind::Mapping(entries) = &node.kind {
                maps.push((entries.as_slice(), node.span));
            } else {
                let message = format!("what stands in the list of `{}` is a map, not {}", at.name, shape(node));
                self.not_a_map(entry, node, message, format!("write `{example}`"));
            }
        }
        maps
    }

    /// Something else stands where a map or a list of them is to be.
    fn not_a_map(&mut self, at: At<'_>, node: &Node<'_>, message: String, help: String) {
        if node.is_invalid() || node.is_null() {
            self.wrong_shape(at, node, "a map");
            return;
        }
        self.error(Diagnostic::error("wrong-shape", node.span, message).help(help));
    }

    fn sections(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<Section> {
        let maps = self.maps(at, node, Value::Sections);
        maps.into_iter().map(|(entries, span)| self.section(entries, span)).collect()
    }

    fn section(&mut self, entries: &[Entry<'_>], span: Span) -> Section {
        let mut section = Section::default();
        for (word, entry) in self.known(SECTION, entries) {
            let at = At::from(&entry.key);
            match word.name {
                "title" => section.title = self.sentence(at, &entry.value).unwrap_or_default(),
                _ => section.lines = self.lines(at, &entry.value),
            }
        }
        let first = entries.first().map_or(span, |entry| entry.key.span);
        self.all_there(SECTION, entries, first, "this section", |name| format!("`{name}: …`"));
        section
    }

    fn lines(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<Line> {
        let Some(entries) = self.map(at, node, takes(Value::Lines)) else { return Vec::new() };
        if entries.is_empty() {
            let finding = Diagnostic::error("empty-map", node.span, "there is no line in this section");
            self.error(finding.help("write `1: …`, or leave the section out"));
        }
        entries.iter().filter_map(|entry| self.line(entry)).collect()
    }

    fn line(&mut self, entry: &Entry<'_>) -> Option<Line> {
        let (id, at) = (entry.key.scalar(), At::from(&entry.key));
        if !is_id(&id.text) {
            self.error(bad_id(&id));
            return None;
        }
        let mut line = Line { id, text: String::new(), notes: Vec::new(), not_shown: None };
        let Kind::Mapping(entries) = &entry.value.kind else {
            if matches!(entry.value.kind, Kind::Sequence(_)) || entry.value.is_null() {
                self.wrong_shape(at, &entry.value, "a text, or a map with `text`");
            } else {
                line.text = self.sentence(at, &entry.value).unwrap_or_default();
            }
            return Some(line);
        };
        for (word, entry) in self.known(LINE, entries) {
            let at = At::from(&entry.key);
            match word.name {
                "text" => line.text = self.sentence(at, &entry.value).unwrap_or_default(),
                "notes" => line.notes = self.notes(at, &entry.value),
                _ => line.not_shown = self.sentence(at, &entry.value).map(|reason| (reason, at.span)),
            }
        }
        self.all_there(LINE, entries, at.span, "this line", |name| format!("`{}: {{{name}: …}}`", at.name));
        Some(line)
    }

    fn notes(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<Note> {
        let maps = self.maps(at, node, Value::Notes);
        maps.into_iter().map(|(entries, span)| self.note(entries, span)).collect()
    }

    fn note(&mut self, entries: &[Entry<'_>], span: Span) -> Note {
        let mut note = Note { platform: String::new(), text: String::new(), refs: Vec::new(), confirmed: false };
        for (word, entry) in self.known(NOTE, entries) {
            let at = At::from(&entry.key);
            match word.name {
                "platform" => note.platform = self.sentence(at, &entry.value).unwrap_or_default(),
                "text" => note.text = self.sentence(at, &entry.value).unwrap_or_default(),
                "refs" => {
                    let refs = self.scalars(at, &entry.value, takes(Value::Texts)).unwrap_or_default();
                    note.refs = refs.into_iter().map(|text| text.text).collect();
                }
                _ => note.confirmed = self.boolean(at, &entry.value).unwrap_or_default(),
            }
        }
        self.all_there(NOTE, entries, span, "this note", |name| format!("`{name}: …`"));
        note
    }

    fn boolean(&mut self, at: At<'_>, node: &Node<'_>) -> Option<bool> {
        let Scalar { text, span, .. } = self.scalar(at, node, takes(Value::Flag))?;
        let value = text.parse().ok();
        if value.is_none() {
            let message = format!("`{text}` is neither `true` nor `false`");
            self.error(Diagnostic::error("bad-boolean", span, message).help("write `true` or `false`"));
        }
        value
    }

    /// Finds ids that two sections have. Those of one section are keys that stand twice.
    fn once(&mut self, catalogue: &Catalogue) {
        let mut seen = std::collections::HashMap::new();
        for line in catalogue.lines() {
            if let Some(first) = seen.insert(&line.id.text, line.id.span) {
                let message = format!("the id `{}` stands here twice", line.id.text);
                let finding = Diagnostic::error("duplicate-id", line.id.span, message);
                self.error(finding.related(first, "first here").help("give one of the lines another id"));
            }
        }
    }
}
