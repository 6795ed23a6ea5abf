//! What in bytes people read as text, what is better counted, and what is hex.
//!
//! A message is text or hex, and seldom both: a few letters among binary fields are read in the legend beside
//! the digits. Only what is long enough to be a sentence, or a line, stands apart.

use std::ops::Range;

use crate::record::framing::is_text;

/// From so many times the same byte on nobody counts them.
const MANY: usize = 64;
/// A text of this length is no accident, wherever it stands.
const SENTENCE: usize = 12;
/// One of this length is none at the beginning or the end, or where it is the most.
const WORD: usize = 6;
/// And one of this length is none where a line ends with it, or where it is letters alone that are the most.
const LINE: usize = 4;

/// How a run of bytes is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As a text.
    Text,
    /// In hex digits.
    Hex,
    /// As so many first bytes of it, over and over.
    Fill(usize),
}

/// Whether all of it is hex.
pub(super) fn is_hex(bytes: &[u8]) -> bool {
    !bytes.is_empty() && runs(bytes).iter().all(|(kind, _)| *kind == Kind::Hex)
}

/// Bytes as runs, one after the other.
pub(super) fn runs(bytes: &[u8]) -> Vec<(Kind, Range<usize>)> {
    if let Some(pattern) = filling(bytes).filter(|_| bytes.len() >= MANY * 2) {
        return vec![(Kind::Fill(pattern.len()), 0..bytes.len())];
    }
    let whole_is_text = is_text(bytes) || is_nearly_text(bytes);
    let mut all = Vec::new();
    let mut from = 0;
    let mut at = 0;
    for same in bytes.chunk_by(|one, other| one == other) {
        if same.len() >= MANY && same[0].is_ascii() {
            add(bytes, from..at, whole_is_text, &mut all);
            all.push((Kind::Fill(1), at..at + same.len()));
            from = at + same.len();
        }
        at += same.len();
    }
    add(bytes, from..at, whole_is_text, &mut all);
    all
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

/// Whether it is text but for few control characters, which separate its fields.
fn is_nearly_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t' | '\u{1b}')).count();
    text.starts_with(|first: char| !first.is_control()) && odd * 6 <= bytes.len()
}

fn add(bytes: &[u8], range: Range<usize>, is_text: bool, all: &mut Vec<(Kind, Range<usize>)>) {
    if range.is_empty() {
        return;
    }
    if is_text {
        return all.push((Kind::Text, range));
    }
    let part = &bytes[range.clone()];
    let mut from = 0;
    for text in texts(part).into_iter().filter(|text| is_readable(part, text)) {
        if from < text.start {
            all.push((Kind::Hex, range.start + from..range.start + text.start));
        }
        from = text.end;
        all.push((Kind::Text, range.start + text.start..range.start + text.end));
    }
    if from < part.len() {
        all.push((Kind::Hex, range.start + from..range.end));
    }
}

fn is_readable(bytes: &[u8], text: &Range<usize>) -> bool {
    let len = text.len();
    let is_at_end = text.start == 0 || text.end == bytes.len();
    let is_word = || bytes[text.clone()].iter().all(u8::is_ascii_alphabetic);
    len >= SENTENCE
        || len >= LINE && is_at_end && len * 2 >= bytes.len() && is_word()
        || len >= WORD && (is_at_end || len * 2 >= bytes.len())
        || len >= LINE && bytes[text.clone()].ends_with(b"\n")
}

