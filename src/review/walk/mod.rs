//! Goes through two traces at once, pair by pair.

mod blocks;
mod iterations;
mod moves;
mod singles;

use std::collections::HashSet;

use blocks::Block;

use super::align::{Pair, align};
use super::finding::{Finding, Said, Weight};
use super::lanes::Lanes;
use super::order::Known;
use super::phrase;
use super::twins::Twins;
use super::wire::Wire;
use super::{Cell, Row, RowKind, closing, ending, fields, regroup};
use crate::trace::TraceText;
use crate::trace::event::Event;
use crate::trace::read::{Node, NodeKind};

/// An event without another one, and the row that it has.
#[derive(Debug, Clone, Copy)]
struct Single<'n> {
    row: usize,
    node: &'n Node,
    event: &'n Event,
    /// How often it happens, where it is in a `repeat` that is new or gone, too.
    times: Option<u64>,
}

#[derive(Debug, Default)]
struct Walk<'n> {
    /// The lines of both traces as they stand: nothing has its new name, no program verbs of its own.
    lines: [Vec<String>; 2],
    rows: Vec<Row>,
    findings: Vec<Finding>,
    known: Vec<Known<'n>>,
    removed: Vec<Single<'n>>,
    added: Vec<Single<'n>>,
    wire: Wire<'n>,
    /// The lanes of the events of both traces.
    lanes_of: [Lanes<'n>; 2],
    /// Groups of iterations that are told of as a whole: whether they are new, and their lines.
    explained: HashSet<(bool, u32)>,
    /// Blocks that are new or gone: what stood elsewhere before may stand in them, in the same order.
    blocks: Vec<(bool, &'n Node)>,
    /// Whether lanes are in another order than they were.
    has_lanes_swapped: bool,
    /// Who closes before or after the other end, unlike before, which is told.
    closers: HashSet<String>,
    /// The endpoints that have steps or are open at the end, in the old trace and in the new one.
    names: (HashSet<&'n str>, HashSet<&'n str>),
    /// How often what is looked at happens, where it is in a `repeat` of both.
    times: Option<u64>,
    /// Events of the old trace that are the same.
    twins: Twins,
    ends: Vec<(&'n ending::List, &'n ending::List, Option<u32>, Option<u32>)>,
}

/// The rows of a difference of two texts, and all that differs. `renamed` is the old one with the names
/// of the new one.
pub(super) fn walk<'n>(
    texts: (&TraceText, &TraceText),
    renamed: &'n TraceText,
    new: &'n TraceText,
) -> (Vec<Row>, Vec<Finding>) {
    let lines_of = |trace: &TraceText| trace.to_text().lines().map(str::to_owned).collect();
    let lines = [lines_of(texts.0), lines_of(texts.1)];
    let wire = Wire::new(renamed, new);
    let mut walk = Walk { lines, wire, twins: Twins::of(&renamed.nodes), ..Walk::default() };
    (walk.findings, walk.closers) = closing::compare(&renamed.nodes, &new.nodes);
    walk.names = (names(&renamed.nodes), names(&new.nodes));
    walk.lanes_of = [Lanes::of(&renamed.nodes), Lanes::of(&new.nodes)];
    walk.nodes(&renamed.nodes, &new.nodes);
    walk.finish()
}

/// The differences of two lists on their own.
fn parts(old: &[Node], new: &[Node]) -> (Vec<Row>, Vec<Finding>) {
    let mut walk = Walk { names: (names(old), names(new)), ..Walk::default() };
    walk.nodes(old, new);
    walk.finish()
}

/// All endpoints of some nodes.
fn names(nodes: &[Node]) -> HashSet<&str> {
    let mut names = HashSet::new();
    for node in nodes {
        match &node.kind {
            NodeKind::Event(event) => drop(names.insert(event.endpoint.as_str())),
            NodeKind::End(open) => names.extend(open.iter().map(|(_, open)| open.name.as_str())),
            _ => names.extend(self::names(node.inner())),
        }
    }
    names
}

impl<'n> Walk<'n> {
    fn finish(mut self) -> (Vec<Row>, Vec<Finding>) {
        self.find_moves();
        self.blocks();
        self.singles();
        self.ending();
        self.findings.extend(self.wire.finish());
        (self.rows, self.findings)
    }

    fn nodes(&mut self, old: &'n [Node], new: &'n [Node]) {
        let pairs = self.lanes(old, new).unwrap_or_else(|| align(old, new));
        self.split_repeats(&pairs);
        self.iterations(&pairs);
        self.regrouped(&pairs);
        for pair in pairs {
            match pair {
                (Some(old), Some(new)) => self.pair(old, new),
                (Some(old), None) => {
                    let within = Block { is_told: self.is_told(false, old), times: self.times, ..Block::default() };
                    self.single(old, within, false);
                }
                (None, Some(new)) => {
                    let within = Block { is_told: self.is_told(true, new), times: self.times, ..Block::default() };
                    self.single(new, within, true);
                }
                (None, None) => {}
            }
        }
    }

