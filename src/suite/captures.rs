//! Capture files (`--pcap`): the frames of each test that ran on an isolated network, in pcapng, as
//! Wireshark and tshark read it. Each host is an interface of the file, and the comment of a frame
//! names the step that caused it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use crate::exec::CapturedFrame;
use crate::model::topology::Topology;
use crate::snapshot;

use super::records::Kept;

/// `if_tsresol`: times are in units of 10⁻⁹ s.
const NANOSECONDS: u8 = 9;
/// An option has its length in 16 bits.
const LONGEST_OPTION: usize = 0xffff;

/// The capture files of a run.
#[derive(Debug, Default)]
pub struct Captures {
    /// `--pcap`
    folder: Option<PathBuf>,
    written: AtomicUsize,
    failures: Mutex<Vec<io::Error>>,
}

/// A test that ran on an isolated network.
#[derive(Debug, Clone, Copy)]
pub struct Captured<'a> {
    /// The test's name.
    pub test: &'a str,
    /// The spec's file.
    pub spec: &'a Path,
    /// The spec's `about`.
    pub about: &'a str,
    /// The network.
    pub topology: &'a Topology,
    /// What crossed it.
    pub frames: &'a [CapturedFrame],
}

impl Captures {
    /// Captures of every test on an isolated network go into this folder; nowhere, if there is none.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Whether there is somewhere to write.
    pub fn are_wanted(&self) -> bool {
        self.folder.is_some()
    }

    /// Writes the file of a test, if that was asked for. Where it cannot be written, the verdict on
    /// the test stands all the same, and [`failure`](Self::failure) tells.
    pub fn keep(&self, captured: Captured<'_>, of: Kept<'_>) {
        let Some(folder) = &self.folder else { return };
        let path = of.file(folder, "pcapng");
        match snapshot::write_whole(&path, |file| write(captured, file)) {
            Ok(()) => drop(self.written.fetch_add(1, Ordering::Relaxed)),
            Err(error) => self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(error),
        }
    }

    /// What kept files from being written, in one sentence.
    pub fn failure(&self) -> Option<String> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let first = failures.first()?;
        Some(match failures.len() - 1 {
            0 => first.to_string(),
            1 => format!("{first}; another capture could not be written either"),
            more => format!("{first}; {more} other captures could not be written either"),
        })
    }

    /// The folder that captures were to be written into, where there was none to write.
    pub fn empty(&self) -> Option<&Path> {
        let none = self.written.load(Ordering::Relaxed) == 0 && self.failure().is_none();
        self.folder.as_deref().filter(|_| none)
    }
}

/// Writes a whole file: a section, its interfaces, its frames.
fn write(captured: Captured<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut writer = PcapNgWriter::with_section_header(out, section(captured)).map_err(cause)?;
    let places = places(captured);
    for place in &places {
        writer.write_pcapng_block(interface(place)).map_err(cause)?;
    }
    for frame in captured.frames {
        let interface = places.iter().position(|place| *place == frame.place).unwrap_or_default();
        writer.write_pcapng_block(packet(frame, interface as u32)).map_err(cause)?;
    }
    Ok(())
}

fn section(captured: Captured<'_>) -> SectionHeaderBlock<'static> {
    let Captured { test, spec, about, .. } = captured;
    let comment = format!("{test}: {about}\n{}", spec.display());
    let application = concat!("sockspec ", env!("CARGO_PKG_VERSION"));
    let options = vec![
        SectionHeaderOption::Comment(Cow::Owned(fitting(&comment).to_owned())),
        SectionHeaderOption::UserApplication(Cow::Borrowed(application)),
    ];
    SectionHeaderBlock { endianness: Endianness::native(), options, ..SectionHeaderBlock::default() }
}

/// The interfaces: the hosts in the order of the spec, or the loopback device, whether a frame passed
/// or not, so that the same spec always gives the same ones; then whatever else frames name.
fn places(captured: Captured<'_>) -> Vec<&str> {
    let hosts = &captured.topology.hosts;
    let mut places: Vec<&str> =
        if hosts.is_empty() { vec!["lo"] } else { hosts.iter().map(|host| host.name.as_str()).collect() };
    for frame in captured.frames {
        if !places.contains(&frame.place.as_str()) {
            places.push(&frame.place);
        }
    }
    places
}

fn interface(name: &str) -> InterfaceDescriptionBlock<'_> {
    InterfaceDescriptionBlock {
        linktype: DataLink::ETHERNET,
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
        ],
    }
}

fn packet(frame: &CapturedFrame, interface_id: u32) -> EnhancedPacketBlock<'_> {
    let comment = (!frame.comment.is_empty()).then(|| fitting(&frame.comment));
    EnhancedPacketBlock {
        interface_id,
        timestamp: Duration::from_nanos(frame.nanos),
        original_len: frame.len as u32,
        data: Cow::Borrowed(&frame.bytes),
        options: comment.map(|text| EnhancedPacketOption::Comment(Cow::Borrowed(text))).into_iter().collect(),
    }
}

/// As much of a text as an option holds.
fn fitting(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_OPTION)]
}

