//! Which perturbations a spec does not stand, and whether it says why.

use super::value::takes;
use super::{At, Decoder, Kind, Node, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::perturb::Perturb;
use crate::spec::ast::Style;
use crate::spec::document::Entry;
use crate::spec::words::{PERTURB_KEYS, Value, find};

impl Decoder<'_> {
    /// The perturbations that are left.
    pub(super) fn perturb(&mut self, entry: &Entry<'_>) -> Perturb {
        let mut perturb = Perturb::ALL;
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Some(entries) = self.map(at, node, takes(Value::Perturb)) else { return perturb };
        if entries.is_empty() {
            self.error(
                Diagnostic::error("empty-map", node.span, "the map of `perturb` is empty")
                    .help("say which perturbation this spec does not stand, such as `{segments: false}`"),
            );
        }
        for entry in entries {
            self.perturb_key(&mut perturb, entry);
        }
        if perturb != Perturb::ALL && Self::entry(entries, "why").is_none() && !self.has_comment(entry) {
            self.warn(
                Diagnostic::warning("unexplained", at.span, "nothing says why this spec does not stand it")
                    .help("write a comment above this line, or `why: \"…\"` into the map"),
            );
        }
        perturb
    }

    fn perturb_key(&mut self, perturb: &mut Perturb, entry: &Entry<'_>) {
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Some(word) = find(PERTURB_KEYS, at.name) else {
            let message = format!("there is no perturbation `{}`", at.name);
            let known = names(PERTURB_KEYS.iter());
            self.error(suggest(Diagnostic::error("unknown-key", at.span, message), at.name, known));
            return;
        };
        let Some(named) = perturb.named(word.name) else {
            self.why(at, node);
            return;
        };
        match &node.kind {
            Kind::Scalar(text, Style::Plain) if text == "false" => *named = false,
            Kind::Scalar(text, Style::Plain) if text == "true" => *named = true,
            _ => self.wrong_shape(at, node, takes(word.value)),
        }
    }

    fn why(&mut self, at: At<'_>, node: &Node<'_>) {
        let why = self.scalar(at, node, takes(Value::Text));
        if let Some(why) = why.filter(|why| why.text.trim().is_empty()) {
            self.error(
                Diagnostic::error("empty-why", why.span, "`why` says nothing").help("write the reason, or a comment"),
            );
        }
    }

    /// Whether a comment stands in one of the lines of an entry, or in the line above it.
    fn has_comment(&self, entry: &Entry<'_>) -> bool {
        let text = self.source.text();
        let begins = text[..entry.key.span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let above = text[..begins].trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
        let end = entry.value.span.end as usize;
        let ends = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let comments = |line: &str| {
            let comment = line.strip_prefix('#').or_else(|| line.split_once(" #").map(|(_, comment)| comment));
            comment.is_some_and(|comment| !comment.trim().is_empty())
        };
        comments(above.trim()) || text[begins..ends].lines().any(|line| comments(line.trim_start()))
    }
}
