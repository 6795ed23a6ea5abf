//! `recv`: takes from the kernel what the pattern frames, not a byte more, and compares it.

mod beside;
pub(super) mod descriptors;
mod errqueue;
mod message;
mod stream;

use std::rc::Rc;

use crate::model::errno::Errno;
use crate::plan::pattern::Pattern;
use crate::plan::receive::Beside;
use crate::plan::template::Template;
use crate::plan::{Call, Mode};
use crate::trace::event::What;
use crate::trace::record::Facts;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::tls::record;
use super::super::net::{Direction, Socket, sys};
use super::super::pattern::{Boundary, Fed, Machine, Matched, Mismatch, Outcome};
use super::super::stop::Stop;
use super::{blocking, open_output};
use descriptors::{Arrivals, Asked, no_room};

/// The most that one datagram of UDP has; one of a Unix socket may have more.
pub(super) const DATAGRAM: usize = 64 << 10;

/// What stands beside the pattern.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) from: Option<&'a Template>,
    pub(super) stderr: bool,
    pub(super) sender: Option<&'a Template>,
    pub(super) peek: bool,
    pub(super) urgent: bool,
    pub(super) takes: &'a [Template],
    pub(super) beside: &'a Beside,
}

impl How<'_> {
    /// What it asks for in control messages.
    fn asked(&self) -> Asked {
        let Beside { ctrunc, to, credentials, errqueue: _, unnamed: _ } = self.beside;
        let any = !self.takes.is_empty() || *ctrunc || credentials.is_some() || to.is_some();
        Asked { any, most: ctrunc.then_some(self.takes.len()) }
    }
}

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    pattern: &Pattern,
    how: How<'_>,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open_output(lane, &call.endpoint, how.stderr)?;
    let may_take = endpoint.network.is_unix() && endpoint.program().is_none();
    if !how.takes.is_empty() && (!may_take || socket.tls().is_some()) {
        return Err(no_descriptors(&endpoint));
    }
    beside::check_options(how.beside, &endpoint, socket.fd())?;
    if how.urgent && how.beside.unnamed {
        return Err(Stop::failed("`from: none` and `urgent` cannot stand beside each other")
            .help("receive the urgent byte in a step of its own"));
    }
    let mut receiving = Receiving {
        lane,
        call,
        pattern,
        endpoint: &endpoint,
        socket: &socket,
        deadline,
        arrivals: Arrivals::new(lane, &endpoint, &socket, how.asked()),
        buffer: lane.test.buffer(),
        pieces: Vec::new(),
    };
    let result = receiving.all(how).await?;
    let Receiving { arrivals, buffer, pieces, .. } = receiving;
    lane.test.give_back(buffer);
    let mut facts = Facts { pieces, ..Facts::default() };
    let matched = match result {
        Ok(matched) => matched,
        Err(errno) => return no_room(errno).map_or(Ok(Done { facts, ..Done::words(call, Err(errno)) }), Err),
    };
    beside::check(lane, &endpoint, how.beside, &arrivals)?;
    if !how.takes.is_empty() {
        arrivals.name(how.takes)?;
    }
    let (drops, notes) = arrivals.drop_all().await;
    facts.notes.extend(notes);
    let suffix = call.suffix.iter().cloned().chain(drops).collect();
    let what = What::Data { verb: call.words.clone(), bytes: lane.captured(matched), suffix };
    let sender = if endpoint.network.is_udp() { endpoint.last_sender.borrow().clone() } else { None };
    let route = sender.and_then(|sender| lane.route(&endpoint, sender));
    Ok(Done { result: Ok(()), what, facts, route, trouble: None, hint: None })
}

/// `takes` where no descriptors can come.
fn no_descriptors(endpoint: &Endpoint) -> Stop {
    Stop::failed(format!("`{}` carries no descriptors that `takes` could name", endpoint.name))
        .help("only Unix sockets do: `unix`, `unixgram` and `unixpacket`")
}

/// Bytes on their way from the kernel into a pattern.
struct Receiving<'a> {
    lane: &'a Lane<'a>,
    call: &'a Call,
    pattern: &'a Pattern,
    endpoint: &'a Rc<Endpoint>,
    socket: &'a Socket,
    deadline: Deadline,
    arrivals: Arrivals<'a>,
    buffer: Vec<u8>,
    pieces: Vec<u64>,
}

/// What a receive came to: what the pattern took, or the socket's error.
type Received = Result<Matched, Errno>;

impl Receiving<'_> {
    /// All that the pattern takes, the way that the step is written.
    async fn all(&mut self, how: How<'_>) -> Result<Received, Stop> {
        if let Some(error) = &how.beside.errqueue {
            return self.queued_error(how.beside, error).await;
        }
        if how.urgent {
            return self.urgent().await;
        }
        if self.endpoint.network.has_boundaries() {
            return self.datagram(how).await;
        }
        if how.beside.unnamed {
            self.nobody_is_named().await?;
        }
        if how.peek { self.peek().await } else { self.stream().await }
    }

    fn machine(&self) -> Result<Machine, Stop> {
        self.lane.machine(self.pattern)
    }

    /// Makes room for so many bytes at least.
    fn room(&mut self, len: usize) {
        if self.buffer.len() < len {
            self.buffer.resize(len, 0);
        }
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

    /// Whether a machine has all its bytes; one that does not fit is a failure.
    fn is_done(&self, fed: Fed) -> Result<bool, Stop> {
        match fed.outcome {
            Outcome::More => Ok(false),
            Outcome::Done => Ok(true),
            Outcome::Failed(mismatch) => Err(self.mismatch(*mismatch)),
        }
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

    /// The deadline passed before the pattern had all its bytes.
    fn late(&self, machine: &Machine) -> Stop {
        let mut unread = [0; 1024];
        let len = self.socket.recv(&mut unread, libc::MSG_PEEK | libc::MSG_DONTWAIT).unwrap_or(0);
        let missing = machine.missing("the deadline passed", &unread[..len]);
        let record = self.record(&missing);
        noted(Stop::late(&self.endpoint.name, missing, self.deadline.within), record)
    }

    fn mismatch(&self, mismatch: Mismatch) -> Stop {
        let record = self.record(&mismatch);
        noted(Stop::mismatch(&self.endpoint.name, mismatch), record)
    }

    /// The record of TLS that came, where plain text was expected.
    fn record(&self, mismatch: &Mismatch) -> Option<String> {
        if self.socket.tls().is_none() { record::described(&mismatch.got) } else { None }
    }
}

fn noted(stop: Stop, record: Option<String>) -> Stop {
    match record {
        Some(what) => {
            stop.note(format!("what came is {what}: the other side speaks TLS where plain text was expected"))
        }
        None => stop,
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
