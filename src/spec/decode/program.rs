//! Programs: what is run, and what tells that it is ready.

use std::borrow::Cow;

use super::super::document::quoted;
use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::yaml_type;
use crate::spec::ast::{Ready, Run, Verb};
use crate::spec::words::{READY, Value, VerbWord, find};

impl Decoder<'_> {
    pub(super) fn run(&mut self, at: At<'_>, node: &Node<'_>, word: &VerbWord, entries: &[Entry<'_>]) -> Option<Verb> {
        let arguments = self.arguments(at, node);
        let [env, dir, ready, pass] = word.modifiers else { return None };
        let env = match Self::entry(entries, env.name) {
            Some(entry) => self.environment(entry),
            None => Some(Vec::new()),
        };
        let dir = self.optional(entries, dir);
        let ready = match Self::entry(entries, ready.name) {
            Some(entry) => self.ready(entry).map(Some),
            None => Some(None),
        };
        let pass = self.list(entries, pass);
        Some(Verb::Run(Box::new(Run { arguments: arguments?, env: env?, dir, ready: ready?, pass: pass? })))
    }

    fn arguments(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Vec<Scalar>> {
        match &node.kind {
            Kind::Sequence(nodes) if nodes.is_empty() => {
                self.error(
                    Diagnostic::error("empty-list", node.span, "`run` names no program")
                        .help("write the program and its arguments: `{run: [cat, \"-u\"]}`"),
                );
                None
            }
            // A line for a shell: there is none.
            Kind::Scalar(text, _) if !node.is_null() => {
                let words: Vec<_> = text.split_whitespace().map(in_a_list).collect();
                self.error(
                    Diagnostic::error("wrong-shape", node.span, "`run` takes a list of the program and its arguments")
                        .help(format!("write `run: [{}]`: no shell cuts it into words", words.join(", "))),
                );
                None
            }
            _ => {
                let all = self.scalars(at, node, takes(Value::Arguments))?;
                // What was wrong with one of them was said.
                matches!(&node.kind, Kind::Sequence(nodes) if nodes.len() == all.len()).then_some(all)
            }
        }
    }

    fn environment(&mut self, entry: &Entry<'_>) -> Option<Vec<(Scalar, Scalar)>> {
        let entries = self.map(At::from(&entry.key), &entry.value, takes(Value::Values))?;
        let mut variable =
            |entry: &Entry<'_>| Some((entry.key.scalar(), self.scalar(At::from(&entry.key), &entry.value, "a text")?));
        let all: Vec<_> = entries.iter().filter_map(&mut variable).collect();
        (all.len() == entries.len()).then_some(all)
    }

    fn ready(&mut self, entry: &Entry<'_>) -> Option<Ready> {
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Kind::Mapping(entries) = &node.kind else {
            return self.scalar(at, node, takes(Value::Ready)).map(Ready::Address);
        };
        let [only] = entries.as_slice() else {
            self.error(
                Diagnostic::error("wrong-shape", node.span, "`ready` takes one thing that tells it")
                    .help("write `{stdout: REGEX}`, `{stderr: REGEX}` or `{steps: […]}`"),
            );
            return None;
        };
        let key = At::from(&only.key);
        let Some(word) = find(READY, key.name) else {
            let message = format!("`ready` knows no `{}`", key.name);
            let finding = Diagnostic::error("unknown-key", key.span, message);
            self.error(suggest(finding, key.name, names(READY.iter())));
            return None;
        };
        if word.value == Value::Steps {
            return Some(Ready::Steps(self.steps(key, &only.value)));
        }
        let regex = self.scalar(key, &only.value, takes(word.value))?;
        Some(Ready::Line { stream: only.key.scalar(), regex })
    }
}

/// A word as an item of a list between brackets, quoted where YAML would take it for something else.
fn in_a_list(word: &str) -> Cow<'_, str> {
    let begins = word
        .starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '/' | '.' | '_' | '~'))
        || word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|next: char| next != ' '));
    let is_plain = begins && !word.contains(['{', '}', '[', ']', ',', '#', '"', '\'', '\\']) && !word.ends_with(':');
    // Words for true, false and nothing, and numbers of a look that not every reader of YAML knows.
    let is_number = word == "0" || !word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain && (is_number || yaml_type::of(word).is_none()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(quoted(word))
    }
}

#[cfg(test)]
mod tests {
    use super::in_a_list;

    #[test]
    fn a_word_is_quoted_where_a_list_needs_it() {
        for plain in ["./kv.py", "--port", "-u", "a=b", "python3", "127.0.0.1:80"] {
            assert_eq!(in_a_list(plain), plain);
        }
        assert_eq!(in_a_list("${port}"), "\"${port}\"");
        assert_eq!(in_a_list("--port=${port}"), "\"--port=${port}\"");
        assert_eq!(in_a_list("a,b"), "\"a,b\"");
        assert_eq!(in_a_list("say\"x\""), "'say\"x\"'");
        assert_eq!(in_a_list("*"), "\"*\"");
        assert_eq!(in_a_list("on"), "\"on\"");
        assert_eq!(in_a_list("007"), "\"007\"");
    }
}
