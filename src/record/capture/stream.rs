//! One direction of a TCP connection: its segments, in whatever order and however often they came, as the
//! bytes that they carried.

use std::collections::BTreeMap;

/// The place of the first byte of a direction: what is before it, as keep-alives are, has a place, too.
const FIRST: u64 = 1 << 32;

/// A direction.
#[derive(Debug)]
pub(super) struct Stream {
    /// The sequence number of its first byte, once that is known.
    base: Option<u32>,
    /// Up to which place it was given on.
    given: u64,
    /// What came too early, by its place.
    early: BTreeMap<u64, Vec<u8>>,
    /// Where it ends, once that was said.
    end: Option<u64>,
    /// Whether the end was given on.
    is_over: bool,
    /// Up to where the other side has said that it has everything; the end counts as one more.
    acknowledged: u64,
    /// How many bytes frames were cut by.
    cut: usize,
}

/// What a segment brings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Brought {
    /// The bytes that come next.
    pub(super) bytes: Vec<u8>,
    /// Whether the direction ends behind them.
    pub(super) end: bool,
}

impl Default for Stream {
    fn default() -> Self {
        let (early, acknowledged) = (BTreeMap::new(), FIRST);
        Self { base: None, given: FIRST, early, end: None, is_over: false, acknowledged, cut: 0 }
    }
}

impl Stream {
    /// Says which sequence number the first byte has. Only the first word on it counts.
    pub(super) fn begin(&mut self, seq: u32) {
        self.base.get_or_insert(seq);
    }

