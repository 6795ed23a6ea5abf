//! Captures that are made here, frame by frame.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::path::PathBuf;

use etherparse::PacketBuilder;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, Endianness, TsResolution};

use super::*;

const CLIENT: &str = "127.0.0.1:40000";
const SERVER: &str = "127.0.0.1:80";

/// A capture that is being made: IP packets, with their times.
#[derive(Default)]
struct Making {
    packets: Vec<Vec<u8>>,
    /// The next sequence number of each end.
    next: [u32; 2],
}

/// What a segment is to be, beyond who sends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    SynAck,
    Data,
    Fin,
    Rst,
}

fn segment(from: &str, to: &str, seq: u32, ack: u32, flag: Flag, bytes: &[u8]) -> Vec<u8> {
    let (from, to): (SocketAddr, SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let builder = match (from, to) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), 64),
        (SocketAddr::V6(from), SocketAddr::V6(to)) => PacketBuilder::ipv6(from.ip().octets(), to.ip().octets(), 64),
        _ => panic!("two families"),
    };
    let builder = builder.tcp(from.port(), to.port(), seq, 65000);
    let builder = match flag {
        Flag::Syn => builder.syn(),
        Flag::SynAck => builder.syn().ack(ack),
        Flag::Data => builder.ack(ack),
        Flag::Fin => builder.fin().ack(ack),
        Flag::Rst => builder.rst().ack(ack),
    };
    let mut out = Vec::new();
    builder.write(&mut out, bytes).unwrap();
    out
}

fn datagram(from: &str, to: &str, bytes: &[u8]) -> Vec<u8> {
    let (SocketAddr::V4(from), SocketAddr::V4(to)) = (from.parse().unwrap(), to.parse().unwrap()) else { panic!() };
    let mut out = Vec::new();
    let builder = PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), 64).udp(from.port(), to.port());
    builder.write(&mut out, bytes).unwrap();
    out
}

impl Making {
    /// One with a connection that has been opened.
    fn connected() -> Self {
        let mut making = Self { next: [u32::MAX - 1, 5000], ..Self::default() };
        making.send(0, Flag::Syn, b"");
        making.send(1, Flag::SynAck, b"");
        making.send(0, Flag::Data, b"");
        making
    }

    /// Adds the next segment of an end of the one connection.
    fn send(&mut self, by: usize, flag: Flag, bytes: &[u8]) {
        let ends = [CLIENT, SERVER];
        let packet = segment(ends[by], ends[1 - by], self.next[by], self.next[1 - by], flag, bytes);
        let more = u32::from(matches!(flag, Flag::Syn | Flag::SynAck | Flag::Fin));
        self.next[by] = self.next[by].wrapping_add(bytes.len() as u32 + more);
        self.packets.push(packet);
    }

    /// The file of it, with a header before each packet.
    fn file(&self, link: DataLink, header: &[u8], cut: usize) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let snaplen = 65535;
        let head = PcapHeader {
            datalink: link,
            snaplen,
            endianness: Endianness::Big,
            ts_resolution: TsResolution::MicroSecond,
            ..PcapHeader::default()
        };
        let mut out = PcapWriter::with_header(std::fs::File::create(&path).unwrap(), head).unwrap();
        for (at, packet) in self.packets.iter().enumerate() {
            let frame = [header, packet].concat();
            let data = &frame[..cut.min(frame.len())];
            let at = Duration::from_millis(1_700_000_000_000 + at as u64);
            out.write_packet(&PcapPacket::new(at, frame.len() as u32, data)).unwrap();
        }
        (folder, path)
    }

    fn read(&self) -> Result<Capture, Problem> {
        self.read_for(&Choice::default())
    }

    fn read_for(&self, choice: &Choice) -> Result<Capture, Problem> {
        let (_folder, path) = self.file(DataLink::RAW, b"", usize::MAX);
        read(&path, choice)
    }
}

/// What happened, in short.
fn story(capture: &Capture) -> Vec<String> {
    let several = capture.conversation.connections.len() > 1;
    let side = |side: &Side| if *side == Side::Client { "client" } else { "server" };
    let told = |what: &What| match what {
        What::Opened => "opened".to_owned(),
        What::Refused(_) => "refused".to_owned(),
        What::Sent { by, bytes } => format!("{} {}", side(by), String::from_utf8_lossy(bytes)),
        What::Ended { by, closed: None } => format!("{} ended", side(by)),
        What::Ended { by, closed: Some(closed) } => format!("{} ended, closed {closed}", side(by)),
        What::Reset { by } => format!("{} reset", side(by)),
        What::Unreachable { by } => format!("{} unreachable", side(by)),
    };
    let events = capture.conversation.events.iter();
    events
        .map(|event| if several { format!("{} {}", event.connection, told(&event.what)) } else { told(&event.what) })
        .collect()
}

