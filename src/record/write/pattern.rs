//! Patterns as a spec writes them.

use super::bits::{Bit, hex_node, joined, nodes, spaced};
use super::long::{MOST_LINES, counted, head_of_body, head_of_lines, is_body, is_long};
use super::names::Names;
use super::runs::is_hex;
use super::yaml::{Node, quoted, single_quoted};
use crate::model::bytes::is_mostly_unprintable;
use crate::record::framing::Prefix;
use crate::record::vary::{Count, Part, Piece, Value};

/// The pattern that a message is.
pub(super) fn pattern(parts: &[Part], names: &Names<'_>, ends_by_chance: bool) -> Node {
    joined(Patterns { names, ends_by_chance }.all(parts))
}

struct Patterns<'p> {
    names: &'p Names<'p>,
    /// Whether the end of the stream comes in more than one way.
    ends_by_chance: bool,
}

impl Patterns<'_> {
    fn all(&self, parts: &[Part]) -> Vec<Node> {
        let mut all = Vec::new();
        let mut bits: Vec<Bit> = Vec::new();
        let mut at = 0;
        while at < parts.len() {
            let open = parts[at..].iter().take_while(|part| is_hex_part(part)).count();
            let group = &parts[at..at + open];
            let has_gap = group.iter().any(|part| matches!(part, Part::Bytes { .. }));
            if has_gap && group.iter().any(|part| matches!(part, Part::Literal(_))) {
                all.extend(nodes(&std::mem::take(&mut bits)));
                all.push(hex_with_gaps(group));
                at += open;
                continue;
            }
            if let Some((count, lines)) = many_lines(parts, at) {
                all.extend(nodes(&std::mem::take(&mut bits)));
                all.extend(if is_long(&lines) {
                    self.cut(&lines, head_of_lines(&lines))
                } else {
                    nodes(&self.names.bits(&lines))
                });
                at += count;
                continue;
            }
            match &parts[at] {
                Part::Literal(bytes) if is_body(bytes) => {
                    all.extend(nodes(&std::mem::take(&mut bits)));
                    all.extend(self.cut(bytes, head_of_body(bytes)));
                }
                Part::Literal(bytes) => {
                    // Literals that were not joined are of different messages.
                    if at > 0 && matches!(parts[at - 1], Part::Literal(_)) {
                        all.extend(nodes(&std::mem::take(&mut bits)));
                    }
                    bits.extend(self.names.bits(bytes));
                }
                Part::Use(capture) => bits.push(Bit::Variable(self.names.capture(*capture).to_owned())),
                part => {
                    all.extend(nodes(&std::mem::take(&mut bits)));
                    all.push(self.one(part));
                }
            }
            at += 1;
        }
        all.extend(nodes(&bits));
        all
    }

    /// What there is too much of: its head, and how many bytes more.
    fn cut(&self, bytes: &[u8], head: usize) -> Vec<Node> {
        let mut cut = nodes(&self.names.bits(&bytes[..head]));
        cut.push(counted(bytes.len() - head));
        cut
    }

    fn one(&self, part: &Part) -> Node {
        match part {
            Part::Until { end, tail, value } => {
                let end = match std::str::from_utf8(end) {
                    Ok(end) => Node::Scalar(quoted(end)),
                    Err(_) => hex_node(end),
                };
                self.with_value(vec![("until".to_owned(), end)], value, tail)
            }
            Part::Bytes { count: Count::Of(len), value } => {
                self.with_value(vec![("bytes".to_owned(), Node::word(len.to_string()))], value, b"")
            }
            Part::Bytes { count: Count::Told(number), value } => {
                let count = Node::Scalar(format!("\"${{{}}}\"", size_name(*number)));
                self.with_value(vec![("bytes".to_owned(), count)], value, b"")
            }
            Part::Text { told, of } => {
                let count = Node::Scalar(format!("\"${{{}}}\"", size_name(*told)));
                let expression = single_quoted(&of.iter().map(|piece| self.expression(piece)).collect::<String>());
                Node::Map(vec![("bytes".to_owned(), count), ("match".to_owned(), Node::Scalar(expression))])
            }
            Part::Sized { prefix, of } => self.sized(*prefix, of),
            Part::AnyOrder(records) => {
                let records = records.iter().map(|record| joined(self.all(record)));
                Node::one("any_order", Node::List(records.collect()))
            }
            Part::Rest(value) | Part::Piece(value) => {
                let mut entries = vec![("rest".to_owned(), Node::word("true"))];
                if self.ends_by_chance {
                    entries.push(("end".to_owned(), Node::word("[eof, reset]")));
                }
                self.with_value(entries, value, b"")
            }
            Part::Literal(_) | Part::Use(_) => Node::word("\"\""),
        }
    }

    /// The expression that a piece of a text matches.
    fn expression(&self, piece: &Piece) -> String {
        match piece {
            Piece::Literal(bytes) => literal(bytes),
            Piece::Value(value) => {
                let expression = value.class.expression().unwrap_or(r"[\s\S]*");
                match value.capture {
                    Some(capture) => format!("(?<{}>{expression})", self.names.capture(capture)),
                    None => expression.to_owned(),
                }
            }
        }
    }

    fn sized(&self, prefix: Prefix, of: &[Part]) -> Node {
        let little = if prefix.is_little && prefix.width > 1 { "le" } else { "" };
        let mut entries = vec![
            ("size".to_owned(), Node::word(format!("u{}{little}", prefix.width * 8))),
            ("of".to_owned(), joined(self.all(of))),
        ];
        if prefix.plus > 0 {
            entries.push(("plus".to_owned(), Node::word(prefix.plus.to_string())));
        }
        Node::Map(entries)
    }

    /// What a value that varies is, beside its frame.
    fn with_value(&self, mut entries: Vec<(String, Node)>, value: &Value, tail: &[u8]) -> Node {
        let tail = literal(tail);
        let name = value.capture.map(|capture| self.names.capture(capture).to_owned());
        let name = name.or_else(|| value.counts.map(size_name));
        let entry = match (name, value.class.expression()) {
            (Some(name), Some(expression)) => ("match", single_quoted(&format!("(?<{name}>{expression}){tail}"))),
            (Some(name), None) if tail.is_empty() => ("as", name),
            (Some(name), None) => ("match", single_quoted(&format!(r"(?<{name}>[\s\S]*){tail}"))),
            (None, Some(expression)) => ("match", single_quoted(&format!("{expression}{tail}"))),
            (None, None) if tail.is_empty() => ("vary", "true".to_owned()),
            (None, None) => ("match", single_quoted(&format!(r"[\s\S]*{tail}"))),
        };
        entries.push((entry.0.to_owned(), Node::Scalar(entry.1)));
        Node::Map(entries)
    }
}

