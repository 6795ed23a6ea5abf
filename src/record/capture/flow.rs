//! Connections, as far as their frames tell of them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::packet::{Kind, Packet, Segment};
use super::stream::Stream;
use crate::model::errno::Errno;

/// A connection, or what two UDP sockets said to each other.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) is_tcp: bool,
    /// Who began it, and whom he began it with.
    pub(super) ends: [SocketAddr; 2],
    /// What happened, each with its number among all frames, and its time.
    pub(super) events: Vec<(usize, Duration, Seen)>,
    /// Whether it was there before the first frame.
    pub(super) began_before: bool,
    /// Whether a segment had urgent data.
    pub(super) is_urgent: bool,
    streams: [Stream; 2],
    state: State,
    /// How many bytes of each end's datagrams were not captured.
    cut: [usize; 2],
}

/// What is missing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Frames with so many bytes.
    Frames(u64),
    /// The ends of frames, so many bytes in all.
    Ends(usize),
}

/// How far a TCP connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Somebody has asked for it.
    Asked,
    /// It was opened.
    Open,
    /// Nothing more of it counts.
    Over,
}

/// What was seen. An end is 0 for who began the connection, 1 for the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Opened,
    Refused(Errno),
    Sent(usize, Vec<u8>),
    /// The end of a direction, and whether its socket was closed, where that was seen.
    Ended(usize, Option<bool>),
    Reset(usize),
    /// This end's port was closed.
    Unreachable(usize),
}

/// All connections of a capture.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// In the order in which they began.
    pub(super) all: Vec<Flow>,
    /// The last one between two sockets.
    known: HashMap<(bool, SocketAddr, SocketAddr), usize>,
    frames: usize,
    /// How many bytes were kept.
    pub(super) size: usize,
}

impl Flows {
    /// Takes what a frame says.
    pub(super) fn take(&mut self, at: Duration, packet: Packet) {
        self.frames += 1;
        let Packet { from, to, kind } = packet;
        match kind {
            Kind::Tcp(segment) => self.segment(at, from, to, segment),
            Kind::Udp(bytes, cut) => {
                self.size += bytes.len();
                let index = self.find(false, from, to).unwrap_or_else(|| self.begin(Flow::udp([from, to])));
                let frame = self.frames;
                let flow = &mut self.all[index];
                if flow.events.is_empty() {
                    flow.events.push((frame, at, Seen::Opened));
                }
                let by = flow.end(from);
                flow.cut[by] += cut;
                flow.events.push((frame, at, Seen::Sent(by, bytes)));
            }
            Kind::Closed { is_tcp } => {
                let frame = self.frames;
                let Some(index) = self.find(is_tcp, from, to) else { return };
                let flow = &mut self.all[index];
                if !is_tcp {
                    flow.events.push((frame, at, Seen::Unreachable(flow.end(to))));
                } else if flow.state == State::Asked {
                    flow.refuse(frame, at);
                }
            }
        }
    }

    fn segment(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, segment: Segment) {
        let frame = self.frames;
        let found = self.find(true, from, to).filter(|index| !self.all[*index].is_followed_by(from, &segment));
        let index = match found {
            Some(index) => index,
            // Nobody knows what it is about.
            None if segment.rst => return,
            None if segment.syn && segment.ack.is_none() => self.begin(Flow::tcp([from, to], false)),
            None if segment.syn => self.begin(Flow::tcp([to, from], false)),
            // Clients have the higher ports.
            None if from.port() > to.port() => self.begin(Flow::tcp([from, to], true)),
            None => self.begin(Flow::tcp([to, from], true)),
        };
        self.size += segment.bytes.len();
        self.all[index].segment(frame, at, from, segment);
    }

    fn find(&self, is_tcp: bool, from: SocketAddr, to: SocketAddr) -> Option<usize> {
        self.known.get(&(is_tcp, from, to)).or_else(|| self.known.get(&(is_tcp, to, from))).copied()
    }