/// A whole connection.
fn whole() -> Making {
    let mut making = Making::connected();
    making.send(0, Flag::Data, b"question");
    making.send(1, Flag::Data, b"ans");
    making.send(1, Flag::Data, b"wer");
    making.send(1, Flag::Fin, b"");
    making.send(0, Flag::Fin, b"");
    making.send(1, Flag::Data, b"");
    making
}

const STORY: [&str; 5] = ["opened", "client question", "server answer", "server ended", "client ended"];

#[test]
fn a_connection_is_told() {
    let capture = whole().read().unwrap();
    assert_eq!(story(&capture), STORY);
    assert_eq!(capture.notes, [""; 0]);
    let connection = &capture.conversation.connections[0];
    assert_eq!(connection.client, End::Inet(CLIENT.parse().unwrap()));
    assert_eq!(connection.server, End::Inet(SERVER.parse().unwrap()));
    assert_eq!((connection.network, connection.opened_by), (Network::Tcp, Side::Client));
    assert_eq!(capture.server, Address::parse("tcp://127.0.0.1:80").unwrap());
    assert_eq!(capture.conversation.events[1].at, Duration::from_millis(3));
    assert_eq!(capture.conversation.began, UNIX_EPOCH + Duration::from_secs(1_700_000_000));
}

#[test]
fn every_kind_of_header_is_read() {
    let ethernet = [&[0; 12][..], &[0x08, 0x00]].concat();
    let tagged = [&[0; 12][..], &[0x81, 0x00, 0, 7, 0x08, 0x00]].concat();
    let cooked = |kind: u8, device: u16| {
        let device = device.to_be_bytes();
        [&[0, kind][..], &device, &[0; 10], &[0x08, 0x00]].concat()
    };
    let cooked2 = [&[0x08, 0x00, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6][..], &[0; 8]].concat();
    for (link, header) in [
        (DataLink::ETHERNET, ethernet),
        (DataLink::ETHERNET, tagged),
        (DataLink::RAW, Vec::new()),
        (DataLink::IPV4, Vec::new()),
        (DataLink::Unknown(12), Vec::new()),
        (DataLink::NULL, vec![2, 0, 0, 0]),
        (DataLink::LOOP, vec![0, 0, 0, 2]),
        (DataLink::LINUX_SLL, cooked(0, 772)),
        (DataLink::LINUX_SLL, cooked(4, 1)),
        (DataLink::LINUX_SLL2, cooked2),
    ] {
        let (_folder, path) = whole().file(link, &header, usize::MAX);
        assert_eq!(story(&read(&path, &Choice::default()).unwrap()), STORY, "{link:?}");
    }
    // Frames of the loopback device that go out come in, too.
    let (_folder, path) = whole().file(DataLink::LINUX_SLL, &cooked(4, 772), usize::MAX);
    assert!(matches!(read(&path, &Choice::default()), Err(Problem::Nothing(_))));
    let (_folder, path) = whole().file(DataLink::USB_LINUX, b"", usize::MAX);
    assert!(matches!(read(&path, &Choice::default()), Err(Problem::Nothing(_))));
}

#[test]
fn segments_in_another_order_and_those_that_come_again_change_nothing() {
    let mut making = whole();
    let number = making.packets.len();
    for packet in [0, 1, 4, 6] {
        making.packets.insert(packet + 1, making.packets[packet].clone());
    }
    assert_eq!(making.packets.len(), number + 4);
    assert_eq!(story(&making.read().unwrap()), STORY);
    let mut making = whole();
    making.packets.swap(4, 5);
    assert_eq!(story(&making.read().unwrap()), STORY);
    // The end comes before what is before it.
    let last = making.packets.remove(4);
    making.packets.insert(6, last);
    assert_eq!(story(&making.read().unwrap()), STORY);
}

#[test]
fn resets_and_refusals() {
    let mut making = Making::connected();
    making.send(0, Flag::Data, b"x");
    making.send(1, Flag::Rst, b"");
    assert_eq!(story(&making.read().unwrap()), ["opened", "client x", "server reset"]);

    let mut making = Making { next: [7, 0], ..Making::default() };
    making.send(0, Flag::Syn, b"");
    making.send(1, Flag::Rst, b"");
    assert_eq!(story(&making.read().unwrap()), ["refused"]);

    let mut making = Making::connected();
    making.send(1, Flag::Fin, b"");
    making.send(0, Flag::Data, b"too late");
    making.send(1, Flag::Rst, b"");
    assert_eq!(
        story(&making.read().unwrap()),
        ["opened", "server ended, closed true", "client too late", "server reset"]
    );
}

