//! What a frame carries: a TCP segment, a UDP datagram, or the news that a port is closed.

use std::net::{IpAddr, SocketAddr};

use etherparse::defrag::IpDefragPool;
use etherparse::{IpNumber, LaxNetSlice, LaxSlicedPacket, SlicedPacket, TcpSlice};
use pcap_file::DataLink;

/// LINKTYPE_RAW as BSD numbers it.
const BSD_RAW: u32 = 12;
/// ARPHRD_LOOPBACK, and the type of a packet that goes out, in the headers of cooked captures.
const LOOPBACK: u16 = 772;
const OUTGOING: u16 = 4;

/// What a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    /// Who sent it.
    pub(super) from: SocketAddr,
    /// To whom.
    pub(super) to: SocketAddr,
    /// What it is.
    pub(super) kind: Kind,
}

/// What it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A segment.
    Tcp(Segment),
    /// A datagram, and how many bytes more it had that were not captured.
    Udp(Vec<u8>, usize),
    /// An ICMP error: what was sent from there to there found no open port.
    Closed {
        /// Whether that was TCP; else UDP.
        is_tcp: bool,
    },
}

/// A TCP segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of the header, RFC 9293 section 3.1")]
pub(super) struct Segment {
    pub(super) seq: u32,
    /// The number that is acknowledged, if one is.
    pub(super) ack: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) urg: bool,
    pub(super) bytes: Vec<u8>,
    /// How many bytes more there were that were not captured.
    pub(super) cut: usize,
}

/// Reads frames; keeps the fragments of packets that are not whole yet.
#[derive(Debug)]
pub(super) struct Reader {
    fragments: IpDefragPool,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { fragments: IpDefragPool::new() }
    }

    /// What a frame says. `None` for all that is no TCP, no UDP and no such error, and for fragments with
    /// which a packet is not whole.
    pub(super) fn read(&mut self, link: DataLink, frame: &[u8]) -> Option<Packet> {
        let ip = ip_packet(link, frame)?;
        let packet = LaxSlicedPacket::from_ip(ip).ok()?;
        let net = packet.net.as_ref()?;
        let (from, to, size): (IpAddr, IpAddr, usize) = match net {
            LaxNetSlice::Ipv4(v4) => {
                let header = v4.header();
                let size = header.payload_len().map_or(0, usize::from);
                (header.source_addr().into(), header.destination_addr().into(), size)
            }
            LaxNetSlice::Ipv6(v6) => {
                let header = v6.header();
                let size = usize::from(header.payload_length()).saturating_sub(v6.extensions().slice().len());
                (header.source_addr().into(), header.destination_addr().into(), size)
            }
            LaxNetSlice::Arp(_) => return None,
        };
        let payload = net.ip_payload_ref()?;
        if payload.fragmented {
            let whole = self.fragments.process_sliced_packet(&SlicedPacket::from_ip(ip).ok()?, (), ()).ok()??;
            return transport(from, to, whole.ip_number, &whole.payload, whole.payload.len());
        }
        // Segments that a network card cuts later are too long for the length in their header, which is 0.
        transport(from, to, payload.ip_number, payload.payload, size.max(payload.payload.len()))
    }
}

/// The IP packet in a frame.
fn ip_packet(link: DataLink, frame: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| Some(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]));
    match link {
        DataLink::ETHERNET => {
            let mut at = 12;
            while matches!(word(at)?, 0x8100 | 0x88a8 | 0x9100) {
                at += 4;
            }
            matches!(word(at)?, 0x0800 | 0x86dd).then(|| &frame[at + 2..])
        }
        DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 | DataLink::Unknown(BSD_RAW) => Some(frame),
        // The family stands before the packet, whose version says the same.
        DataLink::NULL | DataLink::LOOP => frame.get(4..),
        // What crosses the loopback device is captured twice on `any`: as it goes out, and as it comes in.
        DataLink::LINUX_SLL => {
            let is_twin = word(2)? == LOOPBACK && word(0)? == OUTGOING;
            frame.get(16..).filter(|_| !is_twin)
        }
        DataLink::LINUX_SLL2 => {
            let is_twin = word(8)? == LOOPBACK && u16::from(*frame.get(10)?) == OUTGOING;
            frame.get(20..).filter(|_| !is_twin)
        }
        _ => None,
    }
}

/// Whether frames with this header are read at all.
pub(super) fn is_known(link: DataLink) -> bool {
    use DataLink as Link;
    matches!(
        link,
        Link::ETHERNET
            | Link::RAW
            | Link::IPV4
            | Link::IPV6
            | Link::Unknown(BSD_RAW)
            | Link::NULL
            | Link::LOOP
            | Link::LINUX_SLL
            | Link::LINUX_SLL2
    )
}

fn transport(from: IpAddr, to: IpAddr, number: IpNumber, bytes: &[u8], size: usize) -> Option<Packet> {
    match number {
        IpNumber::TCP => tcp(from, to, bytes, size),
        IpNumber::UDP => udp(from, to, bytes),
        IpNumber::ICMP => matches!(bytes, [3, 3, ..]).then(|| closed(bytes.get(8..)?)).flatten(),
        IpNumber::IPV6_ICMP => matches!(bytes, [1, 4, ..]).then(|| closed(bytes.get(8..)?)).flatten(),
        _ => None,
    }
}

fn tcp(from: IpAddr, to: IpAddr, bytes: &[u8], size: usize) -> Option<Packet> {
    let tcp = TcpSlice::from_slice(bytes).ok()?;
    let segment = Segment {
        seq: tcp.sequence_number(),
        ack: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        urg: tcp.urg(),
        bytes: tcp.payload().to_vec(),
        cut: size - bytes.len(),
    };
    let (from, to) = (SocketAddr::new(from, tcp.source_port()), SocketAddr::new(to, tcp.destination_port()));
    Some(Packet { from, to, kind: Kind::Tcp(segment) })
}

fn udp(from: IpAddr, to: IpAddr, bytes: &[u8]) -> Option<Packet> {
    let (from_port, to_port) = ports(bytes)?;
    let length = usize::from(u16::from_be_bytes([*bytes.get(4)?, *bytes.get(5)?]));
    let payload = bytes.get(8..)?;
    let length = length.checked_sub(8)?;
    let payload = payload[..length.min(payload.len())].to_vec();
    let cut = length - payload.len();
    let (from, to) = (SocketAddr::new(from, from_port), SocketAddr::new(to, to_port));
    Some(Packet { from, to, kind: Kind::Udp(payload, cut) })
}

/// An ICMP error carries the beginning of the packet that it is about, RFC 792: its IP header, and at least 8
/// bytes more, so the ports.
fn closed(about: &[u8]) -> Option<Packet> {
    let packet = LaxSlicedPacket::from_ip(about).ok()?;
    let net = packet.net.as_ref()?;
    let (from, to): (IpAddr, IpAddr) = match net {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let payload = net.ip_payload_ref()?;
    let (from_port, to_port) = ports(payload.payload)?;
    let is_tcp = match payload.ip_number {
        IpNumber::TCP => true,
        IpNumber::UDP => false,
        _ => return None,
    };
    Some(Packet {
        from: SocketAddr::new(from, from_port),
        to: SocketAddr::new(to, to_port),
        kind: Kind::Closed { is_tcp },
    })
}

fn ports(bytes: &[u8]) -> Option<(u16, u16)> {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    Some((word(0)?, word(2)?))
}
