//! Words that mean something else for some endpoints: what a spec receives from a program is what that
//! prints, what it sends to one is its input, and where it accepts somebody unknown, the listener is named.

use std::collections::HashSet;

use super::align::verb;
use crate::trace::TraceText;
use crate::trace::event::What;
use crate::trace::read::NodeKind;

/// The endpoints that are no connections.
#[derive(Debug, Default)]
pub(super) struct Roles {
    programs: HashSet<String>,
    listeners: HashSet<String>,
}

impl Roles {
    /// Those of some traces.
    pub(super) fn of<'t>(traces: impl IntoIterator<Item = &'t TraceText>) -> Self {
        let mut roles = Self::default();
        for trace in traces {
            for event in trace.events().into_iter().filter_map(|node| node.event()) {
                match verb(event) {
                    "run" => drop(roles.programs.insert(event.endpoint.clone())),
                    "listen" => drop(roles.listeners.insert(event.endpoint.clone())),
                    _ => {}
                }
            }
        }
        roles
    }
}

/// Gives such events words of their own, which tell who does what. No trace is written so.
pub(super) fn mark(trace: &mut TraceText, roles: &Roles) {
    if roles.programs.is_empty() && roles.listeners.is_empty() {
        return;
    }
    trace.change(&mut |kind| {
        let NodeKind::Event(event) = kind else { return };
        if let What::Words(words) = &mut event.what
            && let Some(listener) = words.strip_prefix("accept ")
            && roles.listeners.contains(listener.split(' ').next().unwrap_or_default())
        {
            *words = format!("accept at {listener}");
        }
        if !roles.programs.contains(&event.endpoint) {
            return;
        }
        match &mut event.what {
            What::Data { verb, suffix, .. } => {
                match verb.as_str() {
                    "recv" => "print".clone_into(verb),
                    "send" => "input".clone_into(verb),
                    _ => {}
                }
                suffix.iter_mut().filter(|word| *word == "from stderr").for_each(|word| "to stderr".clone_into(word));
            }
            What::Words(words) => {
                let (verb, rest) = words.split_at(words.find(' ').unwrap_or(words.len()));
                let own = match verb {
                    "close" => "close-input",
                    "eof" => "print-end",
                    "silence" => "quiet",
                    _ => return,
                };
                *words = format!("{own}{rest}");
            }
        }
    });
}
