//! How an event differs from the one it was.

use super::align::{is_seen, verb};
use super::finding::{Finding, Said, Weight};
use super::modifiers;
use super::payload;
use super::phrase::{self, Phrase, all_of, around, counted, verbs, who};
use super::values;
use crate::trace::event::{Event, What};
use crate::trace::shown::Shown;

/// How many characters of a command stand in a sentence.
const COMMAND: usize = 60;

/// All differences of two events that are the same one, but for what crossed the wire. `call` says which
/// one of how many calls of the same kind it is.
pub(super) fn compare(old: &Event, new: &Event, call: Option<(usize, usize)>) -> Vec<Finding> {
    if old.endpoint != new.endpoint {
        let text = format!("{} {}, where {} {}", who(new), now(&phrase::of(new).now), who(old), phrase::of(old).past);
        return vec![Finding::plain(Weight::Seen, text)];
    }
    if new.endpoint == "link" && old.fails == new.fails {
        return phrase::links(old, new);
    }
    let mut found = Vec::new();
    if old.fails != new.fails && verb(old) == verb(new) {
        found.push(outcome(old, new, call));
        if is_failure(old) != is_failure(new) {
            // What bytes there are or are not is what the outcome says.
            return found;
        }
    }
    match (&old.what, &new.what) {
        (one, other) if one == other => {}
        (What::Data { verb: was, bytes: before, suffix: gone }, What::Data { verb, bytes, suffix })
            if verbs(was) == verbs(verb) =>
        {
            if let Some(cut) = cut_off((was, before, gone), (verb, bytes, suffix), new) {
                return [found, vec![cut]].concat();
            }
            if before != bytes {
                let told = payload::difference(before, bytes);
                let said = Said::Bytes { who: who(new), verb: verb.clone(), told, bytes: bytes.clone() };
                found.push(Finding::new(Weight::Bytes, said));
            }
            found.extend(size_of_read(was, verb, new));
            found.extend(modifiers::compare(gone, suffix, verb, new));
        }
        (What::Words(before), What::Words(words)) if first(before) == first(words) => {
            found.extend(self::words(before, words, new));
        }
        _ if old.fails == new.fails || verb(old) != verb(new) => found.push(otherwise(old, new)),
        _ => {}
    }
    found
}

fn is_received(event: &Event) -> bool {
    !matches!(verb(event), "send" | "input")
}

fn is_failure(event: &Event) -> bool {
    !event.fails.is_empty() && event.fails.iter().all(|name| name != "none")
}

pub(super) fn first(words: &str) -> &str {
    words.split(' ').next().unwrap_or_default()
}

/// `conn now sees a reset where it saw the end of the stream`
fn otherwise(old: &Event, new: &Event) -> Finding {
    let (one, other) = (phrase::of(old), phrase::of(new));
    let ends = |event: &Event| matches!(verb(event), "close" | "reset" | "shutdown");
    let weight = match new.what {
        _ if is_seen(verb(old)) || is_seen(verb(new)) || ends(new) => Weight::Seen,
        _ => Weight::Words,
    };
    where_it(weight, new, &one, &other)
}

fn where_it(weight: Weight, event: &Event, old: &Phrase, new: &Phrase) -> Finding {
    Finding::does(weight, &who(event), format!("{} where it {}", now(&new.now), old.past))
}

/// `now sends`, `is now`.
pub(super) fn now(does: &str) -> String {
    match does.split_once(' ') {
        Some((verb @ ("is" | "may"), what)) => format!("{verb} now {what}"),
        None if matches!(does, "is" | "may") => format!("{does} now"),
        _ => format!("now {does}"),
    }
}

/// `no longer sends`, `is no longer`.
pub(super) fn no_longer(does: &str) -> String {
    match does.split_once(' ') {
        Some((verb @ "is", what)) => format!("{verb} no longer {what}"),
        _ => format!("no longer {does}"),
    }
}

/// How a call ends otherwise than it did.
fn outcome(old: &Event, new: &Event, which: Option<(usize, usize)>) -> Finding {
    let sent = which.is_some().then(|| bytes_of(old)).flatten().filter(|_| !is_received(old));
    // What was sent tells which send it is; a receive that fails has nothing of the kind.
    let which = which.filter(|_| sent.is_none());
    let call = match sent {
        Some(bytes) => format!("the send of {bytes} by {}", who(new)),
        None => format!("the {} of {}", call_of(new), who(new)),
    };
    let other = match &new.what {
        What::Words(words) => words.strip_prefix("connect ").map(|_| phrase::called(new)),
        What::Data { .. } => None,
    };
    let call = call + &other.unwrap_or_default();
    let what = match (phrase::outcome(&old.fails), phrase::outcome(&new.fails)) {
        (None, Some(now)) => match bytes_of(old) {
            Some(bytes) if is_received(old) && is_failure(new) => format!("now {} where it gave {bytes}", now.now),
            _ => format!("now {}; it succeeded before", now.now),
        },
        (Some(was), None) => match bytes_of(new) {
            Some(bytes) if is_received(new) => format!("now succeeds and gives {bytes}; it {} before", was.past),
            _ => format!("now succeeds; it {} before", was.past),
        },
        (Some(was), Some(now)) => format!("now {}; it {} before", now.now, was.past),
        (None, None) => "now succeeds".to_owned(),
    };
    let what = what.replace("now may fail", "may now fail");
    Finding { which, ..Finding::does(Weight::Outcome, &call, what) }
}

/// The call as a noun.
fn call_of(event: &Event) -> &str {
    match verb(event) {
        "tls" => "TLS handshake",
        "input" => "send",
        "print" | "quiet" | "print-end" => "recv",
        "eof" | "truncated" | "silence" | "readable" | "writable" | "exit" => "expect",
        verb if verb.starts_with('[') => "expect",
        verb => verb,
    }
}

