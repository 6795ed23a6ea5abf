//! Nodes that are in one of two traces only, and the blocks among them.

use super::super::finding::{Finding, Weight};
use super::super::phrase::{self, who};
use super::super::{Row, RowKind};
use super::{Single, Walk, line_of};
use crate::trace::read::{Node, NodeKind};

/// How many steps of a block are named.
const STEPS: usize = 2;

/// The block that a node is in which is in one trace only.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    /// How often it happens.
    pub(super) times: Option<u64>,
    /// Whether it is told of as a whole.
    pub(super) is_told: bool,
    /// Whether it is a `parallel`, which is told of with its lanes.
    pub(super) is_parallel: bool,
}

impl<'n> Walk<'n> {
    /// A node of one side, with all that is in it.
    pub(super) fn single(&mut self, node: &'n Node, block: Block, is_new: bool) {
        let row = self.rows.len();
        let (kind, old, new) = if is_new {
            (RowKind::Added, None, Some(self.cell(node, true)))
        } else {
            (RowKind::Removed, Some(self.cell(node, false)), None)
        };
        self.rows.push(Row { kind, old, new });
        match &node.kind {
            _ if block.is_told => {}
            NodeKind::Lane(..) if block.is_parallel => {}
            NodeKind::Event(event) => {
                let singles = if is_new { &mut self.added } else { &mut self.removed };
                singles.push(Single { row, node, event, times: block.times });
            }
            NodeKind::Unknown(text) => {
                let word = if is_new { "new" } else { "gone" };
                self.findings.push(line_of(
                    Finding::plain(Weight::Words, format!("a line is {word}: `{}`", phrase::cut(text.trim(), 60))),
                    node,
                    is_new,
                ));
            }
            NodeKind::End(open) => {
                let (old, new): (&[_], &[_]) = if is_new { (&[], open) } else { (open, &[]) };
                self.ends.push((old, new, if is_new { None } else { Some(node.line) }, is_new.then_some(node.line)));
            }
            NodeKind::Parallel(_) | NodeKind::Lane(..) | NodeKind::Repeat(..) | NodeKind::Retry(_) => {
                self.blocks.push((is_new, node));
            }
        }
        let times = match node.kind {
            NodeKind::Repeat(count, _) => count,
            _ => block.times,
        };
        let is_parallel = matches!(node.kind, NodeKind::Parallel(_));
        node.inner().iter().for_each(|inner| self.single(inner, Block { times, is_parallel, ..block }, is_new));
    }

    /// What is told of blocks that are new or gone. Where all that is in one was there before, or still
    /// is, only the block is.
    pub(super) fn blocks(&mut self) {
        for (is_new, block) in &self.blocks {
            let inner = events_of(block);
            let is_elsewhere = |node: &&Node| match self.kind_of(node.line, *is_new) {
                Some(RowKind::MovedHere) => *is_new,
                Some(RowKind::MovedAway) => !is_new,
                _ => false,
            };
            let text = if !inner.is_empty() && inner.iter().all(is_elsewhere) {
                around(&block.kind, &inner, *is_new)
            } else {
                format!("{}: {}", if *is_new { "new" } else { "gone" }, self::block(&block.kind))
            };
            self.findings.push(line_of(Finding::plain(Weight::Steps, text), block, *is_new));
        }
    }

    /// How the row of a line of one of the traces differs.
    fn kind_of(&self, line: u32, is_new: bool) -> Option<RowKind> {
        let has_line = |row: &&Row| {
            let cell = if is_new { &row.new } else { &row.old };
            cell.as_ref().is_some_and(|cell| cell.line == line)
        };
        self.rows.iter().find(has_line).map(|row| row.kind)
    }
}

/// All events in a block.
fn events_of(node: &Node) -> Vec<&Node> {
    let inner = node.inner().iter();
    inner.flat_map(|inner| if inner.event().is_some() { vec![inner] } else { events_of(inner) }).collect()
}

/// A block that is put round steps which are there without it, or is taken from them.
fn around(kind: &NodeKind, events: &[&Node], is_new: bool) -> String {
    let mut steps: Vec<String> = events
        .iter()
        .take(STEPS)
        .filter_map(|node| node.event())
        .map(|event| format!("{} {}", who(event), phrase::of(event).now))
        .collect();
    if events.len() > STEPS {
        steps.push(phrase::counted((events.len() - STEPS) as u64, "more step"));
    }
    let steps = phrase::all_of(&steps.iter().map(String::as_str).collect::<Vec<_>>());
    let now = match (kind, is_new) {
        (NodeKind::Retry(_), true) => "now tried again until they hold (retry)".to_owned(),
        (NodeKind::Retry(_), false) => "no longer tried again until they hold (retry)".to_owned(),
        (NodeKind::Parallel(lanes), true) => format!("now at once, in the {}", lanes_of(lanes)),
        (NodeKind::Parallel(lanes), false) => format!("no longer at once, in the {}", lanes_of(lanes)),
        (kind, true) => format!("now in {}", block(kind)),
        (kind, false) => format!("no longer in {}", block(kind)),
    };
    format!("{now}: {steps}")
}

fn lanes_of(lanes: &[Node]) -> String {
    let names = lanes.iter().filter_map(|lane| match &lane.kind {
        NodeKind::Lane(name, _) => Some(name.as_str()),
        _ => None,
    });
    format!("lanes {} of a parallel", phrase::all_quoted(names))
}

/// A block in words.
fn block(kind: &NodeKind) -> String {
    match kind {
        NodeKind::Lane(name, _) => format!("lane {}", phrase::quoted(name)),
        NodeKind::Repeat(Some(count), _) => format!("a repeat of {count}"),
        NodeKind::Repeat(None, _) => "a repeat".to_owned(),
        NodeKind::Retry(_) => "a retry".to_owned(),
        NodeKind::Parallel(lanes) => {
            let names = lanes.iter().filter_map(|lane| match &lane.kind {
                NodeKind::Lane(name, _) => Some(name.as_str()),
                _ => None,
            });
            format!("a parallel of {}", phrase::all_quoted(names))
        }
        _ => "a block".to_owned(),
    }
}
