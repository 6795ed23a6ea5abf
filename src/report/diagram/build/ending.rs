//! Directions, connections and endpoints end.

use super::super::peer::Nature;
use super::super::{Kind, Row, Shape, Step};
use super::{Builder, Seen};

impl Builder {
    /// An arrow to the other end, where the close is seen there.
    pub(super) fn close(&mut self, seen: Seen<'_>) -> Step {
        let socket = self.sockets.at(seen.column);
        let own = self.sockets.get(socket);
        if own.nature == Nature::Program {
            return seen.step(Shape::At(seen.column), Kind::End, "stdin closed");
        }
        let is_reset = own.resets || seen.label.contains(" unread ");
        self.leave(seen, if is_reset { Kind::Reset } else { Kind::End })
    }

    pub(super) fn reset(&mut self, seen: Seen<'_>) -> Step {
        self.leave(seen, Kind::Reset)
    }

    fn leave(&mut self, seen: Seen<'_>, kind: Kind) -> Step {
        let socket = self.sockets.at(seen.column);
        let is_last = self.sockets.release(seen.column);
        let own = self.sockets.get(socket);
        let is_seen = is_last && own.is_stream && (kind == Kind::Reset || !own.has_ended) && !self.ahead.has_wire;
        let to = if is_seen { self.alive_end(socket) } else { None };
        if is_last {
            self.sockets.get_mut(socket).has_ended = true;
        }
        let step = if to.is_some() { seen.arrow_to(to, kind) } else { seen.mark(kind) };
        Step { closes: vec![seen.column], ..step }
    }

    /// An arrow to the other end of a connection, which is reset. The socket stays.
    pub(super) fn disconnect(&mut self, seen: Seen<'_>) -> Step {
        if seen.has_failed() {
            return seen.mark(Kind::Refused);
        }
        let socket = self.sockets.at(seen.column);
        let is_told = self.sockets.get(socket).is_stream && !self.ahead.has_wire;
        let to = if is_told { self.alive_end(socket) } else { None };
        self.sockets.part(socket);
        if to.is_some() { seen.arrow_to(to, Kind::Reset) } else { seen.mark(Kind::Note) }
    }

    /// The column of the other end, if that can still see anything.
    fn alive_end(&self, socket: usize) -> Option<usize> {
        let peer = self.sockets.get(socket).peer;
        match peer.map(|peer| self.sockets.get(peer)) {
            Some(peer) if peer.is_gone => None,
            _ => self.sockets.other_end(socket),
        }
    }

    pub(super) fn shutdown(&mut self, seen: Seen<'_>) -> Step {
        if seen.has_failed() {
            return seen.mark(Kind::Refused);
        }
        let socket = self.sockets.at(seen.column);
        let tells = seen.label != "shutdown read" && self.sockets.get(socket).is_stream;
        if !tells || self.sockets.get(socket).has_ended {
            return seen.mark(Kind::Note);
        }
        self.sockets.get_mut(socket).has_ended = true;
        let to = if self.ahead.has_wire { None } else { self.alive_end(socket) };
        if to.is_some() { seen.arrow_to(to, Kind::End) } else { seen.mark(Kind::End) }
    }

    /// An end or a reset that is seen: with the row just before where that is what ended it.
    pub(super) fn see_end(&mut self, seen: Seen<'_>, kind: Kind, rows: &mut [Row]) -> Option<Step> {
        if let Some(Row::Step(last)) = rows.last_mut() {
            let arrives = matches!(last.shape, Shape::Arrow { to: Some(to), .. } if to == seen.column);
            if arrives && last.kind == kind && last.received.is_none() {
                last.received = Some(seen.happened.line);
                if last.label != seen.label {
                    last.label.extend([" → ", seen.label]);
                }
                return None;
            }
        }
        let socket = self.sockets.at(seen.column);
        let other = self.sockets.other_end(socket).filter(|other| self.sockets.is_outside(*other));
        match other.filter(|_| !self.ahead.has_wire) {
            Some(from) => {
                let shape = Shape::Arrow { from: Some(from), to: Some(seen.column) };
                Some(Step { received: Some(seen.happened.line), ..seen.step(shape, kind, seen.label) })
            }
            None => Some(seen.mark(kind)),
        }
    }

    /// The end of a program, and of its hold on sockets.
    pub(super) fn exit(&mut self, seen: Seen<'_>) -> Step {
        self.sockets.release(seen.column);
        self.sockets.let_go(seen.column);
        Step { closes: vec![seen.column], ..seen.mark(Kind::End) }
    }
}
