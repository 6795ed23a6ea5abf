//! Goes through two traces at once, pair by pair.

use std::collections::HashSet;

use super::align::{Pair, align, verb};
use super::finding::{Finding, Said, Weight};
use super::order::{self, Known};
use super::phrase::{self, who};
use super::wire::Wire;
use super::{Cell, Row, RowKind, closing, ending, fields, regroup, sentences};
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

/// How much is told of iterations that go another way.
const TOLD: usize = 2;

#[derive(Debug, Default)]
struct Walk<'n> {
    /// The lines of the old trace as they stand, before anything got its new name.
    old_lines: Vec<String>,
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
    /// Who closes before or after the other end, unlike before, which is told.
    closers: HashSet<String>,
    ends: Vec<(&'n ending::List, &'n ending::List, Option<u32>, Option<u32>)>,
}

/// The rows of a difference, and all that differs. `renamed` is the old trace with the names of the
/// new one.
pub(super) fn walk(old: &TraceText, renamed: &TraceText, new: &TraceText) -> (Vec<Row>, Vec<Finding>) {
    let old_lines = old.to_text().lines().map(str::to_owned).collect();
    let mut walk = Walk { old_lines, wire: Wire::new(renamed, new), ..Walk::default() };
    (walk.findings, walk.closers) = closing::compare(&renamed.nodes, &new.nodes);
    walk.nodes(&renamed.nodes, &new.nodes);
    walk.finish()
}

/// The differences of two lists on their own.
fn parts(old: &[Node], new: &[Node]) -> (Vec<Row>, Vec<Finding>) {
    let mut walk = Walk::default();
    walk.nodes(old, new);
    walk.finish()
}

