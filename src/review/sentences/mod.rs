//! What differs as sentences: the most important first, those that are alike in one.

mod bytes;

use std::collections::{HashMap, HashSet};

use super::Weight;
use super::fields::{listed, no_longer};
use super::finding::{Finding, Said};
use super::phrase::quoted;
use super::rename::Rename;
use super::twins;

/// How many new or lost events have sentences of their own.
const EVENTS: usize = 8;
/// How many events after a send its receive is looked for.
const NEAR: usize = 3;
/// How many payloads that differ in the same way are told of in one sentence.
const LIKEWISE: usize = 3;
/// How many names stand in a sentence.
const NAMES: usize = 4;

/// One difference in plain words, or several that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// How important it is.
    pub weight: Weight,
    /// The sentence, without a full stop.
    pub text: String,
    /// The first lines of the events in the old trace that it is about.
    pub old: Vec<u32>,
    /// The first lines of the events in the new trace that it is about.
    pub new: Vec<u32>,
    /// For a new event: what follows `new:`, so that it can follow `new step, line 12:`.
    step: Option<String>,
}

impl Sentence {
    /// The sentence, where the line of the spec's step is known: `new step, line 12: client closes`.
    /// `line_of` gives it for the line of an event in the new trace.
    pub fn with_lines(&self, line_of: impl Fn(u32) -> Option<u32>) -> String {
        match (&self.step, self.new.first().and_then(|new| line_of(*new))) {
            (Some(step), Some(line)) => format!("new step, line {line}: {step}"),
            _ => self.text.clone(),
        }
    }
}

/// The sentences for all that differs.
pub(super) fn of(mut findings: Vec<Finding>, renames: &[Rename]) -> Vec<Sentence> {
    findings.sort_by_key(|finding| (finding.weight, finding.new.or(finding.old)));
    let mut sentences = Vec::new();
    let is_step =
        |finding: &Finding| matches!(finding.said, Said::Added { .. } | Said::Removed { .. } | Said::Unchecked(_));
    let (steps, others): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(is_step);
    sentences.extend(folded(others));
    sentences.extend(events(&steps));
    sentences.extend(renames.iter().map(renamed));
    sentences.sort_by_key(|sentence| sentence.weight);
    sentences
}

fn renamed(rename: &Rename) -> Sentence {
    let Rename { old, new, is_endpoint } = rename;
    let text = match is_endpoint {
        true => format!("endpoint {} is called {} now", quoted(old), quoted(new)),
        false => format!("what varies as <{old}> is called <{new}> now"),
    };
    Sentence { weight: Weight::Names, text, old: Vec::new(), new: Vec::new(), step: None }
}

/// Findings that say the same of several, as one sentence each.
fn folded(findings: Vec<Finding>) -> Vec<Sentence> {
    let mut groups: Vec<Vec<Finding>> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| is_alike(&group[0], &finding)) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    likewise(bytes::received(groups)).iter().map(|group| one(group)).collect()
}

/// Puts bytes together that differ in the same way, though they are not the same, where there are many.
fn likewise(groups: Vec<Vec<Finding>>) -> Vec<Vec<Finding>> {
    let mut counts: HashMap<Edit, usize> = HashMap::new();
    for edit in groups.iter().filter_map(|group| edit(&group[0])) {
        *counts.entry(edit.clone()).or_default() += 1;
    }
    let mut places: HashMap<Edit, usize> = HashMap::new();
    let mut merged: Vec<Vec<Finding>> = Vec::new();
    for group in groups {
        let many = edit(&group[0]).filter(|edit| counts.get(edit).is_some_and(|count| *count >= LIKEWISE)).cloned();
        match many.map(|edit| (places.get(&edit).copied(), edit)) {
            Some((Some(at), _)) => merged[at].extend(group),
            Some((None, edit)) => {
                places.insert(edit, merged.len());
                merged.push(group);
            }
            None => merged.push(group),
        }
    }
    merged
}

/// What was put in the place of what.
type Edit = (Vec<u8>, Vec<u8>);

fn edit(finding: &Finding) -> Option<&Edit> {
    match &finding.said {
        Said::Bytes { told, .. } => told.edit.as_ref(),
        _ => None,
    }
}

fn is_alike(one: &Finding, other: &Finding) -> bool {
    let same = match (&one.said, &other.said) {
        (Said::Bytes { told: one, .. }, Said::Bytes { told: other, .. }) => one == other,
        (Said::Does { what: one, .. }, Said::Does { what: other, .. }) | (Said::Plain(one), Said::Plain(other)) => {
            one == other
        }
        _ => false,
    };
    same && one.weight == other.weight
}

