//! Bytes of a stream: received where a pattern takes them whatever they are, and else looked at
//! first.

use super::{DATAGRAM, Received, Receiving, Step, Waited};
use crate::exec::net::tls::{End, Session};
use crate::exec::net::{address, sys};
use crate::exec::pattern::{Boundary, Machine, Want};
use crate::exec::payload::CHUNK;
use crate::exec::stop::Stop;
use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::model::platform::numbers;

/// How much is looked at first for a delimiter.
const PEEK: usize = 4 << 10;

impl Receiving<'_> {
    /// Bytes of a stream.
    pub(super) async fn stream(&mut self) -> Result<Received, Stop> {
        let mut machine = self.machine()?;
        // Bytes that were looked at and not taken: nothing is new until there are more.
        let mut known = 0;
        loop {
            let step = match machine.wants() {
                Want::Exact(bytes) => self.take(&mut machine, bytes)?,
                Want::Peek => self.look(&mut machine, &mut known)?,
                Want::Nothing => {
                    let fed = machine.feed(&[], None);
                    Step::after(self.is_done(fed)?)
                }
            };
            let errno = match step {
                Step::Done => return Ok(Ok(machine.into_matched())),
                Step::Again => continue,
                Step::Wait => None,
                Step::Errno(errno) => Some(errno),
            };
            if let Some(errno) = errno {
                return self.errno(machine, errno);
            }
            if let Some(errno) = self.wait(known == 0).await?.unless_passed(|| self.late(&machine))? {
                return Ok(Err(errno));
            }
        }
    }

    /// Looks whether recvfrom(2) gives an address with the first byte. Where none comes, the receive says so.
    pub(super) async fn nobody_is_named(&mut self) -> Result<(), Stop> {
        loop {
            let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
            match sys::recv_message(self.socket.fd(), &mut [0], flags).map(|message| message.from) {
                Ok(Some(from)) => {
                    let (name, from) = (&self.endpoint.name, address::show(&from));
                    let message = format!("{name}: the bytes come from {from}, where no address was expected");
                    return Err(Stop::failed(message).label(format!("from {from}")));
                }
                Err(Errno(libc::EAGAIN)) if matches!(self.wait(true).await?, Waited::News) => {}
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    /// Receives bytes that are the pattern's whatever they are.
    fn take(&mut self, machine: &mut Machine, bytes: u64) -> Result<Step, Stop> {
        let len = usize::try_from(bytes).unwrap_or(CHUNK).min(CHUNK);
        self.room(len);
        let received = match self.arrivals.recv(self.socket, &mut self.buffer[..len]) {
            Ok(received) => received,
            Err(errno) => return Ok(Step::of(errno)),
        };
        let end = (received == 0).then(|| self.end());
        if received > 0 {
            self.pieces.push(received as u64);
        }
        let fed = machine.feed(&self.buffer[..received], end);
        Ok(Step::after(self.is_done(fed)?))
    }

    /// Looks at what waits, and receives what of it is the pattern's.
    fn look(&mut self, machine: &mut Machine, known: &mut usize) -> Result<Step, Stop> {
        self.room((*known * 2).max(PEEK));
        let seen = match self.socket.recv(&mut self.buffer, libc::MSG_PEEK) {
            Ok(seen) if seen == *known => self.look_beyond(seen),
            Ok(seen) => seen,
            Err(errno) => return Ok(Step::of(errno)),
        };
        let buffer = std::mem::take(&mut self.buffer);
        let step = self.feed_seen(machine, &buffer[..seen], seen == buffer.len(), known);
        self.buffer = buffer;
        step
    }

    /// Looks at what waits behind bytes that one look stops at: on a Unix socket, those that descriptors
    /// came with. How many bytes are seen then.
    fn look_beyond(&mut self, mut seen: usize) -> usize {
        let is_more = |seen| sys::unread(self.socket.fd()).is_ok_and(|unread| unread > seen as u64);
        if seen == 0 || self.socket.network() != Network::Unix || self.socket.tls().is_some() || !is_more(seen) {
            return seen;
        }
        let offset = |offset| sys::set_int(self.socket.fd(), libc::SOL_SOCKET, numbers::SO_PEEK_OFF, offset);
        if i32::try_from(seen).is_ok_and(|seen| offset(seen).is_ok()) {
            while let Ok(more @ 1..) = self.socket.recv(&mut self.buffer[seen..], libc::MSG_PEEK) {
                seen += more;
            }
            let _ = offset(-1);
        }
        seen
    }

    fn feed_seen(
        &mut self,
        machine: &mut Machine,
        seen: &[u8],
        more_may_wait: bool,
        known: &mut usize,
    ) -> Result<Step, Stop> {
        if seen.is_empty() {
            let fed = machine.feed(&[], Some(self.end()));
            return Ok(Step::after(self.is_done(fed)?));
        }
        let mut end = None;
        if seen.len() == *known && !more_may_wait {
            end = self.end_after(seen.len());
            if end.is_none() {
                return Ok(Step::Wait);
            }
        }
        let fed = machine.feed(seen, end);
        self.consume(fed.taken);
        *known = seen.len() - fed.taken;
        Ok(Step::after(self.is_done(fed)?))
    }

    /// What a receive of nothing means.
    fn end(&self) -> Boundary {
        match self.socket.tls().and_then(Session::end) {
            Some(End::Truncated) => Boundary::Truncated,
            _ => Boundary::Eof,
        }
    }

    /// The end that follows so many unread bytes, where it has arrived.
    fn end_after(&self, unread: usize) -> Option<Boundary> {
        if let Some(tls) = self.socket.tls() {
            return match tls.end_after(unread)? {
                End::Truncated => Some(Boundary::Truncated),
                End::Errno(Errno(libc::ECONNRESET)) => Some(Boundary::Reset),
                // What an alert did not say is for the next receive.
                End::Errno(_) | End::Broken(_) => None,
                End::Notified => Some(Boundary::Eof),
            };
        }
        let events = sys::poll_now(self.socket.fd(), sys::ENDED);
        if events == 0 || sys::unread(self.socket.fd()).is_ok_and(|now| now != unread as u64) {
            return None;
        }
        Some(if events & libc::POLLERR != 0 { Boundary::Reset } else { Boundary::Eof })
    }

    /// Receives bytes that were looked at.
    fn consume(&mut self, taken: usize) {
        let mut left = taken;
        let mut scratch = [0; 4096];
        while left > 0 {
            let len = left.min(scratch.len());
            match self.arrivals.recv(self.socket, &mut scratch[..len]) {
                Ok(received @ 1..) => left -= received,
                _ => break,
            }
        }
        if taken > 0 {
            self.pieces.push(taken as u64);
        }
    }

    /// An error in place of bytes: a reset may be the end that the pattern goes up to.
    fn errno(&self, mut machine: Machine, errno: Errno) -> Result<Received, Stop> {
        if errno.0 != libc::ECONNRESET || self.call.fails.contains(&Some(errno.into())) {
            return Ok(Err(errno));
        }
        let fed = machine.feed(&[], Some(Boundary::Reset));
        Ok(if self.is_done(fed)? { Ok(machine.into_matched()) } else { Err(errno) })
    }

    /// Looks at the bytes of a stream and takes none.
    pub(super) async fn peek(&mut self) -> Result<Received, Stop> {
        self.room(DATAGRAM);
        let mut known = 0;
        loop {
            let mut machine = self.machine()?;
            let looked = self.socket.recv(&mut self.buffer, libc::MSG_PEEK);
            match looked.map(|seen| self.look_beyond(seen)) {
                Ok(seen) if seen == 0 || seen > known => {
                    let end = if seen == 0 { Some(self.end()) } else { self.end_after(seen) };
                    let fed = machine.feed(&self.buffer[..seen], end);
                    if self.is_done(fed)? {
                        return Ok(Ok(machine.into_matched()));
                    }
                    known = seen;
                    self.room(known + 1);
                }
                Ok(_) => {}
                Err(errno) if errno.0 == libc::EAGAIN => {}
                Err(errno) => return self.errno(machine, errno),
            }
            if let Some(errno) = self.wait(known == 0).await?.unless_passed(|| self.late(&machine))? {
                return Ok(Err(errno));
            }
        }
    }
}
