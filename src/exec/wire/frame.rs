//! Frames as the trace needs them: who sent them to whom, and what they were.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice, UdpSlice};

/// A frame of TCP, UDP, or an ICMP error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Who sent it. The port is 0 where the protocol has none.
    pub(crate) from: SocketAddr,
    /// To whom.
    pub(crate) to: SocketAddr,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A TCP segment.
    Tcp(Tcp),
    /// A UDP datagram of so many bytes.
    Udp(u64),
    /// An ICMP error, of version 4 or 6.
    Icmp {
        /// What it says.
        says: &'static str,
        /// Whether it speaks of TCP; else of UDP.
        about_tcp: bool,
        /// Who had sent what it speaks of.
        from: SocketAddr,
        /// To whom.
        to: SocketAddr,
    },
}

/// What a TCP segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of the header, RFC 9293 section 3.1")]
pub(crate) struct Tcp {
    pub(crate) seq: u32,
    pub(crate) ack_number: u32,
    pub(crate) syn: bool,
    pub(crate) ack: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) urg: bool,
    /// Bytes of payload.
    pub(crate) len: u32,
}

impl Frame {
    /// Reads the headers of a frame, of which any part after them may be missing. `None` for
    /// everything that a trace does not tell: ARP, neighbour discovery, group membership, all but
    /// the first fragment of a datagram.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let packet = LaxSlicedPacket::from_ethernet(bytes).ok()?;
        let net = packet.net.as_ref()?;
        let (from, to, size) = match net {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                let (from, to) = (header.source_addr().into(), header.destination_addr().into());
                (from, to, usize::from(header.payload_len().ok()?))
            }
            LaxNetSlice::Ipv6(ip) => {
                let header = ip.header();
                let size = usize::from(header.payload_length()).checked_sub(ip.extensions().slice().len())?;
                (header.source_addr().into(), header.destination_addr().into(), size)
            }
            LaxNetSlice::Arp(_) => return None,
        };
        match &packet.transport {
            Some(TransportSlice::Tcp(tcp)) => Some(Self::tcp(from, to, tcp, size)),
            Some(TransportSlice::Udp(udp)) => Some(Self::udp(from, to, udp)),
            Some(TransportSlice::Icmpv4(icmp)) => {
                let says = icmpv4_error(icmp.type_u8(), icmp.code_u8())?;
                Self::icmp(from, to, says, icmp.payload())
            }
            Some(TransportSlice::Icmpv6(icmp)) => {
                let says = icmpv6_error(icmp.type_u8(), icmp.code_u8())?;
                Self::icmp(from, to, says, icmp.payload())
            }
            _ => Self::first_fragment(from, to, net),
        }
    }

    fn tcp(from: IpAddr, to: IpAddr, tcp: &TcpSlice<'_>, size: usize) -> Self {
        let len = size.saturating_sub(tcp.header_slice().len()) as u32;
        let tcp_frame = Tcp {
            seq: tcp.sequence_number(),
            ack_number: tcp.acknowledgment_number(),
            syn: tcp.syn(),
            ack: tcp.ack(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            urg: tcp.urg(),
            len,
        };
        let (from, to) = (SocketAddr::new(from, tcp.source_port()), SocketAddr::new(to, tcp.destination_port()));
        Self { from, to, kind: Kind::Tcp(tcp_frame) }
    }

    fn udp(from: IpAddr, to: IpAddr, udp: &UdpSlice<'_>) -> Self {
        let (from, to) = (SocketAddr::new(from, udp.source_port()), SocketAddr::new(to, udp.destination_port()));
        Self { from, to, kind: Kind::Udp(u64::from(udp.length()).saturating_sub(8)) }
    }

    /// A datagram that was cut into fragments: the first of them has its header, with its length.
    fn first_fragment(from: IpAddr, to: IpAddr, net: &LaxNetSlice<'_>) -> Option<Self> {
        let payload = net.ip_payload_ref()?;
        let is_first = match net {
            LaxNetSlice::Ipv4(ip) => ip.header().fragments_offset().value() == 0,
            LaxNetSlice::Ipv6(ip) => ip.extensions().clone().into_iter().all(|extension| match extension {
                etherparse::Ipv6ExtensionSlice::Fragment(fragment) => fragment.fragment_offset().value() == 0,
                _ => true,
            }),
            LaxNetSlice::Arp(_) => false,
        };
        if !payload.fragmented || !is_first || payload.ip_number != IpNumber::UDP {
            return None;
        }
        let header = payload.payload.get(..8)?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        Some(Self {
            from: SocketAddr::new(from, word(0)),
            to: SocketAddr::new(to, word(2)),
            kind: Kind::Udp(u64::from(word(4)).saturating_sub(8)),
        })
    }

    /// An ICMP error carries the beginning of the packet that it is about, RFC 792: its IP header
    /// and at least 8 bytes more, so the ports.
    fn icmp(from: IpAddr, to: IpAddr, says: &'static str, about: &[u8]) -> Option<Self> {
        let packet = LaxSlicedPacket::from_ip(about).ok()?;
        let net = packet.net.as_ref()?;
        let (inner_from, inner_to): (IpAddr, IpAddr) = match net {
            LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
            LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
            LaxNetSlice::Arp(_) => return None,
        };
        let payload = net.ip_payload_ref()?;
        let ports = payload.payload.get(..4)?;
        let about_tcp = match payload.ip_number {
            IpNumber::TCP => true,
            IpNumber::UDP => false,
            _ => return None,
        };
        let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
        Some(Self {
            from: SocketAddr::new(from, 0),
            to: SocketAddr::new(to, 0),
            kind: Kind::Icmp {
                says,
                about_tcp,
                from: SocketAddr::new(inner_from, port(0)),
                to: SocketAddr::new(inner_to, port(2)),
            },
        })
    }
}

