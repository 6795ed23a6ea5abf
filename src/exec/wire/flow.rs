//! Flows: one direction of a TCP connection, with what has crossed in it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use super::frame::Tcp;

/// From where to where.
type Way = (SocketAddr, SocketAddr);

/// All flows of a run, by their addresses.
#[derive(Debug, Default)]
pub(super) struct Flows(HashMap<Way, Flow>);

/// One direction of a TCP connection.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that was seen, independent of the others")]
pub(super) struct Flow {
    /// The number of its SYN, where that was seen.
    pub(super) first: Option<u32>,
    /// Whether its SYN was a SYN alone.
    pub(super) syn: bool,
    /// Whether there was one that acknowledges the other's.
    pub(super) syn_ack: bool,
    /// Whether it has acknowledged the other's SYN ACK.
    pub(super) acknowledged: bool,
    /// Whether its FIN was seen.
    pub(super) fin: bool,
    /// Whether it was reset.
    pub(super) reset: bool,
    /// The act that caused its SYN.
    pub(super) syn_cause: Option<usize>,
    /// The act that caused its last segment.
    pub(super) last_cause: Option<usize>,
    /// The end of what has crossed of the stream.
    pub(super) high: i64,
    /// What has not crossed before that end: a segment overtook another.
    holes: Vec<(i64, i64)>,
    /// The frame that it began with.
    pub(super) begun: usize,
    /// Which of the acts that wrote into it wrote the bytes from that place on.
    pub(super) cursor: (usize, i64),
    /// The last segments.
    recent: VecDeque<Recent>,
}

/// A segment that may provoke a reset.
#[derive(Debug)]
struct Recent {
    /// What it acknowledged.
    ack_number: u32,
    /// The act that caused it.
    cause: Option<usize>,
    /// Whether it says nothing new: it was sent before, or repeats an acknowledgement.
    again: bool,
}

/// How many segments back the one is looked for that provoked a reset.
const RECENT: usize = 64;

impl Flows {
    /// The flow of that way.
    pub(super) fn get(&self, way: Way) -> Option<&Flow> {
        self.0.get(&way)
    }

    /// The same, made where there is none.
    pub(super) fn entry(&mut self, way: Way) -> &mut Flow {
        self.0.entry(way).or_default()
    }

    /// A connection begins with a SYN: what was known of one before between the same addresses is
    /// of no use any more. Where the other side's SYN has come already, and this is no answer to
    /// it, both connect at the same time.
    pub(super) fn begin(&mut self, way: Way, back: Way, at: usize, first: u32) {
        let is_fresh = |flow: &Flow| flow.first.is_none() && !flow.reset;
        let waits = |flow: &Flow| flow.syn && !flow.syn_ack;
        let simultaneous = self.0.get(&way).is_some_and(is_fresh) && self.0.get(&back).is_some_and(waits);
        if !simultaneous {
            self.0.insert(back, Flow { begun: at, ..Flow::default() });
        }
        self.0.insert(way, Flow { begun: at, first: Some(first), ..Flow::default() });
    }
}

impl Flow {
    /// Where a segment stands in the stream: 0 is the first byte after the SYN. Numbers wrap round
    /// at 4 GiB, so the place is the nearest to what has crossed.
    pub(super) fn offset(&self, seq: u32) -> Option<i64> {
        let expected = self.first?.wrapping_add(1).wrapping_add(self.high.cast_unsigned() as u32);
        Some(self.high + i64::from(seq.wrapping_sub(expected).cast_signed()))
    }

    /// Takes note of bytes that cross, and gives the stretches of them that had not crossed before.
    pub(super) fn cross(&mut self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut new = Vec::new();
        let mut left = Vec::new();
        for (start, end) in self.holes.drain(..) {
            let (first, last) = (start.max(from), end.min(to));
            if first >= last {
                left.push((start, end));
                continue;
            }
            new.push((first, last));
            left.extend([(start, first), (last, end)].into_iter().filter(|(start, end)| start < end));
        }
        self.holes = left;
        if from > self.high {
            self.holes.push((self.high, from));
        }
        if to > self.high {
            new.push((from.max(self.high), to));
            self.high = to;
        }
        new
    }

    /// Notes a segment.
    pub(super) fn sent(&mut self, tcp: Tcp, cause: Option<usize>, again: bool) {
        self.last_cause = cause.or(self.last_cause);
        let is_bare = tcp.len == 0 && !tcp.syn && !tcp.fin && !tcp.rst;
        let repeats = is_bare && self.recent.back().is_some_and(|last| last.ack_number == tcp.ack_number);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { ack_number: tcp.ack_number, cause, again: again || repeats });
    }

    /// What caused the last segment that acknowledged up to that number, and whether that said
    /// nothing new; the last of all where none did.
    pub(super) fn acknowledging(&self, number: u32) -> (Option<usize>, bool) {
        let found = self.recent.iter().rev().find(|segment| segment.ack_number == number);
        found.map_or((self.last_cause, false), |segment| (segment.cause, segment.again))
    }
}
