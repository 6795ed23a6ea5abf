//! Bytes that go from one to the other.

use super::super::peer::Nature;
use super::super::{Kind, Role, Row, Shape, Step};
use super::{Builder, Seen};
use crate::trace::event::What;

impl Builder {
    pub(super) fn send(&mut self, seen: Seen<'_>) -> Step {
        let socket = self.sockets.at(seen.column);
        let own = self.sockets.get(socket);
        if own.nature == Nature::Program {
            return seen.step(Shape::At(seen.column), Kind::Received, renamed(seen.label, "send", "stdin"));
        }
        let suffix = suffix(seen);
        let to = match word_after(suffix, "to ") {
            Some("sender") => own.sender,
            Some(name) => self.target(name, None),
            None => self.sockets.other_end(socket),
        };
        if seen.has_failed() {
            let step = if self.ahead.has_wire { seen.mark(Kind::Refused) } else { seen.arrow_to(to, Kind::Refused) };
            return Step { label: seen.label.to_owned(), ..step };
        }
        if let Some(to) = to {
            self.deliver(socket, seen.column, to, suffix);
        }
        if self.ahead.has_wire {
            return seen.mark(Kind::Note);
        }
        let step = seen.arrow_to(to, Kind::Message);
        match step.shape {
            // The arrow shows whom it goes to.
            Shape::Arrow { to, .. } => {
                let label = without(seen.label, "send ");
                let end = if to.is_some() { bytes_of(&label).len() } else { label.len() };
                Step { label: label[..end].to_owned(), ..step }
            }
            _ => step,
        }
    }

    /// What the receiver has to know: who sent the datagram, and which sockets come with it.
    fn deliver(&mut self, socket: usize, from: usize, to: usize, suffix: &[String]) {
        if self.sockets.is_outside(to) {
            return;
        }
        let is_stream = self.sockets.get(socket).is_stream;
        let passed: Vec<usize> = names_after(suffix, "pass ")
            .map(|name| {
                let column = self.sockets.column(&name, Role::Endpoint);
                self.sockets.at(column)
            })
            .collect();
        if !is_stream {
            let receiver = self.sockets.at(to);
            let receiver = self.sockets.get_mut(receiver);
            receiver.passed.extend(passed);
            receiver.waiting.push_back(from);
        } else if let Some(peer) = self.sockets.get(socket).peer {
            self.sockets.get_mut(peer).passed.extend(passed);
        } else {
            self.sockets.get_mut(socket).early.extend(passed);
        }
    }

    /// Bytes that come in. Those of the arrow just before are received with it.
    pub(super) fn receive(&mut self, seen: Seen<'_>, rows: &mut [Row]) -> Option<Step> {
        if seen.has_failed() {
            return Some(seen.mark(Kind::Refused));
        }
        let socket = self.sockets.at(seen.column);
        let suffix = suffix(seen);
        if self.sockets.get(socket).nature == Nature::Program {
            let is_error = suffix.iter().any(|word| word == "from stderr");
            let label = renamed(seen.label, "recv", if is_error { "stderr" } else { "stdout" });
            return Some(seen.step(Shape::At(seen.column), Kind::Message, label.replace(" from stderr", "")));
        }
        let opens = self.take(socket, suffix);
        let sender = self.sender(socket, suffix);
        if opens.is_empty() && arrives(seen, rows) {
            return None;
        }
        let outside = sender.or_else(|| self.sockets.other_end(socket)).filter(|from| self.sockets.is_outside(*from));
        let step = match outside {
            Some(from) if !self.ahead.has_wire => {
                let shape = Shape::Arrow { from: Some(from), to: Some(seen.column) };
                let label = without(seen.label, "recv ");
                let from = self.sockets.columns[from].name.as_str();
                let label = label.strip_suffix(&format!(" from {from}")).unwrap_or(&label);
                let step = seen.step(shape, Kind::Message, label);
                Step { received: Some(seen.happened.line), ..step }
            }
            _ => seen.mark(Kind::Received),
        };
        Some(Step { opens, ..step })
    }

