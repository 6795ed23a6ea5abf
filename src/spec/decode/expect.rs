//! What `expect` waits for.

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar, names, scalar_of, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::{duration, option};
use crate::spec::ast::{Expectation, Verb, Wanted};
use crate::spec::words::{self, AGREED, ATTRIBUTES, CONDITIONS, Value, VerbWord, Word, find};

/// What an attribute takes.
const VALUES: &str = "a value, or a list of which any will do";

/// What `poll` takes.
const EVENTS: &str = "an event of poll(2), or the list of all that are set, such as `[IN, OUT]`";

impl Decoder<'_> {
    pub(super) fn expect(
        &mut self,
        at: At<'_>,
        node: &Node<'_>,
        word: &VerbWord,
        entries: &[Entry<'_>],
    ) -> Option<Verb> {
        let [silence_for, status, from] = word.modifiers else { return None };
        let (duration, from) = (self.optional(entries, silence_for), self.optional(entries, from));
        let statuses = self.statuses(entries, status);
        let what = match &node.kind {
            Kind::Mapping(attributes) => self.attributes(at, attributes, node),
            _ => self.conditions(at, node, takes(word.word.value)),
        }?;
        self.check_silence(&what, at, Self::entry(entries, "for"));
        self.check_status(&what, at, Self::entry(entries, "status"));
        Some(Verb::Expect { what, duration, status: statuses?, from })
    }

    fn conditions(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Option<Expectation> {
        self.one_or_list(at, node, what).map(Expectation::Any)
    }

    fn attributes(&mut self, at: At<'_>, entries: &[Entry<'_>], node: &Node<'_>) -> Option<Expectation> {
        if entries.is_empty() {
            self.error(
                Diagnostic::error("missing-value", node.span, format!("`{}` waits for nothing", at.name))
                    .help("write a condition such as `eof`, or attributes such as `{unread: 5}`"),
            );
            return None;
        }
        let mut attributes = Vec::with_capacity(entries.len());
        let is_condition_there = entries.iter().any(|entry| find(CONDITIONS, &entry.key.text).is_some());
        for (place, entry) in entries.iter().enumerate() {
            let key = At::from(&entry.key);
            if find(CONDITIONS, key.name).is_some() {
                self.error(
                    Diagnostic::error(
                        "wrong-shape",
                        key.span,
                        format!("`{}` is a condition, not an attribute", key.name),
                    )
                    .help(instead(key.name, &entry.value)),
                );
            } else if let Some(modifier) = modifier(key.name) {
                if !is_condition_there {
                    let message = format!("`{modifier}` stands beside `{}`, not in what it waits for", at.name);
                    let help = format!("write `{{{}: {{…}}, {modifier}: …}}`", at.name);
                    self.error(Diagnostic::error("misplaced-modifier", key.span, message).help(help));
                }
            } else if is_stray(entry) && place > 0 {
                // One finding for all that belong to one list.
                if !is_stray(&entries[place - 1]) {
                    let message = format!("nothing stands after `{}`", key.name);
                    let help = with_brackets(&entries[place - 1..]);
                    self.error(Diagnostic::error("missing-value", key.span, message).help(help));
                }
            } else if find(ATTRIBUTES, key.name).is_some_and(|word| word.value == Value::Agreed) {
                let agreed = self.agreed(key, &entry.value)?;
                attributes.push((entry.key.scalar(), Wanted::All(agreed)));
            } else if key.name == "poll" && matches!(&entry.value.kind, Kind::Sequence(nodes) if nodes.is_empty()) {
                // A set, which may be empty.
                attributes.push((entry.key.scalar(), Wanted::Any(Vec::new())));
            } else if let Some(values) =
                self.one_or_list(key, &entry.value, if key.name == "poll" { EVENTS } else { VALUES })
            {
                attributes.push((entry.key.scalar(), Wanted::Any(values)));
            }
        }
        Some(Expectation::Attributes(attributes))
    }

    /// How a program must end: none where nothing is said of it.
    fn statuses(&mut self, entries: &[Entry<'_>], word: &Word) -> Option<Vec<Scalar>> {
        match Self::entry(entries, word.name) {
            Some(entry) => self.one_or_list(At::from(&entry.key), &entry.value, takes(word.value)),
            None => Some(Vec::new()),
        }
    }

    /// `status` needs `exit`.
    fn check_status(&mut self, what: &Expectation, at: At<'_>, status: Option<&Entry<'_>>) {
        let exits = matches!(what, Expectation::Any(conditions) if conditions.iter().any(|word| word.text == "exit"));
        if let (Some(status), false, false) = (status, exits, is_in_doubt(what)) {
            let message = format!("`status` belongs to `exit`, which this `{}` does not name", at.name);
            self.error(
                Diagnostic::error("misplaced-modifier", status.key.span, message)
                    .help("write `{expect: exit, status: 0}`"),
            );
        }
    }

    /// What was agreed for TLS.
    fn agreed(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Vec<(Scalar, Vec<Scalar>)>> {
        let entries = self.map(at, node, takes(Value::Agreed))?;
        if entries.is_empty() {
            self.wrong_shape(at, node, takes(Value::Agreed));
            return None;
        }
        let mut agreed = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = At::from(&entry.key);
            if find(AGREED, key.name).is_none() {
                let message = format!("`tls` has no `{}` to be asked for", key.name);
                let diagnostic = Diagnostic::error("unknown-attribute", key.span, message);
                self.error(suggest(diagnostic, key.name, names(AGREED.iter())));
            } else if let Some(values) = self.one_or_list(key, &entry.value, VALUES) {
                agreed.push((entry.key.scalar(), values));
            }
        }
        Some(agreed)
    }

    /// `silence` and `for` need each other.
    fn check_silence(&mut self, what: &Expectation, at: At<'_>, duration: Option<&Entry<'_>>) {
        let silence = match what {
            Expectation::Any(conditions) => conditions.iter().find(|condition| condition.text == "silence"),
            Expectation::Attributes(_) => None,
        };
        match (silence, duration) {
            (Some(silence), None) => self.error(
                Diagnostic::error("missing-key", silence.span, "`silence` for how long?")
                    .help("write `{expect: silence, for: 200ms}`"),
            ),
            (None, Some(duration)) if !is_in_doubt(what) => self.error(
                Diagnostic::error(
                    "misplaced-modifier",
                    duration.key.span,
                    format!("`for` belongs to `silence`, which this `{}` does not name", at.name),
                )
                .help("write `within` for a deadline"),
            ),
            _ => {}
        }
    }
}

/// Whether a condition is a variable, or a word that is none.
fn is_in_doubt(what: &Expectation) -> bool {
    matches!(what, Expectation::Any(conditions) if conditions.iter().any(|condition| find(CONDITIONS, &condition.text).is_none()))
}

/// What to write for a condition that stands among attributes, with what it was given.
fn instead(condition: &str, value: &Node<'_>) -> String {
    match (condition, &value.kind) {
        ("exit", Kind::Scalar(status, _)) if !value.is_null() && status != "true" => {
            format!("write `{{expect: exit, status: {status}}}`")
        }
        ("silence", Kind::Scalar(time, _)) if duration::parse(time).is_some() => {
            format!("write `{{expect: silence, for: {time}}}`")
        }
        _ => format!("write `expect: {condition}`"),
    }
}

/// The modifier of `expect` of that name.
fn modifier(name: &str) -> Option<&'static str> {
    words::verb("expect")?.modifier(name).map(|word| word.name)
}

/// Whether an entry is a value that lacks the brackets of its list, as `OUT` in `{poll: IN, OUT}`.
fn is_stray(entry: &Entry<'_>) -> bool {
    let name = entry.key.text.as_ref();
    let is_empty = entry.value.span.start == entry.value.span.end;
    is_empty && find(ATTRIBUTES, name).is_none() && option::find(name).is_none()
}

/// What to write for an attribute with the stray values after it.
fn with_brackets(entries: &[Entry<'_>]) -> String {
    let Some((attribute, rest)) = entries.split_first() else { return String::new() };
    let mut values: Vec<String> = match &attribute.value.kind {
        Kind::Scalar(value, _) => vec![value.to_string()],
        Kind::Sequence(nodes) => nodes.iter().filter_map(scalar_of).map(|scalar| scalar.text).collect(),
        _ => return format!("`{}` takes {VALUES}", rest.first().map_or("", |entry| &entry.key.text)),
    };
    values.extend(rest.iter().take_while(|entry| is_stray(entry)).map(|entry| entry.key.text.to_string()));
    format!("write `{}: [{}]`", attribute.key.text, values.join(", "))
}
