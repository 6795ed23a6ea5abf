//! Goes through two traces at once, pair by pair.

mod iterations;
mod singles;

use std::collections::HashSet;

use super::align::{Pair, align, verb};
use super::finding::{Finding, Said, Weight};
use super::order::{self, Known};
use super::phrase::{self, who};
use super::twins::Twins;
use super::wire::Wire;
use super::{Cell, Row, RowKind, closing, ending, fields, regroup};
use crate::trace::TraceText;
use crate::trace::event::{Event, What};
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

/// The block that a node is in which is in one trace only.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    /// How often it happens.
    times: Option<u64>,
    /// Whether it is told of as a whole.
    is_told: bool,
    /// Whether it is a `parallel`, which is told of with its lanes.
    is_parallel: bool,
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
    /// Groups of iterations that are told of as a whole: whether they are new, and their lines.
    explained: HashSet<(bool, u32)>,
    /// Whether a block is new or gone, so that events stand elsewhere that are in the same order.
    has_blocks: bool,
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
        self.singles();
        self.ending();
        self.findings.extend(self.wire.finish());
        (self.rows, self.findings)
    }

    fn nodes(&mut self, old: &'n [Node], new: &'n [Node]) {
        let pairs = self.lanes(old, new).unwrap_or_else(|| align(old, new));
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

    /// A node of one side, with all that is in it.
    fn single(&mut self, node: &'n Node, block: Block, is_new: bool) {
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
                let word = if is_new { "new" } else { "gone" };
                let text = format!("{word}: {}", self::block(&node.kind));
                self.findings.push(line_of(Finding::plain(Weight::Steps, text), node, is_new));
                self.has_blocks = true;
            }
        }
        let times = match node.kind {
            NodeKind::Repeat(count, _) => count,
            _ => block.times,
        };
        let is_parallel = matches!(node.kind, NodeKind::Parallel(_));
        node.inner().iter().for_each(|inner| self.single(inner, Block { times, is_parallel, ..block }, is_new));
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

    /// Events that are gone at one place and new at another one.
    fn find_moves(&mut self) {
        self.known.sort_by_key(|(_, new, _)| *new);
        let mut added = std::mem::take(&mut self.added);
        let mut removed = std::mem::take(&mut self.removed);
        let is_it = |one: &Single<'_>, other: &Single<'_>| {
            one.event.endpoint == other.event.endpoint
                && one.event.what == other.event.what
                && one.event.fails == other.event.fails
        };
        // Those that happen often now, or did, and stand for as many others.
        let mut often: Vec<(Single<'n>, u64)> = Vec::new();
        removed.retain(|gone| {
            if let Some((_, left)) = often.iter_mut().find(|(new, left)| *left > 0 && is_it(new, gone)) {
                *left -= 1;
                self.rows[gone.row].kind = RowKind::MovedAway;
                return false;
            }
            let Some(at) = added.iter().position(|new| is_it(new, gone)) else { return true };
            let new = added.remove(at);
            often.push((new, new.times.unwrap_or(1).saturating_sub(1)));
            let mut left = gone.times.unwrap_or(1).saturating_sub(new.times.unwrap_or(1));
            added.retain(|more| {
                let is_one = left > 0 && is_it(more, gone);
                if is_one {
                    left -= 1;
                    self.rows[more.row].kind = RowKind::MovedHere;
                }
                !is_one
            });
            self.moved(gone, &new);
            false
        });
        self.other_ends(&mut removed, &mut added);
        (self.added, self.removed) = (added, removed);
    }

    /// An event that is the same one at another place.
    fn moved(&mut self, gone: &Single<'n>, new: &Single<'n>) {
        self.rows[gone.row].kind = RowKind::MovedAway;
        self.rows[new.row].kind = RowKind::MovedHere;
        let (finding, has_passed) = order::moved(new.event, gone.node.line, new.node.line, &self.known);
        let is_told = matches!(verb(new.event), "close" | "reset") && self.closers.contains(&new.event.endpoint);
        self.findings.extend((!is_told && (has_passed || !self.has_blocks)).then_some(finding));
        self.wire.compare((gone.node.line, gone.event), (new.node.line, new.event));
    }

    /// Closes that are resets now, or the other way round, at another place.
    fn other_ends(&mut self, removed: &mut Vec<Single<'n>>, added: &mut Vec<Single<'n>>) {
        let ends = |event: &Event| matches!(verb(event), "close" | "reset");
        removed.retain(|gone| {
            let is_it = |new: &Single<'_>| ends(new.event) && new.event.endpoint == gone.event.endpoint;
            let Some(at) = added.iter().position(is_it).filter(|_| ends(gone.event)) else { return true };
            let new = added.remove(at);
            let (was, is) = (phrase::of(gone.event).past, phrase::of(new.event).now);
            let place = order::place(new.event, gone.node.line, new.node.line, &self.known);
            let place = place.map_or_else(String::new, |place| format!(", and does so {place}"));
            let text = format!("{} now {is} where it {was}{place}", who(new.event));
            self.findings.push(Finding::plain(Weight::Seen, text).at(gone.node.line, new.node.line));
            self.wire.compare((gone.node.line, gone.event), (new.node.line, new.event));
            false
        });
    }

    fn ending(&mut self) {
        // Who is there at all, or is closed by a step, only since now or only before.
        let is_of_life = |event: &Event| {
            matches!(
                verb(event),
                "close"
                    | "reset"
                    | "exit"
                    | "socket"
                    | "bind"
                    | "listen"
                    | "accept"
                    | "connect"
                    | "pair"
                    | "run"
                    | "open"
            )
        };
        let singles = self.added.iter().chain(&self.removed).map(|single| single.event);
        let mut told: HashSet<String> = HashSet::new();
        for event in singles.filter(|event| is_of_life(event)) {
            told.insert(event.endpoint.clone());
            if let (What::Words(words), "pair") = (&event.what, verb(event)) {
                told.extend(words.split(' ').nth(1).map(str::to_owned));
            }
        }
        for (was, is, old, new) in &self.ends {
            let found = ending::compare(was, is, &told);
            self.findings.extend(found.into_iter().map(|found| Finding { old: *old, new: *new, ..found }));
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
