//! The forms themselves, one by one.

use super::form::Role;
use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar};
use crate::diagnostic::Diagnostic;
use crate::spec::ast::{Form, FormKind, Style};
use crate::spec::words::{self, COMPANIONS, FormWord, Value, Word, find};

impl Decoder<'_> {
    /// What the form of this word is. `node` stands after the word, `entries` are it and what
    /// stands beside it.
    pub(super) fn form_kind(
        &mut self,
        key: At<'_>,
        node: &Node<'_>,
        word: &FormWord,
        entries: &[Entry<'_>],
        role: Role,
    ) -> Option<FormKind> {
        let what = takes(word.word.value);
        match word.word.name {
            "hex" => self.scalar(key, node, "bytes in hexadecimal, in quotes").map(FormKind::Hex),
            "base64" => self.scalar(key, node, "bytes in Base64, in quotes").map(FormKind::Base64),
            "file" => self.scalar(key, node, "the name of a file").map(FormKind::File),
            "fill" => self.fill(key, node, word, entries),
            "random" => {
                let seed = self.optional(entries, &word.beside[0]);
                Some(FormKind::Random { size: self.scalar(key, node, what)?, seed })
            }
            "size" => self.sized(key, node, word, entries, role),
            "bytes" => self.scalar(key, node, what).map(FormKind::Bytes),
            "until" => self.until(key, node),
            "rest" => self.rest(key, node, entries),
            "one_of" => self.alternatives(key, node).map(FormKind::OneOf),
            "any_order" => self.alternatives(key, node).map(FormKind::AnyOrder),
            "until_last" => self.until_last(key, node, word, entries),
            _ => self.number(key, node, word, entries, role),
        }
    }

    /// The value of a word that has to stand beside another.
    fn required<'n, 'a>(&mut self, key: At<'_>, word: &Word, entries: &'n [Entry<'a>]) -> Option<&'n Entry<'a>> {
        let entry = Self::entry(entries, word.name);
        if entry.is_none() {
            let (name, beside) = (key.name, word.name);
            self.error(
                Diagnostic::error("missing-key", key.span, format!("`{name}` needs `{beside}` beside it"))
                    .help(format!("write `{{{name}: …, {beside}: …}}`, with {} after `{beside}`", takes(word.value))),
            );
        }
        entry
    }

    fn fill(&mut self, key: At<'_>, node: &Node<'_>, word: &FormWord, entries: &[Entry<'_>]) -> Option<FormKind> {
        let size = self.required(key, &word.beside[0], entries);
        let fill = match node.kind {
            Kind::Scalar(..) if !node.is_null() => self.text(node),
            _ => self.scalar(key, node, "a text"),
        };
        let size = size.and_then(|entry| self.scalar(At::from(&entry.key), &entry.value, takes(Value::Size)));
        Some(FormKind::Fill { fill: fill?, size: size? })
    }

    fn sized(
        &mut self,
        key: At<'_>,
        node: &Node<'_>,
        word: &FormWord,
        entries: &[Entry<'_>],
        role: Role,
    ) -> Option<FormKind> {
        let of = self.required(key, &word.beside[0], entries);
        let kind = self.scalar(key, node, "the kind of the length, such as `u16`");
        let of = of.and_then(|entry| self.form(At::from(&entry.key), &entry.value, role));
        let [_, plus, or, pad] = word.beside else { return None };
        let (plus, or, pad) = (self.optional(entries, plus), self.optional(entries, or), self.optional(entries, pad));
        Some(FormKind::Sized { kind: kind?, of: Box::new(of?), plus, or, pad })
    }

    fn number(
        &mut self,
        key: At<'_>,
        node: &Node<'_>,
        word: &FormWord,
        entries: &[Entry<'_>],
        role: Role,
    ) -> Option<FormKind> {
        let value = self.scalar(key, node, if role == Role::Pattern { "a number, or `any`" } else { "a number" })?;
        let [mask, is] = word.beside else { return None };
        let (mask, is) = (self.optional(entries, mask), self.optional(entries, is));
        let any = value.text == "any";
        let beside =
            Self::entry(entries, "mask").or_else(|| Self::entry(entries, "is")).map(|entry| At::from(&entry.key));
        if role != Role::Pattern && (any || beside.is_some()) {
            let At { name, span } = beside.filter(|_| !any).unwrap_or(At { name: "any", span: value.span });
            self.error(
                Diagnostic::error(
                    "pattern-in-payload",
                    span,
                    format!("`{name}` is for patterns: a number that is sent is written"),
                )
                .help(format!("write `{{{}: 80}}`", key.name)),
            );
            return None;
        }
        if mask.is_some() != is.is_some() {
            let (there, missing) = if mask.is_some() { ("mask", "is") } else { ("is", "mask") };
            let span = Self::entry(entries, there).map_or(key.span, |entry| entry.key.span);
            let finding = Diagnostic::error("missing-key", span, format!("`{there}` needs `{missing}` beside it"));
            let bits = format!("`{{{}: any, mask: 0x0f, is: 3}}`", key.name);
            self.error(match &is {
                Some(is) => finding.help(format!(
                    "write `{{{}: {}}}` for exactly this number, {bits} for some bits of it",
                    key.name, is.text
                )),
                None => finding.help(format!("write {bits}")),
            });
        } else if beside.is_some() && !any && !value.text.contains("${") {
            self.error(
                Diagnostic::error(
                    "unknown-key",
                    value.span,
                    format!("`mask` stands beside `any`, not beside `{}`", value.text),
                )
                .help(format!("write `{{{}: any, mask: …, is: …}}`", key.name)),
            );
        }
        let width = Scalar { text: key.name.to_owned(), style: Style::Plain, span: key.span };
        Some(FormKind::Number { width, value, mask, is })
    }

    fn until(&mut self, key: At<'_>, node: &Node<'_>) -> Option<FormKind> {
        if let Kind::Mapping(entries) = &node.kind
            && let Some(entry) = Self::entry(entries, "match")
            && entries.iter().all(|entry| words::form(&entry.key.text).is_none())
        {
            for other in entries.iter().filter(|other| other.key.text != "match") {
                let at = At::from(&other.key);
                let message = format!("`{}` does not stand beside `match` here", at.name);
                let diagnostic = Diagnostic::error("unknown-key", at.span, message);
                self.error(diagnostic.help("put it outside of these braces, beside `until`"));
            }
            let regex = self.scalar(At::from(&entry.key), &entry.value, takes(Value::Regex))?;
            self.check_regex(&regex);
            return Some(FormKind::UntilMatch(regex));
        }
        let delimiter = self.form(key, node, Role::Delimiter)?;
        let empty = match &delimiter.kind {
            FormKind::Text(text) => text.text.is_empty(),
            FormKind::List(forms) => forms.is_empty(),
            _ => false,
        };
        if empty {
            self.error(
                Diagnostic::error("wrong-shape", delimiter.span, "an empty delimiter is found before the first byte")
                    .help("write the bytes that end what is taken, such as `\"\\r\\n\"`"),
            );
        }
        Some(FormKind::Until(Box::new(delimiter)))
    }

    fn rest(&mut self, key: At<'_>, node: &Node<'_>, entries: &[Entry<'_>]) -> Option<FormKind> {
        self.nothing(key, node);
        let end = match Self::entry(entries, "end") {
            Some(entry) => self.ends(entry)?,
            None => Vec::new(),
        };
        Some(FormKind::Rest { end })
    }

    fn ends(&mut self, entry: &Entry<'_>) -> Option<Vec<Scalar>> {
        self.one_or_list(At::from(&entry.key), &entry.value, "`eof`, `reset`, or both in a list")
    }

    fn alternatives(&mut self, key: At<'_>, node: &Node<'_>) -> Option<Vec<Form>> {
        let Kind::Sequence(nodes) = &node.kind else {
            self.wrong_shape(key, node, takes(Value::Patterns));
            return None;
        };
        if nodes.is_empty() {
            self.error(
                Diagnostic::error("empty-list", node.span, format!("`{}` has no patterns", key.name))
                    .help("write at least two"),
            );
            return None;
        }
        Some(nodes.iter().filter_map(|node| self.form(key, node, Role::Pattern)).collect())
    }

    fn until_last(&mut self, key: At<'_>, node: &Node<'_>, word: &FormWord, entries: &[Entry<'_>]) -> Option<FormKind> {
        let each = self.required(key, &word.beside[0], entries);
        let last = self.form(key, node, Role::Pattern);
        let each = each.and_then(|entry| self.form(At::from(&entry.key), &entry.value, Role::Pattern));
        Some(FormKind::UntilLast { last: Box::new(last?), each: Box::new(each?) })
    }

    /// What stands beside a form in its own braces.
    pub(super) fn companions_inside(&mut self, form: &mut Form, entries: &[Entry<'_>]) {
        for word in COMPANIONS {
            if let Some(scalar) = self.optional(entries, word) {
                self.companion(form, word.name, scalar);
            }
        }
    }

    /// What stands beside the verb, for its pattern: a text and a list have no braces of their own.
    pub(super) fn companions(&mut self, form: &mut Form, entries: &[Entry<'_>]) {
        for entry in entries {
            let at = At::from(&entry.key);
            if at.name == "end" {
                self.end_beside_verb(form, entry);
            } else if let Some(word) = find(COMPANIONS, at.name)
                && let Some(scalar) = self.scalar(at, &entry.value, takes(word.value))
            {
                self.twice(at, companion(form, at.name).is_some());
                self.companion(form, at.name, scalar);
            }
        }
    }

    fn end_beside_verb(&mut self, form: &mut Form, entry: &Entry<'_>) {
        let at = At::from(&entry.key);
        let Some(ends) = self.ends(entry) else { return };
        let FormKind::Rest { end } = &mut form.kind else {
            self.error(
                Diagnostic::error("misplaced-modifier", at.span, "`end` stands beside `rest`, and there is none")
                    .help("write `{rest: true, end: [eof, reset]}`"),
            );
            return;
        };
        self.twice(at, !end.is_empty());
        *end = ends;
    }

    fn twice(&mut self, at: At<'_>, there: bool) {
        if there {
            self.error(
                Diagnostic::error(
                    "duplicate-key",
                    at.span,
                    format!("`{}` stands beside the verb and in its pattern", at.name),
                )
                .help("keep one of the two"),
            );
        }
    }

    fn companion(&mut self, form: &mut Form, name: &str, scalar: Scalar) {
        if name == "match" {
            self.check_regex(&scalar);
        }
        match name {
            "match" => form.matching = Some(scalar),
            "as" => form.capture = Some(scalar),
            "vary" => form.vary = Some(scalar),
            _ => form.max = Some(scalar),
        }
    }
}

fn companion<'f>(form: &'f Form, name: &str) -> Option<&'f Scalar> {
    match name {
        "match" => form.matching.as_ref(),
        "as" => form.capture.as_ref(),
        "vary" => form.vary.as_ref(),
        _ => form.max.as_ref(),
    }
}
