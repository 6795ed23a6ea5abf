//! What must hold however the kernel cuts, repeats and delays: the same acts tell the same.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::act::{Act, Did, Protocol};
use super::cause::tell;
use super::frame::{Frame, Kind, Tcp};
use crate::model::topology::Topology;

const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

/// A connection over which the client writes several times, and ends.
#[derive(Debug, Clone)]
struct Story {
    /// The number of the client's SYN.
    first: u32,
    /// How long each write is.
    writes: Vec<u16>,
    /// After how many bytes of the whole the kernel cuts, beside its own cuts between writes.
    cuts: Vec<u32>,
    /// Whether the kernel joins neighbouring writes.
    joins: bool,
    /// Neighbouring segments of which the second overtakes the first, by their number.
    overtaken: Vec<usize>,
    /// Frames that are sent again, each by its number, with how many frames later.
    again: Vec<(usize, usize)>,
    /// How far behind the steps the capture is, in frames.
    late: usize,
}

#[expect(clippy::unnecessary_wraps, reason = "a frame that a trace never tells is none")]
fn tcp(from: SocketAddr, to: SocketAddr, tcp: Tcp) -> Option<Frame> {
    Some(Frame { from, to, kind: Kind::Tcp(tcp) })
}

impl Story {
    /// The frames of it.
    fn frames(&self) -> Vec<Option<Frame>> {
        let ack = Tcp { ack: true, ..Tcp::default() };
        let mut frames = vec![
            tcp(CLIENT, SERVER, Tcp { seq: self.first, syn: true, ..Tcp::default() }),
            tcp(SERVER, CLIENT, Tcp { seq: 7, syn: true, ack_number: self.first.wrapping_add(1), ..ack }),
            tcp(CLIENT, SERVER, Tcp { seq: self.first.wrapping_add(1), ack_number: 8, ..ack }),
        ];
        let mut ends: Vec<u32> = Vec::new();
        let mut total = 0;
        for write in &self.writes {
            total += u32::from(*write);
            if !self.joins {
                ends.push(total);
            }
        }
        ends.extend(self.cuts.iter().map(|cut| cut % total.max(1)).filter(|cut| *cut > 0));
        ends.push(total);
        ends.sort_unstable();
        ends.dedup();
        let mut start = 0;
        for end in ends {
            let seq = self.first.wrapping_add(1).wrapping_add(start);
            frames.push(tcp(CLIENT, SERVER, Tcp { seq, ack_number: 8, len: end - start, ..ack }));
            // An acknowledgement, and something that no trace tells.
            frames.push(tcp(SERVER, CLIENT, Tcp { seq: 8, ack_number: seq.wrapping_add(end - start), ..ack }));
            frames.push(None);
            start = end;
        }
        // Three frames for each piece, after the handshake.
        let pieces = (frames.len() - 3) / 3;
        for first in self.overtaken.iter().map(|which| which % pieces).filter(|which| which + 1 < pieces) {
            frames.swap(3 + 3 * first, 3 + 3 * (first + 1));
        }
        let seq = self.first.wrapping_add(1).wrapping_add(total);
        frames.push(tcp(CLIENT, SERVER, Tcp { seq, ack_number: 8, fin: true, ..ack }));
        for (which, later) in &self.again {
            let which = which % frames.len();
            let again = frames[which].clone();
            frames.insert((which + 1 + later).min(frames.len()), again);
        }
        frames
    }

    /// What the steps did: all frames came after the step that caused them, and some much later.
    fn acts(&self, frames: usize) -> Vec<Act> {
        let act = |order, did, since: usize| Act {
            order,
            step: String::new(),
            endpoint: "client".to_owned(),
            protocol: Protocol::Tcp,
            host: 0,
            local: Some(CLIENT),
            remote: Some(SERVER),
            accepted: false,
            stranger: false,
            did,
            since,
            until: (since + 1).max(frames.saturating_sub(self.late)),
        };
        let mut server = act(0, Did::Other, 0);
        server.endpoint = "server".to_owned();
        server.local = Some(SERVER);
        server.remote = None;
        let mut acts = vec![server, act(1, Did::Connect, 0)];
        let (mut order, mut from) = (2, 0);
        for write in &self.writes {
            let to = from + u64::from(*write);
            acts.push(act(order, Did::Write { from, to, held: false, varies: false }, 3));
            (order, from) = (order + 1, to);
        }
        acts.push(act(order, Did::End, 3));
        acts
    }

    /// What has to be told, a line each.
    fn expected(&self) -> Vec<String> {
        let mut lines = vec!["1 SYN".to_owned(), "1 SYN ACK".to_owned(), "1 ACK".to_owned()];
        lines.extend(self.writes.iter().enumerate().map(|(at, bytes)| format!("{} DATA {bytes}", at + 2)));
        lines.push(format!("{} FIN", self.writes.len() + 2));
        lines
    }
}

fn story() -> impl Strategy<Value = Story> {
    (
        any::<u32>(),
        prop::collection::vec(1..3000_u16, 1..6),
        prop::collection::vec(any::<u32>(), 0..6),
        any::<bool>(),
        prop::collection::vec(any::<usize>(), 0..4),
        prop::collection::vec((any::<usize>(), 0..8_usize), 0..5),
        0..20_usize,
    )
        .prop_map(|(first, writes, cuts, joins, overtaken, again, late)| Story {
            first,
            writes,
            cuts,
            joins,
            overtaken,
            again,
            late,
        })
}

proptest! {
    #[test]
    fn the_same_steps_tell_the_same_however_the_kernel_sends(story in story()) {
        let frames = story.frames();
        let told = tell(&frames, &story.acts(frames.len()), &Topology::default(), &[]);
        let lines: Vec<String> = told
            .segments
            .iter()
            .flat_map(|(order, segments)| segments.iter().map(move |segment| format!("{order} {}", segment.what)))
            .collect();
        prop_assert_eq!(lines, story.expected());
        prop_assert!(told.complete);
        prop_assert_eq!(told.comments.len(), frames.len());
    }

    /// Whatever was captured, nothing panics, and nothing is told of no step.
    #[test]
    fn any_frames_can_be_told(
        frames in prop::collection::vec(
            (any::<bool>(), any::<u32>(), any::<u32>(), any::<[bool; 5]>(), 0..5000_u32),
            0..40,
        ),
        story in story(),
    ) {
        let frames: Vec<_> = frames
            .into_iter()
            .map(|(back, seq, ack_number, [syn, ack, fin, rst, urg], len)| {
                let (from, to) = if back { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
                tcp(from, to, Tcp { seq, ack_number, syn, ack, fin, rst, urg, len })
            })
            .collect();
        let acts = story.acts(frames.len());
        let told = tell(&frames, &acts, &Topology::default(), &[]);
        prop_assert!(told.segments.keys().all(|order| acts.iter().any(|act| act.order == *order)));
    }
}
