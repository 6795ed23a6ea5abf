//! Bytes in a sentence, shortened where they are long.

use super::{any_of, counted, end_word};
use crate::model::bytes::{escape, is_mostly_unprintable};
use crate::trace::shown::{Shown, total_size};

/// How many characters of bytes stand in a sentence.
pub(super) const LENGTH: usize = 44;
/// How many bytes that are not text stand in a sentence.
const BYTES: usize = 8;

/// All parts, shortened.
pub(in super::super) fn shown(parts: &[Shown]) -> String {
    match parts {
        [] => "nothing".to_owned(),
        [Shown::Varying { .. }] => "any bytes".to_owned(),
        [one] => part(one),
        parts => {
            let listed: Vec<String> = parts.iter().map(part).collect();
            if listed.join(" ").chars().count() <= 2 * LENGTH {
                return listed.join(" ");
            }
            // Whole parts only: half of one would be read as something else.
            let mut fitting = Vec::new();
            let mut length = 0;
            for part in &listed {
                length += part.chars().count() + 1;
                if length > LENGTH && !fitting.is_empty() {
                    break;
                }
                fitting.push(part.as_str());
            }
            let size = total_size(parts).map_or_else(String::new, |size| format!(" ({})", counted(size, "byte")));
            format!("{} …{size}", fitting.join(" "))
        }
    }
}

/// Bytes in quotes; of many the first, and how many.
pub(in super::super) fn text(bytes: &[u8]) -> String {
    if is_mostly_unprintable(bytes) {
        let hex: Vec<String> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        return match bytes.len() {
            0..=BYTES => format!("`{}`", hex.join(" ")),
            len => format!("`{} …` ({})", hex.join(" "), counted(len as u64, "byte")),
        };
    }
    let escaped = escape(bytes);
    if escaped.chars().count() <= LENGTH {
        return format!("\"{escaped}\"");
    }
    format!("\"{}\" ({})", cut(&escaped, LENGTH - 8), counted(bytes.len() as u64, "byte"))
}

/// One part, as a trace writes it, shortened.
pub(in super::super) fn part(part: &Shown) -> String {
    match part {
        Shown::Bytes(bytes) => text(bytes),
        Shown::Digest { size, head, .. } => {
            format!("{} beginning with \"{}\"", counted(*size, "byte"), cut(&escape(head), LENGTH))
        }
        Shown::Generated { size, how } => format!("{} ({how})", counted(*size, "byte")),
        Shown::Named { name, .. } => format!("<{name}>"),
        Shown::Matched { regex, .. } => format!("~/{}/", cut(regex, LENGTH)),
        Shown::Varying { .. } => "~".to_owned(),
        Shown::Wild(1) => "..".to_owned(),
        Shown::Wild(count) => format!("..{{{count}}}"),
        Shown::Size { .. } => "<size>".to_owned(),
        Shown::Masked { text, .. } => text.clone(),
        Shown::Group { word, members } => group(word, members),
        Shown::End(ends) => {
            let ends: Vec<&str> = ends.iter().map(|end| end_word(end)).collect();
            format!("and then {}", any_of(&ends))
        }
    }
}

/// What is taken of several patterns: any of them, all of them, or the one until the other.
fn group(word: &str, members: &[Vec<Shown>]) -> String {
    let members: Vec<String> = members.iter().map(|member| shown(member)).collect();
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    match (word, names.as_slice()) {
        ("one_of", names) => any_of(names),
        ("any_order", names) => format!("{} in any order", super::all_of(names)),
        ("until_last", [last, each]) if *each == "any bytes" => format!("all up to {last}"),
        ("until_last", [last, each]) => format!("{each} again and again, up to {last}"),
        _ => format!("{word} [{}]", names.join(", ")),
    }
}

/// The first characters of a text. Half an escape would be read as something else.
pub(in super::super) fn cut(text: &str, length: usize) -> String {
    let Some((limit, _)) = text.char_indices().nth(length) else { return text.to_owned() };
    let mut at = 0;
    while at < limit {
        let rest = &text[at..];
        let token = match rest.strip_prefix('\\').map(|escaped| escaped.chars().next()) {
            Some(Some('x')) => 4,
            Some(Some(c)) => 1 + c.len_utf8(),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        if at + token > limit {
            break;
        }
        at += token;
    }
    format!("{}…", &text[..at])
}

/// Two texts that differ, each shortened to what differs and what stands round it.
pub(in super::super) fn around(old: &str, new: &str, length: usize) -> (String, String) {
    let fits = |text: &str| text.chars().count() <= length;
    let same = old.chars().zip(new.chars()).take_while(|(one, other)| one == other).count();
    if (fits(old) && fits(new)) || same < length / 2 {
        return (cut(old, length), cut(new, length));
    }
    // From the beginning of a word on, where one begins soon before what differs.
    let before: Vec<char> = new.chars().take(same).collect();
    let window = same.saturating_sub(length / 3);
    let start =
        before[window..].iter().position(|c| *c == ' ').map_or(same.saturating_sub(length / 4), |at| window + at + 1);
    let from = |text: &str| cut(&format!("…{}", text.chars().skip(start).collect::<String>()), length);
    (from(old), from(new))
}
