//! `recv`: takes from the kernel what the pattern frames, not a byte more, and compares it.

use std::rc::Rc;

use crate::model::errno::Errno;
use crate::model::network::Kind;
use crate::plan::pattern::Pattern;
use crate::plan::template::Template;
use crate::plan::{Call, Mode};
use crate::trace::event::What;
use crate::trace::record::Facts;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::{Direction, Socket, address, sys};
use super::super::pattern::{Boundary, Fed, Machine, Matched, Mismatch, Outcome, Want};
use super::super::payload::CHUNK;
use super::super::stop::Stop;
use super::{blocking, open};

/// The most that one datagram of UDP has; one of a Unix socket may have more.
pub(super) const DATAGRAM: usize = 64 << 10;
/// How much is looked at first for a delimiter.
const PEEK: usize = 4 << 10;

/// What stands beside the pattern.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) from: Option<&'a Template>,
    pub(super) sender: Option<&'a Template>,
    pub(super) peek: bool,
    pub(super) urgent: bool,
}

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    pattern: &Pattern,
    how: How<'_>,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    let buffer = lane.test.buffer();
    let mut receiving =
        Receiving { lane, call, pattern, endpoint: &endpoint, socket: &socket, deadline, buffer, pieces: Vec::new() };
    let result = if how.urgent {
        receiving.urgent().await?
    } else if endpoint.network.has_boundaries() {
        receiving.datagram(how).await?
    } else if how.peek {
        receiving.peek().await?
    } else {
        receiving.stream().await?
    };
    let facts = Facts { pieces: receiving.pieces, ..Facts::default() };
    lane.test.give_back(receiving.buffer);
    Ok(match result {
        Ok(matched) => {
            for (name, value) in matched.captures {
                lane.values.set(name, value);
            }
            let what = What::Data { verb: call.words.clone(), bytes: matched.shown, suffix: call.suffix.clone() };
            Done { result: Ok(()), what, facts }
        }
        Err(errno) => Done { facts, ..Done::words(call, Err(errno)) },
    })
}

/// Bytes on their way from the kernel into a pattern.
struct Receiving<'a> {
    lane: &'a Lane<'a>,
    call: &'a Call,
    pattern: &'a Pattern,
    endpoint: &'a Rc<Endpoint>,
    socket: &'a Socket,
    deadline: Deadline,
    buffer: Vec<u8>,
    pieces: Vec<u64>,
}

/// What a receive came to: what the pattern took, or the socket's error.
type Received = Result<Matched, Errno>;

