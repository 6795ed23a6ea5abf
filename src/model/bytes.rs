//! Bytes as people write and read them: escaped text and hex dumps.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// Escapes bytes so that nothing in them is invisible: `\r`, `\n`, `\t`, `\\`, `\"`, `\xNN`.
/// Letters and digits of valid UTF-8 stay as they are.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    escape_into(&mut out, bytes);
    out
}

/// Appends what [`escape`] gives.
pub fn escape_into(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        escape_text(out, chunk.valid());
        push_hex(out, chunk.invalid());
    }
}

fn escape_text(out: &mut String, mut text: &str) {
    while let Some(at) = text.bytes().position(|byte| !is_plain(byte)) {
        let (plain, rest) = text.split_at(at);
        out.push_str(plain);
        let mut chars = rest.chars();
        match chars.next() {
            Some('\r') => out.push_str("\\r"),
            Some('\n') => out.push_str("\\n"),
            Some('\t') => out.push_str("\\t"),
            Some('\\') => out.push_str("\\\\"),
            Some('"') => out.push_str("\\\""),
            Some(c) if is_visible(c) => out.push(c),
            Some(c) => push_hex(out, c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {}
        }
        text = chars.as_str();
    }
    out.push_str(text);
}

/// Whether the byte stands for itself, whatever is around it.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\' && byte != b'"'
}

/// Whether a reader sees the character: a letter or digit that has a column of its own, which
/// marks do not have that combine with the letter before. The fillers of Hangul are letters that
/// are drawn as nothing.
fn is_visible(c: char) -> bool {
    let filler = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    matches!(c, ' '..='~') || (c.is_alphanumeric() && !filler && c.width() != Some(0))
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
}

/// Whether [`escape`] would write more than half of the bytes as `\xNN`, so that a hex dump says
/// more.
pub fn is_mostly_unprintable(bytes: &[u8]) -> bool {
    let shown = |byte: &u8| is_plain(*byte) || matches!(byte, b'\r' | b'\n' | b'\t' | b'\\' | b'"');
    if bytes.iter().all(shown) {
        return false;
    }
    let hidden = |c: char| if c.is_ascii() { !shown(&(c as u8)) } else { !is_visible(c) };
    let unprintable: usize = bytes
        .utf8_chunks()
        .map(|chunk| {
            let valid: usize = chunk.valid().chars().filter(|c| hidden(*c)).map(char::len_utf8).sum();
            valid + chunk.invalid().len()
        })
        .sum();
    unprintable * 2 > bytes.len()
}

/// Bytes as hex digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// Reads what [`escape`] wrote; `None` where an escape is malformed.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        if *byte != b'\\' {
            out.push(*byte);
            rest = tail;
            continue;
        }
        let (escape, tail) = tail.split_first()?;
        rest = tail;
        out.push(match escape {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'"' => b'"',
            b'x' => {
                let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
                rest = &tail[2..];
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(out)
}

/// How many bytes a line of a hex dump has.
pub const DUMP_WIDTH: usize = 16;

/// Appends one line of a hex dump, `de ad be ef                                      |....|`:
/// at most [`DUMP_WIDTH`] bytes in hex, padded to the full width, then the same in ASCII. There
/// are no offsets, so that lines with the same bytes are the same line.
pub fn dump_line_into(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for at in 0..DUMP_WIDTH {
        match bytes.get(at) {
            Some(byte) => {
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
                out.push(' ');
            }
            None => out.push_str("   "),
        }
    }
    out.push_str(" |");
    out.extend(bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }));
    out.push('|');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_in_escaped_text_is_invisible() {
        assert_eq!(escape(b"a\r\n\t\\\"\0\x7f~ "), r#"a\r\n\t\\\"\x00\x7f~ "#);
        assert_eq!(escape("é日 \u{a0}\u{200b}\u{3164}".as_bytes()), r"é日 \xc2\xa0\xe2\x80\x8b\xe3\x85\xa4");
        assert_eq!(escape("\u{7ad}e\u{301}\u{17b4}".as_bytes()), r"\xde\xade\xcc\x81\xe1\x9e\xb4");
        assert_eq!(escape(b"ok\xff\xc3"), r"ok\xff\xc3");
    }

    #[test]
    fn malformed_escapes_are_refused() {
        for text in ["\\", "\\q", "\\x", "\\x1", "\\x+1", "\\xé"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }

    #[test]
    fn half_is_not_mostly() {
        assert!(!is_mostly_unprintable(b""));
        assert!(!is_mostly_unprintable(b"\0a"));
        assert!(is_mostly_unprintable(b"\0\0a"));
        assert!(!is_mostly_unprintable("日本\r\n".as_bytes()));
        assert!(is_mostly_unprintable(b"\xff"));
    }

    #[test]
    fn a_dump_has_hex_and_ascii() {
        let mut out = String::new();
        dump_line_into(&mut out, b"\xde\xadok|");
        assert_eq!(out, format!("de ad 6f 6b 7c {}|..ok||", " ".repeat(34)));
        out.clear();
        dump_line_into(&mut out, b"0123456789abcdef");
        assert_eq!(out, "30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|");
    }

    proptest! {
        #[test]
        fn escaping_round_trips(bytes: Vec<u8>) {
            let text = escape(&bytes);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(unescape(&text), Some(bytes));
        }

        #[test]
        fn text_round_trips(text: String) {
            prop_assert_eq!(unescape(&escape(text.as_bytes())), Some(text.into_bytes()));
        }
    }
}
