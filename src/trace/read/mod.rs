//! The text of a trace, read back: the body of a snapshot as events with their lines.
//!
//! Nothing is lost: [`TraceText::to_text`] gives the text again, to the byte. A line that is not
//! understood, of another version or changed by hand, is kept as it is.

mod line;
mod parts;
mod suffix;

use super::event::Event;
use super::record::{self, Facts, Happened, Open, Record, VERSION};
use super::text::{STEP, push_blanks, push_end, push_event};

/// A trace, as its text tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceText {
    /// What is in it, in order.
    pub nodes: Vec<Node>,
    /// Whether its last line lacks a line feed.
    unended: bool,
}

/// An event, a block of them, or a line that is neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its first line in the text, from 1.
    pub line: u32,
    /// How many lines it has, with all that is in it.
    pub lines: u32,
    /// How far it stands to the right.
    pub indent: usize,
    /// What it is.
    pub kind: NodeKind,
    /// Its own lines as they stand, where the program would write them otherwise.
    raw: Option<String>,
}

/// What a part of a trace's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// One event, with its bytes and what crossed the wire below it.
    Event(Event),
    /// Lanes that ran at once.
    Parallel(Vec<Node>),
    /// A lane, in a `parallel` only.
    Lane(String, Vec<Node>),
    /// Iterations with the same events; their number, where it does not vary.
    Repeat(Option<u64>, Vec<Node>),
    /// The events of the try that held.
    Retry(Vec<Node>),
    /// What was open at the end: how many of the name (`None` where that varies), and which.
    End(Vec<(Option<u64>, Open)>),
    /// A line that is not understood.
    Unknown(String),
}

impl Node {
    /// What is inside of a block; nothing of what is none.
    pub fn inner(&self) -> &[Self] {
        match &self.kind {
            NodeKind::Parallel(inner)
            | NodeKind::Lane(_, inner)
            | NodeKind::Repeat(_, inner)
            | NodeKind::Retry(inner) => inner,
            NodeKind::Event(_) | NodeKind::End(_) | NodeKind::Unknown(_) => &[],
        }
    }

    /// The event, if it is one.
    pub fn event(&self) -> Option<&Event> {
        match &self.kind {
            NodeKind::Event(event) => Some(event),
            _ => None,
        }
    }

    /// Its own lines: an event's with its bytes and its wire, a block's first one.
    pub fn head(&self) -> String {
        let mut out = String::new();
        push_head(&mut out, self);
        out.truncate(out.trim_end_matches('\n').len());
        out
    }
}

impl TraceText {
    /// Reads the text of a trace. Every text can be read; see [`NodeKind::Unknown`].
    pub fn read(text: &str) -> Self {
        let mut reader = Reader { lines: text.split_inclusive('\n').map(without_break).collect(), at: 0 };
        let mut nodes = Vec::new();
        while !reader.is_done() {
            let before = reader.at;
            reader.nodes(0, &mut nodes);
            if reader.at == before {
                nodes.push(reader.unknown());
            }
        }
        Self { nodes, unended: !text.is_empty() && !text.ends_with('\n') }
    }

