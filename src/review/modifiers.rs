//! How what a trace says after the bytes of an event differs: `from bob`, `truncated`, `takes conn`.

use super::fields::{bytes_of, first};
use super::finding::{Finding, Weight};
use super::phrase::{flag, quoted, several, verbs, who};
use crate::trace::event::Event;

/// All differences of the words after the bytes.
pub(super) fn compare(old: &[String], new: &[String], verb: &str, event: &Event) -> Vec<Finding> {
    let (does, _) = verbs(verb);
    let mut found = Vec::new();
    let cut_off = |list: &[String]| list.iter().any(|word| first(word) == "truncated");
    let is_about_cut = cut_off(old) != cut_off(new);
    if is_about_cut {
        let how = if cut_off(new) { "is now cut off by the size of the read" } else { "is no longer cut off" };
        found.push(Finding::plain(Weight::Seen, format!("what {} {does} {how} (truncated)", who(event))));
    }
    let (was, is) = (descriptors(old), descriptors(new));
    if was != is {
        found.push(passed(&was, &is, event));
    }
    for (was, is) in paired(old, new) {
        if is_about_cut && was.or(is).is_some_and(|word| first(word) == "truncated") {
            continue;
        }
        found.push(one(was, is, verb, event));
    }
    found
}

/// Words of both that differ, those that begin alike together, but for what has sentences of its own.
fn paired<'w>(old: &'w [String], new: &'w [String]) -> Vec<(Option<&'w str>, Option<&'w str>)> {
    let is_other = |word: &&str| !is_of_descriptors(word);
    let others = |list: &'w [String]| list.iter().map(String::as_str).filter(is_other).collect::<Vec<_>>();
    let (old, new) = (others(old), others(new));
    let come = new.iter().filter(|word| !old.contains(word));
    let mut pairs: Vec<_> =
        come.map(|word| (old.iter().find(|other| first(other) == first(word)).copied(), Some(*word))).collect();
    let gone = old.iter().filter(|word| !new.iter().any(|other| first(other) == first(word)));
    pairs.extend(gone.map(|word| (Some(*word), None)));
    pairs
}

fn one(was: Option<&str>, is: Option<&str>, verb: &str, event: &Event) -> Finding {
    let (does, did) = verbs(verb);
    let (who, bytes) = (who(event), bytes_of(event).unwrap_or_default());
    let told = |what: String| Finding::does(Weight::Words, &who, what);
    let named = |words: &str| words.split_once(' ').map(|(_, name)| quoted(name)).unwrap_or_default();
    let is_sender = |words: Option<&str>| words.is_some_and(|words| first(words) == "sender");
    if is_sender(was) || is_sender(is) {
        let text = match (was.map(named), is.map(named)) {
            (Some(was), Some(is)) => format!("is now called {is} where it was called {was}"),
            (None, is) => format!("is now called {}", is.unwrap_or_default()),
            (Some(was), None) => format!("has no name any more; it was called {was}"),
        };
        return Finding::plain(Weight::Words, format!("the sender of {bytes} to {who} {text}"));
    }
    match (was, is) {
        (Some(was), Some(is)) => {
            told(format!("now {does} {bytes} {} where it {did} it {}", flag(is, verb), flag(was, verb)))
        }
        (None, is) => told(format!("now {does} {bytes} {}", flag(is.unwrap_or_default(), verb))),
        (Some("to stderr"), None) => {
            told(format!("now {does} {bytes} to its output where it {did} it to its error output"))
        }
        (Some("urgent"), None) => told(format!("now {does} {bytes} as ordinary data where it {did} it as urgent data")),
        (Some("peek"), None) => told(format!("now takes {bytes} where it only looked at it (peek)")),
        (Some("more"), None) => told(format!("now {does} {bytes} without MSG_MORE")),
        (Some(was), None) if first(was) == "to" && verb == "send" => {
            told(format!("now {does} {bytes} over its connection where it {did} it {}", flag(was, verb)))
        }
        (Some(was), None) if first(was) == "from" => {
            told(format!("now {does} {bytes} from anybody where it {did} it {}", flag(was, verb)))
        }
        (Some(was), None) => told(format!("now {does} {bytes} where it {did} it {}", flag(was, verb))),
    }
}

fn is_of_descriptors(words: &str) -> bool {
    matches!(first(words), "pass" | "takes" | "drops")
}

/// What is done with the descriptors that are sent along, and which they are.
fn descriptors(list: &[String]) -> Vec<(&str, String)> {
    let split = |word: &'_ String| word.split_once(' ').map(|(_, names)| several(names)).unwrap_or_default();
    list.iter().filter(|word| is_of_descriptors(word)).map(|word| (first(word), split(word))).collect()
}

/// `now passes x and y with "abc" where it passed x`
fn passed(was: &[(&str, String)], is: &[(&str, String)], event: &Event) -> Finding {
    let bytes = bytes_of(event).unwrap_or_default();
    let told = |list: &[(&str, String)], is_now: bool| {
        let each = list.iter().map(|(word, names)| match (*word, is_now) {
            ("pass", true) => format!("passes {names}"),
            ("pass", false) => format!("passed {names}"),
            ("takes", true) => format!("takes {names}"),
            ("takes", false) => format!("took {names}"),
            (_, true) => format!("drops the descriptor of {names}"),
            (_, false) => format!("dropped the descriptor of {names}"),
        });
        let each: Vec<String> = each.collect();
        each.join(" and ")
    };
    let text = match (was, is) {
        (was, []) => {
            let verb = match was {
                [("pass", _), ..] => "passes",
                _ => "takes",
            };
            format!("now {verb} no descriptor with {bytes} where it {}", told(was, false))
        }
        ([], is) => format!("now {} with {bytes}", told(is, true)),
        (was, is) => {
            format!("now {} with {bytes} where it {}", told(is, true), told(was, false))
        }
    };
    Finding::does(Weight::Bytes, &who(event), text)
}