/// The system's own error, which the library's message does not show.
fn cause(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use pcap_file::pcapng::{Block, PcapNgReader};

    use super::*;
    use crate::model::topology::Host;

    fn frame(place: &str, nanos: u64, comment: &str) -> CapturedFrame {
        CapturedFrame { nanos, place: place.to_owned(), bytes: vec![0xab; 61], len: 1514, comment: comment.to_owned() }
    }

    fn hosts(names: &[&str]) -> Topology {
        let host = |name: &&str| Host { name: (*name).to_owned(), addresses: Vec::new() };
        Topology { hosts: names.iter().map(host).collect(), ..Topology::default() }
    }

    fn kept<'a>(spec: &'a str, case: Option<&'a str>) -> Kept<'a> {
        Kept { spec, case, way: 0 }
    }

    fn captured<'a>(topology: &'a Topology, frames: &'a [CapturedFrame]) -> Captured<'a> {
        let spec = Path::new("specs/tcp/echo.yaml");
        Captured { test: "tcp/echo[net=tcp6]", spec, about: "It answers.", topology, frames }
    }

    /// The section's options, the interfaces and the packets of a file.
    fn read(
        path: &Path,
    ) -> (Vec<SectionHeaderOption<'static>>, Vec<InterfaceDescriptionBlock<'static>>, Vec<EnhancedPacketBlock<'static>>)
    {
        let mut reader = PcapNgReader::new(fs::File::open(path).unwrap()).unwrap();
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            if let Block::EnhancedPacket(packet) = block.unwrap() {
                packets.push(packet.into_owned());
            }
        }
        (reader.section().options.clone(), reader.interfaces().to_vec(), packets)
    }

    #[test]
    fn what_was_captured_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let captures = Captures::new(Some(folder.path().join("p")));
        let topology = hosts(&["b", "a"]);
        let long = "é".repeat(40_000);
        let time = 1_700_000_000_123_456_789;
        let frames = [frame("a", time, "client: connect"), frame("b", time + 1, ""), frame("lo", time + 2, &long)];
        captures.keep(captured(&topology, &frames), kept("tcp/echo", Some("net=tcp6")));
        assert_eq!((captures.failure(), captures.empty()), (None, None));

        let (section, interfaces, packets) = read(&folder.path().join("p/tcp/echo@net=tcp6.pcapng"));
        let comment = "tcp/echo[net=tcp6]: It answers.\nspecs/tcp/echo.yaml";
        assert_eq!(section[0], SectionHeaderOption::Comment(comment.into()));
        assert!(matches!(&section[1], SectionHeaderOption::UserApplication(name) if name.starts_with("sockspec ")));
        assert_eq!(interfaces, ["b", "a", "lo"].map(interface).to_vec());
        let shown: Vec<_> = packets.iter().map(|packet| (packet.interface_id, packet.timestamp.as_nanos())).collect();
        let time = u128::from(time);
        assert_eq!(shown, [(1, time), (0, time + 1), (2, time + 2)]);
        assert!(packets.iter().all(|packet| packet.data.len() == 61 && packet.original_len == 1514));
        assert_eq!(packets[0].options, [EnhancedPacketOption::Comment("client: connect".into())]);
        assert_eq!(packets[1].options, []);
        assert_eq!(packets[2].options, [EnhancedPacketOption::Comment(long[..0xfffe].into())], "cut between letters");
    }

    #[test]
    fn a_network_on_which_nothing_passed_has_its_interface() {
        let folder = tempfile::tempdir().unwrap();
        Captures::new(Some(folder.path().to_owned())).keep(captured(&Topology::default(), &[]), kept("a", None));
        let (_, interfaces, packets) = read(&folder.path().join("a.pcapng"));
        assert_eq!((interfaces, packets.len()), (vec![interface("lo")], 0));
    }

    #[test]
    fn without_a_folder_nothing_is_written() {
        let captures = Captures::new(None);
        captures.keep(captured(&Topology::default(), &[]), kept("a", None));
        assert_eq!((captures.are_wanted(), captures.failure(), captures.empty()), (false, None, None));
    }

    #[test]
    fn a_folder_that_stays_empty_is_told() {
        assert_eq!(Captures::new(Some("p".into())).empty(), Some(Path::new("p")));
    }

    #[test]
    fn what_cannot_be_written_is_told_once() {
        let captures = Captures::new(Some("/proc/nowhere".into()));
        for (name, words) in [("a", ""), ("b", "; another capture"), ("c", "; 2 other captures")] {
            captures.keep(captured(&Topology::default(), &[]), kept(name, None));
            let message = captures.failure().unwrap();
            assert!(message.contains("cannot write /proc/nowhere/a.pcapng: ") && message.contains(words), "{message}");
        }
        assert_eq!(captures.empty(), None);
    }

    #[test]
    fn a_full_disk_is_named_as_such() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let frames = vec![frame("lo", 0, ""); 1000];
        let mut out = io::BufWriter::new(full);
        let error = write(captured(&Topology::default(), &frames), &mut out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    }
}
