//! Bytes, with the variables in them, as payloads of a spec: text as text, line by line, and the rest in hex.

use std::fmt::Write as _;

use super::yaml::{Node, escaped};
use crate::model::bytes::{hex, is_mostly_unprintable};
use crate::record::framing::is_text;

/// From so many bytes on nobody reads a payload.
pub(super) const LONG: usize = 1024;
/// Up to so many letters, several lines are read as one text.
const SHORT: usize = 48;
/// How many bytes stand in a line of hex.
const HEX_WIDTH: usize = 16;

/// A run of bytes, or a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bit {
    Bytes(Vec<u8>),
    Variable(String),
}

/// The payloads that the bits are, one after the other.
pub(super) fn nodes(bits: &[Bit]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut line = Line::default();
    for bit in bits {
        match bit {
            Bit::Variable(name) => line.variable(name, &mut nodes),
            Bit::Bytes(bytes) if is_hex(bytes) => {
                line.end(&mut nodes);
                nodes.push(hex_node(bytes));
            }
            Bit::Bytes(bytes) => {
                for (is_text, run) in runs(bytes) {
                    let run = &bytes[run];
                    if !is_text {
                        line.end(&mut nodes);
                        nodes.push(hex_node(run));
                        continue;
                    }
                    for piece in String::from_utf8_lossy(run).split_inclusive('\n') {
                        line.text(piece);
                        if piece.ends_with('\n') {
                            line.end(&mut nodes);
                        }
                    }
                }
            }
        }
    }
    line.end(&mut nodes);
    nodes
}

/// Bytes as runs of text and of what is none. What is UTF-8 as a whole is text; else it must be long enough
/// to be read.
fn runs(bytes: &[u8]) -> Vec<(bool, std::ops::Range<usize>)> {
    const WORD: usize = 4;
    if std::str::from_utf8(bytes).is_ok() {
        return vec![(true, 0..bytes.len())];
    }
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    let mut runs: Vec<(bool, std::ops::Range<usize>)> = Vec::new();
    let mut start = 0;
    for run in bytes.chunk_by(|one, other| is_text(one) == is_text(other)) {
        let kind = is_text(&run[0]) && run.len() >= WORD;
        match runs.last_mut().filter(|(last, _)| *last == kind) {
            Some((_, at)) => at.end += run.len(),
            None => runs.push((kind, start..start + run.len())),
        }
        start += run.len();
    }
    runs
}

/// Whether bytes say more in hex: those that cannot be seen, and a few letters among others.
pub(super) fn is_hex(bytes: &[u8]) -> bool {
    const WORD: usize = 8;
    is_mostly_unprintable(bytes) || bytes.len() < WORD && !is_text(bytes)
}

/// A line of text that is being put together.
#[derive(Debug, Default)]
struct Line {
    text: String,
    has_any: bool,
}

impl Line {
    fn text(&mut self, piece: &str) {
        let piece = escaped(piece);
        // A `$` and then a brace that stood apart is no variable either.
        if self.text.ends_with('$') && piece.starts_with('{') {
            self.text.push('$');
        }
        self.text.push_str(&piece);
        self.has_any = true;
    }

    fn variable(&mut self, name: &str, nodes: &mut Vec<Node>) {
        if self.text.ends_with('$') {
            self.end(nodes);
        }
        let _ = write!(self.text, "${{{name}}}");
        self.has_any = true;
    }

    fn end(&mut self, nodes: &mut Vec<Node>) {
        if std::mem::take(&mut self.has_any) {
            nodes.push(Node::Scalar(format!("\"{}\"", std::mem::take(&mut self.text))));
        }
    }
}

/// Bytes in hex; what is longer than a line has a legend beside it.
pub(super) fn hex_node(bytes: &[u8]) -> Node {
    if bytes.len() <= HEX_WIDTH {
        return Node::one("hex", Node::Scalar(format!("\"{}\"", spaced(bytes))));
    }
    let legend = |bytes: &[u8]| -> String {
        bytes
            .iter()
            .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
            .collect()
    };
    let lines = bytes.chunks(HEX_WIDTH).map(|row| {
        let digits = spaced(row);
        format!("{digits:width$}  # {}", legend(row).trim_end(), width = HEX_WIDTH * 3 - 1)
    });
    Node::one("hex", Node::Block(lines.collect()))
}

/// Hex digits, two each, with blanks between them.
pub(super) fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| hex(&[*byte])).collect::<Vec<_>>().join(" ")
}

/// One payload of several. Short lines are one text.
pub(super) fn joined(mut nodes: Vec<Node>) -> Node {
    let len = |node: &Node| if let Node::Scalar(text) = node { text.len() - 2 } else { SHORT + 1 };
    if nodes.iter().map(len).sum::<usize>() <= SHORT {
        let texts: String = nodes
            .iter()
            .map(|node| if let Node::Scalar(text) = node { &text[1..text.len() - 1] } else { "" })
            .collect();
        if !texts.contains("$$") {
            nodes = vec![Node::Scalar(format!("\"{texts}\""))];
        }
    }
    match nodes.len() {
        0 => Node::word("\"\""),
        1 => nodes.remove(0),
        _ => Node::List(nodes),
    }
}

/// The pattern that bytes consist of over and over, if they do.
pub(super) fn filling(bytes: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 16;
    (1..=LONGEST.min(bytes.len() / 4)).find_map(|len| {
        let pattern = &bytes[..len];
        let fills = std::str::from_utf8(pattern).is_ok() && bytes.chunks(len).all(|chunk| pattern.starts_with(chunk));
        fills.then_some(pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bits: &[Bit]) -> String {
        let mut out = String::new();
        Node::List(nodes(bits)).write(&mut out, 0, 0);
        out
    }

    #[test]
    fn text_is_text_and_the_rest_is_hex() {
        let bytes = |bytes: &[u8]| Bit::Bytes(bytes.to_vec());
        assert_eq!(shown(&[bytes(b"PING\r\n")]), " [\"PING\\r\\n\"]\n");
        assert_eq!(shown(&[bytes(b"a\nb")]), "\n- \"a\\n\"\n- \"b\"\n");
        assert_eq!(shown(&[bytes(b"\xff\xfd\x01login: ")]), " [{hex: \"ff fd 01\"}, \"login: \"]\n");
        assert_eq!(shown(&[bytes(b"\x03\0abc")]), " [{hex: \"03 00 61 62 63\"}]\n");
        assert_eq!(shown(&[bytes(b"\0\x01\x02")]), " [{hex: \"00 01 02\"}]\n");
        assert_eq!(shown(&[bytes(b"id "), Bit::Variable("id".into()), bytes(b"\n")]), " [\"id ${id}\\n\"]\n");
        assert_eq!(shown(&[bytes(b"$"), Bit::Variable("n".into())]), " [\"$\", \"${n}\"]\n");
    }

    #[test]
    fn what_repeats_itself_is_found() {
        assert_eq!(filling(&b"ab".repeat(100)), Some(&b"ab"[..]));
        assert_eq!(filling(&[b"a".repeat(9), b"b".to_vec()].concat()), None);
        assert_eq!(filling(b"abc"), None);
    }
}
