//! Files that are opened: which verbs they have.

use crate::plan::{AttributeCheck, Call, Condition, Verb};
use crate::source::Span;

use super::endpoints::Role;
use super::verbs::verb_name;
use super::walk::{Outcome, Walk};

/// What can be done with a file.
const READ: &str = "a file is only read: with `recv`, `read`, `expect` and `close`, with `peek` beside them";

impl<'p> Walk<'p, '_> {
    /// A file is opened.
    pub(super) fn open_file(&mut self, call: &'p Call, outcome: Outcome) {
        match outcome {
            Outcome::Succeeds => drop(self.create(&call.endpoint, None, Role::File)),
            Outcome::Either => drop(self.create(&call.endpoint, None, Role::Unknown)),
            Outcome::Fails => {}
        }
    }

    /// A call on a file; false where it is something else.
    pub(super) fn is_of_file(&mut self, call: &'p Call, outcome: Outcome) -> bool {
        let index = self.reusable(&call.endpoint).filter(|index| self.endpoints[*index].role == Role::File);
        let Some(index) = index.filter(|_| !matches!(call.verb, Verb::Open(_))) else { return false };
        if outcome != Outcome::Succeeds && is_of_sockets(call) {
            // That it is no socket is its point.
        } else if let Some((span, what, help)) = self.not_of_files(call) {
            let message = format!("`{}` is a file, and has no {what}", self.endpoints[index].name);
            self.wrong_kind_at(span, call, message, help);
            if let Verb::Recv { takes, .. } = &call.verb {
                self.taken_somehow(takes);
            }
        } else if matches!(call.verb, Verb::Close { .. }) && outcome == Outcome::Succeeds {
            self.endpoints[index].closed = Some(call.endpoint.span);
        }
        true
    }

    /// What in this call a file does not have: its place, what it is, and a way out.
    fn not_of_files(&self, call: &Call) -> Option<(Span, String, &'static str)> {
        let modifier = |word: &str| Some((self.key_of_step(word, call.verb_span), format!("`{word}`"), READ));
        match &call.verb {
            Verb::Recv { from: Some(_), .. } | Verb::Recv { stderr: true, .. } | Verb::Expect { stderr: true, .. } => {
                modifier("from")
            }
            Verb::Recv { sender: Some(_), .. } => modifier("sender"),
            Verb::Recv { urgent: true, .. } => modifier("urgent"),
            Verb::Recv { takes, .. } if !takes.is_empty() => modifier("takes"),
            Verb::Close { notify: false } => modifier("notify"),
            Verb::Recv { beside, .. } => beside.word().and_then(modifier),
            Verb::Read { how, .. } => how.word().and_then(modifier),
            Verb::Close { .. } => None,
            Verb::Expect { conditions, .. } => {
                let is_of_file = |condition: &&Condition| {
                    matches!(condition, Condition::Eof | Condition::Silence(_) | Condition::Readable)
                };
                let wrong = conditions.iter().find(|condition| !is_of_file(condition))?;
                let word = match wrong {
                    Condition::Reset => "reset",
                    Condition::Writable => "writable",
                    Condition::Exit => "exit",
                    Condition::Truncated => "truncated",
                    _ => "such condition",
                };
                let span = self.word(call.verb_span, word);
                Some((span, format!("`{word}`"), "of a file, `eof`, `silence` and `readable` can be expected"))
            }
            Verb::ExpectAttributes(attributes) => {
                let wrong =
                    attributes.iter().find(|attribute| !matches!(attribute.check, AttributeCheck::Unread(_)))?;
                let name = wrong.shown.split('=').next().unwrap_or_default();
                Some((wrong.span, format!("`{name}`"), "of a file, `unread` can be expected, and `eof`"))
            }
            verb => Some((call.verb_span, format!("`{}`", verb_name(verb)), READ)),
        }
    }
}

/// Whether it is a call of sockets, which can be made on the descriptor of a file and fails.
fn is_of_sockets(call: &Call) -> bool {
    match &call.verb {
        Verb::Bind(_)
        | Verb::Listen { .. }
        | Verb::Connect { .. }
        | Verb::Disconnect
        | Verb::Send { .. }
        | Verb::Shutdown { .. }
        | Verb::Reset
        | Verb::Set(_) => true,
        Verb::ExpectAttributes(attributes) => attributes.iter().all(|attribute| {
            matches!(attribute.check, AttributeCheck::Local(_) | AttributeCheck::Peer(_) | AttributeCheck::Option(..))
        }),
        _ => false,
    }
}