    /// Whether it began with this number.
    pub(super) fn began_with(&self, seq: u32) -> bool {
        self.base == Some(seq)
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes a segment, and gives what comes next: nothing if something is missing before it, more than it
    /// holds if it was what was missing.
    pub(super) fn take(&mut self, seq: u32, bytes: Vec<u8>, cut: usize, fin: bool) -> Brought {
        self.begin(seq);
        let at = self.place(seq);
        let end = at + (bytes.len() + cut) as u64;
        if end > self.given {
            self.cut += cut;
        }
        if fin {
            self.end.get_or_insert(end);
        }
        self.keep(at, bytes);
        self.give()
    }

    /// Takes note that the other side has everything up to a number.
    pub(super) fn acknowledge(&mut self, number: u32) {
        self.begin(number);
        self.acknowledged = self.acknowledged.max(self.place(number));
    }

    /// How many bytes there must have been that are not here. An end of which nothing was seen counts as one.
    pub(super) fn missing(&self) -> u64 {
        let (mut known, mut missing) = (self.given, 0);
        for (place, bytes) in &self.early {
            missing += place.saturating_sub(known);
            known = known.max(place + bytes.len() as u64);
        }
        if let Some(end) = self.end {
            missing += end.saturating_sub(known);
            known = known.max(end) + 1;
        }
        missing + self.acknowledged.saturating_sub(known)
    }

    /// How many bytes the frames were cut by.
    pub(super) fn cut(&self) -> usize {
        self.cut
    }

    /// The place of a sequence number: that which is nearest to where the direction is now.
    fn place(&self, seq: u32) -> u64 {
        let now = self.base.unwrap_or(seq).wrapping_add((self.given - FIRST) as u32);
        self.given.saturating_add_signed(seq.wrapping_sub(now).cast_signed().into())
    }

    /// Keeps what is new of a segment. What came first stays, as with the receivers of Linux.
    fn keep(&mut self, at: u64, mut bytes: Vec<u8>) {
        let known = self.given.saturating_sub(at) as usize;
        if known >= bytes.len() || self.is_over {
            return;
        }
        bytes.drain(..known);
        let place = at + known as u64;
        let longer = self.early.get(&place).is_none_or(|before| before.len() < bytes.len());
        if longer {
            let before = self.early.insert(place, bytes);
            if let (Some(before), Some(now)) = (before, self.early.get_mut(&place)) {
                now[..before.len()].copy_from_slice(&before);
            }
        }
    }

    fn give(&mut self) -> Brought {
        let mut brought = Brought::default();
        while let Some(entry) = self.early.first_entry().filter(|entry| *entry.key() <= self.given) {
            let (place, bytes) = entry.remove_entry();
            let known = (self.given - place) as usize;
            if known < bytes.len() {
                brought.bytes.extend_from_slice(&bytes[known..]);
                self.given = place + bytes.len() as u64;
            }
        }
        if !self.is_over && self.end.is_some_and(|end| end <= self.given) {
            self.is_over = true;
            brought.end = true;
        }
        brought
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A direction that has begun at a number near the end of all, so that they wrap.
    fn stream() -> (Stream, u32) {
        let base = u32::MAX - 3;
        let mut stream = Stream::default();
        stream.begin(base);
        (stream, base)
    }

    fn brought(stream: &mut Stream, seq: u32, bytes: &str, fin: bool) -> (String, bool) {
        let Brought { bytes, end } = stream.take(seq, bytes.into(), 0, fin);
        (String::from_utf8_lossy(&bytes).into_owned(), end)
    }

    #[test]
    fn segments_in_order_give_their_bytes() {
        let (mut stream, base) = stream();
        assert_eq!(brought(&mut stream, base, "abc", false), ("abc".into(), false));
        assert_eq!(brought(&mut stream, base.wrapping_add(3), "defg", true), ("defg".into(), true));
        assert!(stream.is_over());
        assert_eq!(stream.missing(), 0);
    }

    #[test]
    fn what_comes_again_is_left_out() {
        let (mut stream, base) = stream();
        brought(&mut stream, base, "abc", false);
        assert_eq!(brought(&mut stream, base, "abc", false), (String::new(), false));
        assert_eq!(brought(&mut stream, base, "abcde", false), ("de".into(), false), "together with more");
        // A keep-alive is a byte that came already, or none.
        assert_eq!(brought(&mut stream, base.wrapping_add(4), "x", false), (String::new(), false));
        assert_eq!(brought(&mut stream, base.wrapping_add(4), "", false), (String::new(), false));
        assert_eq!(brought(&mut stream, base.wrapping_add(5), "", true), (String::new(), true));
        assert_eq!(brought(&mut stream, base.wrapping_add(5), "", true), (String::new(), false));
    }

    #[test]
    fn what_comes_early_waits() {
        let (mut stream, base) = stream();
        assert_eq!(brought(&mut stream, base.wrapping_add(6), "gh", true), (String::new(), false));
        assert_eq!(brought(&mut stream, base.wrapping_add(3), "def", false), (String::new(), false));
        assert_eq!(stream.missing(), 3);
        assert_eq!(brought(&mut stream, base, "abcXX", false), ("abcXXfgh".into(), true));
        assert_eq!(stream.missing(), 0);
    }

    #[test]
    fn what_was_acknowledged_and_is_not_here_is_missing() {
        let (mut stream, base) = stream();
        stream.acknowledge(base.wrapping_add(10));
        assert_eq!(stream.missing(), 10);
        brought(&mut stream, base, "abcdefghij", false);
        assert_eq!(stream.missing(), 0);
        stream.acknowledge(base.wrapping_add(11));
        assert_eq!(stream.missing(), 1);
        brought(&mut stream, base.wrapping_add(10), "", true);
        assert_eq!(stream.missing(), 0);
    }

    #[test]
    fn what_frames_were_cut_by_is_counted_once() {
        let (mut stream, base) = stream();
        stream.take(base, b"abc".to_vec(), 100, false);
        stream.take(base, b"abc".to_vec(), 0, false);
        assert_eq!(stream.cut(), 100);
    }

    #[test]
    fn a_direction_that_is_heard_from_its_middle_begins_there() {
        let mut stream = Stream::default();
        assert_eq!(brought(&mut stream, 77, "abc", false), ("abc".into(), false));
    }

    /// Every order of segments that overlap gives the same bytes.
    #[test]
    fn the_order_does_not_matter() {
        let whole = b"abcdefghijklmnop";
        let pieces = [(0_usize, 4), (2, 8), (4, 6), (8, 16), (5, 9)];
        for seed in 0..120_usize {
            let (mut stream, base) = stream();
            let mut left = pieces.to_vec();
            let mut out = Vec::new();
            let mut number = seed;
            while !left.is_empty() {
                let (from, to) = left.remove(number % left.len());
                number /= left.len() + 1;
                out.extend(stream.take(base.wrapping_add(from as u32), whole[from..to].to_vec(), 0, to == 16).bytes);
            }
            assert_eq!(out, whole, "{seed}");
            assert!(stream.is_over());
        }
    }
}
