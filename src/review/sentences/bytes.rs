//! Bytes that differ, told once for the end that sends them and the one that receives them.

use super::super::covers::covers;
use super::super::fields::listed;
use super::super::finding::{Finding, Said};
use super::super::payload::Told;
use super::{NAMES, alike, is_alike};
use crate::trace::shown::Shown;

/// Whether it is the verb of the end that sends.
fn sends(verb: &str) -> bool {
    matches!(verb, "send" | "input")
}

/// Puts what is received with the send that it comes from, where one says what the other one shows:
/// `"ping " <i>` is received as `"ping 7"`.
pub(super) fn received(groups: Vec<Vec<Finding>>) -> Vec<Vec<Finding>> {
    let (mut sent, mut others): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| matches!(&group[0].said, Said::Bytes { verb, .. } if sends(verb)));
    others.retain(|group| {
        let from = sent.iter_mut().find(|sent| group.iter().all(|finding| is_received(finding, sent)));
        let Some(from) = from else { return true };
        from.extend(group.iter().cloned());
        false
    });
    sent.extend(others);
    // All stand where the first of them stood.
    sent.sort_by_key(|group| (group[0].weight, group[0].new.or(group[0].old)));
    sent
}

/// Whether what is received is what the last of these sends before it may have been.
fn is_received(finding: &Finding, sent: &[Finding]) -> bool {
    let Said::Bytes { verb, bytes, who, .. } = &finding.said else { return false };
    let [Shown::Bytes(bytes)] = bytes.as_slice() else { return false };
    let is_send = |sent: &&Finding| matches!(&sent.said, Said::Bytes { verb, .. } if sends(verb));
    let before = sent.iter().filter(is_send).rfind(|sent| sent.new < finding.new);
    let is_it = |sent: &Finding| match &sent.said {
        Said::Bytes { verb, bytes: pattern, who: by, .. } => (who != by || verb == "input") && covers(pattern, bytes),
        _ => false,
    };
    !sends(verb) && before.is_some_and(is_it)
}

/// The first of many payloads that differ in the same way, and how many more do.
pub(super) fn many(who: &str, verb: &str, told: &Told, group: &[Finding]) -> String {
    let is_same_verb = |finding: &&Finding| matches!(&finding.said, Said::Bytes { verb: own, .. } if own == verb);
    let same = group.iter().filter(is_same_verb).count();
    // Where each send has its receive, those are told with the sends.
    let is_first = |finding: &&Finding| !is_same_verb(finding) || is_alike(&group[0], finding);
    let first: Vec<Finding> = group.iter().filter(is_first).cloned().collect();
    let text = all(who, verb, &told.with(verb), &first);
    let own = first.iter().filter(is_same_verb).count();
    let noun = match (verb, same - own) {
        ("send" | "input", 1) => "send changes",
        ("send" | "input", _) => "sends change",
        (_, 1) => "receive changes",
        _ => "receives change",
    };
    if same == own { text } else { format!("{text}; {} more {noun} likewise", same - own) }
}

/// What one end sends otherwise, and who receives that; what is sent to a program, it may print.
pub(super) fn all(who: &str, verb: &str, told: &str, group: &[Finding]) -> String {
    let mut receivers: Vec<String> = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    let mut prints = false;
    for finding in &group[1..] {
        if let Said::Bytes { who: other, verb: own, .. } = &finding.said {
            match sends(verb) && !sends(own) {
                true if other == who => prints = true,
                true if !receivers.contains(other) => receivers.push(other.clone()),
                true => {}
                false => others.push(other),
            }
        }
    }
    let text = alike(who, told, others.into_iter());
    let names = listed(&receivers, NAMES);
    match (receivers.len(), told.starts_with("no longer ")) {
        (0, false) if prints => format!("{text}, and prints that"),
        (0, true) if prints => format!("{text}, nor does it print it"),
        (0, _) => text,
        (1, false) => format!("{text}, and {names} receives that"),
        (_, false) => format!("{text}, and {names} receive that"),
        (1, true) => format!("{text}, nor does {names} receive it"),
        (_, true) => format!("{text}, nor do {names} receive it"),
    }
}
