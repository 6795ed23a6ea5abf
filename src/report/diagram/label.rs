//! Events in a few words: payloads shortened, and their parts as a trace shows them.

use std::fmt::Write as _;

use crate::model::bytes::{escape, is_mostly_unprintable};
use crate::trace::event::{Event, What};
use crate::trace::shown::{Shown, total_size};

/// How many characters of a payload are shown.
const LIMIT: usize = 48;
/// How many bytes of a payload that is mostly unprintable are shown, in hex.
const HEX: usize = 8;

/// What an event did, without the word of a send.
pub(super) fn label(event: &Event) -> String {
    let mut words = match &event.what {
        What::Words(words) if words.bytes().any(|byte| byte.is_ascii_control()) => escape(words.as_bytes()),
        What::Words(words) => words.clone(),
        What::Data { verb, bytes, suffix } => data(verb, bytes, suffix),
    };
    match event.fails.as_slice() {
        [] => {}
        [one] => words.extend([" fails ", one]),
        many => words.extend([" fails [", &many.join(", "), "]"]),
    }
    words
}

fn data(verb: &str, bytes: &[Shown], suffix: &[String]) -> String {
    let mut words = verb.to_owned();
    if !verb.contains(' ') {
        words.push(' ');
        words.push_str(&total_size(bytes).map_or_else(|| "~".to_owned(), |size| size.to_string()));
    }
    words.push(' ');
    words.push_str(&payload(bytes));
    for word in suffix {
        words.push(' ');
        words.push_str(word);
    }
    words
}

/// The bytes in at most some [`LIMIT`] characters.
pub(super) fn payload(parts: &[Shown]) -> String {
    if parts.is_empty() {
        return "\"\"".to_owned();
    }
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let room = LIMIT.saturating_sub(out.chars().count());
        if room == 0 {
            out.push('…');
            break;
        }
        push_part(&mut out, part, room);
    }
    out
}

fn push_part(out: &mut String, part: &Shown, room: usize) {
    match part {
        Shown::Bytes(bytes) => push_bytes(out, bytes, room),
        Shown::Digest { head, .. } => {
            push_bytes(out, head, room);
            if !out.ends_with('…') {
                out.push('…');
            }
        }
        Shown::Generated { how, .. } => out.push_str(how),
        Shown::Named { name, .. } => out.extend(["<", name, ">"]),
        Shown::Matched { regex, .. } => push_cut(out, &crate::trace::regex(regex), room),
        Shown::Varying { .. } => out.push('~'),
        Shown::Wild(1) => out.push_str(".."),
        Shown::Wild(count) => drop(write!(out, "..{{{count}}}")),
        Shown::Size { .. } => out.push_str("<size>"),
        Shown::Masked { text, .. } => out.push_str(text),
        Shown::Group { word, members } => {
            let members: Vec<String> = members.iter().map(|member| payload(member)).collect();
            push_cut(out, &format!("{word} [{}]", members.join(", ")), room);
        }
        Shown::End(ends) => match ends.as_slice() {
            [one] => out.push_str(one),
            many => out.extend(["[", &many.join(", "), "]"]),
        },
    }
}

fn push_bytes(out: &mut String, bytes: &[u8], room: usize) {
    if bytes.len() > 2 && is_mostly_unprintable(bytes) {
        let shown: Vec<String> = bytes.iter().take(HEX).map(|byte| format!("{byte:02x}")).collect();
        out.push_str(&shown.join(" "));
        if bytes.len() > HEX {
            out.push('…');
        }
        return;
    }
    // No more than can be shown is escaped: a payload may have a mebibyte.
    let head = &bytes[..bytes.len().min(4 * room)];
    let text = escape(head);
    out.push('"');
    if head.len() == bytes.len() && text.chars().count() + 2 <= room.max(12) {
        out.push_str(&text);
        out.push('"');
    } else {
        push_cut(out, &text, room.saturating_sub(2).max(10));
        out.push('"');
        if !out.ends_with("…\"") {
            out.push('…');
        }
    }
}

