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
mod reset;
mod stranger;
mod tcp;
mod udp;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;

use crate::model::topology::Topology;
use crate::trace::event::Segment;

use super::act::{Act, Did, Protocol};
use super::flow::Flows;
use super::frame::{Frame, Kind};
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
