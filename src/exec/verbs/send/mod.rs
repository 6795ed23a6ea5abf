//! `send`: all of a payload.

mod passed;
mod pieces;

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::Duration;

use libc::c_int;
use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::model::platform::numbers;
use crate::plan::payload::Payload;
use crate::plan::template::Template;
use crate::plan::{Call, Mode, Raises, Target};
use crate::trace::event::What;
use crate::trace::record::Facts;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::tls::Session;
use super::super::net::{Direction, Socket, sys};
use super::super::payload::{CHUNK, PayloadBytes, encode};
use super::super::perturb::Cut;
use super::super::settle::{self, Inbox, Settled};
use super::super::stop::Stop;
use super::bind::bind_apart;
use super::{blocking, open_input, resolve};
use passed::{Passed, passed, receiver, send};

/// What stands beside the payload.
pub(super) struct How<'a> {
    pub(super) to: Option<&'a Target>,
    pub(super) urgent: bool,
    pub(super) more: bool,
    pub(super) pass: &'a [Template],
    pub(super) raises: Option<Raises>,
}

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    payload: &Payload,
    how: How<'_>,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open_input(lane, &call.endpoint)?;
    let passed = passed(lane, call, &endpoint, &socket, how.pass)?;
    let encoded = encode(payload, lane.scope()).map_err(|error| Stop::failed(error).at(payload.span))?;
    let to = match how.to {
        Some(target) => Some(resolve(lane, target, Some(&endpoint), endpoint.host)?),
        None => None,
    };
    let flags = flags(lane, call, &endpoint, &socket, &how)?;
    let inbox = match &to {
        None => Inbox::of(lane.test, &endpoint, None, None),
        Some(place) => Inbox::of(lane.test, &endpoint, place.endpoint.clone(), Some(&place.address)),
    };
    let receiver = if passed.is_empty() { None } else { receiver(lane, &endpoint, to.as_ref()) };
    let to = to.map(|place| place.address);
    if let Some(address) = &to {
        bind_apart(lane, &endpoint, address)?;
    }
    let route = to.clone().and_then(|remote| lane.route(&endpoint, remote));
    let mut sending = Sending {
        lane,
        call,
        endpoint: &endpoint,
        socket: &socket,
        to,
        flags,
        notices: how.raises.is_some(),
        raised: false,
        deadline,
        passed,
        receiver,
        cuts: VecDeque::new(),
        pieces: Vec::new(),
    };
    let result = sending.all(&encoded.bytes).await?;
    check_signal(&endpoint, how.raises, sending.raised)?;
    let mut facts = Facts { pieces: sending.pieces, ..Facts::default() };
    if result.is_ok() {
        facts.notes.extend(settled(lane, &endpoint, &socket, inbox, flags).await.note());
    }
    let what = What::Data { verb: "send".to_owned(), bytes: encoded.shown, suffix: call.suffix.clone() };
    Ok(Done { result, what, facts, route, trouble: None, hint: None })
}

/// The flags of the calls: MSG_OOB, MSG_MORE, MSG_NOSIGNAL.
fn flags(lane: &Lane<'_>, call: &Call, endpoint: &Rc<Endpoint>, socket: &Socket, how: &How<'_>) -> Result<c_int, Stop> {
    let may_raise = how.raises.is_some_and(|raises| !raises.nosignal);
    if may_raise && socket.tls().is_some() {
        return Err(Stop::failed("TLS sends for itself, with MSG_NOSIGNAL").help("leave `raises` out"));
    }
    let more = how.more || pieces::is_joined(lane, call, endpoint, socket);
    let flags = [(how.urgent, libc::MSG_OOB), (more, numbers::MSG_MORE), (!may_raise, libc::MSG_NOSIGNAL)];
    Ok(flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, flag)| all | flag))
}

/// Waits until what was sent has arrived, unless it is kept back.
async fn settled(lane: &Lane<'_>, endpoint: &Rc<Endpoint>, socket: &Socket, inbox: Inbox, flags: c_int) -> Settled {
    let corked = &endpoint.shared.corked;
    let more = flags & numbers::MSG_MORE != 0;
    let settled = if !endpoint.network.has_boundaries() {
        settle::sent(lane.test, endpoint, socket).await
    } else if more || (corked.get() && keeps_back(socket)) {
        // Nothing is sent before the datagram is complete.
        Settled::Yes
    } else {
        inbox.settled(lane.test, socket).await
    };
    // An urgent byte takes no cork off.
    if corked.get() && flags & (numbers::MSG_MORE | libc::MSG_OOB) == 0 {
        corked.set(keeps_back(socket));
    }
    settled
}

