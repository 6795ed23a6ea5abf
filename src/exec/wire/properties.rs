//! What must hold however the kernel cuts, repeats and delays: the same acts tell the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use proptest::prelude::*;

use super::act::{Act, Did, Protocol};
use super::cause::tell;
use super::frame::{Frame, Kind, Tcp};
use crate::model::topology::Topology;
use crate::trace::event::Segment;

const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

/// The number of the server's SYN.
const FIRST_OF_SERVER: u32 = 7;

/// A connection over which one side, of this spec or a program, writes several times, and ends.
#[derive(Debug, Clone)]
struct Story {
    /// The number of the client's SYN.
    first: u32,
    /// Whether the server is the one that writes.
    server_writes: bool,
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
    /// The side that writes, and the other one.
    fn ends(&self) -> (SocketAddr, SocketAddr) {
        if self.server_writes { (SERVER, CLIENT) } else { (CLIENT, SERVER) }
    }

    /// How many bytes there are.
    fn total(&self) -> u64 {
        self.writes.iter().copied().map(u64::from).sum()
    }

    /// The frames of it.
    fn frames(&self) -> Vec<Option<Frame>> {
        let ack = Tcp { ack: true, ..Tcp::default() };
        let (of_client, of_server) = (self.first, FIRST_OF_SERVER);
        let mut frames = vec![
            tcp(CLIENT, SERVER, Tcp { seq: self.first, syn: true, ..Tcp::default() }),
            tcp(SERVER, CLIENT, Tcp { seq: of_server, syn: true, ack_number: of_client.wrapping_add(1), ..ack }),
            tcp(CLIENT, SERVER, Tcp { seq: of_client.wrapping_add(1), ack_number: of_server.wrapping_add(1), ..ack }),
        ];
        let (writer, reader) = self.ends();
        let (own, other) = if self.server_writes { (of_server, of_client) } else { (of_client, of_server) };
        let (own, other) = (own.wrapping_add(1), other.wrapping_add(1));
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
            let seq = own.wrapping_add(start);
            frames.push(tcp(writer, reader, Tcp { seq, ack_number: other, len: end - start, ..ack }));
            // An acknowledgement, and something that no trace tells.
            frames.push(tcp(reader, writer, Tcp { seq: other, ack_number: seq.wrapping_add(end - start), ..ack }));
            frames.push(None);
            start = end;
        }
        // Three frames for each piece, after the handshake.
        let pieces = (frames.len() - 3) / 3;
        for first in self.overtaken.iter().map(|which| which % pieces).filter(|which| which + 1 < pieces) {
            frames.swap(3 + 3 * first, 3 + 3 * (first + 1));
        }
        let fin = Tcp { seq: own.wrapping_add(total), ack_number: other, fin: true, ..ack };
        frames.push(tcp(writer, reader, fin));
        for (which, later) in &self.again {
            let which = which % frames.len();
            let again = frames[which].clone();
            frames.insert((which + 1 + later).min(frames.len()), again);
        }
        frames
    }

    /// An act of an endpoint with that address, towards the other side.
    fn act(&self, order: u64, at: SocketAddr, did: Did, since: usize, frames: usize) -> Act {
        Act {
            order,
            step: String::new(),
            endpoint: if at == CLIENT { "client" } else { "server" }.to_owned(),
            protocol: Protocol::Tcp,
            host: 0,
            local: Some(at),
            remote: Some(if at == CLIENT { SERVER } else { CLIENT }),
            accepted: false,
            stranger: false,
            outside: false,
            did,
            since,
            until: (since + 1).max(frames.saturating_sub(self.late)),
        }
    }

    /// What the steps did where the client is this spec's: all frames came after the step that caused
    /// them, and some much later.
    fn acts(&self, frames: usize) -> Vec<Act> {
        let act = |order, did, since| self.act(order, CLIENT, did, since, frames);
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

    /// What the steps did where the writer is a program: they took what it wrote in pieces of that
    /// size, whenever it came, and saw its end.
    fn acts_of_reader(&self, frames: usize, piece: u64) -> Vec<Act> {
        let (_, reader) = self.ends();
        let begins = if self.server_writes { Did::Connect } else { Did::Accept };
        let mut steps = vec![begins];
        let total = self.total();
        let mut from = 0;
        while from < total {
            let to = (from + piece).min(total);
            steps.push(Did::Take { from, to, varies: false, urgent: false });
            from = to;
        }
        steps.extend([Did::SeeEnd, Did::SeeEnd]);
        let act = |(at, did)| Act { stranger: true, ..self.act(at as u64 + 1, reader, did, 0, frames) };
        steps.into_iter().enumerate().map(act).collect()
    }

    /// What has to be told of that.
    fn expected_by_reader(&self, piece: u64) -> Vec<String> {
        let mut lines = vec!["1 SYN".to_owned(), "1 SYN ACK".to_owned(), "1 ACK".to_owned()];
        let pieces = self.total().div_ceil(piece);
        for at in 0..pieces {
            lines.push(format!("{} DATA {}", at + 2, piece.min(self.total() - at * piece)));
        }
        lines.push(format!("{} FIN", pieces + 2));
        lines
    }

    /// What has to be told, a line each.
    fn expected(&self) -> Vec<String> {
        let mut lines = vec!["1 SYN".to_owned(), "1 SYN ACK".to_owned(), "1 ACK".to_owned()];
        lines.extend(self.writes.iter().enumerate().map(|(at, bytes)| format!("{} DATA {bytes}", at + 2)));
        lines.push(format!("{} FIN", self.writes.len() + 2));
        lines
    }
}

fn told_lines(segments: &BTreeMap<u64, Vec<Segment>>) -> Vec<String> {
    let lines = |(order, segments): (&u64, &Vec<Segment>)| {
        segments.iter().map(|segment| format!("{order} {}", segment.what)).collect::<Vec<_>>()
    };
    segments.iter().flat_map(lines).collect()
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
            server_writes: false,
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
        prop_assert_eq!(told_lines(&told.segments), story.expected());
        prop_assert!(told.complete);
        prop_assert_eq!(told.comments.len(), frames.len());
    }

    /// Whatever a program writes at once, and whenever: what a step took is told of it.
    #[test]
    fn the_same_steps_tell_the_same_however_a_program_sends(
        story in story(),
        server_writes in any::<bool>(),
        piece in 1..4000_u64,
    ) {
        let story = Story { server_writes, late: 0, ..story };
        let frames = story.frames();
        let acts = story.acts_of_reader(frames.len(), piece);
        let told = tell(&frames, &acts, &Topology::default(), &[]);
        prop_assert_eq!(told_lines(&told.segments), story.expected_by_reader(piece));
        prop_assert!(told.complete);
    }

    /// What no step got is not told: the last bytes, the FIN.
    #[test]
    fn what_no_step_got_is_not_told(story in story(), server_writes in any::<bool>(), taken in 1..3000_u64) {
        let story = Story { server_writes, late: 0, ..story };
        let frames = story.frames();
        let mut acts = story.acts_of_reader(frames.len(), taken);
        acts.truncate(2);
        let told = tell(&frames, &acts, &Topology::default(), &[]);
        let expected = &story.expected_by_reader(taken)[..4];
        prop_assert_eq!(told_lines(&told.segments), expected);
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
