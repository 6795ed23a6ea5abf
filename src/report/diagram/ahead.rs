//! What has to be known before a run is drawn from its beginning: in lanes an accept may stand
//! before the connect that it belongs to.

use std::collections::HashSet;

use crate::trace::record::{Entry, Group, Happened, Record};
use crate::trace::same_events;

/// An accept of the run.
#[derive(Debug)]
pub(super) struct Accept {
    /// The name of the connection.
    pub(super) connection: String,
    /// The client, or the listener where the client is none of the spec.
    of: String,
    /// The client's address, as it was.
    peer: Option<String>,
    /// Whether its client has been found.
    pub(super) is_taken: bool,
}

/// What the events of a run tell in advance. Events are numbered in the order in which they are drawn.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    accepts: Vec<(usize, Accept)>,
    /// The endpoints that listen at some time.
    listeners: HashSet<String>,
    /// Whether segments are part of it.
    pub(super) has_wire: bool,
}

impl Ahead {
    pub(super) fn of(record: &Record) -> Self {
        let mut ahead = Self::default();
        let mut number = 0;
        visit(&record.entries, &mut |happened| {
            ahead.look_at(happened, number);
            number += 1;
        });
        ahead
    }

    fn look_at(&mut self, happened: &Happened, number: usize) {
        let event = &happened.event;
        self.has_wire |= !event.wire.is_empty();
        let words = super::label::label(event);
        if let Some(of) = words.strip_prefix("accept ").filter(|_| event.fails.is_empty()) {
            let mut names = of.split(' ');
            let listener = names.next().unwrap_or_default();
            let client = if names.next() == Some("from") { names.next() } else { None };
            let accept = Accept {
                connection: event.endpoint.clone(),
                of: client.unwrap_or(listener).to_owned(),
                peer: happened.facts.peer.clone(),
                is_taken: false,
            };
            self.accepts.push((number, accept));
        }
        if words.starts_with("listen") && event.fails.is_empty() {
            self.listeners.insert(event.endpoint.clone());
        }
    }

    /// The accept that takes a client's connection, and its number. Of several that could, the one
    /// with the client's address, or else the next.
    pub(super) fn accept_of(&mut self, client: &str, local: Option<&str>, now: usize) -> Option<(usize, &mut Accept)> {
        let free =
            || self.accepts.iter().enumerate().filter(|(_, (_, accept))| !accept.is_taken && accept.of == client);
        let same = |(_, (_, accept)): &(usize, &(usize, Accept))| local.is_some() && accept.peer.as_deref() == local;
        let next = || free().find(|(_, (number, _))| *number > now).or_else(|| free().next());
        let (at, _) = free().find(same).or_else(next)?;
        let (number, accept) = &mut self.accepts[at];
        Some((*number, accept))
    }

    /// The accept with this number has its client.
    pub(super) fn take(&mut self, now: usize) {
        if let Some((_, accept)) = self.accepts.iter_mut().find(|(number, _)| *number == now) {
            accept.is_taken = true;
        }
    }

    /// Whether an endpoint of this name listens at some time.
    pub(super) fn listens(&self, endpoint: &str) -> bool {
        self.listeners.contains(endpoint)
    }
}

/// Calls it for every event that is drawn, in that order.
fn visit(entries: &[Entry], see: &mut impl FnMut(&Happened)) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => see(happened),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| visit(&lane.entries, see)),
            Entry::Repeat(groups) => folded(groups).into_iter().for_each(|(_, entries)| visit(entries, see)),
            Entry::Retry(held) => visit(held, see),
        }
    }
}

/// Iterations, those with the same events as one, with their number; `None` where that varies. A
/// `repeat` that left no event is nothing.
pub(super) fn folded(groups: &[Group]) -> Vec<(Option<u64>, &[Entry])> {
    let mut folded: Vec<(Option<u64>, &[Entry])> = Vec::new();
    for group in groups.iter().filter(|group| group.count > 0) {
        if group.varies {
            if !folded.iter().any(|(_, known)| same_events(known, &group.entries)) {
                folded.push((None, &group.entries));
            }
            continue;
        }
        match folded.last_mut() {
            Some((Some(count), last)) if same_events(last, &group.entries) => *count += group.count,
            _ => folded.push((Some(group.count), &group.entries)),
        }
    }
    if folded.iter().all(|(_, entries)| entries.is_empty()) { Vec::new() } else { folded }
}