/// The expression that matches a text alone.
fn literal(bytes: &[u8]) -> String {
    let mut escaped = regex::escape(&String::from_utf8_lossy(bytes));
    // These are escaped for other dialects.
    for plain in ["-", "/", "#", "&", "~"] {
        escaped = escaped.replace(&format!(r"\{plain}"), plain);
    }
    escaped.replace('\r', r"\r").replace('\n', r"\n").replace('\t', r"\t")
}

/// The bytes of messages that always were the same, where so many follow each other there that nobody reads them.
fn many_lines(parts: &[Part], at: usize) -> Option<(usize, Vec<u8>)> {
    let is_short = |part: &Part| matches!(part, Part::Literal(bytes) if !is_body(bytes));
    if at > 0 && is_short(&parts[at - 1]) {
        return None;
    }
    let run = parts[at..].iter().map_while(|part| match part {
        Part::Literal(bytes) if is_short(part) => Some(bytes.as_slice()),
        _ => None,
    });
    let run: Vec<&[u8]> = run.collect();
    let lines = run.concat();
    (run.len() > 1 && (run.len() > MOST_LINES || is_long(&lines))).then_some((run.len(), lines))
}

/// The name of a number by which a body is counted.
fn size_name(number: usize) -> String {
    if number == 1 { "size".to_owned() } else { format!("size{number}") }
}

/// Whether a part may stand in hex digits: bytes, or so many of any.
fn is_hex_part(part: &Part) -> bool {
    match part {
        Part::Literal(bytes) => !is_body(bytes) && is_hex(bytes),
        Part::Bytes { count: Count::Of(_), value } => {
            value.capture.is_none() && value.seen.iter().any(|seen| is_mostly_unprintable(seen))
        }
        _ => false,
    }
}

/// How many digits of hex stand in one line.
const WIDTH: usize = 80;

fn hex_with_gaps(parts: &[Part]) -> Node {
    let mut words = Vec::new();
    for part in parts {
        match part {
            Part::Literal(bytes) => words.push(spaced(bytes)),
            Part::Bytes { count: Count::Of(1), .. } => words.push("..".to_owned()),
            Part::Bytes { count: Count::Of(len), .. } => words.push(format!("..{{{len}}}")),
            _ => {}
        }
    }
    if words.iter().map(String::len).sum::<usize>() <= WIDTH {
        return Node::one("hex", Node::Scalar(format!("\"{}\"", words.join(" "))));
    }
    let lines = words
        .iter()
        .flat_map(|word| word.as_bytes().chunks(48))
        .map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
    Node::one("hex", Node::Block(lines.collect()))
}
