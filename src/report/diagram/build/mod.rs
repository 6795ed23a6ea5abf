//! Makes the model of a record, step by step from its beginning.

mod connecting;
mod data;
mod ending;

use std::borrow::Cow;
use std::collections::HashMap;

use super::ahead::{Ahead, folded};
use super::label::label;
use super::peer::Sockets;
use super::{Block, BlockKind, Diagram, Kind, Part, Role, Row, Shape, Step};
use crate::trace::event::{Event, Segment, What};
use crate::trace::record::{Entry, Failure, Happened, Lane, Open, Record};
use crate::trace::{Trace, canonical};

/// How many characters of an event are kept for those who want it whole.
const DETAIL: usize = 4096;

pub(super) fn build(record: &Record) -> Diagram {
    let mut builder = Builder { ahead: Ahead::of(record), ..Builder::default() };
    let mut rows = builder.rows(&record.entries);
    if let Some(failure) = &record.failure {
        rows.push(Row::Step(builder.failure(failure)));
    } else if !record.end.is_empty() {
        rows.push(Row::Step(end(record)));
    }
    Diagram {
        tests: vec![record.test.clone()],
        columns: builder.sockets.columns,
        rows,
        failure: record.failure.as_ref().map(|failure| failure.message.clone()),
    }
}

/// What is known after the steps that have been drawn.
#[derive(Debug, Default)]
struct Builder {
    sockets: Sockets,
    ahead: Ahead,
    /// The number of the event that is drawn.
    now: usize,
    /// How many `parallel` blocks the event is in.
    lanes: usize,
    /// The names that `sender` gave to addresses, by column.
    senders: HashMap<String, usize>,
}

/// An event, and who it is of.
#[derive(Clone, Copy)]
struct Seen<'r> {
    happened: &'r Happened,
    event: &'r Event,
    column: usize,
    /// What stands beside it.
    label: &'r str,
}

impl Seen<'_> {
    /// Whether it failed, as the spec says.
    fn has_failed(self) -> bool {
        let fails = &self.event.fails;
        !fails.is_empty() && !fails.iter().any(|outcome| outcome == "none")
    }

    fn step(self, shape: Shape, kind: Kind, label: impl Into<String>) -> Step {
        let label = label.into();
        Step {
            line: self.happened.line,
            file: self.happened.file.clone(),
            received: None,
            shape,
            kind,
            detail: label.contains('…').then(|| detail(self.event)),
            label,
            opens: Vec::new(),
            closes: Vec::new(),
        }
    }

    /// A mark on the endpoint's own line.
    fn mark(self, kind: Kind) -> Step {
        self.step(Shape::At(self.column), kind, self.label)
    }

    /// An arrow from the endpoint's own line.
    fn arrow_to(self, to: Option<usize>, kind: Kind) -> Step {
        match to {
            // What a socket sends to itself crosses no gap.
            Some(to) if to == self.column => self.mark(kind),
            to => self.step(Shape::Arrow { from: Some(self.column), to }, kind, self.label),
        }
    }
}

impl Builder {
    fn rows(&mut self, entries: &[Entry]) -> Vec<Row> {
        let mut rows = Vec::new();
        for entry in entries {
            match entry {
                Entry::Event(happened) => self.event(happened, &mut rows),
                Entry::Parallel(lanes) => rows.push(self.parallel(lanes)),
                Entry::Repeat(groups) => {
                    let part = |(count, entries): (Option<u64>, &[Entry])| Part {
                        title: count.map_or_else(|| "× ~".to_owned(), |count| format!("× {count}")),
                        rows: self.rows(entries),
                    };
                    let parts = folded(groups).into_iter().map(part).collect();
                    repeated(&mut rows, parts);
                }
                Entry::Retry(held) => {
                    let part = Part { title: String::new(), rows: self.rows(held) };
                    if !part.rows.is_empty() {
                        rows.push(Row::Block(Block { kind: BlockKind::Retry, parts: vec![part] }));
                    }
                }
            }
        }
        rows
    }

    fn parallel(&mut self, lanes: &[Lane]) -> Row {
        self.lanes += 1;
        let part = |lane: &Lane| Part { title: lane.name.clone(), rows: self.rows(&lane.entries) };
        let parts = lanes.iter().map(part).collect();
        self.lanes -= 1;
        Row::Block(Block { kind: BlockKind::Parallel, parts })
    }

    fn event(&mut self, happened: &Happened, rows: &mut Vec<Row>) {
        let event = &*canonical::event(&happened.event);
        let label = label(event);
        let verb = verb(event);
        if event.endpoint == "link" {
            let seen = Seen { happened, event, column: 0, label: &format!("link {label}") };
            rows.push(Row::Step(seen.step(Shape::Across, Kind::Note, seen.label)));
        } else {
            let role = if verb == "run" { Role::Program } else { Role::Endpoint };
            let column = self.sockets.column(&event.endpoint, role);
            let seen = Seen { happened, event, column, label: &label };
            self.verb(verb, seen, rows);
        }
        self.segments(happened, &event.wire, rows);
        self.now += 1;
    }

