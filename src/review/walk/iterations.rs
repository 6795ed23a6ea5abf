//! Iterations that go another way than the others do, or no longer do.

use super::super::align::Pair;
use super::super::finding::{Finding, Weight};
use super::super::phrase::{self, who};
use super::super::sentences;
use super::{Walk, parts};
use crate::trace::read::{Node, NodeKind};

/// How much is told of iterations that go another way.
const TOLD: usize = 2;

/// How many iterations a node stands for, where it does and that does not vary.
fn count(node: &Node) -> Option<u64> {
    match node.kind {
        NodeKind::Repeat(count, _) => count,
        _ => None,
    }
}

impl<'n> Walk<'n> {
    /// Iterations that went as the others did, and now go in a way of their own, or the other way
    /// round: the sum is the same. What they do otherwise is told against the others.
    pub(super) fn iterations(&mut self, pairs: &[Pair<'n>]) {
        let sum = |nodes: &mut dyn Iterator<Item = Option<&'n Node>>| nodes.flatten().filter_map(count).sum::<u64>();
        let all = sum(&mut pairs.iter().map(|(old, _)| *old));
        let Some((usual_old, usual_new)) = pairs.iter().find_map(|(old, new)| {
            let both = (*old)?.inner().first().and((*new)?.inner().first());
            let repeats = count((*old)?).is_some() && count((*new)?).is_some();
            (repeats && both.is_some()).then_some(((*old)?, (*new)?))
        }) else {
            return;
        };
        if all != sum(&mut pairs.iter().map(|(_, new)| *new)) {
            return;
        }
        let mut explained = false;
        let mut first = 1;
        for (old, new) in pairs {
            let start = first;
            first += new.and_then(count).unwrap_or_default();
            match (old, new) {
                (None, Some(new)) => {
                    let Some(some) = count(new) else { continue };
                    explained = true;
                    self.explained.insert((true, new.line));
                    let (_, findings) = parts(usual_old.inner(), new.inner());
                    let told: Vec<String> =
                        sentences::of(findings, &[]).into_iter().take(TOLD).map(|sentence| sentence.text).collect();
                    if told.is_empty() {
                        // These go as all did before.
                        continue;
                    }
                    let which = match some {
                        1 => format!("in iteration {start} of {all}"),
                        some => format!("in iterations {start} to {} of {all}", start + some - 1),
                    };
                    let text = format!("{which}, {}", told.join(", and "));
                    self.findings.push(Finding { new: Some(new.line), ..Finding::plain(Weight::Seen, text) });
                }
                (Some(old), None) => {
                    let Some(some) = count(old) else { continue };
                    let (go, they) = if some == 1 { ("goes", "it") } else { ("go", "they") };
                    let text = format!("{some} of {all} iterations now {go} as the others do; {they} went another way");
                    self.findings.push(Finding { old: Some(old.line), ..Finding::plain(Weight::Seen, text) });
                    explained = true;
                    self.explained.insert((false, old.line));
                }
                _ => {}
            }
        }
        if explained {
            self.explained.insert((true, usual_new.line));
        }
    }
}

/// `the repeat of client<i> goes 12 times where it went 10 times`
pub(super) fn repeats(was: Option<u64>, is: Option<u64>, new: &Node) -> String {
    let times = |count: Option<u64>| match count {
        Some(1) => "once".to_owned(),
        Some(count) => format!("{count} times"),
        None => "a number of times that varies".to_owned(),
    };
    let first = new.inner().iter().find_map(Node::event);
    let which = first.map_or_else(String::new, |event| format!(" in which {} {}", who(event), phrase::of(event).now));
    format!("the repeat{which} now goes {} where it went {}", times(is), times(was))
}
