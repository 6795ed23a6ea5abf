//! The link between hosts: what becomes of it, host by host.

use super::super::fields::now;
use super::super::finding::{Finding, Weight};
use super::{Phrase, quoted};
use crate::trace::event::{Event, What};

/// A host, and the state that its link is set to.
type Set<'w> = (&'w str, &'w str);

/// `a up, b silent`
fn sets(event: &Event) -> Vec<Set<'_>> {
    let What::Words(words) = &event.what else { return Vec::new() };
    words.split(", ").map(|set| set.split_once(' ').unwrap_or((set, ""))).collect()
}

/// Who the event is about.
pub(super) fn who(event: &Event) -> String {
    match sets(event).as_slice() {
        [(host, _)] => link_of(host),
        _ => "the step `link`".to_owned(),
    }
}

fn link_of(host: &str) -> String {
    format!("the link of {}", quoted(host))
}

/// What becomes of the link, and what became of it.
pub(super) fn phrase(event: &Event) -> Phrase {
    match sets(event).as_slice() {
        [(_, state)] => becomes(state),
        several => {
            let each: Vec<String> =
                several.iter().map(|(host, state)| format!("{} {}", quoted(host), lets(state))).collect();
            let each: Vec<&str> = each.iter().map(String::as_str).collect();
            Phrase::new("lets", "let", &super::all_of(&each))
        }
    }
}

fn becomes(state: &str) -> Phrase {
    match state {
        "up" => Phrase::new("comes up", "came up", ""),
        "down" => Phrase::new("goes down", "went down", ""),
        "silent" => Phrase::new("falls silent", "fell silent", ""),
        "deaf" => Phrase::new("goes deaf", "went deaf", ""),
        "hold" => Phrase::new("holds everything", "held everything", ""),
        other => Phrase::new("is set to", "was set to", &quoted(other)),
    }
}

fn lets(state: &str) -> String {
    match state {
        "up" => "come up".to_owned(),
        "down" => "go down".to_owned(),
        "silent" => "fall silent".to_owned(),
        "deaf" => "go deaf".to_owned(),
        "hold" => "hold everything".to_owned(),
        other => format!("be {}", quoted(other)),
    }
}

/// How two steps differ, host by host.
pub(in super::super) fn compare(old: &Event, new: &Event) -> Vec<Finding> {
    let (was, is) = (sets(old), sets(new));
    let state =
        |list: &[Set<'_>], host: &str| list.iter().find(|(other, _)| *other == host).map(|(_, state)| becomes(state));
    let told = |host: &str, what: String| Finding::does(Weight::Words, &link_of(host), what);
    let mut found = Vec::new();
    for (host, name) in &is {
        match state(&was, host) {
            Some(before) if before == becomes(name) => {}
            Some(before) => found.push(told(host, format!("{} where it {}", now(&becomes(name).now), before.past))),
            None => found.push(told(host, format!("{}, too", now(&becomes(name).now)))),
        }
    }
    for (host, name) in was.iter().filter(|(host, _)| state(&is, host).is_none()) {
        found.push(told(host, format!("no longer {}", becomes(name).now)));
    }
    found
}
