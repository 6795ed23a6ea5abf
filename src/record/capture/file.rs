//! The frames of a capture file, pcap or pcapng.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, PcapError, TsResolution};

/// What a pcapng file begins with.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// And one of either kind that was compressed, RFC 1952.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// In what units times are where an interface does not say: 10⁻⁶ s.
const MICROSECONDS: u8 = 6;

/// A frame as it was captured.
#[derive(Debug)]
pub(super) struct Frame<'f> {
    /// When, since 1970.
    pub(super) at: Duration,
    /// What its header is.
    pub(super) link: DataLink,
    /// What was captured of it.
    pub(super) bytes: &'f [u8],
    /// Whether that is not all of it.
    pub(super) is_cut: bool,
}

/// How the file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// After its last frame.
    Whole,
    /// In the middle of one: whoever captures was killed, or goes on.
    Cut,
}

/// Gives all frames of a file, in its order.
pub(super) fn read(path: &Path, take: &mut dyn FnMut(Frame<'_>)) -> io::Result<Ends> {
    let mut file = BufReader::new(File::open(path)?);
    let beginning = file.fill_buf()?;
    if beginning.starts_with(&GZIP) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is compressed; unpack it first (`gunzip`)"));
    }
    let is_pcapng = beginning.starts_with(&PCAPNG);
    let read = if is_pcapng { pcapng(file, take) } else { pcap(file, take) };
    match read {
        Ok(()) => Ok(Ends::Whole),
        Err(PcapError::IncompleteBuffer) => Ok(Ends::Cut),
        Err(PcapError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Ends::Cut),
        Err(PcapError::IoError(error)) => Err(error),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
    }
}

/// What is wrong with a file that does not even begin as one.
fn no_capture(error: PcapError) -> PcapError {
    match error {
        PcapError::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => PcapError::IoError(error),
        _ => {
            PcapError::IoError(io::Error::new(io::ErrorKind::InvalidData, "it is no capture, neither pcap nor pcapng"))
        }
    }
}

fn pcap(file: BufReader<File>, take: &mut dyn FnMut(Frame<'_>)) -> Result<(), PcapError> {
    let mut reader = PcapReader::new(file).map_err(no_capture)?;
    let header = reader.header();
    let unit = if header.ts_resolution == TsResolution::NanoSecond { 1 } else { 1000 };
    // Frames that were cut are longer than the file says it keeps, so none is checked against that.
    while let Some(packet) = reader.next_raw_packet() {
        let packet = packet?;
        let at = Duration::from_secs(packet.ts_sec.into()) + Duration::from_nanos(u64::from(packet.ts_frac) * unit);
        let is_cut = packet.data.len() < packet.orig_len as usize;
        take(Frame { at, link: header.datalink, bytes: &packet.data, is_cut });
    }
    Ok(())
}

fn pcapng(file: BufReader<File>, take: &mut dyn FnMut(Frame<'_>)) -> Result<(), PcapError> {
    let mut reader = PcapNgReader::new(file).map_err(no_capture)?;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut last = Duration::ZERO;
    while let Some(block) = reader.next_block() {
        match block? {
            // Interfaces are counted anew in each section.
            Block::SectionHeader(_) => interfaces.clear(),
            Block::InterfaceDescription(interface) => interfaces.push(Interface::of(&interface)),
            Block::EnhancedPacket(packet) => {
                let Some(interface) = interfaces.get(packet.interface_id as usize) else { continue };
                // The reader takes the number for nanoseconds.
                last = interface.time(packet.timestamp.as_nanos());
                let is_cut = packet.data.len() < packet.original_len as usize;
                take(Frame { at: last, link: interface.link, bytes: &packet.data, is_cut });
            }
            // It has no time, and is of the first interface.
            Block::SimplePacket(packet) => {
                let Some(interface) = interfaces.first() else { continue };
                let length = packet.data.len().min(packet.original_len as usize);
                let is_cut = length < packet.original_len as usize;
                take(Frame { at: last, link: interface.link, bytes: &packet.data[..length], is_cut });
            }
            _ => {}
        }
    }
    Ok(())
}

/// An interface of a pcapng file.
struct Interface {
    link: DataLink,
    /// `if_tsresol`: the negative power of ten, or of two if the highest bit is set.
    resolution: u8,
}

impl Interface {
    fn of(block: &InterfaceDescriptionBlock<'_>) -> Self {
        let resolution = block.options.iter().find_map(|option| match option {
            InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
            _ => None,
        });
        Self { link: block.linktype, resolution: resolution.unwrap_or(MICROSECONDS) }
    }

    fn time(&self, units: u128) -> Duration {
        let power = u32::from(self.resolution & 0x7f);
        let base: u128 = if self.resolution & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.checked_pow(power).unwrap_or(u128::MAX);
        let seconds = u64::try_from(units / per_second).unwrap_or_default();
        let rest = (units % per_second).saturating_mul(1_000_000_000) / per_second;
        Duration::from_secs(seconds) + Duration::from_nanos(rest as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_units_of_their_interface() {
        let time = |resolution, units| Interface { link: DataLink::ETHERNET, resolution }.time(units);
        assert_eq!(time(6, 1_500_000), Duration::from_millis(1500));
        assert_eq!(time(9, 1_500_000_000), Duration::from_millis(1500));
        assert_eq!(time(3, 1500), Duration::from_millis(1500));
        assert_eq!(time(0x8a, 1536), Duration::from_millis(1500));
        assert_eq!(time(0, 7), Duration::from_secs(7));
        assert_eq!(time(127, 7), Duration::ZERO);
    }
}