pub(super) fn bytes_of(event: &Event) -> Option<String> {
    match &event.what {
        What::Data { bytes, .. } => Some(phrase::shown(bytes)),
        What::Words(_) => None,
    }
}

/// The verb, the bytes, and the words after them.
type Read<'e> = (&'e str, &'e [Shown], &'e [String]);

/// A read that asks for more or for less, gets other bytes for that, and says whether they are all.
fn cut_off(old: Read<'_>, new: Read<'_>, event: &Event) -> Option<Finding> {
    let ((was, before, gone), (is, bytes, suffix)) = (old, new);
    let (most, least) = (is.strip_prefix("read ")?, was.strip_prefix("read ")?);
    let cuts = |word: &String| first(word) == "truncated";
    let is_cut = |list: &[String]| list.iter().any(cuts);
    let others = |list: &[String]| list.iter().filter(|word| !cuts(word)).cloned().collect::<Vec<_>>();
    if most == least || before == bytes || is_cut(gone) == is_cut(suffix) || others(gone) != others(suffix) {
        return None;
    }
    let got = |bytes: &[Shown], list: &[String]| {
        format!("{}{}", phrase::shown(bytes), if is_cut(list) { " (cut off)" } else { "" })
    };
    let text = format!(
        "now reads at most {most} bytes and gets {} where it read at most {least} and got {}",
        got(bytes, suffix),
        got(before, gone)
    );
    Some(Finding::does(Weight::Seen, &who(event), text))
}

fn size_of_read(old: &str, new: &str, event: &Event) -> Option<Finding> {
    let (was, is) = (old.split_once(' ')?.1, new.split_once(' ')?.1);
    let text = format!("now reads up to {is} bytes at once where it read up to {was}");
    (was != is).then(|| Finding::does(Weight::Words, &who(event), text))
}

/// How words differ that begin with the same one.
fn words(old: &str, new: &str, event: &Event) -> Vec<Finding> {
    let who = who(event);
    match first(new) {
        "close" | "reset" if old.contains("unread") || new.contains("unread") => vec![left(old, new, &who)],
        "run" => {
            let (was, is) = around(old.trim_start_matches("run "), new.trim_start_matches("run "), COMMAND);
            vec![Finding::does(Weight::Words, &who, format!("now runs `{is}` where it ran `{was}`"))]
        }
        "set" => values::options(rest(old), rest(new), &who),
        "expect" if old.contains('=') && new.contains('=') => values::attributes(rest(old), rest(new), &who),
        "tls" => values::tls(rest(old), rest(new), &who).unwrap_or_else(|| {
            vec![where_it(Weight::Words, event, &phrase::of(&with(event, old)), &phrase::of(&with(event, new)))]
        }),
        "pair" => {
            // A pair is one of Unix sockets, unless it says otherwise.
            let whole = |words: &str| {
                if words.contains(" network ") { words.to_owned() } else { format!("{words} network unix") }
            };
            let (old, new) = (with(event, &whole(old)), with(event, &whole(new)));
            vec![where_it(Weight::Words, event, &phrase::of(&old), &phrase::of(&new))]
        }
        "exit" => {
            vec![where_it(Weight::Seen, event, &phrase::of(&with(event, old)), &phrase::of(&with(event, new)))]
        }
        _ => {
            let weight = if is_seen(first(new)) { Weight::Seen } else { Weight::Words };
            let (was, is) = (phrase::of(&with(event, old)), phrase::of(&with(event, new)));
            if was == is {
                // What differs has no words of its own.
                return vec![Finding::does(weight, &who, format!("now does `{new}` where it did `{old}`"))];
            }
            vec![where_it(weight, event, &was, &is)]
        }
    }
}

/// What follows the first word.
fn rest(words: &str) -> &str {
    words.split_once(' ').map_or("", |(_, rest)| rest)
}

/// An event that does just that, and does not fail.
fn with(event: &Event, words: &str) -> Event {
    let what = What::Words(words.to_owned());
    Event { endpoint: event.endpoint.clone(), what, fails: Vec::new(), wire: Vec::new() }
}

/// `5 bytes stay unread when conn closes; before, none did`
fn left(old: &str, new: &str, who: &str) -> Finding {
    let unread = |words: &str| words.split_once("unread ").map(|(_, count)| count.to_owned());
    let action = if first(new) == "reset" { "resets the connection" } else { "closes" };
    let stay = |count: &str| match count {
        "~" => "some bytes now stay unread".to_owned(),
        "1" => "1 byte now stays unread".to_owned(),
        count => format!("{count} bytes now stay unread"),
    };
    let text = match (unread(old), unread(new)) {
        (None, Some(count)) => format!("{} when {who} {action}; before, none did", stay(&count)),
        (Some(count), None) => format!(
            "nothing stays unread any more when {who} {action}; before, {} did",
            count.parse().map_or_else(|_| "some bytes".to_owned(), |count| counted(count, "byte"))
        ),
        (Some(was), Some(count)) if was != count => {
            format!("{} when {who} {action}; before, {was} did", stay(&count))
        }
        _ => return Finding::does(Weight::Words, who, format!("now does `{new}` where it did `{old}`")),
    };
    Finding::plain(Weight::Seen, text)
}

/// Names in a list, the first few.
pub(super) fn listed(names: &[String], limit: usize) -> String {
    let shown: Vec<&str> = names.iter().take(limit).map(String::as_str).collect();
    match names.len().saturating_sub(limit) {
        0 => all_of(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
