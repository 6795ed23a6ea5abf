//! Whether what varies keeps its width: a number that has had three digits each time will have four one day,
//! and then whatever counted it says something else.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Segment;
use crate::record::framing::is_text;

/// From so many letters on nobody says a word.
const LONG: usize = 8;

/// Whether what varies in a segment always has as many bytes as it had each time.
pub(super) fn is_fixed(segment: &Segment, now: SystemTime) -> bool {
    let first = &segment.values[0];
    if segment.values.iter().any(|value| value.len() != first.len()) {
        return false;
    }
    let all = |is: &dyn Fn(&[u8]) -> bool| segment.values.iter().all(|value| is(value));
    all(&|value| !is_text(value)) || all(&is_token) || all(&is_padded) || all(&|value| is_time(value, now))
}

/// Letters and digits, as in hex or base64.
fn is_token(value: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    value.len() >= LONG && value.iter().all(is_part) && value.iter().any(u8::is_ascii_alphabetic)
}

/// A date or a time in which each number has its zeros.
fn is_padded(value: &[u8]) -> bool {
    let numbers = value.split(|byte| !byte.is_ascii_digit()).filter(|number| !number.is_empty());
    value.contains(&b':') && numbers.clone().count() > 1 && numbers.clone().all(|number| number.len() >= 2)
}

/// A number that counts from 1970, which will have as many digits for a long time.
fn is_time(value: &[u8], now: SystemTime) -> bool {
    let number: Option<u128> = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| u128::from(since.as_secs()));
    let is_near = |unit: u128, number: u128| (number / unit).abs_diff(seconds) < 24 * 3600;
    number.is_some_and(|number| [1, 1000, 1_000_000, 1_000_000_000].into_iter().any(|unit| is_near(unit, number)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_and_words_grow() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        for (expected, values) in [
            (false, ["99", "98"]),
            (false, ["red", "tan"]),
            (false, ["99.5", "98.5"]),
            (false, ["123456", "999999"]),
            (true, ["00ff12ab", "abcdef01"]),
            (true, ["Mon, 23 Nov 2026 06:10:01 GMT", "Mon, 23 Nov 2026 06:10:02 GMT"]),
            (false, ["6:10", "7:10"]),
            (true, ["1795000001", "1795000002"]),
            (true, ["1795000001123", "1795000002123"]),
        ] {
            let values = values.iter().map(|value| value.as_bytes().to_vec()).collect();
            assert_eq!(is_fixed(&Segment { at: 0..1, values, varies: true }, now), expected);
        }
    }
}
