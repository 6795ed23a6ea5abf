//! Finds endpoints and captures that only have another name now, so that a renaming is one
//! sentence and not thirty.

use std::collections::HashMap;

use super::align::key;
use crate::trace::TraceText;
use crate::trace::event::{Event, What};
use crate::trace::read::{Node, NodeKind};
use crate::trace::shown::Shown;

/// How many names are tried against each other.
const NAMES: usize = 12;

/// Something that has another name now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Whether it is an endpoint; else it is a capture or the like.
    pub is_endpoint: bool,
    /// The name before.
    pub old: String,
    /// The name now.
    pub new: String,
}

/// Gives what was renamed its new names in the old trace, and says what that was. A name counts as
/// another one for the same where that makes more events equal than it makes unequal.
pub(super) fn apply(old: &mut TraceText, new: &TraceText) -> Vec<Rename> {
    let mut renames = Vec::new();
    for is_endpoint in [true, false] {
        let (before, now) = (names(old, is_endpoint), names(new, is_endpoint));
        let gone: Vec<&String> = before.iter().filter(|name| !now.contains(name)).take(NAMES).collect();
        let mut come: Vec<&String> = now.iter().filter(|name| !before.contains(name)).take(NAMES).collect();
        for name in gone {
            let equal = equals(old, new);
            let tried = come.iter().map(|other| {
                let rename = Rename { is_endpoint, old: name.clone(), new: (*other).clone() };
                let tried = with(old, &rename);
                (equals(&tried, new).saturating_sub(equal), rename, tried)
            });
            // Of those that are as good the first, which stands where the old one stood.
            let best = tried.reduce(|best, next| if next.0 > best.0 { next } else { best });
            if let Some((gained, rename, best)) = best
                && gained > 0
                && 2 * gained >= events_of(old, &rename)
            {
                come.retain(|other| **other != rename.new);
                *old = best;
                renames.push(rename);
            }
        }
    }
    renames
}

/// How many events of one trace are in the other one.
fn equals(old: &TraceText, new: &TraceText) -> usize {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for node in new.events() {
        *counts.entry(key(node)).or_default() += 1;
    }
    let is_there = |node: &&&Node| match counts.get_mut(&key(node)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    };
    old.events().iter().filter(is_there).count()
}

/// In how many events a name stands.
fn events_of(trace: &TraceText, rename: &Rename) -> usize {
    let is_in = |node: &&&Node| {
        node.event().is_some_and(|event| {
            let mut renamed = event.clone();
            rename.event(&mut renamed);
            renamed != *event
        })
    };
    trace.events().iter().filter(is_in).count()
}

/// The names in a trace, in the order in which they appear.
fn names(trace: &TraceText, endpoints: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for event in trace.events().iter().filter_map(|node| node.event()) {
        let found: Vec<String> = if endpoints {
            vec![event.endpoint.clone()]
        } else if let What::Data { bytes, .. } = &event.what {
            bytes
                .iter()
                .filter_map(|part| match part {
                    Shown::Named { name, .. } => Some(name.clone()),
                    _ => None,
                })
                .collect()
        } else {
            Vec::new()
        };
        for name in found {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn with(trace: &TraceText, rename: &Rename) -> TraceText {
    let mut renamed = trace.clone();
    renamed.change(&mut |kind| match kind {
        NodeKind::Event(event) => rename.event(event),
        NodeKind::End(open) if rename.is_endpoint => {
            for (_, open) in open {
                rename.name(&mut open.name);
            }
        }
        _ => {}
    });
    renamed
}

impl Rename {
    fn name(&self, name: &mut String) {
        if *name == self.old {
            name.clone_from(&self.new);
        }
    }

    fn event(&self, event: &mut Event) {
        if self.is_endpoint {
            self.name(&mut event.endpoint);
            for segment in &mut event.wire {
                self.name(&mut segment.from);
                self.name(&mut segment.to);
            }
        }
        match &mut event.what {
            What::Words(words) => {
                let verb = words.split(' ').next().unwrap_or_default();
                let names_others = self.is_endpoint
                    && matches!(verb, "accept" | "connect" | "pair" | "dup" | "expect" | "bind" | "listen");
                *words = self.words(words, names_others);
            }
            What::Data { bytes, suffix, .. } => {
                for part in bytes {
                    self.part(part);
                }
                for word in suffix {
                    *word = self.words(word, self.is_endpoint);
                }
            }
        }
    }

    fn part(&self, part: &mut Shown) {
        match part {
            Shown::Named { name, .. } => *name = self.words(name, !self.is_endpoint),
            Shown::Group { members, .. } => members.iter_mut().flatten().for_each(|part| self.part(part)),
            _ => {}
        }
    }

    /// Words with the new name: wherever the old one stands alone, or only where it stands in `<…>`
    /// or before a dot, as a part of an address does. The first word is never a name.
    fn words(&self, text: &str, anywhere: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(self.old.as_str()) {
            let (before, after) = (&rest[..at], &rest[at + self.old.len()..]);
            out.push_str(before);
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
            let alone = !out.ends_with(is_part) && !after.starts_with(is_part);
            let marked = out.ends_with('<') || (out.is_empty() && after.starts_with('.'));
            let is_verb = out.is_empty() && text.contains(' ');
            let is_name = alone && (marked || anywhere && !is_verb);
            out.push_str(if is_name { &self.new } else { &self.old });
            rest = after;
        }
        out + rest
    }
}
