//! Bytes, with the variables in them, as payloads of a spec: text as text, line by line, and the rest in hex.

use std::fmt::Write as _;

use super::runs::{Kind, runs};
use super::yaml::{Node, escaped, quoted};
use crate::model::bytes::hex;

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
            Bit::Bytes(bytes) => {
                for (kind, at) in runs(bytes) {
                    line.run(kind, &bytes[at], &mut nodes);
                }
            }
        }
    }
    line.end(&mut nodes);
    nodes
}

/// A line of text that is being put together.
#[derive(Debug, Default)]
struct Line {
    text: String,
    has_any: bool,
}

impl Line {
    fn run(&mut self, kind: Kind, bytes: &[u8], nodes: &mut Vec<Node>) {
        if kind == Kind::Text {
            for piece in String::from_utf8_lossy(bytes).split_inclusive('\n') {
                self.text(piece);
                if piece.ends_with('\n') {
                    self.end(nodes);
                }
            }
            return;
        }
        self.end(nodes);
        nodes.push(match kind {
            Kind::Fill(len) => fill_node(&bytes[..len], bytes.len()),
            _ => hex_node(bytes),
        });
    }

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

/// A pattern over and over, so many bytes in all.
fn fill_node(pattern: &[u8], size: usize) -> Node {
    Node::Map(vec![
        ("fill".to_owned(), Node::Scalar(quoted(&String::from_utf8_lossy(pattern)))),
        ("size".to_owned(), Node::word(size.to_string())),
    ])
}

/// Bytes in hex; what is longer than a line, or has a word in it, has a legend beside it.
pub(super) fn hex_node(bytes: &[u8]) -> Node {
    const WORD: usize = 4;
    let has_word = bytes.chunk_by(|one, other| one.is_ascii_graphic() && other.is_ascii_graphic());
    let has_word = bytes.len() >= 2 * WORD && has_word.map(<[u8]>::len).max() >= Some(WORD);
    if bytes.len() <= HEX_WIDTH && !has_word {
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
        format!("{digits:width$}  # {}", legend(row).trim_end(), width = HEX_WIDTH.min(bytes.len()) * 3 - 1)
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
}