    /// The text that was read, to the byte.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        push_nodes(&mut out, &self.nodes);
        if self.unended {
            out.pop();
        }
        out
    }

    /// All events, in the order of the text.
    pub fn events(&self) -> Vec<&Node> {
        fn walk<'n>(nodes: &'n [Node], found: &mut Vec<&'n Node>) {
            for node in nodes {
                found.extend(node.event().map(|_| node));
                walk(node.inner(), found);
            }
        }
        let mut found = Vec::new();
        walk(&self.nodes, &mut found);
        found
    }

    /// Changes what is in it, block by block and event by event; their lines stay those of the text.
    pub fn change(&mut self, with: &mut impl FnMut(&mut NodeKind)) {
        fn walk(nodes: &mut [Node], with: &mut impl FnMut(&mut NodeKind)) {
            for node in nodes {
                let before = node.raw.as_ref().map(|_| node.kind.clone());
                with(&mut node.kind);
                if before.is_some_and(|before| before != node.kind) {
                    node.raw = None;
                }
                match &mut node.kind {
                    NodeKind::Parallel(inner)
                    | NodeKind::Lane(_, inner)
                    | NodeKind::Repeat(_, inner)
                    | NodeKind::Retry(inner) => walk(inner, with),
                    NodeKind::Event(_) | NodeKind::End(_) | NodeKind::Unknown(_) => {}
                }
            }
        }
        walk(&mut self.nodes, with);
    }

    /// A record that gives this trace, but for iterations without events, for what is drawn of
    /// records. `line_of` says which line each event has in it, from its line in the text.
    pub fn to_record(&self, test: &str, line_of: impl Fn(u32) -> u32) -> Record {
        let mut end = Vec::new();
        let entries = entries(&self.nodes, &line_of, &mut end);
        Record { version: VERSION, test: test.to_owned(), entries, end, failure: None }
    }
}

fn entries(nodes: &[Node], line_of: &impl Fn(u32) -> u32, end: &mut Vec<Open>) -> Vec<record::Entry> {
    let mut entries: Vec<record::Entry> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match &node.kind {
            NodeKind::Event(event) => {
                entries.push(record::Entry::Event(happened(event.clone(), line_of(node.line))));
            }
            NodeKind::Parallel(lanes) => {
                let lane = |lane: &Node| match &lane.kind {
                    NodeKind::Lane(name, inner) => {
                        Some(record::Lane { name: name.clone(), entries: self::entries(inner, line_of, end) })
                    }
                    _ => None,
                };
                entries.push(record::Entry::Parallel(lanes.iter().filter_map(lane).collect()));
            }
            NodeKind::Lane(_, inner) | NodeKind::Retry(inner) => {
                entries.push(record::Entry::Retry(self::entries(inner, line_of, end)));
            }
            NodeKind::Repeat(count, inner) => entries.push(record::Entry::Repeat(vec![record::Group {
                count: count.unwrap_or(1),
                varies: count.is_none(),
                entries: self::entries(inner, line_of, end),
            }])),
            NodeKind::End(open) => end.extend(open.iter().flat_map(alike)),
            NodeKind::Unknown(_) => {}
        }
    }
    entries
}

fn alike((count, open): &(Option<u64>, Open)) -> impl Iterator<Item = Open> {
    // Nobody keeps more descriptors open than that; a number that was changed by hand may be any.
    let count = count.unwrap_or(1).min(1 << 16) as usize;
    std::iter::repeat_n(open.clone(), count)
}

fn happened(event: Event, line: u32) -> Happened {
    Happened { line, file: None, order: 0, began: 0, took: 0, event, facts: Facts::default() }
}

fn push_nodes(out: &mut String, nodes: &[Node]) {
    for node in nodes {
        push_head(out, node);
        push_nodes(out, node.inner());
    }
}

/// Appends a node's own lines, each with its line feed.
fn push_head(out: &mut String, node: &Node) {
    if let Some(raw) = &node.raw {
        out.push_str(raw);
        return;
    }
    match &node.kind {
        NodeKind::Event(event) => push_event(out, event, node.indent),
        NodeKind::Parallel(_) => push_line(out, "parallel", node.indent),
        NodeKind::Lane(name, _) => push_line(out, name, node.indent),
        NodeKind::Repeat(Some(count), _) => push_line(out, &format!("repeat {count}"), node.indent),
        NodeKind::Repeat(None, _) => push_line(out, "repeat ~", node.indent),
        NodeKind::Retry(_) => push_line(out, "retry", node.indent),
        NodeKind::End(open) => push_end(out, open.iter().map(|(count, open)| (*count, open))),
        NodeKind::Unknown(text) => {
            out.push_str(text);
            out.push('\n');
        }
    }
}

