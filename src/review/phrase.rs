//! Events in plain words, as they are now and as they were.

use crate::model::bytes::escape;
use crate::trace::event::{Event, What};
use crate::trace::shown::{Shown, total_size};

/// How many characters of bytes stand in a sentence.
const LENGTH: usize = 44;

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

/// Who an event is about, as a sentence names it.
pub(super) fn who(event: &Event) -> String {
    if event.endpoint == "link" { "the link".to_owned() } else { event.endpoint.clone() }
}

/// An event as a whole.
pub(super) fn of(event: &Event) -> Phrase {
    let phrase = match &event.what {
        What::Words(words) if event.endpoint == "link" => Phrase::new("is set to", "was set to", &format!("`{words}`")),
        What::Words(words) => self::words(words),
        What::Data { verb, bytes, suffix } => data(verb, bytes, suffix),
    };
    match outcome(&event.fails) {
        None => phrase,
        Some(outcome) => Phrase {
            now: format!("{}, which {}", phrase.now, outcome.now),
            past: format!("{}, which {}", phrase.past, outcome.past),
        },
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
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// `A`, `A and B`, `A, B and C`.
pub(super) fn all_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
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
            Some(("sender", name)) => format!(" from somebody, called {name} from then on"),
            Some(("pass", names)) => format!(" and passes {}", all_of(&names.split(' ').collect::<Vec<_>>())),
            Some(("drops", names)) => {
                format!(" and drops the descriptor of {}", all_of(&names.split(' ').collect::<Vec<_>>()))
            }
            Some(("takes", names)) => format!(" and takes {}", all_of(&names.split(' ').collect::<Vec<_>>())),
            _ if matches!(word.as_str(), "truncated" | "urgent" | "more") => format!(", {}", flag(word)),
            _ => format!(" {word}"),
        })
        .collect();
    Phrase::new(now, past, &(shown(bytes) + &rest))
}