/// Appends at most so many characters, and no half of an escape.
fn push_cut(out: &mut String, text: &str, most: usize) {
    if text.chars().count() <= most {
        out.push_str(text);
        return;
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    if let Some(at) = kept.rfind('\\') {
        let backslashes = kept[..=at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        let whole = if kept[at..].starts_with("\\x") { 4 } else { 2 };
        if backslashes % 2 == 1 && kept.len() - at < whole {
            kept.truncate(at);
        }
    }
    out.push_str(&kept);
    out.push('…');
}

/// A label of at most so many characters.
pub(in crate::report) fn shortened(label: &str, most: usize) -> String {
    let mut kept = String::new();
    push_cut(&mut kept, label, most);
    kept
}

/// The label of an event of which another one differs, so that it shows where: `92 …"Age: 3\r\n"…`.
/// `own` and `other` are both as traces have them. `None` where their payloads are the same.
pub(in crate::report) fn differing(label: &str, own: &str, other: &str, most: usize) -> Option<String> {
    let (own, other) = (lines(own), lines(other));
    let same = own.iter().zip(&other).take_while(|(own, other)| own == other).count();
    let line = *own.get(same)?;
    let has_lines = own.len() > 1;
    let excerpt = around(line, other.get(same).copied().unwrap_or_default(), most.saturating_sub(8).max(12));
    let (before, after) = (if same > 0 { "…" } else { "" }, if same + 1 < own.len() { "…" } else { "" });
    let quote = if has_lines && !is_dump(line) { "\"" } else { "" };
    let words: Vec<&str> = head(label).collect();
    Some(format!("{} {before}{quote}{excerpt}{quote}{after}", words.join(" ")).trim_start().to_owned())
}

/// The lines of an event's payload; where it has none of its own, the rest of the event's line.
fn lines(event: &str) -> Vec<&str> {
    let payload: Vec<&str> = event.lines().filter_map(|line| line.trim_start().strip_prefix("| ")).collect();
    if !payload.is_empty() {
        return payload;
    }
    let first = event.lines().next().unwrap_or_default();
    vec![first.find('"').map_or(first, |at| &first[at..])]
}

/// Whether a line is of a hex dump.
fn is_dump(line: &str) -> bool {
    let mut pairs = line.split(' ').take(4);
    pairs.all(|pair| pair.len() >= 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.'))
}

/// What stands before the payload in a label: words, and how many bytes.
fn head(label: &str) -> impl Iterator<Item = &str> {
    let mut is_over = false;
    label.split(' ').take_while(move |word| {
        let is_size = word.bytes().all(|byte| byte.is_ascii_digit()) || *word == "~";
        let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_head = !is_over && !word.is_empty() && (is_size || is_word);
        is_over = is_size;
        is_head
    })
}

/// At most so many characters of a text round the first that another one has otherwise.
fn around(text: &str, other: &str, most: usize) -> String {
    let (text, other) = (tokens(text), tokens(other));
    let length = |tokens: &[&str]| tokens.iter().map(|token| token.chars().count()).sum::<usize>();
    if length(&text) <= most {
        return text.concat();
    }
    let same = text.iter().zip(&other).take_while(|(own, other)| own == other).count();
    let mut start = same;
    while start > 0 && length(&text[start - 1..same]) <= most / 2 {
        start -= 1;
    }
    // A beginning that is left out must save something.
    if length(&text[..start]) < 2 {
        start = 0;
    }
    let mut end = start;
    while end < text.len() && length(&text[start..=end]) <= most {
        end += 1;
    }
    let (before, after) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{}{after}", text[start..end].concat())
}

/// A text that is escaped, in characters that belong together.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let size = match rest.as_bytes() {
            [b'\\', b'x', _, _, ..] if rest.is_char_boundary(4) => 4,
            [b'\\', _, ..] if rest.is_char_boundary(2) => 2,
            _ => first.len_utf8(),
        };
        let (token, left) = rest.split_at(size);
        tokens.push(token);
        rest = left;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: &[u8]) -> Vec<Shown> {
        vec![Shown::Bytes(bytes.to_vec())]
    }

    #[test]
    fn short_payloads_are_whole() {
        assert_eq!(payload(&bytes(b"PING\r\n")), "\"PING\\r\\n\"");
        assert_eq!(payload(&[]), "\"\"");
        assert_eq!(payload(&bytes(&[0, 1, 2, 3])), "00 01 02 03");
    }

    #[test]
    fn long_ones_are_not() {
        let long = payload(&bytes(&vec![b'a'; 1 << 20]));
        assert!(long.ends_with("a…\"") && long.chars().count() <= LIMIT, "{long}");
        assert_eq!(payload(&bytes(&[0; 20])), "00 00 00 00 00 00 00 00…");
        let many: Vec<Shown> = (0..40).map(|_| Shown::Named { name: "name".to_owned(), size: None }).collect();
        assert!(payload(&many).ends_with(" …"), "{}", payload(&many));
    }

    #[test]
    fn no_escape_is_cut() {
        for most in 5..30 {
            let mut out = String::new();
            push_cut(&mut out, &escape(b"a\\\x01b\\\\\x02\r\n\x03cdef\n\n\n\\\\xyz"), most);
            let kept = out.trim_end_matches('…');
            assert!(crate::model::bytes::unescape(kept).is_some(), "{out}");
        }
    }

    #[test]
    fn a_label_has_verb_size_and_outcome() {
        let what = What::Data { verb: "send".to_owned(), bytes: bytes(b"x"), suffix: vec!["to server".to_owned()] };
        let fails = vec!["EPIPE".to_owned(), "none".to_owned()];
        let event = Event { endpoint: "a".to_owned(), what, fails, wire: Vec::new() };
        assert_eq!(label(&event), "send 1 \"x\" to server fails [EPIPE, none]");
    }
}
