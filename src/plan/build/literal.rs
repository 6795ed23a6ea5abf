//! Bytes that a spec writes out: hex, Base64, files.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::diagnostic::Diagnostic;
use crate::source;
use crate::spec::ast::Scalar;

use super::Builder;

/// How many bytes `..{N}` may stand for.
const MOST_WILD: usize = 16 << 20;

/// How many bytes a file may have that is a payload: it is kept in memory.
const MOST_IN_FILE: u64 = 64 << 20;

impl Builder<'_> {
    /// Hex digits; `..` is any byte where the pattern allows it.
    pub(super) fn hex(&mut self, scalar: &Scalar, wild: bool) -> Option<Vec<Option<u8>>> {
        let scalar = &without_variables_in_comments(scalar);
        let word = self.word(scalar)?;
        let (at, length, message, help) = match Hex::read(&word.text, wild) {
            Ok(bytes) => return Some(bytes),
            Err(mistake) => mistake,
        };
        let span = self.place_in(scalar, at, length);
        self.report(Diagnostic::error("bad-hex", span, message).help(help));
        None
    }

    /// Base64, with white space anywhere in it, padded or not.
    pub(super) fn base64(&mut self, scalar: &Scalar) -> Option<Vec<u8>> {
        let word = self.word(scalar)?;
        let foreign = |c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c) && !c.is_ascii_whitespace();
        if let Some((at, found)) = word.text.char_indices().find(|(_, c)| foreign(*c)) {
            let span = self.place_in(scalar, at, found.len_utf8());
            self.report(
                Diagnostic::error("bad-base64", span, format!("`{found}` is not a Base64 character"))
                    .help("the alphabet is A-Z, a-z, 0-9, `+` and `/`, with `=` at the end"),
            );
            return None;
        }
        let text: String = word.text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let decoded = GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(text.as_bytes());
        if decoded.is_err() {
            self.report(
                Diagnostic::error("bad-base64", scalar.span, format!("`{text}` is no Base64 of whole bytes"))
                    .help("four characters stand for three bytes; `=` can only fill up the last four"),
            );
        }
        decoded.ok()
    }

    /// A file's name and contents.
    pub(super) fn file(&mut self, scalar: &Scalar) -> Option<(String, Arc<[u8]>)> {
        let word = self.word(scalar)?;
        let path = self.folder.join(word.text.as_ref());
        match source::bytes(&path, MOST_IN_FILE) {
            Ok((bytes, size)) if size <= MOST_IN_FILE => Some((word.shown().to_owned(), bytes.into())),
            Ok((_, size)) => {
                let message =
                    format!("the file `{}` has {size} bytes, and a payload at most {MOST_IN_FILE}", word.text);
                self.report(
                    Diagnostic::error("file-too-long", scalar.span, message)
                        .help("what is generated takes no memory: `{fill: \"ab\", size: 1GiB}`, `{random: 1GiB}`"),
                );
                None
            }
            Err(error) => {
                let message = format!("the file `{}` cannot be read: {}", word.text, reason(&error));
                let of = if self.scope.outside.is_of_spec() { "the spec" } else { "the file that names it" };
                self.report(
                    Diagnostic::error("unreadable-file", scalar.span, message)
                        .help(format!("a file is relative to {of}; this one would be {}", path.display())),
                );
                None
            }
        }
    }
}

fn reason(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is none",
        std::io::ErrorKind::PermissionDenied => "permission denied",
        std::io::ErrorKind::IsADirectory => "it is a folder",
        _ => "it is not a readable file",
    }
}

/// Hex whose comments say nothing of variables: a legend may show any character that the bytes are.
fn without_variables_in_comments(hex: &Scalar) -> Cow<'_, Scalar> {
    if !(hex.text.contains('#') && hex.text.contains("${")) {
        return Cow::Borrowed(hex);
    }
    let escaped = |line: &str| match line.split_once('#') {
        Some((digits, comment)) => format!("{digits}#{}", comment.replace("${", "$${")),
        None => line.to_owned(),
    };
    let text = hex.text.split_inclusive('\n').map(escaped).collect();
    Cow::Owned(Scalar { text, ..hex.clone() })
}