#[test]
fn another_connection_of_the_same_ports_is_another_one() {
    let mut making = whole();
    making.next = [900, 800];
    making.send(0, Flag::Syn, b"");
    making.send(1, Flag::SynAck, b"");
    making.send(0, Flag::Data, b"again");
    let told = story(&making.read().unwrap());
    assert_eq!(told[..2], ["0 opened", "0 client question"]);
    assert_eq!(told[5..], ["1 opened", "1 client again"]);
}

#[test]
fn what_is_missing_is_told() {
    // One direction alone.
    let mut making = whole();
    making.packets.retain(|packet| packet[20..22] == 40000_u16.to_be_bytes());
    let Err(problem) = making.read() else { panic!() };
    assert!(
        problem.to_string().starts_with("frames with 7 bytes that 127.0.0.1:80 sent to 127.0.0.1:40000 are not in it"),
        "{problem}"
    );
    // A segment that was lost.
    let mut making = whole();
    making.packets.remove(4);
    assert!(matches!(making.read(), Err(Problem::Incomplete(what)) if what.starts_with("frames with 3 bytes")));
    // Frames that were cut.
    let (_folder, path) = whole().file(DataLink::RAW, b"", 45);
    assert!(
        matches!(read(&path, &Choice::default()), Err(Problem::Incomplete(what)) if what.contains("were cut by 3 bytes"))
    );
    let (_folder, path) = whole().file(DataLink::RAW, b"", 30);
    let cut = read(&path, &Choice::default());
    assert!(matches!(cut, Err(Problem::Incomplete(what)) if what.contains("cut within their headers")));
    // The beginning of a connection, and its middle.
    let mut making = Making::connected();
    making.send(0, Flag::Data, b"ping");
    let capture = making.read().unwrap();
    assert!(capture.notes[0].contains("was still open when the capture ended"), "{:?}", capture.notes);
    let mut making = whole();
    making.packets.drain(..3);
    let capture = making.read().unwrap();
    assert_eq!(story(&capture), STORY);
    assert!(capture.notes[0].contains("was there before the capture"), "{:?}", capture.notes);
}

#[test]
fn datagrams_and_closed_ports() {
    let mut making = Making::default();
    making.packets.push(datagram(CLIENT, SERVER, b"who?"));
    making.packets.push(datagram(SERVER, CLIENT, b"me"));
    making.packets.push(datagram(CLIENT, SERVER, b"bye"));
    let mut error = Vec::new();
    let quoted = making.packets[2].clone();
    let kind = etherparse::Icmpv4Type::DestinationUnreachable(etherparse::icmpv4::DestUnreachableHeader::Port);
    PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).icmpv4(kind).write(&mut error, &quoted).unwrap();
    making.packets.push(error);
    let capture = making.read().unwrap();
    assert_eq!(story(&capture), ["opened", "client who?", "server me", "client bye", "server unreachable"]);
    assert_eq!(capture.conversation.connections[0].network, Network::Udp);
}

#[test]
fn an_answer_from_another_port_belongs_to_the_question() {
    let mut making = Making::default();
    making.packets.push(datagram(CLIENT, "127.0.0.1:69", b"read"));
    making.packets.push(datagram("127.0.0.1:5555", CLIENT, b"data"));
    making.packets.push(datagram(CLIENT, "127.0.0.1:5555", b"ack"));
    let capture = making.read().unwrap();
    assert_eq!(story(&capture), ["0 opened", "0 client read", "1 opened", "1 server data", "1 client ack"]);
    let second = &capture.conversation.connections[1];
    assert_eq!((second.opened_by, &second.client), (Side::Server, &End::Inet(CLIENT.parse().unwrap())));
}

#[test]
fn of_several_servers_one_is_chosen() {
    let mut making = whole();
    making.packets.push(datagram(CLIENT, "127.0.0.53:53", b"name?"));
    making.packets.push(datagram("127.0.0.1:40001", SERVER, b"x"));
    let Err(problem) = making.read() else { panic!() };
    assert_eq!(
        problem.to_string(),
        "it has connections to several servers; choose one:\
         \n  --to udp://127.0.0.1:80    1 connection, 1 bytes\
         \n  --to udp://127.0.0.53:53    1 connection, 5 bytes\
         \n  --to tcp://127.0.0.1:80    1 connection, 14 bytes"
    );
    let choice = |from: Option<&str>, to: Option<&str>| Choice {
        from: from.map(|from| Address::parse(from).unwrap()),
        to: to.map(|to| Address::parse(to).unwrap()),
    };
    let chosen = |from, to| making.read_for(&choice(from, to)).map(|capture| story(&capture));
    assert_eq!(chosen(None, Some("tcp://127.0.0.1:80")).unwrap(), STORY);
    assert_eq!(chosen(Some("tcp://127.0.0.1:40000"), None).unwrap(), STORY);
    assert_eq!(chosen(None, Some("udp://127.0.0.53:0")).unwrap(), ["opened", "client name?"]);
    let problem = chosen(None, Some("tcp://127.0.0.1:81")).unwrap_err().to_string();
    assert!(problem.contains("is the one that is meant") && problem.contains("--to udp://127.0.0.53:53"), "{problem}");
}

