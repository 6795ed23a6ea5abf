//! Lines of text, some of which end with a number: of the bytes that follow the line. Which lines these are
//! is guessed from what was sent, and counts as found only if everything fits it.

use std::ops::Range;

use super::{Atom, Kind, is_text, lines};

/// Longer lines are no heads of anything.
const LONGEST_LINE: usize = 512;
/// So many bytes do not end by chance where something ends.
const BELIEVED: usize = 16;

/// A line that tells a size: what it begins with, each digit as `#`.
type Head = Vec<u8>;

/// The lines that say how many bytes follow them, if all that was sent consists of them, of these bytes and
/// of other lines.
pub(super) fn detect(pieces: &[&[u8]]) -> Option<Vec<Head>> {
    let mut heads: Vec<Head> = Vec::new();
    loop {
        let found = pieces.iter().find_map(|piece| next_head(piece, &heads))?;
        heads.push(found);
        if pieces.iter().all(|piece| is_made_of(piece, &heads)) {
            return Some(heads);
        }
    }
}

/// The first line of a piece that may well be a head, and is none yet.
fn next_head(piece: &[u8], heads: &[Head]) -> Option<Head> {
    let mut at = 0;
    while at < piece.len() {
        let rest = &piece[at..];
        let end = line_len(rest)?;
        let (line, after) = rest.split_at(end);
        let head = head_of(line);
        let size = size_in(line).map(|(_, size)| size);
        match size {
            Some(size) if heads.contains(&head) => at += end + size,
            Some(size) if is_counted(after, size) => return Some(head),
            _ => at += end,
        }
    }
    None
}

/// Whether what follows a line is so long, and no lines that happen to be.
fn is_counted(after: &[u8], size: usize) -> bool {
    let Some(body) = after.get(..size).filter(|_| size > 0) else { return false };
    let rest = &after[size..];
    let is_end = rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n");
    let is_no_line = !body.ends_with(b"\n") && (rest.is_empty() || size >= BELIEVED) || !is_text(body);
    is_end && is_no_line || size >= BELIEVED && (is_end || rest.first().is_some_and(u8::is_ascii_graphic))
}

/// Whether a piece consists of lines, and of what heads count.
fn is_made_of(piece: &[u8], heads: &[Head]) -> bool {
    let mut at = 0;
    while at < piece.len() {
        let rest = &piece[at..];
        // A prompt is not ended.
        let Some(end) = line_len(rest) else { return is_text(rest) };
        match sized(&rest[..end], heads) {
            Some((_, size)) if rest.len() - end < size => return false,
            Some((_, size)) => at += end + size,
            None => at += end,
        }
    }
    true
}

fn line_len(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b'\n', &bytes[..bytes.len().min(LONGEST_LINE)])? + 1;
    is_text(&bytes[..end]).then_some(end)
}

/// What a line begins with: its first word.
fn head_of(line: &[u8]) -> Head {
    let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    word.iter().map(|byte| if byte.is_ascii_digit() { b'#' } else { *byte }).collect()
}

/// The last number of a line, if only marks follow it.
fn size_in(line: &[u8]) -> Option<(Range<usize>, usize)> {
    let end = line.iter().rposition(u8::is_ascii_digit)? + 1;
    let start = line[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |before| before + 1);
    let is_apart = start.checked_sub(1).is_none_or(|before| matches!(line[before], b' ' | b':' | b'=' | b'{' | b'\t'));
    let only_marks = line[end..].iter().all(|byte| byte.is_ascii_whitespace() || byte.is_ascii_punctuation());
    let size = std::str::from_utf8(&line[start..end]).ok()?.parse().ok()?;
    (is_apart && only_marks).then_some((start..end, size))
}

/// What a line says about the size of what follows it, if it is a head.
fn sized(line: &[u8], heads: &[Head]) -> Option<(Range<usize>, usize)> {
    size_in(line).filter(|_| heads.contains(&head_of(line)))
}

/// The length of the first message: a head with what it counts, or a line.
pub(super) fn len(bytes: &[u8], heads: &[Head]) -> Option<usize> {
    let end = memchr::memchr(b'\n', bytes)? + 1;
    match sized(&bytes[..end], heads) {
        Some((_, size)) => end.checked_add(size).filter(|len| *len <= bytes.len()),
        None => lines::len(bytes),
    }
}

/// The head, and what it counts; or lines.
pub(super) fn atoms(message: &[u8], heads: &[Head]) -> Vec<Atom> {
    let end = memchr::memchr(b'\n', message).map_or(message.len(), |end| end + 1);
    match sized(&message[..end], heads) {
        Some((digits, size)) if end + size == message.len() => vec![
            Atom::new(0..end, Kind::Counts { digits, ahead: 1, hex: false }),
            Atom::new(end..message.len(), Kind::Plain),
        ],
        _ => lines::atoms(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(pieces: &[&str]) -> Option<Vec<String>> {
        let pieces: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        Some(detect(&pieces)?.into_iter().map(|head| String::from_utf8(head).unwrap_or_default()).collect())
    }

    #[test]
    fn a_number_that_counts_what_follows_is_found() {
        for (expected, pieces) in [
            (vec!["LEN"], &["LEN 5\nhello", "LEN 2\nab"][..]),
            (vec!["size"], &["ready\n", "size 19\nnothing of it: \u{1}\u{2} x"]),
            (vec!["OK"], &["OK 17\r\na text of letters\r\n", "DELETED\r\n"]),
            (vec!["*"], &["* 1 FETCH (BODY[] {18}\r\na mail, and no end)\r\na1 OK done\r\n"]),
        ] {
            assert_eq!(heads(pieces), Some(expected.into_iter().map(str::to_owned).collect()), "{pieces:?}");
        }
    }

    #[test]
    fn a_number_that_counts_something_else_is_none() {
        for pieces in [
            &["+OK 2 320\r\n"][..],
            &["there are 3\nab\n"],
            &["LEN 5\nhello", "LEN 9\nab"],
            &["250-SIZE 1000\r\n250 OK\r\n"],
            &["a\n"],
        ] {
            assert_eq!(heads(pieces), None, "{pieces:?}");
        }
    }

    #[test]
    fn messages_are_heads_with_what_they_count() {
        let heads = [b"LEN".to_vec()];
        assert_eq!(len(b"LEN 5\nhelloLEN 1\nx", &heads), Some(11));
        assert_eq!(len(b"LEN 5\nhell", &heads), None);
        assert_eq!(len(b"ok 5\nhello", &heads), Some(5));
        let atoms = atoms(b"LEN 5\nhello", &heads);
        assert_eq!(atoms[0].kind, Kind::Counts { digits: 4..5, ahead: 1, hex: false });
        assert_eq!(atoms[1].at, 6..11);
    }
}