/// Reads hex with comments and wildcards.
struct Hex<'t> {
    text: &'t str,
    at: usize,
    bytes: Vec<Option<u8>>,
    /// The first digit of a byte, with its place.
    half: Option<(usize, u8)>,
}

/// Where, how long, what is wrong, what to write.
type Mistake = (usize, usize, String, String);

impl<'t> Hex<'t> {
    fn read(text: &'t str, wild: bool) -> Result<Vec<Option<u8>>, Mistake> {
        let mut hex = Self { text, at: 0, bytes: Vec::with_capacity(text.len() / 2), half: None };
        while let Some(c) = text[hex.at..].chars().next() {
            match c {
                '#' => hex.at += text[hex.at..].find('\n').unwrap_or(text.len() - hex.at),
                '.' => hex.wildcard(wild)?,
                c if c.is_whitespace() => hex.at += c.len_utf8(),
                c => hex.digit(c)?,
            }
        }
        hex.whole_byte()?;
        Ok(hex.bytes)
    }

    fn digit(&mut self, c: char) -> Result<(), Mistake> {
        let Some(digit) = c.to_digit(16) else {
            let help =
                if matches!(c, 'x' | 'X') { "write the digits without `0x`" } else { "write pairs of 0-9 and a-f" };
            return Err((self.at, c.len_utf8(), format!("`{c}` is not a hex digit"), help.to_owned()));
        };
        match self.half.take() {
            None => self.half = Some((self.at, digit as u8)),
            Some((_, high)) => self.bytes.push(Some(high << 4 | digit as u8)),
        }
        self.at += 1;
        Ok(())
    }

    fn whole_byte(&self) -> Result<(), Mistake> {
        match self.half {
            None => Ok(()),
            Some((at, _)) => Err((
                at,
                1,
                format!("the byte of `{}` lacks its second digit", &self.text[at..=at]),
                "a byte has two hex digits".to_owned(),
            )),
        }
    }

    fn wildcard(&mut self, wild: bool) -> Result<(), Mistake> {
        self.whole_byte()?;
        let at = self.at;
        let rest = &self.text[at..];
        if !rest.starts_with("..") {
            return Err((at, 1, "a single `.` is nothing".to_owned(), "write `..` for any byte".to_owned()));
        }
        if !wild {
            let message = "`..` is any byte, which only a pattern can say".to_owned();
            return Err((at, 2, message, "write the byte that is to be sent".to_owned()));
        }
        let Some(braced) = rest[2..].strip_prefix('{') else {
            self.bytes.push(None);
            self.at += 2;
            return Ok(());
        };
        let bad = |length: usize| {
            (at, length, "the count of `..{N}` is not a number of bytes".to_owned(), "write it as `..{4}`".to_owned())
        };
        let end = braced.find('}').ok_or_else(|| bad(3))?;
        let count: usize = braced[..end].trim().parse().map_err(|_| bad(end + 4))?;
        if count == 0 || count > MOST_WILD {
            return Err(bad(end + 4));
        }
        self.bytes.resize(self.bytes.len() + count, None);
        self.at += end + 4;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hex_ignores_blanks_and_comments() {
        let text = "de ad # the head\nbe\tef # the rest";
        assert_eq!(Hex::read(text, false).unwrap(), [0xde, 0xad, 0xbe, 0xef].map(Some));
        assert_eq!(Hex::read("DEAD", false).unwrap(), [0xde, 0xad].map(Some));
        assert_eq!(Hex::read("", false).unwrap(), []);
    }

    #[test]
    fn wildcards_stand_in_patterns_only() {
        let expected = [Some(0x12), None, None, None, Some(0x80)];
        assert_eq!(Hex::read("12 .. ..{2} 80", true).unwrap(), expected);
        let (at, length, ..) = Hex::read("12 .. 80", false).unwrap_err();
        assert_eq!((at, length), (3, 2));
    }

    #[test]
    fn mistakes_in_hex_are_found_at_their_digit() {
        for (text, at) in [("12 3g", 4), ("12 3", 3), ("0x12", 1), ("12 . 13", 3), ("1 .. 2", 0), ("..{x}", 0)] {
            assert_eq!(Hex::read(text, true).unwrap_err().0, at, "{text}");
        }
    }
}
