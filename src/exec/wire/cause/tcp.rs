//! Segments of TCP: those that begin a connection, its data, and its end.

use std::collections::VecDeque;

use super::super::act::{Act, Did};
use super::super::frame::Tcp;
use super::line::Word;
use super::{Seen, Teller, Way};

impl Teller<'_> {
    pub(super) fn tcp(&mut self, at: usize, way: Way, tcp: Tcp) -> Seen {
        let seen = if tcp.rst {
            self.reset(at, way, tcp)
        } else if tcp.syn {
            self.syn(at, way, tcp)
        } else {
            self.segment(at, way, tcp)
        };
        self.flows.entry(way).sent(tcp, seen.cause, seen.again);
        seen
    }

    fn syn(&mut self, at: usize, way: Way, tcp: Tcp) -> Seen {
        let back = (way.1, way.0);
        let known = self.flows.get(way).filter(|flow| flow.first == Some(tcp.seq));
        if let Some(flow) = known.filter(|flow| if tcp.ack { flow.syn_ack } else { flow.syn }) {
            return Seen { cause: flow.syn_cause, tells: Vec::new(), again: true };
        }
        let is_new = known.is_none();
        let (cause, word) = if tcp.ack {
            (self.flows.get(back).and_then(|flow| flow.syn_cause), "SYN ACK")
        } else {
            let own = self.of_flow.contains_key(&way) || !self.strangers.contains(&way);
            (if own { self.connect(at, way) } else { self.accepted(at, way) }, "SYN")
        };
        if !tcp.ack && is_new && way != back {
            self.flows.begin(way, back, at, tcp.seq);
        }
        let flow = self.flows.entry(way);
        flow.first = Some(tcp.seq);
        // Where both connect at the same time the flow is that of its own connect, not of the one
        // that its SYN ACK answers.
        if is_new {
            flow.syn_cause = cause;
        }
        if tcp.ack {
            flow.syn_ack = true;
        } else {
            flow.syn = true;
        }
        Seen { cause, tells: cause.map(|cause| (cause, Word::Plain(word))).into_iter().collect(), again: false }
    }

    /// The connect that sent a SYN.
    fn connect(&mut self, at: usize, way: Way) -> Option<usize> {
        let acts = self.of_flow.get(&way).map_or(&[][..], Vec::as_slice);
        let mut connects = acts.iter().copied().filter(|act| self.acts[*act].did == Did::Connect);
        let known = connects.clone().rfind(|act| self.acts[*act].since <= at).or_else(|| connects.next());
        known.or_else(|| self.lost_connects.get_mut(&way.1).and_then(VecDeque::pop_front))
    }

    /// A segment of an established connection.
    fn segment(&mut self, at: usize, way: Way, tcp: Tcp) -> Seen {
        let back = (way.1, way.0);
        let answered = self.flows.get(back).and_then(|flow| flow.last_cause);
        let Some(flow) = self.flows.get(way) else { return self.by_clock(at, way) };
        let Some(offset) = flow.offset(tcp.seq) else {
            let mut seen = self.by_clock(at, way);
            seen.cause = answered;
            return seen;
        };
        let syn_cause = flow.syn_cause;
        let is_bare = tcp.len == 0 && !tcp.fin;
        // What a program says on its own has no cause in the spec.
        let answers = answered.filter(|_| is_bare || !self.strangers.contains(&way));
        let mut seen = Seen { cause: answers, ..Seen::default() };
        let ends_handshake = !flow.acknowledged && self.ends_handshake(way, tcp, is_bare && offset == 0);
        if ends_handshake {
            self.flows.entry(way).acknowledged = true;
            seen.tells.extend(syn_cause.map(|cause| (cause, Word::Plain("ACK"))));
            if is_bare {
                seen.cause = syn_cause;
                return seen;
            }
        }
        if tcp.len > 0 {
            self.bytes(at, way, (offset, tcp), &mut seen);
        }
        if tcp.fin {
            self.fin(way, &mut seen);
        }
        let flow = self.flows.entry(way);
        flow.fin |= tcp.fin;
        flow.acknowledged = true;
        seen
    }

    /// The data of a segment, from that place of the stream on.
    fn bytes(&mut self, at: usize, way: Way, (offset, tcp): (i64, Tcp), seen: &mut Seen) {
        let new = self.flows.entry(way).cross(offset, offset + i64::from(tcp.len));
        seen.again = new.is_empty();
        if seen.again {
            seen.cause = self.writer(way, offset).or(seen.cause);
        }
        let is_stranger = self.strangers.contains(&way);
        for (from, to) in new {
            if is_stranger {
                self.taken(at, way, (from, to), seen);
            } else {
                self.data(way, from, to, tcp.urg, seen);
            }
        }
    }

    /// The end of a stream.
    fn fin(&mut self, way: Way, seen: &mut Seen) {
        let is_stranger = self.strangers.contains(&way);
        let ended = if is_stranger { self.who_saw(way, Did::SeeEnd) } else { self.ended(way) };
        seen.cause = ended.or(seen.cause);
        if self.flows.get(way).is_some_and(|flow| flow.fin) {
            seen.again = true;
        } else {
            seen.tells.extend(ended.map(|cause| (cause, Word::Plain("FIN"))));
        }
    }

    /// Whether a segment, the first of its side after the SYN, ends the handshake: a bare one that
    /// acknowledges the SYN ACK alone, or any of a program, which may let its data say it.
    fn ends_handshake(&self, way: Way, tcp: Tcp, is_bare: bool) -> bool {
        let acknowledges = |first: u32| tcp.ack_number == first.wrapping_add(1);
        let other = self.flows.get((way.1, way.0)).filter(|other| other.syn_ack);
        other.is_some_and(|other| self.strangers.contains(&way) || (is_bare && other.first.is_some_and(acknowledges)))
    }

    /// Bytes of a stream, each for the step that wrote it.
    fn data(&mut self, way: Way, mut at: i64, end: i64, urgent: bool, seen: &mut Seen) {
        let Some(acts) = self.of_flow.get(&way) else { return };
        let Some(flow) = self.flows.get(way) else { return };
        let begun = flow.begun;
        // What another segment overtook lies behind.
        let mut next = if at < flow.cursor.1 { 0 } else { flow.cursor.0 };
        while at < end && next < acts.len() {
            let index = acts[next];
            let act = &self.acts[index];
            let Did::Write { from, to, held, varies } = act.did else {
                next += 1;
                continue;
            };
            let (from, to) = (from.cast_signed(), to.cast_signed());
            // A connection of the same addresses before this one, or bytes that have crossed.
            if act.until <= begun || to <= at {
                next += 1;
                continue;
            }
            if from > at {
                at = from.min(end);
                continue;
            }
            let bytes = (end.min(to) - at).unsigned_abs();
            self.crossed[index] += bytes;
            let owner = if held { release(self.acts, acts, next) } else { index };
            seen.cause = Some(owner);
            seen.tells.push((owner, Word::Data { bytes, urgent, varies }));
            at += bytes.cast_signed();
        }
        self.flows.entry(way).cursor = (next, at);
    }

    /// The act that wrote the byte at that place of a stream.
    fn writer(&self, way: Way, place: i64) -> Option<usize> {
        let begun = self.flows.get(way).map_or(0, |flow| flow.begun);
        self.of_flow.get(&way)?.iter().copied().find(|act| {
            let act = &self.acts[*act];
            matches!(act.did, Did::Write { to, .. } if act.until > begun && to.cast_signed() > place)
        })
    }

    /// The act that ended what an address sends on a connection.
    fn ended(&self, way: Way) -> Option<usize> {
        let acts = self.of_flow.get(&way)?;
        let begun = self.flows.get(way).map_or(0, |flow| flow.begun);
        // The first: a close after a shutdown sends no second FIN.
        acts.iter().copied().find(|act| self.acts[*act].did == Did::End && self.acts[*act].until > begun)
    }
}

/// The act that lets go what a held write kept back: the next write that does not hold, a release,
/// or an end; the write itself where there is none, since a cork gives way after 200 ms.
fn release(all: &[Act], own: &[usize], held: usize) -> usize {
    let releases = |act: &Act| matches!(act.did, Did::Write { held: false, .. } | Did::Release | Did::End);
    own[held..].iter().copied().find(|index| releases(&all[*index])).unwrap_or(own[held])
}
