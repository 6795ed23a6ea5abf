//! What nobody reads to its end: what is sent lies in a file beside the spec, of what is received the snapshot
//! knows the rest.

use std::ops::Range;

use super::runs::{Kind, is_hex, runs};
use super::save::name_beside;
use super::yaml::{Node, quoted};

/// How many lines of a payload are read.
pub(super) const MOST_LINES: usize = 48;
/// What is received, in one piece, is a body from this size on; fewer bytes where they are hex.
const BODY: usize = 1024;
const BODY_IN_HEX: usize = 128;
/// How much of a body tells what it is.
const HEAD: usize = 16;
const HEAD_LINE: usize = 80;
const HEAD_LINES: usize = 8;

/// Whether so much is too long to stand in a spec.
pub(super) fn is_long(bytes: &[u8]) -> bool {
    lines(bytes) > MOST_LINES
}

/// How many lines bytes would have in a spec.
fn lines(bytes: &[u8]) -> usize {
    const WIDTH: usize = 96;
    let of = |(kind, at): &(Kind, Range<usize>)| match kind {
        Kind::Text => (memchr::memchr_iter(b'\n', &bytes[at.clone()]).count()).max(at.len() / WIDTH),
        Kind::Hex => at.len() / 16,
        Kind::Fill(_) => 1,
    };
    runs(bytes).iter().map(of).sum()
}

/// Whether bytes that came in one piece are a body, of which the beginning does.
pub(super) fn is_body(bytes: &[u8]) -> bool {
    let is_filled = || matches!(runs(bytes)[..], [(Kind::Fill(_), _)]);
    bytes.len() > BODY_IN_HEX && (bytes.len() > BODY || is_hex(bytes)) && !is_filled()
}

/// Where the head of a body ends: its first line, or its first bytes in hex.
pub(super) fn head_of_body(bytes: &[u8]) -> usize {
    if is_hex(bytes) { HEAD } else { head(bytes, 1) }
}

/// Where the head of many lines ends.
pub(super) fn head_of_lines(bytes: &[u8]) -> usize {
    head(bytes, HEAD_LINES)
}

/// The end of the first lines, as long as they are short, and text.
fn head(bytes: &[u8], most: usize) -> usize {
    let is_line = |line: &&[u8]| line.len() <= HEAD_LINE && line.ends_with(b"\n") && !is_hex(line);
    bytes.split_inclusive(|byte| *byte == b'\n').take(most).take_while(is_line).map(<[u8]>::len).sum()
}

/// So many bytes, whichever they are: the snapshot pins them.
pub(super) fn counted(len: usize) -> Node {
    Node::one("bytes", Node::word(len.to_string()))
}

/// The files beside a spec.
#[derive(Debug)]
pub(super) struct Files<'s> {
    /// What the spec is called.
    pub(super) stem: &'s str,
    pub(super) all: Vec<(String, Vec<u8>)>,
}

impl Files<'_> {
    /// Bytes as a file; the same ones are in the same file.
    pub(super) fn node(&mut self, bytes: &[u8]) -> Node {
        let known = self.all.iter().find(|(_, known)| known == bytes).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = name_beside(self.stem, self.all.len() + 1);
            self.all.push((name.clone(), bytes.to_vec()));
            name
        });
        Node::one("file", Node::Scalar(quoted(&name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_too_many_lines_is_long() {
        let lines = |count: usize| (0..count).fold(String::new(), |lines, line| lines + &format!("line {line}\n"));
        assert!(!is_long(lines(MOST_LINES).as_bytes()) && is_long(lines(MOST_LINES + 1).as_bytes()));
        let number = |at: u32| at.wrapping_mul(2_654_435_761) >> 24;
        let bytes: Vec<u8> = (0..1000).map(|at| number(at) as u8 | 0x80).collect();
        assert!(is_long(&bytes) && !is_long(&bytes[..700]));
        assert!(!is_long("x".repeat(1_000_000).as_bytes()), "it is told in one line");
    }

    #[test]
    fn a_body_is_known_by_its_head() {
        let body = |head: &str| {
            [head.as_bytes(), &(0..2000_u32).map(|at| (at % 251) as u8 | 0x80).collect::<Vec<_>>()].concat()
        };
        assert!(is_body(&body("size 5\n")) && !is_body(b"size 5\n") && !is_body(&[b'x'; 5000]));
        assert_eq!(head_of_body(&body("size 5\n")), 7);
        assert_eq!(head_of_body(&body("")), HEAD);
        assert_eq!(head_of_body("x".repeat(100).as_bytes()), 0);
        assert_eq!(head_of_lines("a\r\n".repeat(100).as_bytes()), 3 * HEAD_LINES);
    }
}
