//! The lines of a catalogue that a spec shows.

use super::{At, Decoder, Node, Scalar};
use crate::diagnostic::Diagnostic;
use crate::model::name::is_id;

impl Decoder<'_> {
    /// One id, or a list of them, each once.
    pub(super) fn ids(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Vec<Scalar> {
        let mut ids: Vec<Scalar> = Vec::new();
        for id in self.one_or_list(at, node, what).unwrap_or_default() {
            if !is_id(&id.text) {
                self.error(several(&id).unwrap_or_else(|| bad_id(&id)));
            } else if let Some(first) = ids.iter().find(|first| first.text == id.text) {
                let message = format!("the id `{}` stands here twice", id.text);
                let finding = Diagnostic::error("duplicate-id", id.span, message);
                self.error(finding.related(first.span, "first here").help("leave one of them out"));
            } else {
                ids.push(id);
            }
        }
        ids
    }
}

/// The finding about ids that stand in one text, where a list of them may stand.
fn several(id: &Scalar) -> Option<Diagnostic> {
    let ids: Vec<&str> = id.text.split([',', ' ']).filter(|part| !part.is_empty()).collect();
    let are_ids = ids.len() > 1 && ids.iter().all(|part| is_id(part));
    are_ids.then(|| no_id(id).help(format!("where these are several, write `[{}]`", ids.join(", "))))
}

/// The finding about a text that is no id.
pub(in crate::spec) fn bad_id(id: &Scalar) -> Diagnostic {
    no_id(id).help("an id is a word or a number, such as `31` or `fin-after-rst`: letters, digits, `.`, `_` and `-`")
}

fn no_id(id: &Scalar) -> Diagnostic {
    let message = if id.text.is_empty() { "this id is empty".to_owned() } else { format!("`{}` is no id", id.text) };
    Diagnostic::error("bad-id", id.span, message)
}
