//! What YAML makes of a text without quotes.

use super::size::parse_number;

/// What some reader of YAML 1.1 or 1.2 takes a plain scalar for, where that is not a text. (YAML
/// 1.1 has `y` and `n` as booleans too, but its readers never had.)
pub fn of(text: &str) -> Option<&'static str> {
    match text.as_bytes() {
        // Most texts begin with a letter that no such word begins with.
        [b'a'..=b'e' | b'g'..=b'm' | b'p'..=b's' | b'u'..=b'x' | b'z', ..] => None,
        _ => word(text).or_else(|| number(text)),
    }
}

fn word(text: &str) -> Option<&'static str> {
    if text.len() > 5 {
        return None;
    }
    match text.to_ascii_lowercase().as_str() {
        "" | "~" | "null" => Some("null"),
        "yes" | "no" | "on" | "off" | "true" | "false" => Some("a boolean"),
        ".inf" | "+.inf" | "-.inf" | ".nan" => Some("a number"),
        _ => None,
    }
}

fn number(text: &str) -> Option<&'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.strip_prefix('.').unwrap_or(digits).starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_date(text) {
        return Some("a date");
    }
    if is_sexagesimal(digits) {
        return Some("a time");
    }
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    let radix = [("0o", 8), ("0b", 2), ("0x", 16)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((plain.strip_prefix(prefix)?, radix)));
    let is_number = match radix {
        Some((digits, radix)) => !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)),
        None => parse_number(&plain).is_some() || is_float(&plain),
    };
    is_number.then_some("a number")
}

/// A decimal number in any notation. (Rust's own grammar has `inf` and `nan` too.)
fn is_float(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) && text.parse::<f64>().is_ok()
}

/// `2024-01-31`, with or without a time after it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let day_end = day.find(|c: char| !c.is_ascii_digit()).unwrap_or(day.len());
    year.len() == 4
        && digits(year)
        && (1..=2).contains(&month.len())
        && digits(month)
        && (1..=2).contains(&day_end)
        && matches!(day.as_bytes().get(day_end), None | Some(b'T' | b't' | b' '))
}

/// `12:30` and `190:20:30`, numbers to the base 60 in YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(':') else { return false };
    !first.is_empty()
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && rest.split(':').all(|part| {
            (1..=2).contains(&part.split('.').next().unwrap_or_default().len())
                && part.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_is_no_text_to_yaml() {
        for (text, what) in [
            ("42", "a number"),
            ("-1", "a number"),
            ("+1", "a number"),
            ("0x1f", "a number"),
            ("0o17", "a number"),
            ("007", "a number"),
            ("1_000", "a number"),
            ("1.10", "a number"),
            ("1e3", "a number"),
            (".5", "a number"),
            (".inf", "a number"),
            ("12:30", "a time"),
            ("190:20:30", "a time"),
            ("2024-01-31", "a date"),
            ("2024-01-31T12:00:00Z", "a date"),
            ("no", "a boolean"),
            ("On", "a boolean"),
            ("TRUE", "a boolean"),
            ("~", "null"),
            ("null", "null"),
            ("", "null"),
        ] {
            assert_eq!(of(text), Some(what), "{text}");
        }
    }

    #[test]
    fn what_is_a_text_to_yaml() {
        for text in [
            "y",
            "n",
            "tcp",
            "127.0.0.1",
            "64KiB",
            "200ms",
            "::1",
            "1-2",
            "nope",
            "truely",
            "12:30 pm",
            "-",
            "a1",
            "1.2.3",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