/// The errors of ICMP, RFC 792 and RFC 1122 section 3.2.2.
fn icmpv4_error(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (3, 0) => "net unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "packet too big",
        (3, 9 | 10 | 13) => "administratively prohibited",
        (3, _) => "unreachable",
        (11, _) => "time exceeded",
        (12, _) => "parameter problem",
        _ => return None,
    })
}

/// The errors of ICMPv6, RFC 4443 section 3, in the words of those of version 4 where they say the
/// same.
fn icmpv6_error(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (1, 0) => "net unreachable",
        (1, 1) => "administratively prohibited",
        (1, 3) => "host unreachable",
        (1, 4) => "port unreachable",
        (1, _) => "unreachable",
        (2, _) => "packet too big",
        (3, _) => "time exceeded",
        (4, _) => "parameter problem",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use etherparse::PacketBuilder;

    fn built(
        builder: impl FnOnce(etherparse::PacketBuilderStep<etherparse::Ethernet2Header>) -> Vec<u8>,
    ) -> Option<Frame> {
        Frame::read(&builder(PacketBuilder::ethernet2([0; 6], [0; 6])))
    }

    #[test]
    fn a_segment_says_how_long_it_is_even_when_its_payload_was_not_captured() {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([0; 6], [0; 6])
            .ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
            .tcp(4000, 80, 77, 1000)
            .ack(5)
            .urg(1)
            .write(&mut bytes, &[b'x'; 500])
            .unwrap();
        for cut in [bytes.len(), 100, 60] {
            let frame = Frame::read(&bytes[..cut]).unwrap();
            let expected = Tcp { seq: 77, ack_number: 5, ack: true, urg: true, len: 500, ..Tcp::default() };
            assert_eq!(frame.kind, Kind::Tcp(expected), "cut to {cut}");
            assert_eq!((frame.from.port(), frame.to.port()), (4000, 80));
        }
        for cut in 0..54 {
            assert_eq!(Frame::read(&bytes[..cut]), None, "cut to {cut}");
        }
    }

    #[test]
    fn an_icmp_error_names_what_it_is_about() {
        let mut about = Vec::new();
        PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(4000, 53).write(&mut about, b"hello").unwrap();
        let frame = built(|step| {
            let mut bytes = Vec::new();
            step.ipv6([2; 16], [1; 16], 64).icmpv6_raw(1, 4, [0; 4]).write(&mut bytes, &about).unwrap();
            bytes
        });
        let Kind::Icmp { says, about_tcp, from, to } = frame.unwrap().kind else { panic!("an ICMP error") };
        assert_eq!((says, about_tcp, from.port(), to.port()), ("port unreachable", false, 4000, 53));
    }

    #[test]
    fn what_is_no_error_and_no_data_is_not_told() {
        let echo = built(|step| {
            let mut bytes = Vec::new();
            step.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).icmpv4_echo_request(1, 1).write(&mut bytes, b"ping").unwrap();
            bytes
        });
        assert_eq!(echo, None);
        assert_eq!(Frame::read(b""), None);
    }

    #[test]
    fn of_a_fragmented_datagram_the_first_fragment_counts() {
        let mut datagram = Vec::new();
        PacketBuilder::ethernet2([0; 6], [0; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp(7, 9)
            .write(&mut datagram, &[0; 3000])
            .unwrap();
        let mut first = datagram[..14 + 20 + 1480].to_vec();
        first[16..18].copy_from_slice(&1500_u16.to_be_bytes());
        first[20] |= 0x20; // more fragments
        assert_eq!(Frame::read(&first).unwrap().kind, Kind::Udp(3000));
        let mut second = first;
        second[21] = 185; // at byte 1480
        assert_eq!(Frame::read(&second), None);
    }
}
