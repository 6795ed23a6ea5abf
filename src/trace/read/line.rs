//! Reads the lines of an event: who, what, and what is below.

use super::super::event::{Event, Segment, What};
use super::super::record::{Open, Unread};
use super::super::shown::Shown;
use super::super::text::{COLUMN, STEP};
use super::{indent_of, parts, suffix};

/// The words that an event's line may begin with, after the endpoint's name.
const WORDS: [&str; 24] = [
    "socket",
    "bind",
    "listen",
    "accept",
    "connect",
    "disconnect",
    "pair",
    "dup",
    "send",
    "recv",
    "read",
    "expect",
    "eof",
    "shutdown",
    "close",
    "reset",
    "set",
    "tls",
    "run",
    "open",
    "signal",
    "exit",
    "silence",
    "truncated",
];

/// How many of these lines are the bytes of the event above them.
pub(super) fn payload_lines(lines: &[&str], indent: usize) -> usize {
    let is_payload = |line: &&&str| indent_of(line) == indent + COLUMN && line[indent + COLUMN..].starts_with("| ");
    lines.iter().take_while(is_payload).count()
}

/// How many of these lines are the segments of the event above them.
pub(super) fn wire_lines(lines: &[&str], indent: usize) -> usize {
    lines.iter().take_while(|line| indent_of(line) == indent + STEP && segment(line).is_some()).count()
}

/// The event of a line with what is below it; `None` where the line names nobody who does something.
pub(super) fn event(line: &str, payload: &[&str], wire: &[&str]) -> Option<Event> {
    let (endpoint, told) = who(line)?;
    let payload: Vec<&str> = payload.iter().map(|line| &line.trim_start_matches(' ')["| ".len()..]).collect();
    let (what, fails) = match data(told, &payload) {
        Some(data) => data,
        None if payload.is_empty() => words(told),
        None => return None,
    };
    let wire = wire.iter().filter_map(|line| segment(line)).collect();
    Some(Event { endpoint: endpoint.to_owned(), what, fails, wire })
}

/// Who it is, and what is told. The name of a file that is included may have blanks in it.
fn who(line: &str) -> Option<(&str, &str)> {
    let split = |at: usize| {
        let (name, told) = line.split_at(at);
        let told = told.trim_start_matches(' ');
        (!name.is_empty() && !told.is_empty()).then_some((name, told))
    };
    let first = split(line.find(' ')?)?;
    if is_known(first.1) || !line.contains('/') {
        return Some(first);
    }
    let at = line.match_indices(' ').map(|(at, _)| at).filter(|at| line[..*at].contains('/'));
    at.filter_map(split).find(|(_, told)| is_known(told)).or(Some(first))
}

fn is_known(told: &str) -> bool {
    WORDS.contains(&told.split(' ').next().unwrap_or_default())
}

fn words(told: &str) -> (What, Vec<String>) {
    let (words, fails) = suffix::fails(told);
    (What::Words(words.to_owned()), fails)
}

/// Bytes that were sent or received; `None` where the line is not of that kind.
fn data(told: &str, payload: &[&str]) -> Option<(What, Vec<String>)> {
    let (verb, count, rest) = verb(told)?;
    let (mut bytes, rest) = match payload {
        [] => {
            let (bytes, rest) = parts::inline(rest, &verb, count);
            (Some(bytes).filter(|bytes| !bytes.is_empty())?, rest)
        }
        lines => (parts::below(lines)?, rest),
    };
    if let Some(count) = count {
        parts::give_sizes(&mut bytes, count);
    }
    bytes.retain(|part| !matches!(part, Shown::Bytes(bytes) if bytes.is_empty()));
    let (rest, fails) = suffix::fails(rest);
    Some((What::Data { verb, bytes, suffix: suffix::words(rest) }, fails))
}

/// The verb, the number of bytes where one is told, and what comes after. `read` has the number
/// that was asked for.
fn verb(told: &str) -> Option<(String, Option<u64>, &str)> {
    let (verb, rest) = told.split_once(' ')?;
    let (number, after) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "send" | "recv" if number == "~" => Some((verb.to_owned(), None, after)),
        "send" | "recv" => parts::number(number).map(|number| (verb.to_owned(), Some(number), after)),
        "read" => Some((format!("{verb} {number}"), None, after)),
        _ => None,
    }
}

fn segment(line: &str) -> Option<Segment> {
    let told = line.trim_start_matches(' ').strip_prefix("wire ")?.trim_start_matches(' ');
    let (from, rest) = told.split_once(" > ")?;
    let (to, what) = rest.split_once("  ")?;
    Some(Segment { from: from.to_owned(), to: to.to_owned(), what: what.to_owned() })
}

/// What was open at the end.
pub(super) fn end(line: &str, indent: usize) -> Option<Vec<(Option<u64>, Open)>> {
    let list = line.strip_prefix("end ").filter(|_| indent == 0)?;
    list.trim_start_matches(' ').split(", ").map(open).collect()
}

fn open(item: &str) -> Option<(Option<u64>, Open)> {
    let (item, unread) = match item.split_once(" open unread ") {
        Some((item, "~")) => (item, Unread::Varies),
        Some((item, bytes)) => (item, Unread::Bytes(bytes.parse().ok()?)),
        None => (item.strip_suffix(" open")?, Unread::Bytes(0)),
    };
    let (count, name) = match item.split_once(' ') {
        Some(("~", name)) => (None, name),
        Some((count, name)) => match count.parse() {
            Ok(count) => (Some(count), name),
            Err(_) => (Some(1), item),
        },
        None => (Some(1), item),
    };
    Some((count, Open { name: name.to_owned(), unread, left: 0, varies: count.is_none() }))
}
