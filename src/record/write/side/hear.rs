//! What the side hears.

use super::super::pattern::pattern;
use super::super::yaml::Node;
use super::super::{verb, within};
use super::Writer;
use crate::record::conversation::Side;
use crate::record::script::{Act, Ending, Step};
use crate::record::vary::Part;

impl Writer<'_> {
    pub(super) fn hear(&mut self, at: usize, endpoint: &str) {
        let step = &self.script.steps[at];
        let by_chance = matches!(self.next(at).map(|next| &next.act), Some(Act::HearEnd(Ending::Either)));
        let messages = self.messages.get(at).map_or(&[][..], Vec::as_slice);
        let mut modifiers = within(step.waited);
        modifiers.extend(self.sender(at));
        if let Some(refusal) = self.script.refusal(at) {
            self.steps.comment(&format!("In the recording {}.", refusal.sentence()));
            self.steps.comment(&format!("{}.", refusal.reason()));
        }
        for parts in messages {
            self.speaks_of_port |=
                parts.iter().any(|part| matches!(part, Part::Literal(bytes) if self.names.has_address_in(bytes)));
            let node = pattern(parts, &self.names, by_chance);
            if parts.iter().any(|part| matches!(part, Part::Piece(_))) {
                self.steps.comment("nothing tells where this ends, so it is what one call gives");
                let mut entries = vec![("is".to_owned(), node)];
                entries.extend(modifiers.clone());
                self.steps.add(endpoint, &verb("read", Some(Node::word("64KiB")), entries));
            } else {
                self.steps.add(endpoint, &verb("recv", Some(node), modifiers.clone()));
            }
        }
        if messages.is_empty() {
            // An empty datagram.
            self.steps.add(endpoint, &verb("recv", Some(Node::word("\"\"")), modifiers));
        }
    }

    /// How the sender of a datagram is told: by the name that it gets, or has.
    fn sender(&self, at: usize) -> Option<(String, Node)> {
        let index = self.script.steps[at].link;
        let link = self.names.link(index);
        let name = match self.script.side {
            _ if !link.connection.network.is_udp() => return None,
            Side::Client if link.shares.is_none() => return None,
            Side::Client => self.names.sender(index),
            Side::Server => self.names.client(index),
        };
        let is_same = |step: &Step| match self.script.side {
            Side::Client => step.link == index,
            Side::Server => self.names.client(step.link) == name,
        };
        let is_known =
            self.script.steps[..at].iter().any(|before| is_same(before) && matches!(before.act, Act::Hear(_)));
        Some((if is_known { "from" } else { "sender" }.to_owned(), Node::word(name)))
    }

    pub(super) fn hear_end(&mut self, at: usize, endpoint: &str, ending: Ending) {
        let step = &self.script.steps[at];
        // What takes the rest has seen the end already, and a reset is seen once.
        let takes_rest = ending == Ending::Either && self.previous_takes_rest(at);
        if takes_rest {
            return;
        }
        let ending = match ending {
            Ending::Eof => "eof",
            Ending::Reset => "reset",
            Ending::Either => "[eof, reset]",
        };
        self.steps.add(endpoint, &verb("expect", Some(Node::word(ending)), within(step.waited)));
    }

    fn previous_takes_rest(&self, at: usize) -> bool {
        let link = self.script.steps[at].link;
        let before = (0..at).rev().find(|before| self.script.steps[*before].link == link);
        let last = before.and_then(|before| self.messages.get(before)?.last()?.last());
        matches!(last, Some(Part::Rest(_)))
    }
}
