//! Finds the topic that somebody means.

use super::topic::Topic;
use crate::model::errno::Errno;
use crate::model::poll::PollEvents;
use crate::model::state::TcpState;
use crate::model::{name, option, platform};

/// The topic of a word: by its name in any case, an error's number or its text, another tool's name for a state, the
/// code in `error[unknown-verb]`, a flag or an event of the socket interface, a value that varies as a trace shows it.
pub fn find<'t>(topics: &'t [Topic], word: &str) -> Option<&'t Topic> {
    let word = bare(word);
    if word.is_empty() {
        return None;
    }
    let named = |name: &str| topics.iter().find(|topic| topic.name.eq_ignore_ascii_case(name));
    let all = || topics.iter().map(|topic| topic.name.as_str());
    // `OUT` is an event, and `out` another word.
    let event = PollEvents::parse(word).and_then(|_| named("poll"));
    event
        .or_else(|| named(word))
        .or_else(|| named(name::meant(word, all().filter(|name| *name != "read"))?))
        .or_else(|| named(platform::ALL.iter().find(|known| known.eq_ignore_ascii_case(word)).map(|_| "fails")?))
        .or_else(|| named(&word.replace([' ', '_'], "-")))
        .or_else(|| named(&word.replace([' ', '-'], "_")))
        .or_else(|| errno(word).and_then(named))
        .or_else(|| topics.iter().find(|topic| topic.title.eq_ignore_ascii_case(word)))
        .or_else(|| named(TcpState::meant(word)?.name()))
        .or_else(|| named(option::meant(&word.to_ascii_uppercase())?))
        .or_else(|| named(shown(word)?))
        .or_else(|| named(word.strip_suffix('s')?))
}

/// Words of messages that are no word of everyday, though they are written as one.
const WORDS: [&str; 6] = ["barrier", "backlog", "deadline", "eof", "reset", "silence"];

/// The first word in a message that somebody may want explained: an error, a state, an option, an alert, or one of a
/// few others. What was sent or received, in quotes, is not looked at.
pub fn found_in<'t>(topics: &'t [Topic], message: &str) -> Option<&'t str> {
    let own = message.split('"').step_by(2);
    let words = own.flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_'));
    let is_telling = |word: &&str| {
        let is_name = word.len() > 2 && word.bytes().all(|byte| !byte.is_ascii_lowercase());
        let is_alert = word.contains('_') && word.bytes().all(|byte| !byte.is_ascii_uppercase());
        is_name || is_alert || WORDS.contains(word)
    };
    words.filter(is_telling).find_map(|word| topics.iter().find(|topic| topic.name == word)).map(|topic| &*topic.name)
}

/// The word without quotes, and a code without what stands around it.
fn bare(word: &str) -> &str {
    let word = word.trim().trim_matches(['`', '"', '\'']);
    let inside = word.split_once('[').filter(|(before, _)| ["error", "warning"].contains(before));
    inside.and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or(word)
}

/// An error by its number, or by another name of it.
fn errno(word: &str) -> Option<&'static str> {
    match word.parse() {
        Ok(number) => Errno(number).name(),
        Err(_) => Errno::parse(&word.to_ascii_uppercase())?.name(),
    }
}

/// What a trace shows of something that varies.
fn shown(word: &str) -> Option<&'static str> {
    if word.starts_with('<') && word.ends_with('>') {
        Some("<name>")
    } else if word.starts_with("~/") {
        Some("~")
    } else if word.starts_with("..{") {
        Some("..")
    } else {
        None
    }
}

/// The name that is nearest to a word of which there is no topic.
pub fn nearest<'t>(topics: &'t [Topic], word: &str) -> Option<&'t str> {
    let word = bare(word);
    if word.is_empty() {
        return None;
    }
    name::nearest(word, topics.iter().map(|topic| topic.name.as_str()))
        .or_else(|| name::nearest(&word.replace([' ', '_'], "-"), topics.iter().map(|topic| topic.name.as_str())))
}
