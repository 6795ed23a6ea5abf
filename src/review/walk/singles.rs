//! Events that are only in one of two traces.

use std::collections::HashSet;

use super::super::align::{is_seen, verb};
use super::super::ending;
use super::super::fields::listed;
use super::super::finding::{Finding, Said, Weight};
use super::super::phrase::{self, quoted, who};
use super::{Single, Walk, line_of};
use crate::trace::event::{Event, What};

/// How many names of endpoints that are gone stand in a sentence.
const NAMES: usize = 4;

impl<'n> Walk<'n> {
    /// What is told of events that are only in one trace.
    pub(super) fn singles(&mut self) {
        for single in &self.removed {
            self.wire.single(single.node.line, single.event, false);
        }
        for single in &self.added {
            self.wire.single(single.node.line, single.event, true);
        }
        let gone = self.gone_endpoints();
        for single in self.removed.iter().filter(|single| !gone.contains(&single.event.endpoint.as_str())) {
            let (who, does) = (who(single.event), phrase::gone(single.event));
            let open = if closes(single.event) { self.open(&single.event.endpoint) } else { String::new() };
            let said = match unchecked(single.event) {
                Some(text) => Said::Unchecked(text),
                None => Said::Removed { who, does: does + &times(single) + &open },
            };
            let finding = Finding::new(Weight::Steps, said);
            self.findings.push(line_of(finding, single.node, false));
        }
        let mut begun: HashSet<&str> = HashSet::new();
        for single in &self.added {
            let name = single.event.endpoint.as_str();
            // What is there from now on is often left open at the end by mistake.
            let begins = begun.insert(name) && !self.names.0.contains(name);
            let open = if begins { self.open(name) } else { String::new() };
            let does = phrase::of(single.event).now + &times(single) + &open;
            let finding = Finding::new(Weight::Steps, Said::Added { who: who(single.event), does });
            self.findings.push(line_of(finding, single.node, true));
        }
        let gone = (!gone.is_empty()).then(|| self.told_gone(&gone));
        self.findings.extend(gone);
    }

    /// Endpoints that have no step in the new trace.
    fn gone_endpoints(&self) -> Vec<&'n str> {
        let mut gone: Vec<&'n str> = Vec::new();
        for single in &self.removed {
            let name = single.event.endpoint.as_str();
            if name != "link" && !self.names.1.contains(name) && !gone.contains(&name) {
                gone.push(name);
            }
        }
        gone
    }

    /// `c2 and k2 are gone, with their 6 steps`
    fn told_gone(&self, names: &[&str]) -> Finding {
        let own: Vec<_> =
            self.removed.iter().filter(|single| names.contains(&single.event.endpoint.as_str())).collect();
        let listed = listed(&names.iter().map(|name| quoted(name)).collect::<Vec<_>>(), NAMES);
        let text = match (names, own.as_slice()) {
            (_, [one]) => format!("{listed} is gone, with its only step: it {}", phrase::of(one.event).past),
            ([_], own) => format!("{listed} is gone, with its {} steps", own.len()),
            (_, own) => format!("{listed} are gone, with their {} steps", own.len()),
        };
        Finding { old: own.first().map(|single| single.node.line), ..Finding::plain(Weight::Steps, text) }
    }

    /// `, and is open at the end`, where an endpoint is that now.
    fn open(&self, name: &str) -> String {
        let open = self.ends.iter().flat_map(|(_, new, ..)| new.iter()).find(|(_, open)| open.name == name);
        open.map_or_else(String::new, |(_, open)| format!(", and is open at the end{}", ending::unread(open.unread)))
    }
}

fn closes(event: &Event) -> bool {
    matches!(verb(event), "close" | "reset")
}

fn times(single: &Single<'_>) -> String {
    single.times.filter(|times| *times > 1).map_or_else(String::new, |times| format!(" ({times} times)"))
}

/// What is said where something is not looked at any more: that it is otherwise now is not known.
fn unchecked(event: &Event) -> Option<String> {
    let What::Words(words) = &event.what else { return None };
    let who = who(event);
    match verb(event) {
        "silence" => {
            let time = words.split(' ').nth(1).unwrap_or_default();
            Some(format!("it is no longer checked that nothing comes to {who} for {time}"))
        }
        // Bytes that nobody receives are another matter.
        "recv" | "read" => None,
        verb if is_seen(verb) => Some(format!("it is no longer checked that {who} {}", phrase::of(event).now)),
        _ => None,
    }
}