/// Marks an endpoint as one that sends, for as long as it does.
struct UnderWay<'e>(&'e Endpoint);

impl<'e> UnderWay<'e> {
    fn new(endpoint: &'e Endpoint) -> Self {
        endpoint.shared.sending.set(true);
        Self(endpoint)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.shared.sending.set(false);
    }
}

/// Whether options keep what is sent back, other than MSG_MORE of an earlier send: a cork, or Nagle's
/// algorithm.
pub(super) fn keeps_back(socket: &Socket) -> bool {
    let get = |level, number| sys::get_int(socket.fd(), level, number);
    if !socket.network().is_tcp() {
        return get(libc::IPPROTO_UDP, numbers::UDP_CORK).is_ok_and(|on| on != 0);
    }
    get(libc::IPPROTO_TCP, numbers::TCP_CORK).is_ok_and(|on| on != 0)
        || get(libc::IPPROTO_TCP, libc::TCP_NODELAY).is_ok_and(|on| on == 0)
}

/// A payload on its way into the kernel.
struct Sending<'a> {
    lane: &'a Lane<'a>,
    call: &'a Call,
    endpoint: &'a Rc<Endpoint>,
    socket: &'a Socket,
    to: Option<SockAddr>,
    flags: c_int,
    /// Whether it matters that SIGPIPE is raised.
    notices: bool,
    raised: bool,
    deadline: Deadline,
    /// The descriptors that go with the first byte, until they are gone.
    passed: Vec<Passed>,
    /// The datagram socket that gets them.
    receiver: Option<Rc<Endpoint>>,
    /// Where the records of TLS are still to be cut: after so many bytes of the connection.
    cuts: VecDeque<Cut>,
    pieces: Vec<u64>,
}

