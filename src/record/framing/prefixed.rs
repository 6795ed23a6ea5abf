//! Messages with a binary length before them: how wide it is and what it counts is guessed from what
//! was sent, and counts as found only if everything fits it.

use super::{Atom, Kind};

/// A length before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) struct Prefix {
    /// How many bytes stand before it: a type.
    pub(in crate::record) before: usize,
    /// How many bytes it has: 1, 2, 4 or 8.
    pub(in crate::record) width: usize,
    /// Whether its low byte comes first.
    pub(in crate::record) is_little: bool,
    /// How much more it says than bytes follow it: it counts itself.
    pub(in crate::record) plus: usize,
}

/// DNS over TCP.
pub(super) const DNS: Prefix = Prefix { before: 0, width: 2, is_little: false, plus: 0 };

/// Longer messages are no messages of a guess.
const LONGEST: u64 = 64 * 1024 * 1024;

impl Prefix {
    /// The length of the first message.
    pub(super) fn len(self, bytes: &[u8]) -> Option<usize> {
        let size = bytes.get(self.before..self.before + self.width)?;
        let number = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let size = if self.is_little { size.iter().rev().fold(0, number) } else { size.iter().fold(0, number) };
        if size > LONGEST {
            return None;
        }
        let len = self.before + self.width + (size as usize).checked_sub(self.plus)?;
        (bytes.len() >= len).then_some(len)
    }

    /// The type, the length, the rest.
    pub(super) fn atoms(self, message: &[u8]) -> Vec<Atom> {
        let head = self.before + self.width;
        if self.len(message) != Some(message.len()) {
            return vec![Atom::new(0..message.len(), Kind::Plain)];
        }
        let mut atoms =
            vec![Atom::new(self.before..head, Kind::Size(self)), Atom::new(head..message.len(), Kind::Plain)];
        if self.before > 0 {
            atoms.insert(0, Atom::new(0..self.before, Kind::Plain));
        }
        atoms
    }

    /// How many messages the pieces consist of, each of them of whole ones.
    fn count(self, pieces: &[&[u8]]) -> Option<usize> {
        let mut count = 0;
        for piece in pieces {
            let mut at = 0;
            while at < piece.len() {
                at += self.len(&piece[at..])?;
                count += 1;
            }
        }
        Some(count)
    }
}

/// The one prefix that all of what was sent fits, the widest first: a narrow one fits by chance.
pub(super) fn detect(pieces: &[&[u8]]) -> Option<Prefix> {
    let total: usize = pieces.iter().map(|piece| piece.len()).sum();
    let candidates =
        [(0, 4), (1, 4), (0, 8), (0, 2), (1, 2), (0, 1), (1, 1)].into_iter().flat_map(|(before, width)| {
            let pluses = [0, width, before + width];
            [false, true].into_iter().flat_map(move |is_little| {
                pluses.into_iter().map(move |plus| Prefix { before, width, is_little, plus })
            })
        });
    let mut fitting = candidates.filter(|prefix| !(prefix.width == 1 && prefix.is_little));
    fitting.find(|prefix| {
        let least = if prefix.width == 1 { 2 } else { 1 };
        // Messages without anything in them are zeros that mean something else.
        prefix.count(pieces).is_some_and(|count| count >= least && total > count * (prefix.before + prefix.width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_found() {
        for (prefix, pieces) in [
            (
                Prefix { before: 0, width: 4, is_little: false, plus: 0 },
                [&b"\0\0\0\x03abc"[..], b"\0\0\0\x01x\0\0\0\x02yz"],
            ),
            (Prefix { before: 0, width: 2, is_little: true, plus: 0 }, [&b"\x03\0abc"[..], b"\x01\0x"]),
            (Prefix { before: 1, width: 4, is_little: false, plus: 4 }, [&b"R\0\0\0\x08\0\0\0\0"[..], b"Z\0\0\0\x05I"]),
            (Prefix { before: 0, width: 2, is_little: false, plus: 2 }, [&b"\0\x05abc"[..], b"\0\x03x"]),
            (Prefix { before: 0, width: 1, is_little: false, plus: 0 }, [&b"\x03abc"[..], b"\x01x"]),
        ] {
            assert_eq!(detect(&pieces), Some(prefix));
        }
        assert_eq!(detect(&[b"\xff\xfd\x01\xff\xfd\x1f"]), None);
        assert_eq!(detect(&[]), None);
    }
}
