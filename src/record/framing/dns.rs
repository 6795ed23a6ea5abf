//! Messages of DNS (RFC 1035 section 4): which bytes of them are times to live.

use std::ops::Range;

use super::{Atom, Kind, prefixed};

/// Whether a datagram is a message of DNS from its first byte to its last.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    records(bytes).is_some()
}

/// Whether a stream is nothing but messages of DNS, each with its length before it.
pub(super) fn is_stream(stream: &[u8]) -> bool {
    let mut rest = stream;
    while !rest.is_empty() {
        match prefixed::DNS.len(rest) {
            Some(len) if is_message(&rest[2..len]) => rest = &rest[len..],
            _ => return false,
        }
    }
    !stream.is_empty()
}

/// The type of the pseudo-record of EDNS.
const OPT: u16 = 41;

/// A resource record.
struct Record {
    at: Range<usize>,
    /// Where its time to live stands.
    ttl: Range<usize>,
    /// Whether it is the pseudo-record of EDNS, which has flags there.
    is_opt: bool,
}

/// The resource records of a message. `None` where it is none.
fn records(bytes: &[u8]) -> Option<Vec<Record>> {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let (questions, opcode) = (word(4)?, bytes[2] >> 3 & 0xf);
    // Nearly all messages have one question; more, or none at all, are rather not DNS.
    if questions != 1 || opcode > 6 || bytes[3] >> 6 & 1 == 1 {
        return None;
    }
    let count: usize = [word(6)?, word(8)?, word(10)?].into_iter().map(usize::from).sum();
    let mut at = name_end(bytes, 12)? + 4;
    let mut records = Vec::new();
    for _ in 0..count {
        let start = at;
        let name = name_end(bytes, start)?;
        let len = usize::from(word(name + 8)?);
        at = name + 10 + len;
        records.push(Record { at: start..at, ttl: name + 4..name + 8, is_opt: word(name)? == OPT });
    }
    (at == bytes.len()).then_some(records)
}

/// Where a name ends that begins there.
fn name_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            len @ 1..=63 => at += 1 + usize::from(len),
            0xc0.. => return (at + 2 <= bytes.len()).then_some(at + 2),
            _ => return None,
        }
    }
}

/// The head with the question, and each record with its time to live, which counts down where the
/// server has the answer from another one.
pub(super) fn atoms(message: &[u8], from: usize) -> Vec<Atom> {
    let body = &message[from.min(message.len())..];
    let Some(records) = records(body) else { return vec![Atom::new(from..message.len(), Kind::Plain)] };
    let first = records.first().map_or(body.len(), |record| record.at.start);
    let mut atoms = vec![Atom::new(from..from + first, Kind::Plain)];
    // An authoritative server says the same time to live each time.
    let is_authoritative = body[2] & 4 != 0;
    for Record { at, ttl, is_opt } in records {
        let (at, ttl) = (from + at.start..from + at.end, from + ttl.start..from + ttl.end);
        if is_opt {
            atoms.push(Atom::new(at, Kind::Plain));
        } else {
            let ttl = (!is_authoritative).then_some(ttl);
            atoms.push(Atom::new(at, Kind::Record { ttl }));
        }
    }
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01";

    fn answer(flags: u8) -> Vec<u8> {
        let mut bytes = QUESTION.to_vec();
        bytes[2] = flags;
        bytes[7] = 1;
        bytes.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\xc0\x00\x02\x01");
        bytes
    }

    #[test]
    fn messages_are_known_from_their_first_byte_to_their_last() {
        assert!(is_message(QUESTION) && is_message(&answer(0x81)));
        assert!(!is_message(&QUESTION[..20]) && !is_message(b"") && !is_message(b"hello, world, how are you"));
        let stream = [&[0, QUESTION.len() as u8], QUESTION].concat();
        assert!(is_stream(&stream) && !is_stream(QUESTION));
    }

    #[test]
    fn times_to_live_vary_where_the_answer_is_another_servers() {
        let last = |message: &[u8]| atoms(message, 0).pop().map(|atom| atom.kind);
        assert_eq!(last(&answer(0x81)), Some(Kind::Record { ttl: Some(30..34) }));
        assert_eq!(last(&answer(0x85)), Some(Kind::Record { ttl: None }));
    }
}
