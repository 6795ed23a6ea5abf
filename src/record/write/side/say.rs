//! What the side says.

use std::ops::Range;

use super::super::bits::{Bit, joined, nodes};
use super::super::long::is_long;
use super::super::verb;
use super::super::yaml::Node;
use super::Writer;
use crate::record::conversation::Side;
use crate::record::script::{Act, Ending};

impl Writer<'_> {
    pub(super) fn say(&mut self, at: usize, endpoint: &str, bytes: &[u8]) {
        self.listen_for(at);
        let payload = self.payload(at, bytes);
        let mut modifiers: Vec<(String, Node)> =
            self.receiver(at).map(|to| ("to".to_owned(), to)).into_iter().collect();
        if bytes.len() > 64 * 1024
            && matches!(self.next(at).map(|next| &next.act), Some(Act::HearEnd(Ending::Reset | Ending::Either)))
        {
            modifiers.push(("fails".to_owned(), Node::word("[EPIPE, ECONNRESET, none]")));
        }
        self.steps.add(endpoint, &verb("send", Some(payload), modifiers));
    }

    /// Whom a datagram goes to, where its socket is not connected.
    fn receiver(&self, at: usize) -> Option<Node> {
        let at = self.script.steps[at].link;
        let link = self.names.link(at);
        match self.script.side {
            _ if !link.connection.network.is_udp() => None,
            Side::Client if link.shares.is_some() => Some(Node::word(self.names.sender(at))),
            Side::Client => self.is_shared(at).then(|| Node::word("\"${server}\"")),
            Side::Server => Some(Node::word(self.names.client(at))),
        }
    }

    /// What is said, with the variables in it.
    fn payload(&mut self, at: usize, bytes: &[u8]) -> Node {
        let replaced = self.variables(at);
        if replaced.is_empty() && is_long(bytes) {
            return self.files.node(bytes);
        }
        let mut bits = Vec::new();
        let mut from = 0;
        for (range, name) in replaced {
            bits.extend(self.names.bits(&bytes[from..range.start]));
            bits.push(Bit::Variable(name));
            from = range.end;
        }
        bits.extend(self.names.bits(&bytes[from..]));
        self.speaks_of_port |= bits.iter().any(|bit| matches!(bit, Bit::Variable(name) if name == self.names.port()));
        joined(nodes(&bits))
    }

    /// The places of variables in what is said, in order.
    fn variables(&self, at: usize) -> Vec<(Range<usize>, String)> {
        let used = self.script.uses.iter().filter(|used| used.step == at);
        let mut all: Vec<_> = used.map(|used| (used.at.clone(), self.names.capture(used.capture).to_owned())).collect();
        for (index, link) in self.script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == at) else { continue };
            let listener = format!("{}_listener.port", self.names.endpoint(index));
            let numbers = if told.port.len() == 2 { vec!["high".to_owned(), "low".to_owned()] } else { vec![listener] };
            all.extend(told.port.iter().cloned().zip(numbers));
        }
        all.sort_by_key(|(at, _)| at.start);
        all
    }
}
