//! Reads bytes as a trace shows them.

use super::super::shown::Shown;
use crate::model::bytes::{DUMP_WIDTH, unescape};

/// How deep groups may stand in groups; a text that was made to be harmful has more.
const DEPTH: usize = 64;
/// The largest size that is believed: sums of them stay numbers.
const LARGEST: u64 = 1 << 40;
/// The words that a group of patterns begins with.
const GROUPS: [&str; 3] = ["one_of", "any_order", "until_last"];
/// The words for numbers of some width, with their widths.
const WIDTHS: [(&str, u64); 7] =
    [("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8), ("u16le", 2), ("u32le", 4), ("u64le", 8)];

/// The parts on an event's own line, and what stands after them.
pub(super) fn inline<'t>(text: &'t str, verb: &str, count: Option<u64>) -> (Vec<Shown>, &'t str) {
    let mut parts = Vec::new();
    let mut rest = text;
    // `read … truncated` says what the kernel did, a `truncated` after the rest how it ended.
    let ends: &[&str] = if verb == "recv" { &["eof", "reset", "truncated"] } else { &[] };
    while let Some((part, after)) = part(rest, count, ends, DEPTH) {
        parts.push(part);
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    (parts, rest)
}

/// The parts in the lines below an event's own; `None` where a line is none of them.
pub(super) fn below(lines: &[&str]) -> Option<Vec<Shown>> {
    let first = lines.first()?;
    if first.ends_with("\\n") {
        let bytes: Option<Vec<Vec<u8>>> = lines.iter().map(|line| unescape(line)).collect();
        return Some(vec![Shown::Bytes(bytes?.concat())]);
    }
    if let Some(bytes) = lines.iter().map(|line| dumped(line)).collect::<Option<Vec<_>>>() {
        return Some(vec![Shown::Bytes(bytes.concat())]);
    }
    let mut parts: Vec<Shown> = Vec::new();
    for line in lines {
        let (read, rest) = inline(line, "recv", None);
        if !rest.is_empty() {
            return None;
        }
        for part in read {
            match (parts.last_mut(), part) {
                (Some(Shown::Bytes(last)), Shown::Bytes(more)) => last.extend(more),
                (_, part) => parts.push(part),
            }
        }
    }
    Some(parts)
}

/// The bytes in a line of a hex dump.
fn dumped(line: &str) -> Option<Vec<u8>> {
    const TEXT: usize = 3 * DUMP_WIDTH;
    let hex = line.get(..TEXT)?;
    let text = line.get(TEXT..)?.strip_prefix(" |")?.strip_suffix('|')?;
    let bytes: Option<Vec<u8>> = hex.split_whitespace().map(|digits| u8::from_str_radix(digits, 16).ok()).collect();
    bytes.filter(|bytes| bytes.len() == text.len() && !bytes.is_empty())
}

/// Gives the parts of unknown size the sizes that make up the whole.
pub(super) fn give_sizes(parts: &mut [Shown], count: u64) {
    let known: u64 = parts.iter().filter_map(Shown::size).sum();
    let mut missing = count.saturating_sub(known);
    for part in parts.iter_mut() {
        match part {
            Shown::Named { size: size @ None, .. }
            | Shown::Matched { size: size @ None, .. }
            | Shown::Varying { size: size @ None }
            | Shown::Size { width: size @ None } => *size = Some(std::mem::take(&mut missing)),
            _ => {}
        }
    }
}

/// A size, or a number of bytes.
pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number <= LARGEST)
}

/// The first part of a text, and what stands after it. `count` is the size of a part that has none
/// before it; `ends` are the words for an end.
fn part<'t>(text: &'t str, count: Option<u64>, ends: &[&str], depth: usize) -> Option<(Shown, &'t str)> {
    if depth == 0 {
        return None;
    }
    let sized = text.split_once(' ').and_then(|(size, rest)| Some((number(size)?, rest)));
    if let Some((size, rest)) = sized {
        return generated(rest, size).or_else(|| digest(rest, size));
    }
    if let Some(found) = count.and_then(|count| generated(text, count).or_else(|| digest(text, count))) {
        return Some(found);
    }
    let found = quoted(text)
        .map(|(bytes, rest)| (Shown::Bytes(bytes), rest))
        .or_else(|| varying(text))
        .or_else(|| masked(text))
        .or_else(|| group(text, ends, depth))
        .or_else(|| ended(text, ends));
    found.filter(|(_, rest)| rest.is_empty() || rest.starts_with([' ', ',', ']']))
}

