//! Writes steps into one line that have room in it: `- client: {send: "x", within: 1s}`.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::super::ast::Style;
use super::super::document::{self, Entry, Kind, Node};
use super::WIDTH;
use super::tokens::column;
use super::walk::is_in_brackets;

/// The text with short steps in one line each; `None` where there are none to be changed.
pub(super) fn short_steps(text: &str) -> Option<String> {
    let document = document::read(text, &mut Vec::new());
    let mut join = Join { text, changes: Vec::new() };
    join.node(document.root.as_ref()?, false);
    if join.changes.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (place, written) in join.changes {
        out.push_str(&text[end..place.start]);
        out.push_str(&written);
        end = place.end;
    }
    out.push_str(&text[end..]);
    Some(out)
}

struct Join<'a> {
    text: &'a str,
    /// What is written in place of what, in the order of the text.
    changes: Vec<(Range<usize>, String)>,
}

impl Join<'_> {
    /// Looks for steps in a node. `lanes` says whether it is a map of lists of steps.
    fn node(&mut self, node: &Node<'_>, lanes: bool) {
        match &node.kind {
            Kind::Mapping(entries) => {
                for entry in entries {
                    match &entry.value.kind {
                        Kind::Sequence(items) if lanes || entry.key.text == "steps" => {
                            for item in items {
                                self.step(item);
                            }
                        }
                        _ => self.node(&entry.value, entry.key.text == "parallel"),
                    }
                }
            }
            Kind::Sequence(items) => items.iter().for_each(|item| self.node(item, false)),
            Kind::Scalar(..) | Kind::Invalid(_) => {}
        }
    }

    fn step(&mut self, item: &Node<'_>) {
        match self.joined(item) {
            Some(change) => self.changes.push(change),
            None => self.node(item, false),
        }
    }

    /// What is written in place of the value of a step.
    fn joined(&self, item: &Node<'_>) -> Option<(Range<usize>, String)> {
        let Kind::Mapping(entries) = &item.kind else { return None };
        let [entry] = &entries[..] else { return None };
        let value = &entry.value;
        if is_in_brackets(self.text, value) || is_in_brackets(self.text, item) {
            return None;
        }
        let colon = entry.key.span.end as usize;
        let place = colon..value.span.end as usize;
        let before = self.text[colon..value.span.start as usize].trim_start();
        let after = self.text[place.end..].lines().next().unwrap_or_default().trim();
        if before.strip_prefix(':').is_none_or(|blanks| !blanks.trim().is_empty()) || !after.is_empty() {
            return None;
        }
        let Kind::Mapping(verbs) = &value.kind else { return None };
        let written = format!(": {}", self.in_brackets(value, verbs)?);
        let width = column(self.text, colon) + written.width();
        (width <= WIDTH).then_some((place, written))
    }

    /// A verb with its modifiers, as they are written in brackets and in one line. Whoever writes what is in
    /// them line by line wants it so.
    fn in_brackets(&self, verbs: &Node<'_>, entries: &[Entry<'_>]) -> Option<String> {
        let mut written = Vec::with_capacity(entries.len());
        let mut end = verbs.span.start as usize;
        for entry in entries {
            let (key, value) = (entry.key.span, entry.value.span);
            let between = [&self.text[end..key.start as usize], &self.text[key.end as usize..value.start as usize]];
            let is_empty = |between: &&str| between.chars().all(|c| c.is_whitespace() || c == ':');
            let word = &self.text[key.start as usize..key.end as usize];
            let text = self.slice(&entry.value);
            let fits = match &entry.value.kind {
                Kind::Scalar(_, Style::Block) | Kind::Invalid(_) => false,
                Kind::Scalar(_, Style::Plain) => !text.is_empty() && is_plain_in_brackets(text),
                Kind::Scalar(..) => true,
                Kind::Mapping(_) | Kind::Sequence(_) => is_in_brackets(self.text, &entry.value),
            };
            if !fits || text.contains('\n') || !is_plain_in_brackets(word) || !between.iter().all(is_empty) {
                return None;
            }
            written.push(format!("{word}: {text}"));
            end = value.end as usize;
        }
        Some(format!("{{{}}}", written.join(", ")))
    }

    fn slice(&self, node: &Node<'_>) -> &str {
        &self.text[node.span.start as usize..node.span.end as usize]
    }
}

/// Whether a word is the same one in brackets.
fn is_plain_in_brackets(text: &str) -> bool {
    !text.contains(['[', ']', '{', '}', ',']) && !text.starts_with(['?', ':', '-'])
}
