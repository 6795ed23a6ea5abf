//! What all the values of a place have in common: digits, a word, the shape of a date.

use std::fmt::Write as _;

/// A class of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::record) enum Class {
    /// Those that this expression matches.
    Matching(String),
    /// Any bytes.
    Any,
}

impl Class {
    /// The class of these values.
    pub(super) fn of(values: &[Vec<u8>]) -> Self {
        let texts: Option<Vec<&str>> = values.iter().map(|value| std::str::from_utf8(value).ok()).collect();
        let Some(texts) = texts.filter(|texts| texts.iter().all(|text| !text.chars().any(char::is_control))) else {
            return Self::Any;
        };
        let all = |is: fn(&str) -> bool| texts.iter().all(|text| is(text));
        let repeat = if texts.iter().any(|text| text.is_empty()) { '*' } else { '+' };
        let expression = match () {
            () if all(is_digits) => format!(r"\d{repeat}"),
            () if all(is_signed) => r"-?\d+".to_owned(),
            () if all(is_decimal) => r"[\d.]+".to_owned(),
            () if all(|text| is_hex(text, char::is_lowercase)) && is_long(&texts) => format!("[0-9a-f]{repeat}"),
            () if all(|text| is_hex(text, char::is_uppercase)) && is_long(&texts) => format!("[0-9A-F]{repeat}"),
            () if is_base64(&texts) => format!("{}{repeat}", alphabet(&texts)),
            () if all(is_word) => format!(r"\w{repeat}"),
            () if let Some(shape) = shape_of_all(&texts) => shape,
            () if all(|text| text.chars().all(|letter| is_word_letter(letter) || letter == '-')) => {
                format!(r"[\w-]{repeat}")
            }
            () if all(|text| text.chars().all(is_of_base64)) => format!(r"[\w+/=-]{repeat}"),
            () => format!(".{repeat}"),
        };
        Self::Matching(expression)
    }

    /// The expression, where there is one.
    pub(in crate::record) fn expression(&self) -> Option<&str> {
        match self {
            Self::Matching(expression) => Some(expression),
            Self::Any => None,
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_digit())
}

fn is_signed(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && is_digits(digits)
}

fn is_decimal(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}

fn is_hex(text: &str, has_case: fn(char) -> bool) -> bool {
    text.chars().all(|letter| letter.is_ascii_digit() || letter.is_ascii_hexdigit() && has_case(letter))
}

/// A short word of the letters a to f is a word.
fn is_long(texts: &[&str]) -> bool {
    texts.iter().all(|text| text.len() >= 6)
        && texts.iter().any(|text| text.contains(|letter: char| letter.is_ascii_digit()))
}

fn is_word(text: &str) -> bool {
    text.chars().all(is_word_letter)
}

/// Whether these are random bytes in letters, small ones, capitals and digits, of one of the two alphabets of
/// base64 (RFC 4648 sections 4 and 5): any of the others may come. Where all have the same shape, that is
/// what they are.
fn is_base64(texts: &[&str]) -> bool {
    const SHORTEST: usize = 8;
    let has = |is: fn(&char) -> bool| texts.iter().any(|text| text.chars().any(|letter| is(&letter)));
    let is_long = texts.iter().all(|text| text.len() >= SHORTEST && text.chars().all(is_of_base64));
    let has_marks = has(|letter| !letter.is_ascii_alphanumeric());
    let is_random = has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    is_long && is_random && !(has_marks && shape_of_all(texts).is_some_and(|shape| shape.contains('-')))
}

/// The alphabet of base64 that texts are in, or both, where nothing tells.
fn alphabet(texts: &[&str]) -> &'static str {
    let has = |marks: &[char]| texts.iter().any(|text| text.contains(marks));
    let is_whole = texts.iter().all(|text| text.len().is_multiple_of(4));
    match () {
        () if has(&['-', '_']) => r"[\w-]",
        () if has(&['+', '/', '=']) || is_whole => r"[\w+/=-]",
        () => r"[\w-]",
    }
}

