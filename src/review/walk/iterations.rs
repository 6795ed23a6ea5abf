//! Iterations that go another way than the others do, or no longer do.

use super::super::align::{Pair, key};
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
    /// Iterations that are done at several places now, or no longer are, and are the same.
    pub(super) fn split_repeats(&mut self, pairs: &[Pair<'n>]) {
        let body = |node: &Node| node.inner().iter().map(key).collect::<Vec<_>>();
        let is_both = |(old, new): &&Pair<'n>| old.and_then(count).and(new.and_then(count)).is_some();
        let Some((Some(old), Some(new))) = pairs.iter().find(is_both) else { return };
        if body(old) != body(new) {
            return;
        }
        let all = |side: fn(&Pair<'n>) -> Option<&'n Node>| -> Vec<(&'n Node, u64)> {
            let nodes = pairs.iter().filter_map(side).filter(|node| body(node) == body(old));
            nodes.filter_map(|node| Some((node, count(node)?))).collect()
        };
        let (was, is) = (all(|pair| pair.0), all(|pair| pair.1));
        let sum =
            |side: fn(&Pair<'n>) -> Option<&'n Node>| pairs.iter().filter_map(side).filter_map(count).sum::<u64>();
        // Where the sum is the same, some of them may go another way, which is told with those.
        if was.len() == is.len() || sum(|pair| pair.0) == sum(|pair| pair.1) {
            return;
        }
        let times = |list: &[(&Node, u64)]| {
            list.iter().map(|(_, count)| times(Some(*count))).collect::<Vec<_>>().join(", then ")
        };
        let text = format!("the repeat{} now goes {}, where it went {}", which(new), times(&is), times(&was));
        self.findings.push(Finding::plain(Weight::Words, text).at(old.line, new.line));
        self.explained.extend(was.iter().map(|(node, _)| (false, node.line)));
        self.explained.extend(is.iter().map(|(node, _)| (true, node.line)));
    }

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
                        sentences::of(findings, &[]).into_iter().take(TOLD).map(in_iteration).collect();
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

/// What is told of an iteration, after what is told before it.
fn in_iteration(sentence: sentences::Sentence) -> String {
    match sentence.text.strip_prefix("new: ") {
        Some(step) => format!("{step}, which is new"),
        None => sentence.text,
    }
}

/// `the repeat in which client<i> connects to server now goes 12 times where it went 10 times`
pub(super) fn repeats(was: Option<u64>, is: Option<u64>, new: &Node) -> String {
    format!("the repeat{} now goes {} where it went {}", which(new), times(is), times(was))
}

fn times(count: Option<u64>) -> String {
    match count {
        Some(1) => "once".to_owned(),
        Some(count) => format!("{count} times"),
        None => "a number of times that varies".to_owned(),
    }
}

/// What tells which repeat it is.
fn which(node: &Node) -> String {
    let first = node.inner().iter().find_map(Node::event);
    first.map_or_else(String::new, |event| format!(" in which {} {}", who(event), phrase::of(event).now))
}