    /// The pairs of lanes that are the same and are written in another order, which means nothing.
    fn lanes(&mut self, old: &'n [Node], new: &'n [Node]) -> Option<Vec<Pair<'n>>> {
        fn name(node: &Node) -> Option<&str> {
            match &node.kind {
                NodeKind::Lane(name, _) => Some(name),
                _ => None,
            }
        }
        let was: Vec<&str> = old.iter().map(name).collect::<Option<_>>()?;
        let is: Vec<&str> = new.iter().map(name).collect::<Option<_>>()?;
        let place = |name: &&str| was.iter().position(|other| other == name);
        let places: Vec<usize> = is.iter().map(place).collect::<Option<_>>()?;
        let mut sorted = places.clone();
        sorted.sort_unstable();
        if was == is || sorted != (0..old.len()).collect::<Vec<_>>() {
            return None;
        }
        let text = format!("the lanes {} are written in another order now", phrase::all_quoted(is.iter().copied()));
        self.findings.push(Finding::plain(Weight::Names, text).at(old[0].line, new[0].line));
        self.has_lanes_swapped = true;
        Some(places.into_iter().zip(new).map(|(at, new)| (Some(&old[at]), Some(new))).collect())
    }

    fn pair(&mut self, old: &'n Node, new: &'n Node) {
        let before = self.findings.len();
        match (&old.kind, &new.kind) {
            (NodeKind::Event(was), NodeKind::Event(is)) => {
                self.known.push((old.line, new.line, is));
                let mut found = fields::compare(was, is, self.twins.which_call(was, old.line));
                if self.is_told(true, new) && self.is_told(false, old) {
                    found.retain(|found| !matches!(found.said, Said::Bytes { .. }));
                }
                let which = self.twins.which(old.line);
                let found = found.into_iter().map(|found| Finding { which: found.which.or(which), ..found });
                self.findings.extend(found.map(|found| found.at(old.line, new.line)));
                self.wire.compare((old.line, was), (new.line, is));
            }
            (NodeKind::Repeat(was, _), NodeKind::Repeat(is, _))
                if was != is && !self.explained.contains(&(true, new.line)) =>
            {
                let finding = Finding::plain(Weight::Words, iterations::repeats(*was, *is, new));
                self.findings.push(finding.at(old.line, new.line));
            }
            (NodeKind::Lane(was, _), NodeKind::Lane(is, _)) if was != is => {
                let text = format!("lane {} is called {} now", phrase::quoted(was), phrase::quoted(is));
                self.findings.push(Finding::plain(Weight::Names, text).at(old.line, new.line));
            }
            (NodeKind::End(was), NodeKind::End(is)) => self.ends.push((was, is, Some(old.line), Some(new.line))),
            (NodeKind::Unknown(was), NodeKind::Unknown(is)) if was != is => {
                let text = format!(
                    "a line is now `{}` where it was `{}`",
                    phrase::cut(is.trim(), 60),
                    phrase::cut(was.trim(), 60)
                );
                self.findings.push(Finding::plain(Weight::Words, text).at(old.line, new.line));
            }
            _ => {}
        }
        let (was, is) = (self.cell(old, false), self.cell(new, true));
        let kind = match () {
            // Its place among the others is another one.
            () if self.has_lanes_swapped && matches!(new.kind, NodeKind::Lane(..)) => RowKind::Renamed,
            () if was.text == is.text => RowKind::Same,
            () if old.head() == new.head() => RowKind::Renamed,
            // Only how it is written differs: by hand, or by another version.
            () if self.findings.len() == before && old.kind == new.kind && old.inner().is_empty() => RowKind::Renamed,
            () => RowKind::Changed,
        };
        self.rows.push(Row { kind, old: Some(was), new: Some(is) });
        let times = self.times;
        if let NodeKind::Repeat(count, _) = new.kind {
            self.times = count;
        }
        self.nodes(old.inner(), new.inner());
        self.times = times;
    }

    fn is_told(&self, is_new: bool, node: &Node) -> bool {
        self.explained.contains(&(is_new, node.line))
    }

    /// Bytes that come in more or in fewer pieces, and are the same.
    fn regrouped(&mut self, pairs: &[Pair<'n>]) {
        for found in regroup::find(pairs) {
            self.findings.push(found.finding);
            self.explained.extend(found.old.iter().map(|line| (false, *line)));
            self.explained.extend(found.new.iter().map(|line| (true, *line)));
        }
    }

    /// A node of the old trace or of the new one, as it stands there.
    fn cell(&self, node: &Node, is_new: bool) -> Cell {
        let lines = &self.lines[usize::from(is_new)];
        let inner: u32 = node.inner().iter().map(|inner| inner.lines).sum();
        let own = node.lines.saturating_sub(inner).max(1) as usize;
        let start = node.line as usize - 1;
        let lines = lines.get(start..(start + own).min(lines.len())).unwrap_or_default();
        Cell { line: node.line, text: lines.join("\n") }
    }
}

fn line_of(finding: Finding, node: &Node, is_new: bool) -> Finding {
    if is_new { Finding { new: Some(node.line), ..finding } } else { Finding { old: Some(node.line), ..finding } }
}