fn is_of_base64(letter: char) -> bool {
    is_word_letter(letter) || matches!(letter, '+' | '/' | '=' | '-')
}

fn is_word_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The shape that all have, if it is one: runs of digits and of letters, and the marks between them.
fn shape_of_all(texts: &[&str]) -> Option<String> {
    let shape = shape(texts[0]);
    texts[1..].iter().all(|text| self::shape(text) == shape).then_some(shape)
}

fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = if first.is_ascii_digit() {
            rest.find(|letter: char| !letter.is_ascii_digit())
        } else if is_word_letter(first) {
            rest.find(|letter: char| !is_word_letter(letter))
        } else {
            Some(first.len_utf8())
        };
        let (run, after) = rest.split_at(run.unwrap_or(rest.len()));
        match first {
            _ if first.is_ascii_digit() && !after.starts_with(is_word_letter) => shape.push_str(r"\d+"),
            _ if is_word_letter(first) => {
                // `1xVAOu` is a word, whatever it begins with.
                let word = rest.find(|letter: char| !is_word_letter(letter)).unwrap_or(rest.len());
                shape.push_str(if matches!(&rest[..word], "GMT" | "UTC") { &rest[..word] } else { r"\w+" });
                rest = &rest[word..];
                continue;
            }
            // Two blanks where a day has one digit only are one blank where it has two.
            ' ' => shape.push_str(if after.starts_with(' ') || run.len() > 1 { " +" } else { " " }),
            _ => escape(&mut shape, run),
        }
        rest = if first == ' ' { after.trim_start_matches(' ') } else { after };
    }
    shape
}

fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        if letter.is_ascii_punctuation() && r"\.+*?()|[]{}^$".contains(letter) {
            let _ = write!(out, r"\{letter}");
        } else {
            out.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_as_narrow_as_it_can_be() {
        for (expected, values) in [
            (r"\d+", &["1", "20"][..]),
            (r"\d*", &["1", ""]),
            (r"-?\d+", &["-1", "2"]),
            (r"[\d.]+", &["1.5", "2"]),
            ("[0-9a-f]+", &["00ff12", "abcdef"]),
            (r"\w+", &["anna", "ben7"]),
            (r"\w+, \d+ \w+ \d+ \d+:\d+:\d+ GMT", &["Mon, 23 Nov 2026 06:10:01 GMT"]),
            (r"\w+ \w+ +\d+ \d+:\d+", &["Mon Nov  3 06:10", "Mon Nov  4 06:10"]),
            (r"\w+-\w+-\w+", &["1xVAOu-0001Kp-0q", "1xVAOx-0001Ks-0q"]),
            (r"[\w+/=-]+", &["a+b/c=", "d"]),
            (".+", &["a b", "d"]),
            (r"[\w-]+", &["gJ15StuSwNlX6tCIvP", "Pq8sT2vW4xY6zA1bC3"]),
            (r"[\w-]+", &["gJ15StuS-NlX6tCIvPaa", "Pq8sT2vW4xY6zA1b_3aa"]),
            (r"[\w+/=-]+", &["gJ15StuSwNlX6tCI", "Pq8sT2vW4xY6zA1b"]),
        ] {
            let values: Vec<Vec<u8>> = values.iter().map(|value| value.as_bytes().to_vec()).collect();
            assert_eq!(Class::of(&values), Class::Matching(expected.to_owned()), "{values:?}");
            let regex = regex::bytes::Regex::new(&format!("^(?:{expected})$"));
            assert!(values.iter().all(|value| regex.as_ref().is_ok_and(|regex| regex.is_match(value))), "{expected}");
        }
        assert_eq!(Class::of(&[vec![0xff]]), Class::Any);
        assert_eq!(Class::of(&[b"a\nb".to_vec()]), Class::Any);
    }
}
