//! Which step caused each frame. By cause, never by the clock: a segment with data belongs to the
//! step that wrote its bytes, whenever the kernel sent them; a FIN to the step that ended the
//! stream; a reset to that, too, or to what provoked it; an answer of the kernel to what it
//! answers. So the same thing gives the same lines, however late the kernel is.
//!
//! What a program sends belongs to the step that got it, in `stranger`: the only thing that is in
//! order for the spec.
//!
//! Told are the segments that RFC 9293 calls a connection's: SYN, the answers to it, data, FIN,
//! RST. Acknowledgements alone, window updates, probes and what is sent again are the kernel's
//! choice, and are not.

mod finish;
mod line;
mod stranger;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;

use crate::model::topology::Topology;
use crate::trace::event::Segment;

use super::act::{Act, Did, Protocol};
use super::flow::{Flow, Flows};
use super::frame::{Frame, Kind, Tcp};
use super::names::Names;
use line::{Line, Word};

/// What the frames of a run tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The segments under each step, by the step's number.
    pub(crate) segments: BTreeMap<u64, Vec<Segment>>,
    /// A line on each frame, for a capture file; empty for those that no step caused.
    pub(crate) comments: Vec<String>,
    /// Whether every act has left the traces that it must.
    pub(crate) complete: bool,
}

/// Finds out which step caused which frame. `None` among the frames are those that a trace never
/// tells.
pub(crate) fn tell(frames: &[Option<Frame>], acts: &[Act], topology: &Topology, ports: &[(u16, String)]) -> Told {
    let mut teller = Teller::new(acts, Names::of(acts, topology, ports));
    let comments = frames.iter().enumerate().map(|(at, frame)| {
        frame.as_ref().map_or_else(String::new, |frame| {
            let (protocol, way, seen) = teller.frame(at, frame);
            let (from, to) = teller.put(at, protocol, way, &seen);
            teller.comment(&seen, &from, &to)
        })
    });
    let comments = comments.collect();
    let complete = teller.mark_unfinished();
    teller.tell_uncounted();
    Told { segments: teller.segments(), comments, complete }
}

/// From where to where.
type Way = (SocketAddr, SocketAddr);

/// What one frame was: the acts that caused it, and what it tells of each.
#[derive(Debug, Default)]
struct Seen {
    /// The act that caused it, where one did.
    cause: Option<usize>,
    /// What it tells, each with the act that it belongs to.
    tells: Vec<(usize, Word)>,
    /// Whether it was sent before.
    again: bool,
}

struct Teller<'a> {
    acts: &'a [Act],
    names: Names<'a>,
    flows: Flows,
    /// The acts of each connection, by its two addresses.
    of_flow: HashMap<Way, Vec<usize>>,
    /// What programs send on connections with this spec.
    strangers: HashSet<Way>,
    /// Connects whose own address nobody learned, by where they went.
    lost_connects: HashMap<SocketAddr, VecDeque<usize>>,
    /// Datagrams that were sent, by where they went, until their frame is seen.
    datagrams: HashMap<SocketAddr, VecDeque<usize>>,
    /// Datagrams of programs that were received, by where they came from, until their frame is seen.
    received: HashMap<SocketAddr, VecDeque<usize>>,
    /// The act that sent the last datagram from one address to another.
    last_datagram: HashMap<Way, usize>,
    /// How many bytes of each act have crossed.
    crossed: Vec<u64>,
    lines: BTreeMap<u64, Vec<Line>>,
}

impl<'a> Teller<'a> {
    fn new(acts: &'a [Act], names: Names<'a>) -> Self {
        let mut teller = Self {
            acts,
            names,
            flows: Flows::default(),
            of_flow: HashMap::new(),
            strangers: HashSet::new(),
            lost_connects: HashMap::new(),
            datagrams: HashMap::new(),
            received: HashMap::new(),
            last_datagram: HashMap::new(),
            crossed: vec![0; acts.len()],
            lines: BTreeMap::new(),
        };
        for (index, act) in acts.iter().enumerate() {
            match (act.protocol, act.local, act.remote) {
                (Protocol::Tcp, Some(local), Some(remote)) => {
                    teller.of_flow.entry((local, remote)).or_default().push(index);
                }
                (Protocol::Tcp, None, Some(remote)) if act.did == Did::Connect => {
                    teller.lost_connects.entry(remote).or_default().push_back(index);
                }
                (Protocol::Udp, _, Some(remote)) if matches!(act.did, Did::Datagram { .. }) => {
                    teller.datagrams.entry(remote).or_default().push_back(index);
                }
                (Protocol::Udp, _, Some(remote)) if matches!(act.did, Did::Receive { .. }) => {
                    teller.received.entry(remote).or_default().push_back(index);
                }
                _ => {}
            }
        }
        teller.strangers = teller.find_strangers();
        teller
    }

    fn frame(&mut self, at: usize, frame: &Frame) -> (Protocol, Way, Seen) {
        let way = (frame.from, frame.to);
        match &frame.kind {
            Kind::Tcp(tcp) => (Protocol::Tcp, way, self.tcp(at, way, *tcp)),
            Kind::Udp(len) => (Protocol::Udp, way, self.udp(at, way, *len)),
            Kind::Icmp { says, about_tcp, from, to } => {
                let about = (*from, *to);
                let (protocol, cause) = match about_tcp {
                    true => (Protocol::Tcp, self.flows.get(about).and_then(|flow| flow.last_cause)),
                    false => (Protocol::Udp, self.last_datagram.get(&about).copied()),
                };
                let tells = cause.map(|cause| (cause, Word::Icmp(says))).into_iter().collect();
                (protocol, (*to, *from), Seen { cause, tells, again: false })
            }
        }
    }

