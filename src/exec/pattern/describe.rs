//! Patterns in words, for messages.

use std::fmt::Write as _;

use super::node::{Kind, Node};
use super::show::masked;
use crate::model::bytes::escape;
use crate::trace::regex;

/// Longer descriptions are cut.
const WORDS_MAX: usize = 160;
/// Longer payloads are cut.
const BYTES_MAX: usize = 40;

impl Node {
    /// What is expected, in a few words.
    pub(super) fn describe(&self) -> String {
        let mut words = String::new();
        self.describe_into(&mut words);
        if words.len() > WORDS_MAX {
            let end = (0..=WORDS_MAX).rev().find(|end| words.is_char_boundary(*end)).unwrap_or(0);
            words.truncate(end);
            words.push('…');
        }
        words
    }

    fn describe_into(&self, words: &mut String) {
        if words.len() > WORDS_MAX {
            return;
        }
        self.describe_kind(words);
        if let Some(matching) = self.cover.as_ref().and_then(|cover| cover.matching.as_ref()) {
            words.push_str(" matching ");
            words.push_str(&regex(&matching.source));
        }
    }

    fn describe_kind(&self, words: &mut String) {
        match &self.kind {
            Kind::Exactly(exact) => {
                let head = exact.bytes.copy(0, BYTES_MAX as u64);
                let more = exact.bytes.len() - head.len() as u64;
                words.push_str(&quoted(&head));
                if more > 0 {
                    let _ = write!(words, " and {} more", count(more, "byte"));
                }
            }
            Kind::Hex(bytes) => {
                let byte = |byte: &Option<u8>| byte.map_or("..".to_owned(), |byte| format!("{byte:02x}"));
                let digits: Vec<String> = bytes.iter().take(BYTES_MAX).map(byte).collect();
                words.push_str(&digits.join(" "));
            }
            Kind::Bytes { count: bytes, .. } => words.push_str(&count(*bytes, "byte")),
            Kind::Until(delimiter) => *words += &["up to ", &cut(delimiter)].concat(),
            Kind::UntilMatch { source, .. } => *words += &["up to a match of ", &regex(source)].concat(),
            Kind::Rest(_) => words.push_str("everything up to the end"),
            Kind::Number { width, mask: None } => words.push_str(&width.name()),
            Kind::Number { width, mask: Some(mask) } => words.push_str(&masked(*width, *mask)),
            Kind::Sized { size, of, .. } => {
                let _ = write!(words, "{} length and ", size.kind.name());
                of.describe_into(words);
            }
            Kind::OneOf(nodes) => list("one of ", nodes, " or ", words),
            Kind::AnyOrder(nodes) => list("in any order ", nodes, " and ", words),
            Kind::UntilLast { members, .. } => {
                members[1].describe_into(words);
                words.push_str(" repeated, last ");
                members[0].describe_into(words);
            }
            Kind::Sequence(nodes) => list("", nodes, ", ", words),
            Kind::Deferred(_) => words.push_str("what the parts before it say"),
        }
    }
}

fn list(before: &str, nodes: &[Node], between: &str, words: &mut String) {
    words.push_str(before);
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 {
            words.push_str(between);
        }
        node.describe_into(words);
    }
}

/// Bytes in quotes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escape(bytes))
}

/// The first of the bytes in quotes.
pub(super) fn cut(bytes: &[u8]) -> String {
    if bytes.len() <= BYTES_MAX {
        return quoted(bytes);
    }
    format!("{}…", quoted(&bytes[..BYTES_MAX]))
}

/// `1 byte`, `2 bytes`
pub(super) fn count(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// `16MiB`, `1000 bytes`
pub(super) fn size_words(size: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if size >> shift != 0 && size.trailing_zeros() >= shift {
            return format!("{}{unit}", size >> shift);
        }
    }
    count(size, "byte")
}
