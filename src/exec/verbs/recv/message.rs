//! Messages: a datagram, a packet of a connection, the urgent byte.

use std::time::Duration;

use socket2::SockAddr;

use super::{DATAGRAM, How, Received, Receiving};
use crate::exec::endpoint::New;
use crate::exec::net::{Direction, address, sys};
use crate::exec::pattern::Boundary;
use crate::exec::stop::Stop;
use crate::model::network::Kind;
use crate::plan::Mode;

impl Receiving<'_> {
    /// The urgent byte.
    pub(super) async fn urgent(&mut self) -> Result<Received, Stop> {
        let mut byte = [0];
        loop {
            match sys::recv(self.socket.fd(), &mut byte, libc::MSG_OOB) {
                Ok(len) => {
                    self.socket.note_taken(len);
                    return self.complete(&byte[..len], Boundary::Read);
                }
                Err(errno) if errno.0 == libc::EAGAIN && self.call.mode == Mode::Waiting => {
                    if !self.deadline.wait(self.socket, Direction::In).await? {
                        return Err(self.late(&self.machine()?));
                    }
                }
                Err(errno) if errno.0 == libc::EINVAL && self.may_become_urgent() => {
                    if !self.lane.pause_between(self.deadline, Duration::from_millis(1)).await {
                        return Ok(Err(errno));
                    }
                }
                Err(errno) => return Ok(Err(errno)),
            }
        }
    }

    /// Whether an urgent byte is worth waiting for, where none is announced yet. Nothing tells of it.
    fn may_become_urgent(&self) -> bool {
        let ended = sys::ENDED | libc::POLLHUP | libc::POLLERR;
        let waits = self.call.mode == Mode::Waiting && self.call.fails.is_empty();
        waits && self.endpoint.network.is_tcp() && sys::poll_now(self.socket.fd(), ended) & ended == 0
    }

    /// One datagram, or one packet of a connection.
    pub(super) async fn datagram(&mut self, how: How<'_>) -> Result<Received, Stop> {
        let flags = libc::MSG_TRUNC | if how.peek { libc::MSG_PEEK } else { 0 };
        let message = loop {
            let waiting = if self.endpoint.network.is_unix() { sys::unread(self.socket.fd()).unwrap_or(0) } else { 0 };
            self.room(DATAGRAM.max(waiting as usize));
            match self.arrivals.message(self.socket, &mut self.buffer, flags) {
                Ok(message) => break message,
                Err(errno) if errno.0 == libc::EAGAIN => {
                    if self.call.mode == Mode::Waiting && self.socket.receives_nothing_more() {
                        return self.complete(&[], Boundary::Datagram);
                    }
                    let waited = self.wait(true).await?;
                    if let Some(errno) = waited.unless_passed(|| self.late_datagram())? {
                        return Ok(Err(errno));
                    }
                }
                Err(errno) => return Ok(Err(errno)),
            }
        };
        if message.len == 0 && self.is_end_of_packets() {
            return self.complete(&[], Boundary::Eof);
        }
        self.pieces.push(message.len as u64);
        self.check_sender(how, message.from)?;
        let len = message.len.min(self.buffer.len());
        self.complete(&self.buffer[..len], Boundary::Datagram)
    }

    /// Whether a receive of nothing was the end of a packet connection, not an empty packet.
    fn is_end_of_packets(&self) -> bool {
        self.endpoint.network.kind() == Kind::Packet
            && sys::poll_now(self.socket.fd(), sys::ENDED) & (sys::ENDED | libc::POLLHUP) != 0
            && sys::unread(self.socket.fd()) == Ok(0)
    }

    /// Judges who has sent a datagram, and gives the address its name.
    fn check_sender(&self, how: How<'_>, from: Option<SockAddr>) -> Result<(), Stop> {
        if how.beside.unnamed && from.as_ref().is_some_and(|from| address::path(from).is_some()) {
            return Err(self.another_sender(from.as_ref(), "no address"));
        }
        if let Some(name) = how.from {
            let wanted = self.lane.endpoint(name)?;
            let is_its = match (&from, wanted.local()) {
                (Some(from), Some(_)) => self.lane.test.has_address(&wanted, from, self.endpoint),
                (None, None) => true,
                (Some(from), None) => address::path(from).is_none() && from.is_unix(),
                (None, Some(_)) => false,
            };
            if !is_its {
                return Err(self.another_sender(from.as_ref(), &format!("`{}`", wanted.name)));
            }
        }
        if let (Some(name), Some(from)) = (how.sender, &from) {
            let (text, shown) = (self.lane.text(name)?, name.shown());
            let new = New { shown, network: self.endpoint.network, host: None, socket: None, shared: None };
            let sender = self.lane.create(&text, new)?;
            sender.set_local(from.clone());
        }
        *self.endpoint.last_sender.borrow_mut() = from;
        Ok(())
    }

    fn another_sender(&self, from: Option<&SockAddr>, wanted: &str) -> Stop {
        let owner = from.and_then(|from| self.lane.test.owner_of(self.endpoint, from));
        let sender = match (owner, from) {
            (Some(owner), _) => format!("`{}`", owner.name),
            (None, Some(from)) => address::show(from),
            (None, None) => "an unnamed socket".to_owned(),
        };
        let head = format!("{}: the datagram at the head of the queue", self.endpoint.name);
        Stop::failed(format!("{head} is from {sender}, where {wanted} was expected")).label(format!("from {sender}"))
    }

    fn late_datagram(&self) -> Stop {
        Stop::failed(format!("{}: no datagram came", self.endpoint.name))
            .label("nothing came")
            .deadline(self.deadline.within)
    }
}