/// `"…"`, unescaped.
fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let inside = text.strip_prefix('"')?;
    let end = closing(inside, '"')?;
    Some((unescape(&inside[..end])?, &inside[end + 1..]))
}

/// Where the first character of this kind is that no backslash stands before.
fn closing(text: &str, end: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let found = c == end && !escaped;
        escaped = c == '\\' && !escaped;
        found.then_some(at)
    })
}

/// `fill "ab"`, `random seed 7`, `file "body.bin"`.
fn generated(text: &str, size: u64) -> Option<(Shown, &str)> {
    let rest = if let Some(seed) = text.strip_prefix("random seed ") {
        seed.trim_start_matches(|c: char| c.is_ascii_digit())
    } else {
        quoted(text.strip_prefix("fill ").or_else(|| text.strip_prefix("file "))?)?.1
    };
    Some((Shown::Generated { size, how: text[..text.len() - rest.len()].to_owned() }, rest))
}

/// `"the first bytes"… sha256 9f86…`
fn digest(text: &str, size: u64) -> Option<(Shown, &str)> {
    let (head, rest) = quoted(text)?;
    let hash = rest.strip_prefix("… sha256 ")?;
    let end = hash.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hash.len());
    let (sha256, rest) = hash.split_at(end);
    Some((Shown::Digest { size, head, sha256: sha256.to_owned() }, rest))
}

/// `~/regex/`, `~`, `..`, `..{4}`, `<size>`, `<name>`.
fn varying(text: &str) -> Option<(Shown, &str)> {
    if let Some(inside) = text.strip_prefix("~/") {
        let end = regex_end(inside)?;
        return Some((Shown::Matched { regex: inside[..end].to_owned(), size: None }, &inside[end + 1..]));
    }
    if let Some(rest) = text.strip_prefix('~') {
        return Some((Shown::Varying { size: None }, rest));
    }
    if let Some(inside) = text.strip_prefix("..{") {
        let (count, rest) = inside.split_once('}')?;
        return Some((Shown::Wild(number(count)?), rest));
    }
    if let Some(rest) = text.strip_prefix("..") {
        return Some((Shown::Wild(1), rest));
    }
    let (name, rest) = text.strip_prefix('<')?.split_once('>')?;
    let part = match name {
        "size" => Shown::Size { width: None },
        _ => Shown::Named { name: name.to_owned(), size: None },
    };
    Some((part, rest))
}

/// The slash that ends a regular expression: one that is not escaped, with something after it that
/// can only stand after a part.
fn regex_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '/' && !escaped && matches!(text[at + 1..].chars().next(), None | Some(' ' | ',' | ']'));
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// `u16 & 0x0f = 0x03`
fn masked(text: &str) -> Option<(Shown, &str)> {
    let (name, rest) = text.split_once(" & 0x")?;
    let (_, size) = WIDTHS.into_iter().find(|(known, _)| *known == name)?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit()).strip_prefix(" = 0x")?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    Some((Shown::Masked { text: text[..text.len() - rest.len()].to_owned(), size }, rest))
}

/// `one_of ["a" "b", "c"]`
fn group<'t>(text: &'t str, ends: &[&str], depth: usize) -> Option<(Shown, &'t str)> {
    let (word, rest) = text.split_once(" [").filter(|(word, _)| GROUPS.contains(word))?;
    let mut members = vec![Vec::new()];
    let mut rest = rest;
    loop {
        let (part, after) = part(rest, None, ends, depth - 1)?;
        let empty = matches!(&part, Shown::Bytes(bytes) if bytes.is_empty());
        members.last_mut().filter(|_| !empty).into_iter().for_each(|member| member.push(part.clone()));
        if let Some(after) = after.strip_prefix(", ") {
            members.push(Vec::new());
            rest = after;
        } else if let Some(after) = after.strip_prefix(']') {
            return Some((Shown::Group { word: word.to_owned(), members }, after));
        } else {
            rest = after.strip_prefix(' ')?;
        }
    }
}

/// `eof`, `[eof, reset]`
fn ended<'t>(text: &'t str, ends: &[&str]) -> Option<(Shown, &'t str)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (list, rest) = inside.split_once(']')?;
        let list: Vec<String> = list.split(", ").map(str::to_owned).collect();
        return list.iter().all(|end| ends.contains(&end.as_str())).then_some((Shown::End(list), rest));
    }
    let word = ends.iter().find(|end| text.starts_with(**end))?;
    Some((Shown::End(vec![(*word).to_owned()]), &text[word.len()..]))
}
