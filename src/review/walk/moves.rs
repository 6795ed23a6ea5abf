//! Events that are the same at another place, and what is open at the end.

use std::collections::HashSet;

use super::super::align::verb;
use super::super::finding::{Finding, Weight};
use super::super::phrase::{self, who};
use super::super::{RowKind, ending, order};
use super::{Single, Walk};
use crate::trace::event::{Event, What};

impl<'n> Walk<'n> {
    /// Events that are gone at one place and new at another one.
    pub(super) fn find_moves(&mut self) {
        self.known.sort_by_key(|(_, new, _)| *new);
        let mut added = std::mem::take(&mut self.added);
        let mut removed = std::mem::take(&mut self.removed);
        let is_it = |one: &Single<'_>, other: &Single<'_>| {
            one.event.endpoint == other.event.endpoint
                && one.event.what == other.event.what
                && one.event.fails == other.event.fails
        };
        // Those that happen often now, or did, and stand for as many others.
        let mut often: Vec<(Single<'n>, u64)> = Vec::new();
        removed.retain(|gone| {
            if let Some((_, left)) = often.iter_mut().find(|(new, left)| *left > 0 && is_it(new, gone)) {
                *left -= 1;
                self.rows[gone.row].kind = RowKind::MovedAway;
                return false;
            }
            let Some(at) = added.iter().position(|new| is_it(new, gone)) else { return true };
            let new = added.remove(at);
            often.push((new, new.times.unwrap_or(1).saturating_sub(1)));
            let mut left = gone.times.unwrap_or(1).saturating_sub(new.times.unwrap_or(1));
            added.retain(|more| {
                let is_one = left > 0 && is_it(more, gone);
                if is_one {
                    left -= 1;
                    self.rows[more.row].kind = RowKind::MovedHere;
                }
                !is_one
            });
            self.moved(gone, &new);
            false
        });
        self.other_ends(&mut removed, &mut added);
        (self.added, self.removed) = (added, removed);
    }

    /// An event that is the same one at another place.
    fn moved(&mut self, gone: &Single<'n>, new: &Single<'n>) {
        self.rows[gone.row].kind = RowKind::MovedAway;
        self.rows[new.row].kind = RowKind::MovedHere;
        let (finding, has_passed) = order::moved(new.event, gone.node.line, new.node.line, &self.known, &self.lanes_of);
        let is_told = matches!(verb(new.event), "close" | "reset") && self.closers.contains(&new.event.endpoint);
        self.findings.extend((!is_told && (has_passed || self.blocks.is_empty())).then_some(finding));
        self.wire.compare((gone.node.line, gone.event), (new.node.line, new.event));
    }

    /// Closes that are resets now, or the other way round, at another place.
    fn other_ends(&mut self, removed: &mut Vec<Single<'n>>, added: &mut Vec<Single<'n>>) {
        let ends = |event: &Event| matches!(verb(event), "close" | "reset");
        removed.retain(|gone| {
            let is_it = |new: &Single<'_>| ends(new.event) && new.event.endpoint == gone.event.endpoint;
            let Some(at) = added.iter().position(is_it).filter(|_| ends(gone.event)) else { return true };
            let new = added.remove(at);
            let (was, is) = (phrase::of(gone.event).past, phrase::of(new.event).now);
            let place = order::place(new.event, gone.node.line, new.node.line, &self.known);
            let place = place.map_or_else(String::new, |place| format!(", and does so {place}"));
            let text = format!("{} now {is} where it {was}{place}", who(new.event));
            self.findings.push(Finding::plain(Weight::Seen, text).at(gone.node.line, new.node.line));
            self.wire.compare((gone.node.line, gone.event), (new.node.line, new.event));
            false
        });
    }

    pub(super) fn ending(&mut self) {
        // Who is there at all, or is closed by a step, only since now or only before.
        let is_of_life = |event: &Event| {
            matches!(
                verb(event),
                "close"
                    | "reset"
                    | "exit"
                    | "socket"
                    | "bind"
                    | "listen"
                    | "accept"
                    | "connect"
                    | "pair"
                    | "dup"
                    | "run"
                    | "open"
            )
        };
        let singles = self.added.iter().chain(&self.removed).map(|single| single.event);
        let mut told: HashSet<String> = HashSet::new();
        for event in singles.filter(|event| is_of_life(event)) {
            told.insert(event.endpoint.clone());
            if let (What::Words(words), "pair") = (&event.what, verb(event)) {
                told.extend(words.split(' ').nth(1).map(str::to_owned));
            }
        }
        for (was, is, old, new) in &self.ends {
            let found = ending::compare(was, is, &told);
            self.findings.extend(found.into_iter().map(|found| Finding { old: *old, new: *new, ..found }));
        }
    }
}
