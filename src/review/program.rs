//! Programs: what a spec receives from one is what that prints, and what it sends to one is its input.

use std::collections::HashSet;

use super::align::verb;
use crate::trace::TraceText;
use crate::trace::event::What;
use crate::trace::read::NodeKind;

/// The endpoints that are programs.
pub(super) fn names(trace: &TraceText) -> HashSet<String> {
    let events = trace.events();
    let run = events.iter().filter_map(|node| node.event()).filter(|event| verb(event) == "run");
    run.map(|event| event.endpoint.clone()).collect()
}

/// Gives the events of programs verbs of their own, which tell who does what. No trace is written so.
pub(super) fn mark(trace: &mut TraceText, names: &HashSet<String>) {
    trace.change(&mut |kind| {
        let NodeKind::Event(event) = kind else { return };
        if !names.contains(&event.endpoint) {
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
