//! Resets: of who ended the connection, or the answer to what provoked it.

use super::super::act::{Act, Did, Protocol};
use super::super::flow::Flow;
use super::super::frame::Tcp;
use super::line::Word;
use super::{Seen, Teller, Way};

impl Teller<'_> {
    pub(super) fn reset(&mut self, at: usize, way: Way, tcp: Tcp) -> Seen {
        let back = (way.1, way.0);
        let refuses = |flow: Option<&Flow>, other: &Flow| {
            other.syn && !flow.is_some_and(|flow| flow.syn_ack || flow.acknowledged)
        };
        let (flow, other) = (self.flows.get(way), self.flows.get(back));
        if self.strangers.contains(&way) && !other.is_some_and(|other| refuses(flow, other)) {
            return self.reset_by_stranger(way);
        }
        let provoked = match (flow, other) {
            // The answer to a segment takes its number from it, RFC 9293 section 3.10.7.1.
            (_, Some(other)) if !tcp.ack => {
                let (cause, again) = other.acknowledging(tcp.seq);
                if again {
                    // So is the answer to what the kernel sent again.
                    return Seen { cause, again, ..Seen::default() };
                }
                Some(cause)
            }
            // The answer to a SYN that nobody listens for.
            (flow, Some(other)) if refuses(flow, other) => Some(other.syn_cause),
            _ => None,
        };
        // When a program goes on sending to who is gone is its own choice.
        if provoked.is_some() && self.strangers.contains(&back) && flow.is_some_and(|flow| flow.acknowledged) {
            return Seen { cause: provoked.flatten(), ..Seen::default() };
        }
        let cause = match provoked {
            Some(cause) => cause,
            None => self.aborted(at, way),
        };
        let again = self.flows.get(way).is_some_and(|flow| flow.reset);
        self.flows.entry(way).reset = true;
        Seen { cause, tells: cause.map(|cause| (cause, Word::Plain("RST"))).into_iter().collect(), again }
    }

    /// The act that aborted a connection: the last that ended it, or that closed the listener in
    /// whose queue it stood; where neither did (a keepalive gave up), what the socket was doing.
    fn aborted(&self, at: usize, way: Way) -> Option<usize> {
        let begun = self.flows.get(way).map_or(0, |flow| flow.begun);
        let ends = |act: &Act| act.did == Did::End && act.until > begun && act.since <= at;
        let own = self.of_flow.get(&way).map_or(&[][..], Vec::as_slice);
        let last = own.iter().copied().rfind(|act| ends(&self.acts[*act]));
        let listener = || {
            let listens = |act: &Act| act.protocol == Protocol::Tcp && act.remote.is_none() && act.sends_from(way.0);
            self.acts.iter().rposition(|act| listens(act) && ends(act))
        };
        let waited = || own.iter().copied().find(|act| self.acts[*act].until > at);
        last.or_else(listener).or_else(waited)
    }
}