/// Where there is text, however short: letters, and what ends a line or a string behind them.
fn texts(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut texts: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            let before = texts.last().filter(|text| text.end == at).map_or(0, Range::len);
            let is_text = match c {
                '\r' => before > 0 && chars.peek() == Some(&'\n'),
                '\n' | '\t' => before > 0,
                '\0' => before >= LINE && bytes[at - 1] != 0,
                c if c.is_ascii() => !c.is_control(),
                c => c.is_alphanumeric(),
            };
            let end = at + c.len_utf8();
            match texts.last_mut().filter(|text| text.end == at) {
                Some(text) if is_text => text.end = end,
                _ if is_text => texts.push(at..end),
                _ => {}
            }
            at = end;
        }
        at += chunk.invalid().len();
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text as it is, hex as its digits, what is repeated as its number.
    fn shown(bytes: &[u8]) -> String {
        let one = |(kind, at): (Kind, Range<usize>)| match kind {
            Kind::Text => format!("{:?}", String::from_utf8_lossy(&bytes[at])),
            Kind::Hex => crate::model::bytes::hex(&bytes[at]),
            Kind::Fill(len) => format!("{:?}*{}", String::from_utf8_lossy(&bytes[at.start..at.start + len]), at.len()),
        };
        runs(bytes).into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn text_is_text() {
        for text in ["a", "PING\r\n", "日本\r\n", "\u{1b}[31mred", "8=FIX.4.2\u{1}9=65\u{1}35=A\u{1}", "«»\t"] {
            assert_eq!(shown(text.as_bytes()), format!("{text:?}"));
        }
    }

    #[test]
    fn a_few_letters_among_binary_fields_stay_among_them() {
        // MQTT, DNS, and two bytes that happen to be letters.
        for bytes in [
            &b"1\n\0\x03a/bhi\xe0\0"[..],
            b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01",
            b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02ab",
            b"\0\0ab",
            b"abc\0",
            b"\xff\xfb\x18",
        ] {
            assert_eq!(shown(bytes), crate::model::bytes::hex(bytes));
        }
        assert!(is_hex(b"\0\x01") && !is_hex(b"ab") && !is_hex(b""));
    }

    #[test]
    fn what_is_readable_stands_apart() {
        assert_eq!(shown(b"\xff\xfd\x18\xff\xfb\x01\xff\xfb\x03Welcome\r\n"), "fffd18fffb01fffb03 \"Welcome\\r\\n\"");
        assert_eq!(shown(b"\0\0\0\x05hello"), "00000005 \"hello\"");
        assert_eq!(shown(b"\xff\xfb\x18joe\r\n"), "fffb18 \"joe\\r\\n\"");
        assert_eq!(shown(b"Q\0\0\0\rSELECT 1;\0"), "510000000d \"SELECT 1;\\0\"");
        assert_eq!(shown(b"1\n\0\x03a/bhello\xe0\0"), "310a0003 \"a/bhello\" e000");
    }

    #[test]
    fn what_repeats_itself_is_counted() {
        assert_eq!(shown(&[&b"a "[..], &[b'x'; 1400], b"\n"].concat()), "\"a \" \"x\"*1400 \"\\n\"");
        assert_eq!(shown(&b"ab\n".repeat(100)), "\"ab\\n\"*300");
        assert_eq!(shown(&[&[0; 100][..], b"\x01"].concat()), "\"\\0\"*100 01");
        assert!(is_hex(&[0xff; 100]), "it is no text, so `fill` cannot have it");
        assert_eq!(filling(&b"ab".repeat(100)), Some(&b"ab"[..]));
        assert_eq!(filling(&[b"a".repeat(9), b"b".to_vec()].concat()), None);
        assert_eq!(filling(b"abc"), None);
    }

    #[test]
    fn all_bytes_are_in_a_run() {
        for seed in 0..2000_u32 {
            let mut number = seed.wrapping_mul(2_654_435_761);
            let bytes: Vec<u8> = (0..seed % 60)
                .map(|_| {
                    number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b"\0\0ab\xc3\xa9\r\n\xff\x01 cdefgh"[(number >> 24) as usize % 17]
                })
                .collect();
            let runs = runs(&bytes);
            let ends: Vec<usize> = runs.iter().map(|(_, at)| at.end).collect();
            let starts: Vec<usize> = runs.iter().map(|(_, at)| at.start).collect();
            assert!(starts.iter().skip(1).eq(ends.iter().take(ends.len().saturating_sub(1))), "{bytes:?}");
            assert_eq!(ends.last().copied().unwrap_or(0), bytes.len());
            let texts = runs.iter().filter(|(kind, _)| *kind == Kind::Text);
            assert!(texts.clone().all(|(_, at)| std::str::from_utf8(&bytes[at.clone()]).is_ok()), "{bytes:?}");
        }
    }
}
