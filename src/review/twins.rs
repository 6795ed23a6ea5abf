//! Events that are the same as others: which of them differs must be told.

use std::collections::HashMap;

use super::align::{key, verb};
use crate::trace::event::Event;
use crate::trace::read::{Node, NodeKind};

/// Where events that are the same stand in a trace, and those with the same verb.
#[derive(Debug, Default)]
pub(super) struct Twins {
    same: HashMap<String, Vec<u32>>,
    keys: HashMap<u32, String>,
    verbs: HashMap<(String, String), Vec<u32>>,
}

impl Twins {
    /// Those of a trace. What is in a `repeat` is told of with that.
    pub(super) fn of(nodes: &[Node]) -> Self {
        let mut twins = Self::default();
        twins.gather(nodes);
        twins
    }

    fn gather(&mut self, nodes: &[Node]) {
        for node in nodes {
            match &node.kind {
                NodeKind::Event(event) => {
                    let (key, verb) = (key(node), verb(event).to_owned());
                    self.same.entry(key.clone()).or_default().push(node.line);
                    self.keys.insert(node.line, key);
                    self.verbs.entry((event.endpoint.clone(), verb)).or_default().push(node.line);
                }
                NodeKind::Parallel(inner) | NodeKind::Lane(_, inner) => self.gather(inner),
                _ => {}
            }
        }
    }

    /// Which one of how many that are the same an event is, from 1; nothing where it is the only one.
    pub(super) fn which(&self, line: u32) -> Option<(usize, usize)> {
        one_of(self.same.get(self.keys.get(&line)?)?, line)
    }

    /// Which one of how many with the same verb an event is, likewise.
    pub(super) fn which_call(&self, event: &Event, line: u32) -> Option<(usize, usize)> {
        one_of(self.verbs.get(&(event.endpoint.clone(), verb(event).to_owned()))?, line)
    }
}

fn one_of(lines: &[u32], line: u32) -> Option<(usize, usize)> {
    let at = lines.iter().position(|other| *other == line)?;
    (lines.len() > 1).then_some((at + 1, lines.len()))
}

/// `the second of 3 times`
pub(super) fn told((at, of): (usize, usize)) -> String {
    const WORDS: [&str; 9] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];
    match WORDS.get(at - 1) {
        Some(word) => format!("the {word} of {of} times"),
        None => format!("time {at} of {of}"),
    }
}