fn one(group: &[Finding]) -> Sentence {
    let text = match &group[0].said {
        Said::Does { who, what } => {
            let others = group.iter().skip(1).filter_map(|finding| match &finding.said {
                Said::Does { who, .. } => Some(who.as_str()),
                _ => None,
            });
            alike(who, &(what.clone() + &which(group)), others)
        }
        Said::Bytes { who, verb, told, .. } if group.iter().any(|finding| !is_alike(&group[0], finding)) => {
            bytes::many(who, verb, told, group)
        }
        Said::Bytes { who, verb, told, .. } => bytes::all(who, verb, &(told.with(verb) + &which(group)), group),
        Said::Plain(text) if group.len() > 1 => format!("{text} ({} times)", group.len()),
        Said::Plain(text) | Said::Unchecked(text) => text.clone() + &which(group),
        Said::Added { who, does } | Said::Removed { who, does } => format!("{who} {does}"),
    };
    sentence(group, text)
}

/// Which of several events that were the same it is, where only one of an endpoint differs so.
fn which(group: &[Finding]) -> String {
    let mut names = HashSet::new();
    let is_once = group.iter().all(|finding| match &finding.said {
        Said::Does { who, .. } | Said::Bytes { who, .. } => names.insert(who),
        _ => group.len() == 1,
    });
    let which = group[0].which.filter(|_| is_once);
    which.map_or_else(String::new, |which| format!(" ({})", twins::told(which)))
}

/// `a now does x; so do b and c`
fn alike<'g>(who: &str, what: &str, others: impl Iterator<Item = &'g str>) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut times = 1;
    for other in others {
        if other == who {
            times += 1;
        } else if !names.iter().any(|name| name == other) {
            names.push(other.to_owned());
        }
    }
    let times = if times > 1 && names.is_empty() { format!(" ({times} times)") } else { String::new() };
    match names.len() {
        0 => format!("{who} {what}{times}"),
        1 => format!("{who} {what}; so does {}", names[0]),
        _ => format!("{who} {what}; so do {}", listed(&names, NAMES)),
    }
}

/// New and lost events. Of many the first; those of an endpoint that is all new or all gone in one.
fn events(findings: &[Finding]) -> Vec<Sentence> {
    let groups = exchanges(findings);
    let shown = if groups.len() > EVENTS { EVENTS - 1 } else { groups.len() };
    let (first, rest) = groups.split_at(shown);
    let mut sentences: Vec<Sentence> = first.iter().map(|group| event(group)).collect();
    let rest: Vec<Finding> = rest.concat();
    if !rest.is_empty() {
        let is_new = |finding: &&Finding| matches!(finding.said, Said::Added { .. });
        let new = rest.iter().filter(is_new).count();
        let text = match (new, rest.len() - new) {
            (new, 0) => format!("{new} more events are new"),
            (0, gone) => format!("{gone} more events are gone"),
            (new, gone) => format!("{new} more events are new, and {gone} are gone"),
        };
        sentences.push(sentence(&rest, text));
    }
    sentences
}

/// Events one by one, but each receive with the send that it belongs to, as far as that is plain.
fn exchanges(findings: &[Finding]) -> Vec<Vec<Finding>> {
    let mut groups: Vec<Vec<Finding>> = Vec::new();
    for finding in findings {
        let is_kind = |group: &&mut Vec<Finding>| is_new(&group[0]) == is_new(finding);
        let mut near = groups.iter_mut().rev().filter(is_kind).take(NEAR);
        let sent = near.find(|group| group.len() == 1 && is_received(&group[0], finding));
        match sent {
            Some(group) => group.push(finding.clone()),
            None => groups.push(vec![finding.clone()]),
        }
    }
    groups
}

fn is_new(finding: &Finding) -> bool {
    matches!(finding.said, Said::Added { .. })
}

/// Whether one end receives what the other one sends, both new or both gone.
fn is_received(sent: &Finding, received: &Finding) -> bool {
    match (&sent.said, &received.said) {
        (Said::Added { who, does }, Said::Added { who: other, does: also })
        | (Said::Removed { who, does }, Said::Removed { who: other, does: also }) => {
            let bytes = does.strip_prefix("sends ").zip(also.strip_prefix("receives "));
            let is_same = |(sent, received): (&str, &str)| {
                let sent = sent.strip_suffix(&format!(" to {other}")).unwrap_or(sent);
                let received = received.strip_suffix(&format!(" from {who}")).unwrap_or(received);
                sent == received
            };
            who != other && bytes.is_some_and(is_same)
        }
        _ => false,
    }
}

fn event(group: &[Finding]) -> Sentence {
    let receiver = group.get(1).map(|received| match &received.said {
        Said::Added { who, .. } => format!(", and {who} receives that"),
        Said::Removed { who, .. } => format!(", nor does {who} receive that"),
        _ => String::new(),
    });
    let receiver = receiver.unwrap_or_default();
    match &group[0].said {
        Said::Added { who, does } => {
            let told = format!("{who} {does}{receiver}");
            Sentence { step: Some(told.clone()), ..sentence(group, format!("new: {told}")) }
        }
        Said::Removed { who, does } => sentence(group, format!("{who} {}{receiver}", no_longer(does))),
        _ => one(group),
    }
}

fn sentence(group: &[Finding], text: String) -> Sentence {
    let old = group.iter().filter_map(|finding| finding.old).collect();
    let new = group.iter().filter_map(|finding| finding.new).collect();
    Sentence { weight: group[0].weight, text, old, new, step: None }
}