#[test]
fn the_data_connections_of_ftp_belong_to_their_session() {
    let mut making = Making::connected();
    making.send(1, Flag::Data, b"227 Entering Passive Mode (127,0,0,1,19,136).\r\n");
    let data = [("127.0.0.1:40001", "127.0.0.1:5000"), ("127.0.0.1:20", "127.0.0.1:6000")];
    let open = |making: &mut Making, (from, to): (&str, &str)| {
        making.packets.push(segment(from, to, 1, 0, Flag::Syn, b""));
        making.packets.push(segment(to, from, 9, 2, Flag::SynAck, b""));
        making.packets.push(segment(from, to, 2, 10, Flag::Data, b"data"));
    };
    open(&mut making, data[0]);
    making.send(0, Flag::Data, b"PORT 127,0,0,1,23,112\r\n");
    open(&mut making, data[1]);
    let capture = making.read().unwrap();
    let openers: Vec<Side> = capture.conversation.connections.iter().map(|connection| connection.opened_by).collect();
    assert_eq!(openers, [Side::Client, Side::Client, Side::Server]);
    assert_eq!(story(&capture).last().unwrap(), "2 server data");
    assert_eq!(capture.conversation.connections[2].client, End::Inet("127.0.0.1:6000".parse().unwrap()));
}

#[test]
fn ipv6_and_fragments() {
    let mut making = Making::default();
    making.packets.push(segment("[::1]:40000", "[::1]:80", 1, 0, Flag::Syn, b""));
    making.packets.push(segment("[::1]:80", "[::1]:40000", 1, 2, Flag::SynAck, b""));
    making.packets.push(segment("[::1]:40000", "[::1]:80", 2, 2, Flag::Data, b"six"));
    let capture = making.read().unwrap();
    assert_eq!(story(&capture), ["opened", "client six"]);
    assert_eq!(capture.conversation.connections[0].network, Network::Tcp6);

    let whole = datagram(CLIENT, SERVER, &[b'a'; 2000]);
    let fragment = |from: usize, to: usize, more: bool| {
        let mut header = etherparse::Ipv4Header::from_slice(&whole).unwrap().0;
        header.more_fragments = more;
        header.dont_fragment = false;
        header.identification = 77;
        header.fragment_offset = etherparse::IpFragOffset::try_new((from / 8) as u16).unwrap();
        header.total_len = (20 + to - from) as u16;
        let mut out = Vec::new();
        header.write(&mut out).unwrap();
        out.extend_from_slice(&whole[20 + from..20 + to]);
        out
    };
    let packets = vec![fragment(1000, 2008, false), fragment(0, 1000, true)];
    let capture = Making { packets, ..Making::default() }.read().unwrap();
    assert_eq!(capture.conversation.bytes(0, Side::Client).len(), 2000);
}

#[test]
fn files_that_are_none_or_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    assert!(matches!(read(&path, &Choice::default()), Err(Problem::Unreadable(_))));
    for text in [&b""[..], b"no capture at all, but a text", &[0x0a, 0x0d, 0x0d, 0x0a, 1, 2, 3]] {
        std::fs::write(&path, text).unwrap();
        assert!(read(&path, &Choice::default()).is_err(), "{text:?}");
    }
    std::fs::write(&path, [0x1f, 0x8b, 8, 0]).unwrap();
    let compressed = read(&path, &Choice::default());
    assert!(matches!(compressed, Err(Problem::Unreadable(error)) if error.to_string().contains("gunzip")));
    let (_folder, path) = whole().file(DataLink::RAW, b"", usize::MAX);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
    let capture = read(&path, &Choice::default()).unwrap();
    assert_eq!(story(&capture), STORY);
    assert_eq!(capture.notes, ["the file ends in the middle of a frame"]);
    // Whatever is in a file, it is read to its end.
    let mut number = 12345_u32;
    for _ in 0..300 {
        let mut broken = bytes.clone();
        for _ in 0..4 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = 24 + number as usize % (broken.len() - 24);
            broken[at] = (number >> 24) as u8;
        }
        std::fs::write(&path, &broken).unwrap();
        let _ = read(&path, &Choice::default());
    }
}
