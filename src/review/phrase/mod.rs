//! Events in plain words, as they are now and as they were.

mod link;
mod names;
mod shown;
mod words;

use crate::trace::event::{Event, What};
use crate::trace::shown::Shown;

pub(super) use link::compare as links;
pub(super) use names::{all_quoted, endpoint, quoted, several, who};
pub(super) use shown::{around, cut, part, shown, text};
pub(super) use words::{attribute, authorities, certificate, names, set};

/// What an endpoint does: `sends "x"`, and what it did: `sent "x"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) now: String,
    pub(super) past: String,
}

impl Phrase {
    fn new(now: &str, past: &str, rest: &str) -> Self {
        let with = |verb: &str| if rest.is_empty() { verb.to_owned() } else { format!("{verb} {rest}") };
        Self { now: with(now), past: with(past) }
    }

    fn and(self, more: &str) -> Self {
        Self { now: self.now + more, past: self.past + more }
    }
}

/// An event as a whole.
pub(super) fn of(event: &Event) -> Phrase {
    if let (What::Words(words), [_, ..]) = (&event.what, event.fails.as_slice())
        && words == "recv"
    {
        let errors: Vec<&str> = event.fails.iter().map(String::as_str).collect();
        return Phrase::new("fails to receive", "failed to receive", &format!("({})", any_of(&errors)));
    }
    let phrase = without_outcome(event);
    match outcome(&event.fails) {
        None => phrase,
        Some(outcome) => Phrase {
            now: format!("{}, which {}", phrase.now, outcome.now),
            past: format!("{}, which {}", phrase.past, outcome.past),
        },
    }
}

/// Whom an event calls: ` to server`, for a connect.
pub(super) fn called(event: &Event) -> String {
    let does = without_outcome(event).now;
    does.find(" to ").map_or_else(String::new, |at| does[at..].to_owned())
}

/// An event that is gone, after `no longer`: `sends "x", which failed with EPIPE`.
pub(super) fn gone(event: &Event) -> String {
    let does = match &event.what {
        What::Words(words) if words == "recv" => "tries to receive".to_owned(),
        _ => without_outcome(event).now,
    };
    outcome(&event.fails).map_or_else(|| does.clone(), |outcome| format!("{does}, which {}", outcome.past))
}

fn without_outcome(event: &Event) -> Phrase {
    match &event.what {
        What::Words(_) if event.endpoint == "link" => link::phrase(event),
        What::Words(words) => words::phrase(words),
        What::Data { verb, bytes, suffix } => data(verb, bytes, suffix),
    }
}

/// How a call that may fail ends; nothing where it must succeed.
pub(super) fn outcome(fails: &[String]) -> Option<Phrase> {
    let errors: Vec<&str> = fails.iter().map(String::as_str).filter(|name| *name != "none").collect();
    match (fails, errors.as_slice()) {
        ([], _) | (_, []) => None,
        ([one], _) => Some(Phrase::new("fails with", "failed with", one)),
        (all, errors) => {
            let or_not = if errors.len() < all.len() { ", or succeed" } else { "" };
            Some(Phrase::new("may fail with", "could fail with", &any_of(errors)).and(or_not))
        }
    }
}

/// `A`, `A or B`, `A, B or C`.
pub(super) fn any_of(names: &[&str]) -> String {
    listed(names, "or")
}

/// `A`, `A and B`, `A, B and C`.
pub(super) fn all_of(names: &[&str]) -> String {
    listed(names, "and")
}

fn listed(names: &[&str], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn data(verb: &str, bytes: &[Shown], suffix: &[String]) -> Phrase {
    let (now, past) = verbs(verb);
    let peeks = suffix.iter().any(|word| word == "peek");
    let (now, past) = if peeks { ("peeks at", "peeked at") } else { (now, past) };
    let rest: String = suffix
        .iter()
        .filter(|word| *word != "peek")
        .map(|word| match word.split_once(' ') {
            Some(("sender", name)) => format!(" from somebody, called {} from then on", quoted(name)),
            Some(("pass", names)) => format!(" and passes {}", several(names)),
            Some(("drops", names)) => format!(" and drops the descriptor of {}", several(names)),
            Some(("takes", names)) => format!(" and takes {}", several(names)),
            _ if is_aside(word) => format!(", {}", flag(word, verb)),
            _ => format!(" {}", flag(word, verb)),
        })
        .collect();
    Phrase::new(now, past, &(shown(bytes) + &rest))
}

/// What a word after the bytes says of them.
pub(super) fn flag(word: &str, verb: &str) -> String {
    let said = match word {
        "truncated" => "cut off by the size of the read",
        "urgent" => "as urgent data",
        "more" => "with more to come (MSG_MORE)",
        "peek" => "without taking it",
        "to sender" => "to whom it has last received from",
        "to stderr" => "to its error output",
        "from stderr" => "from its error output",
        "waitall" => "waiting for the full size (MSG_WAITALL)",
        "ctrunc" => "without room for all descriptors (MSG_CTRUNC)",
        "credentials self" => "with the credentials of this process",
        other => match other.split_once(' ') {
            Some(("truncated", full)) => {
                return format!("cut off by the size of the read from a datagram of {full} bytes");
            }
            Some(("credentials", program)) => return format!("with the credentials of {}", endpoint(program)),
            Some(("errqueue", error)) => {
                return format!("from its error queue, where the error is {}", error.replace('=', " "));
            }
            Some(("to", name)) if verbs(verb).0.starts_with("re") => return format!("sent to {}", endpoint(name)),
            Some((place @ ("to" | "from"), name)) => return format!("{place} {}", endpoint(name)),
            _ => other,
        },
    };
    said.to_owned()
}

/// Whether what a word says stands behind a comma.
fn is_aside(word: &str) -> bool {
    let first = word.split(' ').next().unwrap_or_default();
    matches!(first, "truncated" | "urgent" | "more" | "waitall" | "ctrunc" | "errqueue")
}

/// `sends`, `sent`, from the verb of a trace.
pub(super) fn verbs(verb: &str) -> (&'static str, &'static str) {
    match verb.split(' ').next().unwrap_or_default() {
        "send" => ("sends", "sent"),
        "input" => ("is sent", "was sent"),
        "print" => ("prints", "printed"),
        "read" => ("reads", "read"),
        _ => ("receives", "received"),
    }
}

fn end_word(end: &str) -> &str {
    match end {
        "eof" => "the end of the stream",
        "reset" => "a reset",
        "truncated" => "an end without close_notify",
        "readable" => "something to read",
        "writable" => "room to write",
        other => other,
    }
}
