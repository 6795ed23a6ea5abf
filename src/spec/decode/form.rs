//! Payloads and patterns: which form a node is, and what stands beside it.

use super::{At, Decoder, Entry, Kind, Node, scalar_of, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::model::yaml_type;
use crate::source::Span;
use crate::spec::ast::{Form, FormKind, Scalar, Style};
use crate::spec::words::{self, COMPANIONS, FORMS, FormWord, WIDTHS, find};

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Bytes to be sent.
    Payload,
    /// Bytes to be received.
    Pattern,
    /// Bytes that end what is received.
    Delimiter,
}

impl Role {
    /// Why a form that takes bytes cannot stand here.
    fn refusal(self) -> &'static str {
        match self {
            Self::Delimiter => "a delimiter is made of fixed bytes",
            _ => "it says what to receive, and cannot be sent",
        }
    }
}

impl Decoder<'_> {
    /// A payload or a pattern.
    pub(super) fn form(&mut self, at: At<'_>, node: &Node<'_>, role: Role) -> Option<Form> {
        match &node.kind {
            Kind::Scalar(..) if !node.is_null() => self.text_form(node),
            Kind::Sequence(nodes) => {
                let forms: Vec<Form> = nodes.iter().filter_map(|node| self.form(at, node, role)).collect();
                Some(form(node.span, FormKind::List(forms)))
            }
            Kind::Mapping(entries) => self.form_map(at, entries, node.span, role),
            _ => {
                let what = if role == Role::Payload { words::Value::Payload } else { words::Value::Pattern };
                self.wrong_shape(at, node, super::value::takes(what));
                None
            }
        }
    }

    fn text_form(&mut self, node: &Node<'_>) -> Option<Form> {
        let text = self.text(node)?;
        Some(form(node.span, FormKind::Text(text)))
    }

    /// A text that is sent or compared. No type rule of YAML may change what it is.
    pub(super) fn text(&mut self, node: &Node<'_>) -> Option<Scalar> {
        let text = scalar_of(node)?;
        if let Some(diagnostic) = bare_value(&text) {
            let written = &text.text;
            let is_number = crate::model::size::parse_number(written).is_some();
            self.error(if is_number {
                diagnostic.help(format!("write `{{u8: {written}}}`, or another width, for a number"))
            } else {
                diagnostic
            });
            return None;
        }
        self.check_escapes(&text);
        Some(text)
    }

    fn form_map(&mut self, at: At<'_>, entries: &[Entry<'_>], span: Span, role: Role) -> Option<Form> {
        let (entry, word) = self.form_word(at, entries, span)?;
        let key = At::from(&entry.key);
        if word.pattern_only && role != Role::Pattern {
            let message = format!("`{}` is a pattern: {}", key.name, role.refusal());
            self.error(Diagnostic::error("pattern-in-payload", key.span, message).help(instead(key.name, role)));
            return None;
        }
        for other in entries.iter().filter(|other| other.key.span != key.span) {
            self.beside_form(key, word, other, role);
        }
        let kind = self.form_kind(key, &entry.value, word, entries, role);
        let mut form = form(span, kind?);
        if role == Role::Pattern {
            self.companions_inside(&mut form, entries);
        }
        Some(form)
    }

    /// The entry that says which form it is.
    fn form_word<'n, 'a>(
        &mut self,
        at: At<'_>,
        entries: &'n [Entry<'a>],
        span: Span,
    ) -> Option<(&'n Entry<'a>, &'static FormWord)> {
        let mut found = entries.iter().filter_map(|entry| Some((entry, words::form(&entry.key.text)?)));
        let first = found.next();
        let second = found.next();
        let (Some(first), Some(second)) = (first, second) else {
            if first.is_none() {
                self.no_form(at, entries, span);
            }
            return first;
        };
        // `size` is a form with `of`, and stands beside `fill`.
        let is_beside = |one: &FormWord, other: &Entry<'_>| find(one.beside, &other.key.text).is_some();
        if is_beside(first.1, second.0) && found.next().is_none() {
            return Some(first);
        }
        if is_beside(second.1, first.0) {
            return Some(second);
        }
        let (one, two) = (At::from(&first.0.key), At::from(&second.0.key));
        self.error(
            Diagnostic::error("second-form", two.span, format!("two forms in one: `{}` and `{}`", one.name, two.name))
                .related(one.span, "the first")
                .help(format!("write a list for one after the other: `[{{{}: …}}, {{{}: …}}]`", one.name, two.name)),
        );
        None
    }

    fn no_form(&mut self, at: At<'_>, entries: &[Entry<'_>], span: Span) {
        let Some(entry) = entries.first() else {
            let diagnostic =
                Diagnostic::error("unknown-form", span, format!("`{}` takes a form, and this map is empty", at.name));
            return self.error(diagnostic.help("quote the braces where they are text"));
        };
        let word = &entry.key.text;
        let unknown = entries.iter().find(|entry| find(COMPANIONS, &entry.key.text).is_none());
        if unknown.is_none() {
            let message = format!("`{word}` stands beside a form, and there is none");
            let diagnostic = Diagnostic::error("missing-form", entry.key.span, message);
            return self.error(diagnostic.help(format!(
                "say which bytes are taken: `{{until: \"\\r\\n\", {word}: …}}`, `{{bytes: 12, {word}: …}}` or `{{rest: true, {word}: …}}`"
            )));
        }
        let entry = unknown.unwrap_or(entry);
        let word = &entry.key.text;
        let diagnostic = Diagnostic::error("unknown-form", entry.key.span, format!("unknown form `{word}`"));
        let owner = FORMS.iter().find(|form| find(form.beside, word).is_some());
        self.error(if matches!(word.as_ref(), "text" | "string" | "str" | "data") {
            diagnostic.help(format!("write the text itself: `{}: \"…\"`", at.name))
        } else if entry.value.is_null() && nearest(word, forms()).is_none() {
            diagnostic.help("quote the whole text where the braces belong to it")
        } else if let Some(form) = owner {
            diagnostic.help(format!("`{word}` stands beside `{}`", form.word.name))
        } else {
            suggest(diagnostic, word, forms())
        });
    }

    /// A key beside the word of a form.
    fn beside_form(&mut self, form: At<'_>, word: &FormWord, entry: &Entry<'_>, role: Role) {
        let at = At::from(&entry.key);
        if find(word.beside, at.name).is_some() {
            return;
        }
        if find(COMPANIONS, at.name).is_some() {
            if role != Role::Pattern {
                let message = format!("`{}` stands beside patterns only", at.name);
                let diagnostic = Diagnostic::error("pattern-in-payload", at.span, message);
                self.error(match role {
                    Role::Delimiter => diagnostic.help(format!("put `{}` beside `until`", at.name)),
                    _ => diagnostic.help("leave it out: what is sent is written in the spec"),
                });
            }
            return;
        }
        let message = format!("`{}` does not stand beside `{}`", at.name, form.name);
        let diagnostic = Diagnostic::error("unknown-key", at.span, message);
        let beside = word.beside.iter().chain(COMPANIONS.iter().filter(|_| role == Role::Pattern));
        let known = beside.map(|word| word.name);
        let near = nearest(at.name, known.clone());
        let owner = FORMS.iter().find(|form| find(form.beside, at.name).is_some());
        self.error(if let Some(near) = near {
            diagnostic.help(format!("did you mean `{near}`?"))
        } else if let Some(owner) = owner {
            diagnostic.help(format!("`{}` stands beside `{}`", at.name, owner.word.name))
        } else if words::owners(at.name).next().is_some() {
            diagnostic.help(format!("`{}` is a modifier: put it outside of these braces, beside the verb", at.name))
        } else if known.clone().next().is_none() {
            diagnostic.help(format!("nothing stands beside `{}` here", form.name))
        } else {
            suggest(diagnostic, at.name, known)
        });
    }
}

/// What YAML makes something else of than a text.
pub(super) fn bare_value(text: &Scalar) -> Option<Diagnostic> {
    let what = yaml_type::of(&text.text).filter(|_| text.style == Style::Plain)?;
    let written = &text.text;
    let diagnostic = Diagnostic::error("bare-value", text.span, format!("`{written}` is {what} to YAML, not a text"));
    Some(diagnostic.help(format!("write `\"{written}\"` for the text")))
}

/// A form with nothing beside it.
pub(super) fn form(span: Span, kind: FormKind) -> Form {
    Form { span, kind, matching: None, capture: None, vary: None, max: None }
}

fn forms() -> impl Iterator<Item = &'static str> + Clone {
    FORMS.iter().map(|form| form.word.name)
}

/// What to send in place of a pattern.
fn instead(form: &str, role: Role) -> &'static str {
    match form {
        _ if role == Role::Delimiter => "write the bytes themselves, or `{match: REGEX}`",
        "bytes" => "write `{random: 12}` or `{fill: \"ab\", size: 12}` for so many bytes",
        form if WIDTHS.contains(&form) => "write the number",
        _ => "write the bytes themselves: a text, `{hex: …}` or `{file: …}`",
    }
}