/// What a word after the bytes says of them.
pub(super) fn flag(word: &str) -> &str {
    match word {
        "truncated" => "cut off by the size of the read",
        "urgent" => "as urgent data",
        "more" => "with more to come (MSG_MORE)",
        "peek" => "without taking it",
        other => other,
    }
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

/// Bytes in a sentence, shortened.
pub(super) fn shown(parts: &[Shown]) -> String {
    match parts {
        [] => "nothing".to_owned(),
        [Shown::Bytes(bytes)] => text(bytes),
        parts => {
            let listed: Vec<String> = parts.iter().map(part).collect();
            let all = listed.join(" ");
            match total_size(parts) {
                _ if all.chars().count() <= 2 * LENGTH => all,
                Some(size) => format!("{} ({})", cut(&all, LENGTH), counted(size, "byte")),
                None => cut(&all, LENGTH),
            }
        }
    }
}

/// Bytes in quotes; of many the first, and how many.
pub(super) fn text(bytes: &[u8]) -> String {
    if crate::model::bytes::is_mostly_unprintable(bytes) {
        let hex: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        return match bytes.len() {
            0..=8 => format!("`{}`", hex.join(" ")),
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
pub(super) fn part(part: &Shown) -> String {
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
        Shown::Group { word, members } => {
            let members: Vec<String> = members.iter().map(|member| shown(member)).collect();
            format!("{word} [{}]", members.join(", "))
        }
        Shown::End(ends) => {
            let ends: Vec<&str> = ends.iter().map(|end| end_word(end)).collect();
            format!("and then {}", any_of(&ends))
        }
    }
}

/// The first characters of a text.
pub(super) fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        // Half an escape would be read as something else.
        Some((at, _)) => format!("{}…", text[..at].trim_end_matches('\\')),
        None => text.to_owned(),
    }
}

/// Two texts that differ, each shortened to what differs and what stands round it.
pub(super) fn around(old: &str, new: &str, length: usize) -> (String, String) {
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

fn words(words: &str) -> Phrase {
    let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
    let rest = &modifiers(verb, rest);
    match (verb, rest.as_str()) {
        ("socket", _) => {
            let (proto, more) = rest.split_once(' ').unwrap_or((rest, ""));
            Phrase::new("is created as a", "was created as a", &with(&format!("{proto} socket"), more))
        }
        ("bind", _) => Phrase::new("binds to", "bound to", rest),
        ("listen", "") => Phrase::new("listens", "listened", ""),
        ("listen", _) => Phrase::new("listens on", "listened on", rest),
        ("accept", _) => Phrase::new("accepts", "accepted", rest),
        ("connect", _) => Phrase::new("connects to", "connected to", rest),
        ("pair", _) => Phrase::new("is paired with", "was paired with", rest),
        ("recv", "") => Phrase::new("receives", "received", ""),
        ("send", "") => Phrase::new("sends", "sent", ""),
        ("eof" | "truncated", _) => Phrase::new("sees", "saw", &with(end_word(verb), rest)),
        ("expect", "reset") => Phrase::new("sees", "saw", "a reset"),
        ("expect", _) => attributes(rest),
        ("print-end", "from stderr") => Phrase::new("closes its error output", "closed its error output", ""),
        ("print-end", _) => Phrase::new("closes its output", "closed its output", ""),
        ("quiet", _) => Phrase::new("prints nothing for", "printed nothing for", rest),
        ("close-input", _) => Phrase::new("has its input closed", "had its input closed", rest),
        ("silence", _) => Phrase::new("sees nothing for", "saw nothing for", rest),
        ("readable" | "writable", _) => Phrase::new("is", "was", verb),
        ("exit", _) if rest.starts_with("SIG") => Phrase::new("is ended by", "was ended by", rest),
        ("exit", _) if rest.starts_with('[') => {
            let ends: Vec<String> = rest.trim_matches(['[', ']']).split(", ").map(end_of_program).collect();
            let ends = any_of(&ends.iter().map(String::as_str).collect::<Vec<_>>());
            Phrase::new("may end", "could end", &ends)
        }
        ("exit", "") => Phrase::new("ends", "ended", ""),
        ("exit", _) => Phrase::new("ends with status", "ended with status", rest),
        ("shutdown", _) => {
            let (way, more) = rest.split_once(' ').unwrap_or((rest, ""));
            let way = match way {
                "write" => "writing",
                "read" => "reading",
                _ => "both directions",
            };
            Phrase::new("shuts down", "shut down", &with(way, more))
        }
        ("close", _) => Phrase::new("closes", "closed", &left(rest)),
        ("reset", _) => Phrase::new("resets the connection", "reset the connection", &left(rest)),
        ("set", _) => Phrase::new("sets", "set", &all_of(&rest.split(' ').collect::<Vec<_>>())),
        ("tls", "server" | "client") => Phrase::new("begins TLS as", "began TLS as", &format!("the {rest}")),
        ("tls", _) => Phrase::new("speaks TLS", "spoke TLS", rest),
        ("run", _) => Phrase::new("runs", "ran", &format!("`{}`", cut(rest, LENGTH))),
        ("open", _) => Phrase::new("opens", "opened", rest),
        ("signal", _) => Phrase::new("is sent", "was sent", &format!("SIG{rest}")),
        _ => match words.strip_prefix('[').and_then(|list| list.split_once(']')) {
            Some((list, rest)) => {
                let ends: Vec<&str> = list.split(", ").map(end_word).collect();
                Phrase::new("sees", "saw", &with(&any_of(&ends), rest.trim_start()))
            }
            None => Phrase::new("does", "did", &format!("`{}`", cut(words, LENGTH))),
        },
    }
}

/// How a program ends, one of several ways.
fn end_of_program(how: &str) -> String {
    if how.starts_with("SIG") { format!("by {how}") } else { format!("with status {how}") }
}

/// The words of modifiers, as a sentence has them.
fn modifiers(verb: &str, rest: &str) -> String {
    match verb {
        "run" | "open" | "set" => rest.to_owned(),
        _ => rest
            .replace(" host ", " on host ")
            .replace(" backlog ", " with a backlog of ")
            .replace("notify false", "without close_notify")
            .replace("notify true", "with close_notify"),
    }
}

fn with(words: &str, rest: &str) -> String {
    if rest.is_empty() { words.to_owned() } else { format!("{words} {rest}") }
}

/// `unread 5`, after a close.
fn left(rest: &str) -> String {
    match rest.strip_prefix("unread ") {
        Some("~") => "with bytes unread".to_owned(),
        Some(count) => format!("with {} unread", counted(count.parse().unwrap_or(2), "byte")),
        None => rest.to_owned(),
    }
}

fn number(count: &str, noun: &str) -> String {
    count.parse().map_or_else(|_| format!("{count} {noun}s"), |count| counted(count, noun))
}

/// `state=FIN-WAIT-2 unread=5`, as they are seen.
fn attributes(list: &str) -> Phrase {
    let split = list.split_once('=').filter(|(_, value)| !value.contains('='));
    match split {
        Some(("state", state)) => Phrase::new("is in state", "was in state", state),
        Some(("unread", count)) => Phrase::new("has", "had", &(number(count, "byte") + " unread")),
        Some(("unsent", count)) => Phrase::new("has", "had", &(number(count, "byte") + " unsent")),
        Some(("queue", count)) => Phrase::new("has", "had", &format!("a queue of {}", number(count, "connection"))),
        Some(("peer", name)) => Phrase::new("has", "had", &format!("{name} as its peer")),
        _ => Phrase::new("shows", "showed", list),
    }
}
