//! Sockets come to be, and are connected.

use super::super::peer::Nature;
use super::super::{Kind, Role, Row, Shape, Step};
use super::{Builder, Seen};

impl Builder {
    /// `socket`, `bind`, `listen`, `open`, `run`.
    pub(super) fn open(&mut self, verb: &str, seen: Seen<'_>) -> Step {
        let (socket, is_new) = self.sockets.bear(seen.column);
        let own = self.sockets.get_mut(socket);
        if !seen.has_failed() {
            own.nature = match verb {
                "listen" => Nature::Listener,
                "run" => Nature::Program,
                "open" => Nature::File,
                _ => own.nature,
            };
            own.arguments = if verb == "run" { seen.label.to_owned() } else { String::new() };
            own.addresses.extend(seen.label.split(' ').nth(1).filter(|word| word.contains(':')).map(str::to_owned));
            own.addresses.extend(seen.happened.facts.local.clone());
        }
        if verb == "run" && !seen.has_failed() {
            self.hand_over(seen);
        }
        let kind = match (seen.has_failed(), is_new) {
            (true, _) => Kind::Refused,
            (false, true) => Kind::Opened,
            (false, false) => Kind::Note,
        };
        Step { opens: opens(seen.column, is_new), ..seen.mark(kind) }
    }

    /// A program gets sockets: a connection goes on with it, and it may accept from a listener.
    fn hand_over(&mut self, seen: Seen<'_>) {
        let Some((_, names)) = seen.label.rsplit_once(" pass ") else { return };
        for name in names.split(' ') {
            let Some(column) = self.sockets.find(name) else { continue };
            let socket = self.sockets.at(column);
            let socket = self.sockets.get_mut(socket);
            match socket.nature {
                Nature::Listener => socket.served = Some(seen.column),
                _ => socket.holders.push(seen.column),
            }
        }
    }

    /// An arrow to the listener. A datagram socket asks nobody, and so has none.
    pub(super) fn connect(&mut self, seen: Seen<'_>) -> Step {
        let (socket, is_new) = self.sockets.bear(seen.column);
        let to = seen.label.split(' ').nth(1).unwrap_or_default();
        let facts = &seen.happened.facts;
        let target = self.target(to, facts.peer.as_deref());
        let is_datagram = to.starts_with("udp") || to.starts_with("unixgram");
        let is_stream = !is_datagram && target.is_none_or(|target| self.is_stream(target));
        // A connect that goes on is one that can be accepted.
        let is_refused = seen.has_failed() && seen.event.fails != ["EINPROGRESS"];
        if !is_refused {
            let own = self.sockets.get_mut(socket);
            own.target = target;
            own.is_stream = is_stream;
            own.addresses.extend(facts.local.clone());
            // In lanes the accept may have been told before.
            if is_stream && !(is_new && own.peer.is_some()) {
                (own.peer, own.has_ended) = (None, false);
                self.meet(seen, socket);
            }
        }
        let kind = match (is_refused, is_stream) {
            (true, _) => Kind::Refused,
            (false, true) => Kind::Connection,
            (false, false) => Kind::Note,
        };
        let is_drawn = !self.ahead.has_wire && kind != Kind::Note;
        let step = if is_drawn { seen.arrow_to(target, kind) } else { seen.mark(kind) };
        Step { opens: opens(seen.column, is_new), ..step }
    }

    /// Finds the connection that a client's will be. In lanes it may be there already, or be spoken
    /// of before its accept stands there.
    fn meet(&mut self, seen: Seen<'_>, client: usize) {
        let local = seen.happened.facts.local.as_deref();
        let Some((number, accept)) = self.ahead.accept_of(&seen.event.endpoint, local, self.now) else { return };
        if number > self.now && self.lanes == 0 {
            return;
        }
        accept.is_taken = true;
        let column = self.sockets.column(&accept.connection, Role::Endpoint);
        let connection = self.sockets.at(column);
        self.sockets.join(client, connection);
    }

    /// The column of whom a step names. An address that nobody has gets a column where an arrow may
    /// go to it; with segments it does not, since they have their own.
    pub(super) fn target(&mut self, name: &str, seen: Option<&str>) -> Option<usize> {
        if name.contains(':') {
            let known = self.sockets.addressed(name, seen);
            return known.or_else(|| (!self.ahead.has_wire).then(|| self.sockets.column(name, Role::Outside)));
        }
        let sender = self.senders.get(name).copied();
        Some(sender.unwrap_or_else(|| self.sockets.column(name, Role::Endpoint)))
    }