fn push_line(out: &mut String, text: &str, indent: usize) {
    push_blanks(out, indent);
    out.push_str(text);
    out.push('\n');
}

/// A line without the line feed that ends it; a carriage return before it stays.
fn without_break(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

/// How many blanks a line begins with.
fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The lines, and how far they have been read.
struct Reader<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn is_done(&self) -> bool {
        self.at == self.lines.len()
    }

    /// The next line, without its blanks, if it stands exactly so far to the right.
    fn peek(&self, indent: usize) -> Option<&'t str> {
        let line = self.lines.get(self.at)?;
        (indent_of(line) == indent && !line.trim().is_empty()).then(|| &line[indent..])
    }

    /// What stands so far to the right, and what is in it. Lines that stand further to the right
    /// without being in anything are unknown.
    fn nodes(&mut self, indent: usize, nodes: &mut Vec<Node>) {
        while let Some(line) = self.lines.get(self.at) {
            if self.peek(indent).is_some() {
                nodes.push(self.node(indent));
            } else if line.trim().is_empty() || indent_of(line) > indent {
                nodes.push(self.unknown());
            } else {
                return;
            }
        }
    }

    fn node(&mut self, indent: usize) -> Node {
        let start = self.at;
        let text = &self.lines[start][indent..];
        self.at += 1;
        let kind = match (text, text.strip_prefix("repeat "), line::end(text, indent)) {
            ("parallel", ..) => NodeKind::Parallel(self.lanes(indent + STEP)),
            ("retry", ..) => NodeKind::Retry(self.inside(indent + STEP)),
            (_, Some("~"), _) => NodeKind::Repeat(None, self.inside(indent + STEP)),
            (_, Some(count), _) if count.parse::<u64>().is_ok() => {
                NodeKind::Repeat(count.parse().ok(), self.inside(indent + STEP))
            }
            (_, _, Some(open)) => NodeKind::End(open),
            _ => return self.event(start, indent),
        };
        self.finish(start, indent, kind, start + 1)
    }

    fn inside(&mut self, indent: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        // An empty line after a block is not in it.
        while self.peek(indent).is_some() {
            nodes.push(self.node(indent));
        }
        nodes
    }

    fn lanes(&mut self, indent: usize) -> Vec<Node> {
        let mut lanes = Vec::new();
        while let Some(name) = self.peek(indent) {
            let start = self.at;
            self.at += 1;
            let inner = self.inside(indent + STEP);
            lanes.push(self.finish(start, indent, NodeKind::Lane(name.to_owned(), inner), start + 1));
        }
        lanes
    }

    /// An event with the lines below it that belong to it.
    fn event(&mut self, start: usize, indent: usize) -> Node {
        let payload = start + 1..start + 1 + line::payload_lines(&self.lines[start + 1..], indent);
        let wire = payload.end..payload.end + line::wire_lines(&self.lines[payload.end..], indent);
        let text = &self.lines[start][indent..];
        let Some(event) = line::event(text, &self.lines[payload], &self.lines[wire.clone()]) else {
            self.at = start;
            return self.unknown();
        };
        self.at = wire.end;
        self.finish(start, indent, NodeKind::Event(event), wire.end)
    }

    fn unknown(&mut self) -> Node {
        let text = self.lines[self.at];
        self.at += 1;
        self.finish(self.at - 1, indent_of(text), NodeKind::Unknown(text.to_owned()), self.at)
    }

    /// A node whose own lines end before `own`, and which ends where the reader is now.
    fn finish(&self, start: usize, indent: usize, kind: NodeKind, own: usize) -> Node {
        let (line, lines) = (start as u32 + 1, (self.at - start) as u32);
        let mut node = Node { line, lines, indent, kind, raw: None };
        let mut written = String::new();
        push_head(&mut written, &node);
        let as_it_stands = self.lines[start..own].iter().fold(String::new(), |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        });
        node.raw = (written != as_it_stands).then_some(as_it_stands);
        node
    }
}

#[cfg(test)]
mod tests;