    fn tcp(&mut self, at: usize, way: Way, tcp: Tcp) -> Seen {
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
        let (syn_cause, fin_seen) = (flow.syn_cause, flow.fin);
        let is_stranger = self.strangers.contains(&way);
        let is_bare = tcp.len == 0 && !tcp.fin;
        // What a program says on its own has no cause in the spec.
        let answers = answered.filter(|_| is_bare || !is_stranger);
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
        let end = offset + i64::from(tcp.len);
        if tcp.len > 0 {
            let new = self.flows.entry(way).cross(offset, end);
            seen.again = new.is_empty();
            if seen.again {
                seen.cause = self.writer(way, offset).or(seen.cause);
            }
            for (from, to) in new {
                if is_stranger {
                    self.taken(at, way, (from, to), &mut seen);
                } else {
                    self.data(way, from, to, tcp.urg, &mut seen);
                }
            }
        }
        if tcp.fin {
            let ended = if is_stranger { self.who_saw(way, Did::SeeEnd) } else { self.ended(way) };
            seen.cause = ended.or(seen.cause);
            if fin_seen {
                seen.again = true;
            } else {
                seen.tells.extend(ended.map(|cause| (cause, Word::Plain("FIN"))));
            }
        }
        let flow = self.flows.entry(way);
        flow.fin |= tcp.fin;
        flow.acknowledged = true;
        seen
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

    fn reset(&mut self, at: usize, way: Way, tcp: Tcp) -> Seen {
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

    fn udp(&mut self, at: usize, way: Way, len: u64) -> Seen {
        let fits = |index: &usize| {
            let act = &self.acts[*index];
            matches!(act.did, Did::Datagram { len: sent, .. } if sent == len) && act.sends_from(way.0)
        };
        let sent = self.datagrams.get_mut(&way.1).and_then(|waiting| {
            let place = waiting.iter().position(fits)?;
            waiting.remove(place)
        });
        // One that no send explains was let go by something else.
        if sent.is_none()
            && let Some(receipt) = self.receipt(at, way, len)
        {
            let varies = matches!(self.acts[receipt].did, Did::Receive { varies: true, .. });
            let tells = vec![(receipt, Word::Datagram { bytes: len, varies })];
            return Seen { cause: Some(receipt), tells, again: false };
        }
        let own = |act: &Act| act.protocol == Protocol::Udp && act.sends_from(way.0) && act.until > at;
        let Some(cause) = sent.or_else(|| self.acts.iter().position(own)) else { return Seen::default() };
        self.last_datagram.insert(way, cause);
        self.crossed[cause] = len;
        let varies = matches!(self.acts[cause].did, Did::Datagram { varies: true, .. });
        Seen { cause: Some(cause), tells: vec![(cause, Word::Datagram { bytes: len, varies })], again: false }
    }

    /// What its socket was doing, for a frame that no act explains: the kernel gave up by itself.
    fn by_clock(&self, at: usize, way: Way) -> Seen {
        let own = |act: &Act| act.is_on(way.0, way.1) || act.is_on(way.1, way.0);
        let cause = self.acts.iter().position(|act| own(act) && act.until > at);
        Seen { cause, ..Seen::default() }
    }

    /// Puts what a frame tells under the steps that it belongs to, and gives the names of its ends.
    fn put(&mut self, at: usize, protocol: Protocol, way: Way, seen: &Seen) -> (String, String) {
        let (from, to) = (self.names.name(protocol, way.0, at), self.names.name(protocol, way.1, at));
        for (act, word) in &seen.tells {
            let lines = self.lines.entry(self.acts[*act].order).or_default();
            if lines.iter_mut().any(|line| line.way == way && line.takes(word)) {
                continue;
            }
            // Data stand before the end, even where it overtook them.
            let is_end = |line: &Line| line.way == way && line.word == Word::Plain("FIN");
            let end = lines.iter().position(is_end).filter(|_| matches!(word, Word::Data { .. }));
            let line = Line { from: from.clone(), to: to.clone(), way, word: word.clone() };
            lines.insert(end.unwrap_or(lines.len()), line);
        }
        (from, to)
    }

    fn comment(&self, seen: &Seen, from: &str, to: &str) -> String {
        let Some(cause) = seen.cause else { return String::new() };
        let words: Vec<String> = seen.tells.iter().map(|(_, word)| word.text()).collect();
        let what = match (words.is_empty(), seen.again) {
            (false, _) => words.join(", "),
            (true, true) => "sent again".to_owned(),
            (true, false) => "ACK".to_owned(),
        };
        format!("{}: {from} > {to} {what}", self.acts[cause].step)
    }

    fn segments(self) -> BTreeMap<u64, Vec<Segment>> {
        let segment = |line: Line| Segment { from: line.from, to: line.to, what: line.word.text() };
        self.lines.into_iter().map(|(order, lines)| (order, lines.into_iter().map(segment).collect())).collect()
    }
}

/// The act that lets go what a held write kept back: the next write that does not hold, a release,
/// or an end; the write itself where there is none, since a cork gives way after 200 ms.
fn release(all: &[Act], own: &[usize], held: usize) -> usize {
    let releases = |act: &Act| matches!(act.did, Did::Write { held: false, .. } | Did::Release | Did::End);
    own[held..].iter().copied().find(|index| releases(&all[*index])).unwrap_or(own[held])
}