    /// Gives the sockets that come with a message their names here, if it gives them any.
    fn take(&mut self, socket: usize, suffix: &[String]) -> Vec<usize> {
        for _ in names_after(suffix, "drops ") {
            self.sockets.get_mut(socket).passed.pop_front();
        }
        let mut opens = Vec::new();
        for name in names_after(suffix, "takes ") {
            let column = self.sockets.column(&name, Role::Endpoint);
            match self.sockets.get_mut(socket).passed.pop_front() {
                Some(passed) => self.sockets.share(column, passed),
                None => drop(self.sockets.bear(column)),
            }
            opens.push(column);
        }
        opens
    }

    /// Whom a datagram comes from.
    fn sender(&mut self, socket: usize, suffix: &[String]) -> Option<usize> {
        if self.sockets.get(socket).is_stream {
            return None;
        }
        let named = word_after(suffix, "from ").and_then(|name| self.target(name, None));
        let is_peek = suffix.iter().any(|word| word == "peek");
        let waiting = &mut self.sockets.get_mut(socket).waiting;
        let first = match named {
            Some(named) => {
                if let Some(at) = waiting.iter().position(|from| *from == named) {
                    waiting.remove(at);
                }
                Some(named)
            }
            None if is_peek => waiting.front().copied(),
            None => waiting.pop_front(),
        };
        let from = first.or_else(|| self.sockets.other_end(socket)).or_else(|| self.sockets.program(""));
        self.sockets.get_mut(socket).sender = from;
        if let Some(name) = word_after(suffix, "sender ") {
            let column = from.unwrap_or_else(|| self.sockets.column(name, Role::Outside));
            self.senders.insert(name.to_owned(), column);
            self.sockets.get_mut(socket).sender = Some(column);
        }
        self.sockets.get(socket).sender
    }
}

/// Whether the row just before is the message that is received here, all of it and nothing else.
fn arrives(seen: Seen<'_>, rows: &mut [Row]) -> bool {
    let Some(Row::Step(last)) = rows.last_mut() else { return false };
    let is_ours = last.kind == Kind::Message && last.received.is_none();
    let Shape::Arrow { to: Some(to), .. } = last.shape else { return false };
    if !is_ours || to != seen.column || bytes_of(&last.label) != bytes_of(&without(seen.label, "recv ")) {
        return false;
    }
    // What one of them alone says would be lost.
    if suffix(seen).iter().any(|word| word == "peek" || word.starts_with("takes ")) || seen.label.starts_with("read ") {
        return false;
    }
    last.received = Some(seen.happened.line);
    true
}

/// A label without whom it goes to or comes from, which the arrow shows.
fn bytes_of(label: &str) -> &str {
    [" to ", " from ", " sender "].iter().fold(label, |label, word| match label.rfind(word) {
        Some(at) if !label[at..].contains('"') => &label[..at],
        _ => label,
    })
}

fn suffix(seen: Seen<'_>) -> &[String] {
    match &seen.event.what {
        What::Data { suffix, .. } => suffix,
        What::Words(_) => &[],
    }
}

fn word_after<'s>(suffix: &'s [String], word: &str) -> Option<&'s str> {
    suffix.iter().find_map(|words| words.strip_prefix(word))
}

/// The names after a word: `pass a`, `takes a b`.
fn names_after<'s>(suffix: &'s [String], word: &str) -> impl Iterator<Item = String> + use<'s> {
    word_after(suffix, word).unwrap_or_default().split(' ').filter(|name| !name.is_empty()).map(str::to_owned)
}

fn without(label: &str, word: &str) -> String {
    label.strip_prefix(word).unwrap_or(label).to_owned()
}

fn renamed(label: &str, word: &str, other: &str) -> String {
    label.strip_prefix(word).map_or_else(|| label.to_owned(), |rest| format!("{other}{rest}"))
}