impl Sending<'_> {
    /// All of it.
    async fn all(&mut self, bytes: &PayloadBytes) -> Result<Result<(), Errno>, Stop> {
        if self.flags & numbers::MSG_MORE != 0 {
            self.endpoint.shared.corked.set(true);
        }
        if let Some(attempt) = &self.lane.attempt {
            attempt.sends();
        }
        let _under_way = UnderWay::new(self.endpoint);
        if self.endpoint.network.has_boundaries() {
            self.datagram(bytes).await
        } else if let Some(tls) = self.socket.tls() {
            self.records(tls, bytes).await
        } else {
            self.in_pieces(bytes).await
        }
    }

    /// A message: one call takes it whole.
    async fn datagram(&mut self, bytes: &PayloadBytes) -> Result<Result<(), Errno>, Stop> {
        let gathered;
        let bytes = if let Some(slice) = bytes.as_slice() {
            slice
        } else {
            gathered = bytes.copy(0, bytes.len());
            &gathered
        };
        loop {
            match self.call(bytes).await? {
                // Nothing tells when the queue of an unconnected peer has room again.
                Err(errno) if errno.0 == libc::EAGAIN && self.call.mode == Mode::Waiting => {
                    if !self.lane.pause_between(self.deadline, Duration::from_millis(1)).await {
                        return Err(self.blocked(0, bytes.len() as u64));
                    }
                }
                Err(errno) => return Ok(Err(errno)),
                Ok(_) => return Ok(Ok(())),
            }
        }
    }

    /// Bytes of a stream, or a part of them: as many calls as the kernel needs.
    async fn stream(&mut self, bytes: &PayloadBytes, from: u64, end: u64) -> Result<Result<(), Errno>, Stop> {
        let mut scratch = self.lane.test.buffer();
        let len = bytes.len();
        let mut offset = from;
        let result = loop {
            let chunk = bytes.chunk(offset, &mut scratch);
            let chunk = &chunk[..chunk.len().min((end - offset) as usize)];
            match self.call(chunk).await? {
                Ok(taken) => {
                    offset += taken as u64;
                    self.endpoint.shared.sent.set(self.endpoint.shared.sent.get() + taken as u64);
                    // What crosses an isolated network must find room before more is sent.
                    self.lane.test.pump();
                    if offset >= end {
                        break Ok(());
                    }
                    yield_within(len).await;
                }
                Err(errno) if errno.0 == libc::EAGAIN && self.call.mode == Mode::Waiting => {
                    self.room(offset, len).await?;
                }
                Err(errno) => break Err(self.ended(errno, offset)),
            }
        };
        self.lane.test.give_back(scratch);
        Ok(result)
    }

    /// Waits until the kernel takes more of a stream.
    async fn room(&mut self, offset: u64, len: u64) -> Result<(), Stop> {
        if self.deadline.wait(self.socket, Direction::Out).await? { Ok(()) } else { Err(self.blocked(offset, len)) }
    }

    /// Notes whether a stream ended amid what was to be sent.
    fn ended(&self, errno: Errno, offset: u64) -> Errno {
        self.endpoint.shared.sent_partly.set(self.endpoint.shared.sent_partly.get() || offset > 0);
        errno
    }

    /// Bytes of a stream, in records of TLS.
    async fn records(&mut self, tls: &Session, bytes: &PayloadBytes) -> Result<Result<(), Errno>, Stop> {
        if self.flags & libc::MSG_OOB != 0 {
            return Err(Stop::failed("TLS has no urgent bytes").help("leave `urgent` out"));
        }
        if tls.is_broken() {
            return Ok(Err(Errno(libc::EPROTO)));
        }
        let mut scratch = self.lane.test.buffer();
        let (len, mut offset, mut sealed) = (bytes.len(), 0, 0);
        let result = loop {
            match self.flush(tls).await {
                Ok(()) => {
                    self.lane.test.pump();
                    offset = sealed;
                    if offset >= len {
                        break Ok(());
                    }
                    sealed += tls.write(bytes.chunk(offset, &mut scratch)) as u64;
                    self.pieces.push(sealed - offset);
                    if offset == 0 {
                        self.cut_records(tls, sealed, len);
                    }
                    yield_within(len).await;
                }
                Err(errno) if errno.0 == libc::EAGAIN => self.room(offset, len).await?,
                Err(errno) => break Err(self.ended(errno, offset)),
            }
        };
        self.lane.test.give_back(scratch);
        Ok(result)
    }

    async fn call(&mut self, bytes: &[u8]) -> Result<Result<usize, Errno>, Stop> {
        let (result, raised) = if self.call.mode == Mode::Blocking {
            let (owned, flags, to) = (bytes.to_vec(), self.flags, self.to.clone());
            let (is_pipe, passed) = (self.socket.is_pipe(), self.descriptors());
            let notices = self.notices;
            let send = move |fd: BorrowedFd<'_>| {
                let send =
                    || if is_pipe { sys::write(fd, &owned) } else { send(fd, &owned, flags, to.as_ref(), &passed) };
                noticing(notices, send)
            };
            let made = blocking::call(self.socket, Direction::Out, self.deadline, send).await?;
            made.ok_or_else(|| self.blocked(0, bytes.len() as u64))?
        } else {
            let send = || {
                if self.socket.is_pipe() {
                    return sys::write(self.socket.fd(), bytes);
                }
                let flags = self.flags | libc::MSG_DONTWAIT;
                send(self.socket.fd(), bytes, flags, self.to.as_ref(), &self.descriptors())
            };
            noticing(self.notices, send)
        };
        self.raised |= raised;
        if let Ok(taken) = result {
            self.gone();
            self.pieces.push(taken as u64);
        }
        Ok(result)
    }

    fn blocked(&self, offset: u64, len: u64) -> Stop {
        let name = &self.endpoint.name;
        Stop::failed(format!("{name}: send is blocked after {offset} of {len} bytes, since nobody reads"))
            .label("the buffers are full")
            .deadline(self.deadline.within)
            .help("steps run one after the other: let the other end receive at the same time, in a lane of `parallel`")
    }
}

/// Makes a call, and tells whether it raised SIGPIPE where that matters.
fn noticing<T>(notices: bool, send: impl FnOnce() -> T) -> (T, bool) {
    if notices { sys::noticing_sigpipe(send) } else { (send(), false) }
}

/// Compares the signal that was raised with the one that must be.
fn check_signal(endpoint: &Endpoint, wanted: Option<Raises>, raised: bool) -> Result<(), Stop> {
    let (came, expected) = match wanted.map(|raises| raises.signal) {
        Some(true) if !raised => ("no SIGPIPE was raised", "one was"),
        Some(false) if raised => ("SIGPIPE was raised", "none was"),
        _ => return Ok(()),
    };
    Err(Stop::failed(format!("{}: {came}, where {expected} expected", endpoint.name)).label(came))
}

/// Lets a lane that reads take the bytes of a long payload while they are in the cache.
async fn yield_within(len: u64) {
    if len > CHUNK as u64 {
        tokio::task::yield_now().await;
    }
}
