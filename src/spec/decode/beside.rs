//! What must come beside the bytes of a `recv`.

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::errno::Errno;
use crate::spec::ast::{Beside, QueuedError};
use crate::spec::words::{ERRQUEUE, Value, Word, find};

impl Decoder<'_> {
    /// What the modifiers of `recv` say of control messages.
    pub(super) fn beside(&mut self, words: &[Word], entries: &[Entry<'_>]) -> Option<Beside> {
        let [ctrunc, to, credentials, errqueue, ..] = words else { return None };
        let errqueue = match Self::entry(entries, errqueue.name) {
            Some(entry) => Some(self.queued_error(At::from(&entry.key), &entry.value)?),
            None => None,
        };
        Some(Beside {
            ctrunc: self.optional(entries, ctrunc),
            to: self.optional(entries, to),
            credentials: self.optional(entries, credentials),
            errqueue,
        })
    }

    fn queued_error(&mut self, at: At<'_>, node: &Node<'_>) -> Option<QueuedError> {
        if let Kind::Scalar(errno, _) = &node.kind
            && Errno::parse(errno).is_some()
        {
            let (name, what) = (at.name, takes(Value::QueuedError));
            let finding = Diagnostic::error("wrong-shape", node.span, format!("`{name}` takes {what}, not a text"));
            self.error(finding.help(format!("write `{name}: {{errno: {errno}}}`")));
            return None;
        }
        let entries = self.map(at, node, takes(Value::QueuedError))?;
        let mut said: [Option<Scalar>; 6] = Default::default();
        for entry in entries {
            let key = At::from(&entry.key);
            let Some(place) = ERRQUEUE.iter().position(|word| word.name == key.name) else {
                let message = format!("`{}` has no `{}`", at.name, key.name);
                let finding = Diagnostic::error("unknown-key", key.span, message);
                let meant = match key.name {
                    "mtu" => Some("info"),
                    name => name.strip_prefix("ee_").filter(|name| find(ERRQUEUE, name).is_some()),
                };
                self.error(match meant {
                    Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                    None => suggest(finding, key.name, names(ERRQUEUE.iter())),
                });
                return None;
            };
            said[place] = Some(self.scalar(key, &entry.value, takes(ERRQUEUE[place].value))?);
        }
        let [errno, origin, kind, code, info, offender] = said;
        if errno.is_none() {
            self.error(
                Diagnostic::error("missing-key", at.span, format!("`{}` names no `errno`", at.name))
                    .help("write the error that must be in the queue: `errqueue: {errno: ECONNREFUSED}`"),
            );
        }
        Some(QueuedError { errno: errno?, origin, kind, code, info, offender })
    }
}