    /// Whether what is connected to this is the end of a connection.
    fn is_stream(&mut self, target: usize) -> bool {
        let is_listener = self.ahead.listens(&self.sockets.columns[target].name);
        is_listener || self.sockets.is_outside(target)
    }

    /// A new line that begins at the listener's.
    pub(super) fn accept(&mut self, seen: Seen<'_>) -> Step {
        let mut words = seen.label.split(' ').skip(1);
        let name = words.next().unwrap_or_default();
        let from = if words.next() == Some("from") { words.next() } else { None };
        if seen.has_failed() {
            return seen.mark(Kind::Refused);
        }
        let (connection, is_new) = self.sockets.bear(seen.column);
        self.sockets.get_mut(connection).is_stream = true;
        let named = self.sockets.column(name, Role::Endpoint);
        let client = match from {
            Some(from) => Some(self.sockets.column(from, Role::Endpoint)),
            None => (!self.ahead.listens(name)).then_some(named),
        };
        let listener = if let Some(client) = client {
            let socket = self.sockets.at(client);
            if self.sockets.get(connection).peer.is_none() {
                self.sockets.join(socket, connection);
            }
            self.sockets.get(socket).target
        } else {
            // A program has connected.
            let program = self.sockets.program("");
            self.sockets.get_mut(connection).target = program;
            Some(named)
        };
        self.ahead.take(self.now);
        let shape = match listener {
            Some(listener) if listener != seen.column => Shape::Arrow { from: Some(listener), to: Some(seen.column) },
            _ => Shape::At(seen.column),
        };
        Step { opens: opens(seen.column, is_new), ..seen.step(shape, Kind::Connection, seen.label) }
    }

    /// Two new lines at once.
    pub(super) fn pair(&mut self, seen: Seen<'_>) -> Step {
        let other = seen.label.split(' ').nth(1).unwrap_or_default();
        let other = self.sockets.column(other, Role::Endpoint);
        let ends = [seen.column, other];
        let [one, two] = ends.map(|column| self.sockets.bear(column).0);
        self.sockets.join(one, two);
        let is_datagram = seen.label.contains("unixgram");
        for end in [one, two] {
            self.sockets.get_mut(end).is_stream = !is_datagram;
        }
        Step { opens: ends.to_vec(), ..seen.arrow_to(Some(other), Kind::Both) }
    }

    /// A new line for a socket that has one already.
    pub(super) fn dup(&mut self, seen: Seen<'_>) -> Step {
        if seen.has_failed() {
            return seen.mark(Kind::Refused);
        }
        let of = seen.label.split(' ').nth(1).unwrap_or_default();
        let of = self.sockets.column(of, Role::Endpoint);
        let socket = self.sockets.at(of);
        self.sockets.share(seen.column, socket);
        Step { opens: vec![seen.column], ..seen.mark(Kind::Opened) }
    }

    /// The two ends of a handshake are one row where nothing lies between.
    pub(super) fn tls(&mut self, seen: Seen<'_>, rows: &mut [Row]) -> Option<Step> {
        let socket = self.sockets.at(seen.column);
        let other = self.sockets.other_end(socket).filter(|other| *other != seen.column);
        if let Some(Row::Step(last)) = rows.last_mut()
            && last.label.starts_with("tls ")
            && other.is_some_and(|other| last.shape == Shape::At(other))
        {
            let Shape::At(from) = last.shape else { return None };
            last.shape = Shape::Arrow { from: Some(from), to: Some(seen.column) };
            last.kind = if last.kind == Kind::Refused || seen.has_failed() { Kind::Refused } else { Kind::Both };
            last.received = Some(seen.happened.line);
            if last.label != seen.label {
                last.label.extend([" / ", seen.label]);
            }
            return None;
        }
        Some(seen.mark(if seen.has_failed() { Kind::Refused } else { Kind::Note }))
    }
}

fn opens(column: usize, is_new: bool) -> Vec<usize> {
    if is_new { vec![column] } else { Vec::new() }
}