    /// Draws an event, by its first word.
    fn verb(&mut self, verb: &str, seen: Seen<'_>, rows: &mut Vec<Row>) {
        let step = match verb {
            "socket" | "bind" | "listen" | "open" | "run" => Some(self.open(verb, seen)),
            "connect" => Some(self.connect(seen)),
            "accept" => Some(self.accept(seen)),
            "pair" => Some(self.pair(seen)),
            "dup" => Some(self.dup(seen)),
            "disconnect" => Some(self.disconnect(seen)),
            "tls" => self.tls(seen, rows),
            "send" => Some(self.send(seen)),
            "recv" | "read" => self.receive(seen, rows),
            "close" => Some(self.close(seen)),
            "shutdown" => Some(self.shutdown(seen)),
            "eof" | "truncated" => self.see_end(seen, Kind::End, rows),
            "reset" => Some(self.reset(seen)),
            "expect" if seen.label == "expect reset" => self.see_end(seen, Kind::Reset, rows),
            "exit" => Some(self.exit(seen)),
            "set" => Some(self.set(seen)),
            _ => Some(seen.mark(if seen.has_failed() { Kind::Refused } else { Kind::Note })),
        };
        rows.extend(step.map(Row::Step));
    }

    fn set(&mut self, seen: Seen<'_>) -> Step {
        if seen.label.split(' ').any(|word| word == "SO_LINGER=0") {
            let socket = self.sockets.at(seen.column);
            self.sockets.get_mut(socket).resets = true;
        }
        seen.mark(if seen.has_failed() { Kind::Refused } else { Kind::Note })
    }

    /// What an event caused on the wire.
    fn segments(&mut self, happened: &Happened, wire: &[Segment], rows: &mut Vec<Row>) {
        for segment in wire {
            let [from, to] = [&segment.from, &segment.to].map(|name| self.sockets.wire_column(name));
            let (from, to) = (self.sockets.accepted(from, to), self.sockets.accepted(to, from));
            let shape = if from == to { Shape::At(from) } else { Shape::Arrow { from: Some(from), to: Some(to) } };
            let kind = if segment.what.contains("RST") { Kind::Reset } else { Kind::Segment };
            let seen = Seen { happened, event: &happened.event, column: from, label: &segment.what };
            rows.push(Row::Step(seen.step(shape, kind, seen.label)));
        }
    }

    fn failure(&mut self, failure: &Failure) -> Step {
        let shape = match &failure.endpoint {
            Some(endpoint) => Shape::At(self.sockets.column(endpoint, Role::Endpoint)),
            None => Shape::Across,
        };
        let opens = match shape {
            Shape::At(column) if self.sockets.bear(column).1 => vec![column],
            _ => Vec::new(),
        };
        Step {
            line: failure.line,
            file: failure.file.clone(),
            received: None,
            shape,
            kind: Kind::Failure,
            label: failure.message.clone(),
            detail: None,
            opens,
            closes: Vec::new(),
        }
    }
}

/// Appends iterations. As in a trace, those of neighbouring `repeat`s stand as if they were of one.
fn repeated(rows: &mut Vec<Row>, parts: Vec<Part>) {
    match rows.last_mut() {
        Some(Row::Block(block)) if block.kind == BlockKind::Repeat => block.parts.extend(parts),
        _ if parts.is_empty() => {}
        _ => rows.push(Row::Block(Block { kind: BlockKind::Repeat, parts })),
    }
}

/// The first word of an event.
fn verb(event: &Event) -> &str {
    let (What::Words(words) | What::Data { verb: words, .. }) = &event.what;
    words.split(' ').next().unwrap_or_default()
}

/// The event as the trace has it.
fn detail(event: &Event) -> String {
    let event = Event { wire: Vec::new(), ..event.clone() };
    let entries = vec![canonical::Entry::Event(Cow::Owned(event))];
    let text = Trace { entries, end: Vec::new() }.to_text();
    super::width::cut(text.trim_end(), DETAIL)
}

/// What is open at the end, in a row of its own.
fn end(record: &Record) -> Step {
    let open = |(count, open): &(Option<u64>, &Open)| {
        let count = match count {
            Some(1) => String::new(),
            Some(count) => format!("{count} × "),
            None => "~ × ".to_owned(),
        };
        format!("{count}{}{}", open.name, open.unread.words())
    };
    let open: Vec<String> = Trace::from_record(record).end.iter().map(open).collect();
    Step {
        line: 0,
        file: None,
        received: None,
        shape: Shape::Across,
        kind: Kind::Note,
        label: format!("open at the end: {}", open.join(", ")),
        detail: None,
        opens: Vec::new(),
        closes: Vec::new(),
    }
}