    fn begin(&mut self, flow: Flow) -> usize {
        let index = self.all.len();
        let [one, other] = flow.ends;
        self.known.remove(&(flow.is_tcp, other, one));
        self.known.insert((flow.is_tcp, one, other), index);
        self.all.push(flow);
        index
    }
}

impl Flow {
    fn udp(ends: [SocketAddr; 2]) -> Self {
        Self { is_tcp: false, ..Self::tcp(ends, false) }
    }

    fn tcp(ends: [SocketAddr; 2], began_before: bool) -> Self {
        Self {
            is_tcp: true,
            ends,
            events: Vec::new(),
            began_before,
            is_urgent: false,
            streams: Default::default(),
            state: State::Asked,
            cut: [0; 2],
        }
    }

    /// What is missing of what an end sent.
    pub(super) fn missing(&self, end: usize) -> Option<Missing> {
        match (self.streams[end].cut() + self.cut[end], self.streams[end].missing()) {
            (0, 0) => None,
            (0, missing) => Some(Missing::Frames(missing)),
            (cut, _) => Some(Missing::Ends(cut)),
        }
    }

    /// Whether it is a connection of which no end was seen.
    pub(super) fn is_open(&self) -> bool {
        self.is_tcp && self.state == State::Open && !self.streams.iter().any(Stream::is_over)
    }

    /// How many bytes an end sent.
    pub(super) fn sent(&self, end: usize) -> usize {
        let of = |seen: &Seen| if let Seen::Sent(by, bytes) = seen { (*by == end, bytes.len()) } else { (false, 0) };
        self.events.iter().map(|(_, _, seen)| of(seen)).filter(|(its, _)| *its).map(|(_, len)| len).sum()
    }

    fn end(&self, address: SocketAddr) -> usize {
        usize::from(address != self.ends[0])
    }

    /// Whether a segment begins another connection between the same two ports.
    fn is_followed_by(&self, from: SocketAddr, segment: &Segment) -> bool {
        let again = self.streams[self.end(from)].began_with(segment.seq.wrapping_add(1));
        segment.syn && segment.ack.is_none() && !again
    }

    fn segment(&mut self, frame: usize, at: Duration, from: SocketAddr, segment: Segment) {
        if self.state == State::Over {
            return;
        }
        let by = self.end(from);
        let other = 1 - by;
        self.is_urgent |= segment.urg;
        if segment.rst {
            return self.reset(frame, at, by);
        }
        let mut seq = segment.seq;
        if segment.syn {
            seq = seq.wrapping_add(1);
            self.streams[by].begin(seq);
        }
        if let Some(ack) = segment.ack {
            self.streams[other].acknowledge(ack);
        }
        // The connection is there when the other end has agreed; if that was not captured, when something is said.
        let is_agreed = segment.syn && by == 1 || !segment.syn && (self.began_before || !segment.bytes.is_empty());
        if is_agreed && self.state == State::Asked {
            self.state = State::Open;
            self.events.push((frame, at, Seen::Opened));
        }
        let brought = self.streams[by].take(seq, segment.bytes, segment.cut, segment.fin);
        if !brought.bytes.is_empty() {
            self.events.push((frame, at, Seen::Sent(by, brought.bytes)));
        }
        if brought.end {
            self.events.push((frame, at, Seen::Ended(by, None)));
        }
    }

    fn reset(&mut self, frame: usize, at: Duration, by: usize) {
        if self.state == State::Asked {
            if by == 1 {
                self.refuse(frame, at);
            }
            return;
        }
        self.state = State::Over;
        // Both have ended in order, and one of them has forgotten it.
        if self.streams.iter().all(Stream::is_over) {
            return;
        }
        // Whoever resets after his end has closed the socket, and not its direction alone.
        for (_, _, seen) in &mut self.events {
            if let Seen::Ended(end, closed) = seen
                && *end == by
            {
                *closed = Some(true);
            }
        }
        self.events.push((frame, at, Seen::Reset(by)));
    }

    fn refuse(&mut self, frame: usize, at: Duration) {
        self.state = State::Over;
        self.events.push((frame, at, Seen::Refused(Errno(libc::ECONNREFUSED))));
    }
}
