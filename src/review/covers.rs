//! Whether bytes that are known are some that a pattern takes, as far as a trace tells.

use std::fmt::Write as _;

use regex::bytes::{Regex, RegexBuilder};

use crate::trace::shown::Shown;

/// How large an expression may become.
const LIMIT: usize = 1 << 20;
/// How many members that may come in any order are tried in all orders.
const ORDERS: usize = 5;

/// Whether the parts may stand for exactly these bytes.
pub(super) fn covers(parts: &[Shown], bytes: &[u8]) -> bool {
    match parts {
        [Shown::Bytes(own)] => own == bytes,
        parts => expression(parts).is_some_and(|expression| expression.is_match(bytes)),
    }
}

/// What matches all that the parts may stand for; nothing where the trace does not tell.
pub(super) fn expression(parts: &[Shown]) -> Option<Regex> {
    let mut text = "(?s-u)^(?:".to_owned();
    push(&mut text, parts)?;
    text.push_str(")$");
    RegexBuilder::new(&text).size_limit(LIMIT).build().ok()
}

fn push(out: &mut String, parts: &[Shown]) -> Option<()> {
    for part in parts {
        match part {
            Shown::Bytes(bytes) => push_bytes(out, bytes),
            Shown::Named { size, .. } | Shown::Varying { size } => push_any(out, *size),
            Shown::Matched { regex, .. } => {
                // A delimiter that follows is not shown.
                let _ = write!(out, "(?-s:(?u:{}))(?:\\r?\\n)?", regex.replace("\\/", "/"));
            }
            Shown::Wild(count) => push_any(out, Some(*count)),
            Shown::Size { width } => push_any(out, *width),
            Shown::Masked { size, .. } => push_any(out, Some(*size)),
            Shown::Group { word, members } => push_group(out, word, members)?,
            Shown::End(_) => {}
            Shown::Digest { .. } | Shown::Generated { .. } => return None,
        }
    }
    Some(())
}

fn push_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
}

fn push_any(out: &mut String, size: Option<u64>) {
    match size {
        Some(size) => drop(write!(out, ".{{{size}}}")),
        None => out.push_str(".*"),
    }
}

fn push_group(out: &mut String, word: &str, members: &[Vec<Shown>]) -> Option<()> {
    match (word, members) {
        ("one_of", members) => push_each(out, members),
        ("any_order", members) if members.len() <= ORDERS => {
            let orders: Vec<Vec<Shown>> = orders(members.len())
                .into_iter()
                .map(|order| order.into_iter().flat_map(|at| members[at].clone()).collect())
                .collect();
            push_each(out, &orders)
        }
        ("until_last", [last, each]) => {
            out.push_str("(?:");
            push(out, each)?;
            out.push_str(")*(?:");
            push(out, last)?;
            out.push(')');
            Some(())
        }
        _ => None,
    }
}

/// Any of several.
fn push_each(out: &mut String, members: &[Vec<Shown>]) -> Option<()> {
    for (at, member) in members.iter().enumerate() {
        out.push_str(if at == 0 { "(?:" } else { "|" });
        push(out, member)?;
    }
    out.push(')');
    Some(())
}

/// All orders of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, next| {
        let with = |order: &Vec<usize>, at: usize| {
            let mut order = order.clone();
            order.insert(at, next);
            order
        };
        orders.iter().flat_map(|order| (0..=order.len()).map(move |at| with(order, at))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<Shown> {
        vec![Shown::Bytes(text.into())]
    }

    fn matched(regex: &str) -> Vec<Shown> {
        vec![Shown::Matched { regex: regex.to_owned(), size: None }]
    }

    fn group(word: &str, members: Vec<Vec<Shown>>) -> Vec<Shown> {
        vec![Shown::Group { word: word.to_owned(), members }]
    }

    #[test]
    fn a_pattern_takes_what_it_says() {
        let counter = [bytes("ping "), vec![Shown::Named { name: "i".to_owned(), size: None }], bytes("\n")].concat();
        assert!(covers(&counter, b"ping 17\n"));
        assert!(!covers(&counter, b"pong 17\n"));
        assert!(covers(&matched("[0-9]+/x"), b"17/x"));
        assert!(!covers(&matched("[0-9]+"), b"x17"));
        let any = group("any_order", vec![bytes("a"), bytes("b"), bytes("c")]);
        assert!(["abc", "cab", "bca"].iter().all(|text| covers(&any, text.as_bytes())));
        assert!(!covers(&any, b"aab"));
        let last = group("until_last", vec![matched("211 .*\r\n"), matched("211-.*\r\n")]);
        assert!(covers(&last, b"211-a\r\n211-b\r\n211 c\r\n"));
        assert!(!covers(&last, b"211-a\r\n211-b\r\n"));
        assert!(covers(&group("one_of", vec![bytes("A"), bytes("B")]), b"B"));
        assert!(covers(&[Shown::Wild(2), Shown::End(vec!["eof".to_owned()])], b"\xff\0"));
    }

    #[test]
    fn what_is_not_shown_is_not_known() {
        let generated = Shown::Generated { size: 2, how: "fill \"ab\"".to_owned() };
        assert!(!covers(&[generated], b"ab"));
        assert!(!covers(&matched("(("), b"(("));
    }
}
