//! Lines of text.

use super::{Atom, Kind};

/// Whether a stream is text in lines. The last one may lack its end: a prompt.
pub(super) fn fits(stream: &[u8]) -> bool {
    stream.contains(&b'\n') && is_text(stream)
}

/// Whether bytes are text: UTF-8 without control characters that no text has.
pub(in crate::record) fn is_text(bytes: &[u8]) -> bool {
    let odd = |byte: &u8| *byte < b' ' && !matches!(byte, b'\r' | b'\n' | b'\t' | 0x1b) || *byte == 0x7f;
    std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(odd)
}

/// The length of the first line. A reply of several lines as FTP and SMTP have it, `250-…` up to `250 …`,
/// is one message.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    let end = line(bytes)?;
    let Some(code) = code_that_goes_on(&bytes[..end]) else { return Some(end) };
    let mut at = end;
    loop {
        let next = &bytes[at..];
        at += line(next)?;
        if next.starts_with(code) && next.get(3) == Some(&b' ') {
            return Some(at);
        }
    }
}

fn line(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes).map(|at| at + 1)
}

/// The code of a line of a reply that has more lines: three digits and a hyphen.
fn code_that_goes_on(line: &[u8]) -> Option<&[u8]> {
    let code = line.get(..3)?;
    (code.iter().all(u8::is_ascii_digit) && line.get(3) == Some(&b'-')).then_some(code)
}

/// The code that a reply begins with: three digits, the first of which says of what kind it is.
pub(super) fn status(line: &[u8]) -> Option<&[u8]> {
    let code = line.get(..3)?;
    let is_code = matches!(code[0], b'1'..=b'5') && code.iter().all(u8::is_ascii_digit);
    let is_alone = line.get(3).is_none_or(|next| matches!(next, b' ' | b'-' | b'\r' | b'\n'));
    // A reply has words after it; a number alone, or before one, counts something.
    let has_words = line.get(4).is_some_and(u8::is_ascii_alphabetic);
    (is_code && is_alone && has_words).then_some(code)
}

/// A line each.
pub(super) fn atoms(message: &[u8]) -> Vec<Atom> {
    let mut start = 0;
    let mut atoms = Vec::new();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        atoms.push(Atom::new(start..start + line.len(), Kind::Plain));
        start += line.len();
    }
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_several_lines_is_one_message() {
        assert_eq!(len(b"220 ready\r\nx"), Some(11));
        assert_eq!(len(b"250-a\r\n250-b\r\n250 c\r\n331 d\r\n"), Some(21));
        assert_eq!(len(b"211-Features:\r\n PASV\r\n211 End\r\n"), Some(31));
        assert_eq!(len(b"250-a\r\n250-b\r\n"), None);
        assert_eq!(len(b"login: "), None);
    }

    #[test]
    fn text_has_no_odd_control_characters() {
        assert!(fits(b"a\r\n\tb\n") && fits("é\n".as_bytes()));
        assert!(!fits(b"a") && !fits(b"\0\n") && !fits(b"\xff\n"));
    }
}