impl Receiving<'_> {
    fn machine(&self) -> Result<Machine, Stop> {
        Machine::new(self.pattern, self.lane.scope()).map_err(|error| Stop::failed(error).at(self.pattern.span))
    }

    /// Makes room for so many bytes at least.
    fn room(&mut self, len: usize) {
        if self.buffer.len() < len {
            self.buffer.resize(len, 0);
        }
    }

    /// Bytes of a stream.
    async fn stream(&mut self) -> Result<Received, Stop> {
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

    /// Receives bytes that are the pattern's whatever they are.
    fn take(&mut self, machine: &mut Machine, bytes: u64) -> Result<Step, Stop> {
        let len = usize::try_from(bytes).unwrap_or(CHUNK).min(CHUNK);
        self.room(len);
        let received = match sys::recv(self.socket.fd(), &mut self.buffer[..len], 0) {
            Ok(received) => received,
            Err(errno) => return Ok(Step::of(errno)),
        };
        let end = (received == 0).then_some(Boundary::Eof);
        if received > 0 {
            self.pieces.push(received as u64);
        }
        let fed = machine.feed(&self.buffer[..received], end);
        Ok(Step::after(self.is_done(fed)?))
    }

    /// Looks at what waits, and receives what of it is the pattern's.
    fn look(&mut self, machine: &mut Machine, known: &mut usize) -> Result<Step, Stop> {
        self.room((*known * 2).max(PEEK));
        let seen = match sys::recv(self.socket.fd(), &mut self.buffer, libc::MSG_PEEK) {
            Ok(seen) => seen,
            Err(errno) => return Ok(Step::of(errno)),
        };
        let buffer = std::mem::take(&mut self.buffer);
        let step = self.feed_seen(machine, &buffer[..seen], seen == buffer.len(), known);
        self.buffer = buffer;
        step
    }

    fn feed_seen(
        &mut self,
        machine: &mut Machine,
        seen: &[u8],
        more_may_wait: bool,
        known: &mut usize,
    ) -> Result<Step, Stop> {
        if seen.is_empty() {
            let fed = machine.feed(&[], Some(Boundary::Eof));
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

    /// The end that follows so many unread bytes, where it has arrived.
    fn end_after(&self, unread: usize) -> Option<Boundary> {
        let events = sys::poll_now(self.socket.fd(), libc::POLLRDHUP);
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
            match sys::recv(self.socket.fd(), &mut scratch[..len], 0) {
                Ok(received @ 1..) => left -= received,
                _ => break,
            }
        }
        if taken > 0 {
            self.pieces.push(taken as u64);
        }
    }

    /// Whether a machine has all its bytes; one that does not fit is a failure.
    fn is_done(&self, fed: Fed) -> Result<bool, Stop> {
        match fed.outcome {
            Outcome::More => Ok(false),
            Outcome::Done => Ok(true),
            Outcome::Failed(mismatch) => Err(self.mismatch(*mismatch)),
        }
    }

    /// An error in place of bytes: a reset may be the end that the pattern goes up to.
    fn errno(&self, mut machine: Machine, errno: Errno) -> Result<Received, Stop> {
        if errno.0 != libc::ECONNRESET || self.call.fails.contains(&Some(errno)) {
            return Ok(Err(errno));
        }
        let fed = machine.feed(&[], Some(Boundary::Reset));
        Ok(if self.is_done(fed)? { Ok(machine.into_matched()) } else { Err(errno) })
    }

    /// Waits for something new, the way the step is written.
    async fn wait(&self, nothing_unread: bool) -> Result<Waited, Stop> {
        match self.call.mode {
            Mode::Nonblocking => Ok(Waited::Errno(Errno(libc::EAGAIN))),
            Mode::Blocking if nothing_unread => {
                let look = |fd: std::os::fd::BorrowedFd<'_>| sys::recv(fd, &mut [0], libc::MSG_PEEK);
                Ok(match blocking::call(self.socket, Direction::In, self.deadline, look).await? {
                    None => Waited::Passed,
                    Some(Ok(_)) => Waited::News,
                    Some(Err(errno)) => Waited::Errno(errno),
                })
            }
            Mode::Waiting | Mode::Blocking => {
                let news = self.deadline.wait(self.socket, Direction::In).await?;
                Ok(if news { Waited::News } else { Waited::Passed })
            }
        }
    }

    /// Looks at the bytes of a stream and takes none.
    async fn peek(&mut self) -> Result<Received, Stop> {
        self.room(DATAGRAM);
        let mut known = 0;
        loop {
            let mut machine = self.machine()?;
            match sys::recv(self.socket.fd(), &mut self.buffer, libc::MSG_PEEK) {
                Ok(seen) if seen == 0 || seen > known => {
                    let end = if seen == 0 { Some(Boundary::Eof) } else { self.end_after(seen) };
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

    /// The urgent byte.
    async fn urgent(&mut self) -> Result<Received, Stop> {
        let mut byte = [0];
        loop {
            match sys::recv(self.socket.fd(), &mut byte, libc::MSG_OOB) {
                Ok(len) => return self.whole(&byte[..len]),
                Err(errno) if errno.0 == libc::EAGAIN && self.call.mode == Mode::Waiting => {
                    if !self.deadline.wait(self.socket, Direction::In).await? {
                        return Err(self.late(&self.machine()?));
                    }
                }
                Err(errno) => return Ok(Err(errno)),
            }
        }
    }

    /// Feeds a whole message.
    fn whole(&self, bytes: &[u8]) -> Result<Received, Stop> {
        self.complete(bytes, Boundary::Datagram)
    }

    /// Feeds all that will ever come.
    fn complete(&self, bytes: &[u8], end: Boundary) -> Result<Received, Stop> {
        let mut machine = self.machine()?;
        let fed = machine.feed(bytes, Some(end));
        if self.is_done(fed)? {
            return Ok(Ok(machine.into_matched()));
        }
        Err(self.mismatch(machine.missing("nothing more can come", &[])))
    }

    /// One datagram, or one packet of a connection.
    async fn datagram(&mut self, how: How<'_>) -> Result<Received, Stop> {
        let flags = libc::MSG_TRUNC | if how.peek { libc::MSG_PEEK } else { 0 };
        let message = loop {
            let waiting = if self.endpoint.network.is_unix() { sys::unread(self.socket.fd()).unwrap_or(0) } else { 0 };
            self.room(DATAGRAM.max(waiting as usize));
            match sys::recv_message(self.socket.fd(), &mut self.buffer, flags) {
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
        self.whole(&self.buffer[..len])
    }

    /// Whether a receive of nothing was the end of a packet connection, not an empty packet.
    fn is_end_of_packets(&self) -> bool {
        self.endpoint.network.kind() == Kind::Packet
            && sys::poll_now(self.socket.fd(), libc::POLLRDHUP) & (libc::POLLRDHUP | libc::POLLHUP) != 0
            && sys::unread(self.socket.fd()) == Ok(0)
    }

    fn check_sender(&self, how: How<'_>, from: Option<socket2::SockAddr>) -> Result<(), Stop> {
        if let Some(name) = how.from {
            let wanted = self.lane.endpoint(name)?;
            let is_its = match (&from, wanted.local()) {
                (Some(from), Some(local)) => address::same(from, &local),
                (None, None) => true,
                (Some(from), None) => address::path(from).is_none() && from.is_unix(),
                (None, Some(_)) => false,
            };
            if !is_its {
                let sender = from.as_ref().and_then(|from| self.lane.test.owner_of(self.endpoint.network, from));
                let sender = sender.map_or_else(
                    || from.as_ref().map_or_else(|| "an unnamed socket".to_owned(), address::show),
                    |sender| format!("`{}`", sender.name),
                );
                let name = &self.endpoint.name;
                return Err(Stop::failed(format!(
                    "{name}: the datagram at the head of the queue is from {sender}, where `{}` was expected",
                    wanted.name
                ))
                .label(format!("from {sender}")));
            }
        }
        if let (Some(name), Some(from)) = (how.sender, &from) {
            let (text, shown) = (self.lane.text(name)?, name.shown());
            let sender = self.lane.test.create(&text, shown, self.endpoint.network, None)?;
            sender.set_local(from.clone());
        }
        *self.endpoint.last_sender.borrow_mut() = from;
        Ok(())
    }

    fn late_datagram(&self) -> Stop {
        Stop::failed(format!("{}: no datagram came", self.endpoint.name))
            .label("nothing came")
            .deadline(self.deadline.within)
    }

    /// The deadline passed before the pattern had all its bytes.
    fn late(&self, machine: &Machine) -> Stop {
        let mut unread = [0; 1024];
        let len = sys::recv(self.socket.fd(), &mut unread, libc::MSG_PEEK | libc::MSG_DONTWAIT).unwrap_or(0);
        let missing = machine.missing("the deadline passed", &unread[..len]);
        let label = if missing.got.is_empty() { "nothing came" } else { "the rest did not come" };
        self.mismatch(missing).label(label).deadline(self.deadline.within)
    }

    fn mismatch(&self, mismatch: Mismatch) -> Stop {
        let message = format!("{}: {}", self.endpoint.name, mismatch.message);
        let short = mismatch.at >= mismatch.got.len() as u64;
        let label = if short { "bytes are missing" } else { "other bytes" };
        Stop::failed(message).label(label).difference(mismatch.into())
    }
}

/// How far a receive is.
enum Step {
    Done,
    Again,
    Wait,
    Errno(Errno),
}

impl Step {
    fn after(done: bool) -> Self {
        if done { Self::Done } else { Self::Again }
    }

    fn of(errno: Errno) -> Self {
        if errno.0 == libc::EAGAIN { Self::Wait } else { Self::Errno(errno) }
    }
}

/// What a wait came to.
enum Waited {
    News,
    Passed,
    Errno(Errno),
}

impl Waited {
    /// The error that ends the receive, if any.
    fn unless_passed(self, late: impl FnOnce() -> Stop) -> Result<Option<Errno>, Stop> {
        match self {
            Self::News => Ok(None),
            Self::Errno(errno) => Ok(Some(errno)),
            Self::Passed => Err(late()),
        }
    }
}
