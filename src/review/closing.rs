//! Who closes a connection first: what TIME-WAIT and resets depend on, told in one sentence where it
//! has changed.

use std::collections::HashSet;

use super::align::verb;
use super::finding::{Finding, Weight};
use super::phrase::quoted;
use crate::trace::event::{Event, What};
use crate::trace::read::Node;

/// An end of a connection, the place at which it closes, and whether it resets it.
type Close = (String, u32, bool);

/// Where the two ends of a connection close in another order than before. Also gives the ends, whose
/// closes need not be told again.
pub(super) fn compare(old: &[Node], new: &[Node]) -> (Vec<Finding>, HashSet<String>) {
    let (was, is) = (closes(old), closes(new));
    let at = |list: &[Close], name: &str| list.iter().find(|(other, ..)| other == name).map(|(_, line, _)| *line);
    let resets = |list: &[Close], name: &str| list.iter().any(|(other, _, resets)| *resets && other == name);
    let (mut found, mut told) = (Vec::new(), HashSet::new());
    for (one, other) in connections(new) {
        let places = (at(&was, &one), at(&was, &other), at(&is, &one), at(&is, &other));
        let (Some(one_was), Some(other_was), Some(one_is), Some(other_is)) = places else { continue };
        if (one_was < other_was) == (one_is < other_is) {
            continue;
        }
        // One that resets what it closed is told of as that, with its place.
        if [&one, &other].into_iter().any(|name| resets(&was, name) != resets(&is, name)) {
            continue;
        }
        let (first, second) = if one_is < other_is { (&one, &other) } else { (&other, &one) };
        let names = (quoted(first), quoted(second));
        let line = at(&was, first).zip(at(&is, first)).unwrap_or_default();
        let text = format!("{} now closes before {} does; before, {} closed first", names.0, names.1, names.1);
        found.push(Finding::plain(Weight::Seen, text).at(line.0, line.1));
        told.extend([one, other]);
    }
    (found, told)
}

/// Who closes, each once, one step after the other: in lanes and loops there is no such order.
fn closes(nodes: &[Node]) -> Vec<Close> {
    let mut closes: Vec<Close> = Vec::new();
    let mut seen_twice = HashSet::new();
    for (node, event) in nodes.iter().filter_map(|node| Some((node, node.event()?))) {
        if matches!(verb(event), "close" | "reset") {
            if closes.iter().any(|(name, ..)| *name == event.endpoint) {
                seen_twice.insert(event.endpoint.clone());
            }
            closes.push((event.endpoint.clone(), node.line, verb(event) == "reset"));
        }
    }
    closes.retain(|(name, ..)| !seen_twice.contains(name));
    closes
}

/// The two ends of each connection, as far as the trace names both.
fn connections(nodes: &[Node]) -> Vec<(String, String)> {
    let ends = |event: &Event| {
        let What::Words(words) = &event.what else { return None };
        let mut words = words.split(' ').filter(|word| *word != "at");
        match (words.next()?, words.next()?, words.next(), words.next()) {
            ("accept", _, Some("from"), Some(client)) => Some((event.endpoint.clone(), client.to_owned())),
            ("accept" | "pair", other, _, _) => Some((event.endpoint.clone(), other.to_owned())),
            _ => None,
        }
    };
    nodes.iter().filter_map(Node::event).filter_map(ends).collect()
}