/// How many iterations a node stands for, where it does and that does not vary.
fn count(node: &Node) -> Option<u64> {
    match node.kind {
        NodeKind::Repeat(count, _) => count,
        _ => None,
    }
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
        let pairs = align(old, new);
        self.iterations(&pairs);
        self.regrouped(&pairs);
        for pair in pairs {
            match pair {
                (Some(old), Some(new)) => self.pair(old, new),
                (Some(old), None) => self.single(old, (None, self.is_told(false, old)), false),
                (None, Some(new)) => self.single(new, (None, self.is_told(true, new)), true),
                (None, None) => {}
            }
        }
    }

    fn pair(&mut self, old: &'n Node, new: &'n Node) {
        let before = self.findings.len();
        match (&old.kind, &new.kind) {
            (NodeKind::Event(was), NodeKind::Event(is)) => {
                self.known.push((old.line, new.line, is));
                let mut found = fields::compare(was, is);
                if self.is_told(true, new) && self.is_told(false, old) {
                    found.retain(|found| !matches!(found.said, Said::Bytes { .. }));
                }
                self.findings.extend(found.into_iter().map(|found| found.at(old.line, new.line)));
                self.wire.compare((old.line, was), (new.line, is));
            }
            (NodeKind::Repeat(was, _), NodeKind::Repeat(is, _))
                if was != is && !self.explained.contains(&(true, new.line)) =>
            {
                let finding = Finding::plain(Weight::Words, repeats(*was, *is, new));
                self.findings.push(finding.at(old.line, new.line));
            }
            (NodeKind::Lane(was, _), NodeKind::Lane(is, _)) if was != is => {
                let text = format!("lane {was} is called {is} now");
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
        let text = self.old_cell(old);
        let kind = match () {
            () if text.text == new.head() => RowKind::Same,
            () if old.head() == new.head() => RowKind::Renamed,
            // Only how it is written differs: by hand, or by another version.
            () if self.findings.len() == before && old.kind == new.kind && old.inner().is_empty() => RowKind::Renamed,
            () => RowKind::Changed,
        };
        self.rows.push(Row { kind, old: Some(text), new: Some(cell(new)) });
        self.nodes(old.inner(), new.inner());
    }

    /// A node of one side, with all that is in it.
    fn single(&mut self, node: &'n Node, (times, is_told): (Option<u64>, bool), is_new: bool) {
        let row = self.rows.len();
        let (kind, old, new) = if is_new {
            (RowKind::Added, None, Some(cell(node)))
        } else {
            (RowKind::Removed, Some(self.old_cell(node)), None)
        };
        self.rows.push(Row { kind, old, new });
        match &node.kind {
            _ if is_told => {}
            NodeKind::Event(event) => {
                let singles = if is_new { &mut self.added } else { &mut self.removed };
                singles.push(Single { row, node, event, times });
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
                let block = block(&node.kind);
                let text = if is_new { format!("new: {block}") } else { format!("gone: {block}") };
                self.findings.push(line_of(Finding::plain(Weight::Steps, text), node, is_new));
                self.has_blocks = true;
            }
        }
        let times = match node.kind {
            NodeKind::Repeat(count, _) => count,
            _ => times,
        };
        node.inner().iter().for_each(|inner| self.single(inner, (times, is_told), is_new));
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

    /// Iterations that went as the others did, and now go in a way of their own, or the other way
    /// round: the sum is the same. What they do otherwise is told against the others.
    fn iterations(&mut self, pairs: &[Pair<'n>]) {
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

    /// Events that are gone at one place and new at another one.
    fn find_moves(&mut self) {
        self.known.sort_by_key(|(_, new, _)| *new);
        let mut added = std::mem::take(&mut self.added);
        let mut removed = std::mem::take(&mut self.removed);
        removed.retain(|gone| {
            let is_it = |new: &Single<'_>| {
                new.event.endpoint == gone.event.endpoint
                    && new.event.what == gone.event.what
                    && new.event.fails == gone.event.fails
            };
            let Some(at) = added.iter().position(is_it) else { return true };
            let new = added.remove(at);
            self.rows[gone.row].kind = RowKind::MovedAway;
            self.rows[new.row].kind = RowKind::MovedHere;
            let (finding, has_passed) = order::moved(new.event, gone.node.line, new.node.line, &self.known);
            let is_told = matches!(verb(new.event), "close" | "reset") && self.closers.contains(&new.event.endpoint);
            self.findings.extend((!is_told && (has_passed || !self.has_blocks)).then_some(finding));
            self.wire.compare((gone.node.line, gone.event), (new.node.line, new.event));
            false
        });
        (self.added, self.removed) = (added, removed);
    }

    fn singles(&mut self) {
        for (singles, is_new) in [(&self.removed, false), (&self.added, true)] {
            for single in singles {
                let (who, phrase) = (who(single.event), phrase::of(single.event));
                let times = single
                    .times
                    .filter(|times| *times > 1)
                    .map_or_else(String::new, |times| format!(" ({times} times)"));
                let closes = matches!(verb(single.event), "close" | "reset");
                let stays = !is_new && closes;
                let open = if stays { self.open(&single.event.endpoint) } else { String::new() };
                let does = phrase.now + &times + &open;
                let said = match asked(single.event) {
                    Some(text) if !is_new => Said::Plain(text),
                    _ if is_new => Said::Added { who, does },
                    _ => Said::Removed { who, does },
                };
                let finding = Finding { weight: Weight::Steps, old: None, new: None, said };
                self.findings.push(line_of(finding, single.node, is_new));
            }
        }
    }

    /// `, and is open at the end`, where an endpoint is that now.
    fn open(&self, name: &str) -> String {
        let open = self.ends.iter().flat_map(|(_, new, ..)| new.iter()).find(|(_, open)| open.name == name);
        open.map_or_else(String::new, |(_, open)| format!(", and is open at the end{}", ending::unread(open.unread)))
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

    fn old_cell(&self, node: &Node) -> Cell {
        let own = node.head().lines().count().max(1);
        let start = node.line as usize - 1;
        let lines = self.old_lines.get(start..(start + own).min(self.old_lines.len())).unwrap_or_default();
        Cell { line: node.line, text: lines.join("\n") }
    }
}

fn cell(node: &Node) -> Cell {
    Cell { line: node.line, text: node.head() }
}

fn line_of(finding: Finding, node: &Node, is_new: bool) -> Finding {
    if is_new { Finding { new: Some(node.line), ..finding } } else { Finding { old: Some(node.line), ..finding } }
}

/// What is said where something is not looked at any more: that it is otherwise now is not known.
fn asked(event: &Event) -> Option<String> {
    let What::Words(words) = &event.what else { return None };
    let who = who(event);
    match words.split_once(' ') {
        Some(("silence", time)) => Some(format!("it is no longer seen that nothing comes to {who} for {time}")),
        Some(("expect", list)) if list.contains('=') => {
            let told = list.split_once('=').filter(|(_, value)| !value.contains('='));
            Some(match told {
                Some((name, value)) => format!("{who} is no longer asked for its {name}, which was {value}"),
                None => format!("{who} is no longer asked for `{list}`"),
            })
        }
        None if matches!(words.as_str(), "readable" | "writable") => {
            Some(format!("it is no longer seen that {who} is {words}"))
        }
        _ => None,
    }
}

/// A block in words.
fn block(kind: &NodeKind) -> String {
    match kind {
        NodeKind::Lane(name, _) => format!("lane {name}"),
        NodeKind::Repeat(Some(count), _) => format!("a repeat of {count}"),
        NodeKind::Repeat(None, _) => "a repeat".to_owned(),
        NodeKind::Retry(_) => "a retry".to_owned(),
        _ => "a parallel".to_owned(),
    }
}

/// `the repeat of client<i> goes 12 times where it went 10 times`
fn repeats(was: Option<u64>, is: Option<u64>, new: &Node) -> String {
    let times = |count: Option<u64>| match count {
        Some(1) => "once".to_owned(),
        Some(count) => format!("{count} times"),
        None => "a number of times that varies".to_owned(),
    };
    let first = new.inner().iter().find_map(Node::event);
    let which = first.map_or_else(String::new, |event| format!(" in which {} {}", who(event), phrase::of(event).now));
    format!("the repeat{which} now goes {} where it went {}", times(is), times(was))
}
