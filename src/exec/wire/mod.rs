//! What crossed the wire of an isolated network: the frames, and which step caused each.
//!
//! While a run goes on, frames are only kept, and what each step did is noted beside them
//! ([`act`]). When it is over, `cause` finds out which step caused which frame.
#![cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "frames are captured on Linux alone"))]

pub(crate) mod act;
mod cause;
mod flow;
mod frame;
mod names;
#[cfg(test)]
mod properties;
mod seen;
#[cfg(test)]
mod tests;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;

use crate::model::topology::Topology;
use crate::trace::event::Segment;
use crate::trace::record::Entry;

use act::{Act, Did};
use cause::Told;
use frame::Frame;
pub(crate) use watch::{Route, Watch};

/// A frame that was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedFrame {
    /// When, in nanoseconds since 1970.
    pub nanos: u64,
    /// Where: `lo`, or the host that sent it.
    pub place: String,
    /// The frame from its Ethernet header on, cut to what was captured of it.
    pub bytes: Vec<u8>,
    /// How long the whole frame was.
    pub len: usize,
    /// The step that caused it, and between which endpoints it passed.
    pub comment: String,
}

/// Keeps the frames of a run, and what its steps did.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// Whether the frames are kept as they were, too.
    whole: bool,
    frames: RefCell<Vec<Option<Frame>>>,
    raw: RefCell<Vec<Raw>>,
    /// How many bytes of frames there are in `raw`.
    kept: Cell<usize>,
    acts: RefCell<Vec<Act>>,
    /// The ports that the spec has by a name.
    ports: RefCell<Vec<(u16, String)>>,
}

/// So many bytes of frames are kept as they were; of later ones the headers alone.
const MOST_KEPT: usize = 64 << 20;
/// Room for all headers of a segment.
const HEADERS: usize = 192;

/// A frame as it was.
#[derive(Debug)]
struct Raw {
    nanos: u64,
    host: usize,
    bytes: Vec<u8>,
    len: usize,
}

impl Collector {
    /// One that keeps what a trace tells, or the frames as they were, too.
    pub(crate) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Whether it keeps the frames as they were.
    pub(crate) fn keeps_bytes(&self) -> bool {
        self.whole
    }

    /// Takes a frame: when it passed, in nanoseconds since 1970, the index of the host that sent it
    /// (0 without hosts), what was captured of it, and how long it was.
    pub(crate) fn push(&self, nanos: u64, host: usize, bytes: &[u8], len: usize) {
        self.frames.borrow_mut().push(Frame::read(bytes));
        if self.whole {
            let kept = self.kept.get();
            let bytes = if kept < MOST_KEPT { bytes } else { &bytes[..bytes.len().min(HEADERS)] };
            self.kept.set(kept + bytes.len());
            self.raw.borrow_mut().push(Raw { nanos, host, bytes: bytes.to_vec(), len });
        }
    }

    /// Takes note of a port that the spec has by a name.
    pub(crate) fn name_port(&self, port: u16, name: &str) {
        self.ports.borrow_mut().push((port, name.to_owned()));
    }

    /// How many frames there are so far.
    pub(crate) fn count(&self) -> usize {
        self.frames.borrow().len()
    }

    /// Whether an ICMP error about something that was sent to that address came after so many frames.
    pub(crate) fn has_error_about(&self, address: SocketAddr, since: usize) -> bool {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let about = |frame: &Frame| matches!(frame.kind, frame::Kind::Icmp { to, .. } if to == address);
        self.frames.borrow().iter().skip(since).flatten().any(about)
    }

    /// Whether every step has left the traces that it must.
    pub(crate) fn is_complete(&self, topology: &Topology) -> bool {
        self.tell(topology).complete
    }

    /// What crossed the wire, under the steps that caused it, and the frames themselves.
    pub(crate) fn finish(
        &self,
        topology: &Topology,
        entries: &[Entry],
    ) -> (BTreeMap<u64, Vec<Segment>>, Vec<CapturedFrame>) {
        // What a failed try has seen of an end is for the try that held to see.
        let mut kept = HashSet::new();
        orders(entries, &mut kept);
        let sees = |act: &Act| matches!(act.did, Did::SeeEnd | Did::SeeReset);
        self.acts.borrow_mut().retain(|act| !sees(act) || kept.contains(&act.order));
        let Told { segments, comments, .. } = self.tell(topology);
        let place = |host: usize| topology.hosts.get(host).map_or("lo", |host| &host.name).to_owned();
        let frames = self.raw.take().into_iter().zip(comments).map(|(raw, comment)| CapturedFrame {
            nanos: raw.nanos,
            place: place(raw.host),
            bytes: raw.bytes,
            len: raw.len,
            comment,
        });
        (segments, frames.collect())
    }

    fn tell(&self, topology: &Topology) -> Told {
        cause::tell(&self.frames.borrow(), &self.acts.borrow(), topology, &self.ports.borrow())
    }
}

/// The numbers of the steps that a trace shows.
fn orders(entries: &[Entry], kept: &mut HashSet<u64>) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => drop(kept.insert(happened.order)),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| orders(&lane.entries, kept)),
            Entry::Repeat(groups) => groups.iter().for_each(|group| orders(&group.entries, kept)),
            Entry::Retry(held) => orders(held, kept),
        }
    }
}

/// Puts segments under their events.
pub(crate) fn put_under(entries: &mut [Entry], segments: &mut BTreeMap<u64, Vec<Segment>>) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => {
                happened.event.wire = segments.remove(&happened.order).unwrap_or_default();
            }
            Entry::Parallel(lanes) => lanes.iter_mut().for_each(|lane| put_under(&mut lane.entries, segments)),
            Entry::Repeat(groups) => groups.iter_mut().for_each(|group| put_under(&mut group.entries, segments)),
            Entry::Retry(held) => put_under(held, segments),
        }
    }
}
