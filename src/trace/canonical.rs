//! The canonical trace of a record: what must be the same whenever the same thing happens.
//!
//! Times, addresses and pieces are left out, neighbouring iterations with the same events are
//! folded into one, and bytes are told in as few parts as can be.

use std::borrow::Cow;
use std::collections::HashMap;

use super::event::{Event, What};
use super::record::{self, Open, Record};
use super::shown::Shown;

/// What happened, in canonical form. It borrows from the record, so making one costs next to
/// nothing. Its [`Display`](std::fmt::Display) is the text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace<'r> {
    /// The events, in the order of the spec.
    pub entries: Vec<Entry<'r>>,
    /// What was still open at the end, in order of creation. Those of a `repeat` that are the same
    /// but for the counter are one, with their number; `None` where that varies.
    pub end: Vec<(Option<u64>, &'r Open)>,
}

/// An event, or a block of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<'r> {
    /// One event.
    Event(Cow<'r, Event>),
    /// Lanes that ran at once, in the order of the spec.
    Parallel(Vec<Lane<'r>>),
    /// Iterations; no two neighbours have the same events, and no two at all where their number varies.
    Repeat(Vec<Group<'r>>),
    /// The events of the try that held.
    Retry(Vec<Entry<'r>>),
}

/// A lane of a `parallel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane<'r> {
    /// Its name.
    pub name: &'r str,
    /// Its events.
    pub entries: Vec<Entry<'r>>,
}

/// Iterations with the same events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'r> {
    /// How many iterations; `None` where that varies.
    pub count: Option<u64>,
    /// The events of one of them.
    pub entries: Vec<Entry<'r>>,
}

impl<'r> Trace<'r> {
    /// The canonical trace of a record.
    pub fn from_record(record: &'r Record) -> Self {
        Self { entries: entries(&record.entries), end: counted(&record.end) }
    }
}

/// Whether two runs of the same steps gave the same events, whatever their times.
pub fn same_events(one: &[record::Entry], other: &[record::Entry]) -> bool {
    one.len() == other.len() && entries(one) == entries(other)
}

pub(super) fn entries(entries: &[record::Entry]) -> Vec<Entry<'_>> {
    entries.iter().filter_map(entry).collect()
}

fn entry(entry: &record::Entry) -> Option<Entry<'_>> {
    match entry {
        record::Entry::Event(happened) => Some(Entry::Event(event(&happened.event))),
        record::Entry::Parallel(lanes) => Some(Entry::Parallel(
            lanes.iter().map(|lane| Lane { name: &lane.name, entries: entries(&lane.entries) }).collect(),
        )),
        record::Entry::Repeat(groups) => {
            let groups = fold(groups);
            // Steps that leave no line leave none when they are repeated.
            groups.iter().any(|group| !group.entries.is_empty()).then_some(Entry::Repeat(groups))
        }
        record::Entry::Retry(held) => {
            let held = entries(held);
            (!held.is_empty()).then_some(Entry::Retry(held))
        }
    }
}

pub(super) fn fold(groups: &[record::Group]) -> Vec<Group<'_>> {
    let mut folded: Vec<Group<'_>> = Vec::new();
    for group in groups.iter().filter(|group| group.count > 0) {
        let entries = entries(&group.entries);
        if group.varies {
            if !folded.iter().any(|known| known.entries == entries) {
                folded.push(Group { count: None, entries });
            }
            continue;
        }
        match folded.last_mut() {
            Some(Group { count: Some(count), entries: last }) if *last == entries => {
                *count = count.saturating_add(group.count);
            }
            _ => folded.push(Group { count: Some(group.count), entries }),
        }
    }
    folded
}

fn counted(open: &[Open]) -> Vec<(Option<u64>, &Open)> {
    let mut places = HashMap::new();
    let mut counted: Vec<(Option<u64>, &Open)> = Vec::with_capacity(open.len());
    for open in open {
        let place = *places.entry((&open.name, open.unread, open.varies)).or_insert(counted.len());
        match counted.get_mut(place) {
            Some((count, _)) => *count = count.map(|count| count + 1),
            None => counted.push(((!open.varies).then_some(1), open)),
        }
    }
    counted
}

pub(crate) fn event(event: &Event) -> Cow<'_, Event> {
    match &event.what {
        What::Data { verb, bytes, suffix } if !is_joined(bytes) => Cow::Owned(Event {
            endpoint: event.endpoint.clone(),
            what: What::Data { verb: verb.clone(), bytes: joined(bytes), suffix: suffix.clone() },
            fails: event.fails.clone(),
            wire: event.wire.clone(),
        }),
        _ => Cow::Borrowed(event),
    }
}

/// Whether no part is empty, and no two neighbours could be one.
fn is_joined(parts: &[Shown]) -> bool {
    let mergeable =
        |pair: &[Shown]| matches!(pair, [Shown::Bytes(_), Shown::Bytes(_)] | [Shown::Wild(_), Shown::Wild(_)]);
    !parts.iter().any(is_empty) && !parts.windows(2).any(mergeable)
}

fn is_empty(part: &Shown) -> bool {
    matches!(part, Shown::Wild(0)) || matches!(part, Shown::Bytes(bytes) if bytes.is_empty())
}

fn joined(parts: &[Shown]) -> Vec<Shown> {
    let mut joined: Vec<Shown> = Vec::with_capacity(parts.len());
    for part in parts.iter().filter(|part| !is_empty(part)) {
        match (joined.last_mut(), part) {
            (Some(Shown::Bytes(last)), Shown::Bytes(bytes)) => last.extend_from_slice(bytes),
            (Some(Shown::Wild(last)), Shown::Wild(more)) => *last += more,
            _ => joined.push(part.clone()),
        }
    }
    joined
}
