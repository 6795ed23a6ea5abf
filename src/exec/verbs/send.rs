//! `send`: all of a payload.

mod pieces;

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::plan::payload::Payload;
use crate::plan::template::Template;
use crate::plan::{Call, Mode, Raises, Target};
use crate::trace::event::What;
use crate::trace::record::Facts;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::tls::Session;
use super::super::net::{Direction, Socket, ancillary, sys};
use super::super::payload::{CHUNK, PayloadBytes, encode};
use super::super::perturb::Cut;
use super::super::settle::{self, Inbox};
use super::super::stop::Stop;
use super::bind::bind_apart;
use super::{Place, blocking, open_input, open_socket, resolve};

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
    let more = how.more || pieces::is_joined(lane, call, &endpoint, &socket);
    let loud = how.raises.is_some_and(|raises| !raises.nosignal);
    if loud && socket.tls().is_some() {
        return Err(Stop::failed("TLS sends for itself, with MSG_NOSIGNAL").help("leave `raises` out"));
    }
    let flags = if how.urgent { libc::MSG_OOB } else { 0 } | if more { libc::MSG_MORE } else { 0 };
    let signals = if loud { 0 } else { libc::MSG_NOSIGNAL };
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
    if more {
        endpoint.shared.corked.set(true);
    }
    let mut sending = Sending {
        lane,
        call,
        endpoint: &endpoint,
        socket: &socket,
        to,
        flags: flags | signals,
        notices: how.raises.is_some(),
        raised: false,
        deadline,
        passed,
        receiver,
        cuts: VecDeque::new(),
        pieces: Vec::new(),
    };
    if let Some(attempt) = &lane.attempt {
        attempt.sends();
    }
    let under_way = UnderWay::new(&endpoint);
    let result = if endpoint.network.has_boundaries() {
        sending.datagram(&encoded.bytes).await?
    } else if let Some(tls) = socket.tls() {
        sending.records(tls, &encoded.bytes).await?
    } else {
        sending.in_pieces(&encoded.bytes).await?
    };
    drop(under_way);
    check_signal(&endpoint, how.raises, sending.raised)?;
    let mut facts = Facts { pieces: sending.pieces, ..Facts::default() };
    if result.is_ok() {
        let settled = if endpoint.network.has_boundaries() {
            if more || (endpoint.shared.corked.get() && keeps_back(&socket)) {
                // Nothing is sent before the datagram is complete.
                settle::Settled::Yes
            } else {
                inbox.settled(lane.test, &socket).await
            }
        } else {
            settle::sent(lane.test, &endpoint, &socket).await
        };
        facts.notes.extend(settled.note());
        if !more && endpoint.shared.corked.get() && flags == 0 {
            endpoint.shared.corked.set(keeps_back(&socket));
        }
    }
    let what = What::Data { verb: "send".to_owned(), bytes: encoded.shown, suffix: call.suffix.clone() };
    Ok(Done { result, what, facts, route, trouble: None, hint: None })
}

/// A descriptor that goes with the bytes, and the endpoint that has it; of a closed endpoint there is none.
type Passed = (Rc<Endpoint>, Option<Arc<OwnedFd>>);

/// The descriptors that go with the bytes.
fn passed(
    lane: &Lane<'_>,
    call: &Call,
    over: &Endpoint,
    socket: &Socket,
    names: &[Template],
) -> Result<Vec<Passed>, Stop> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    if !over.network.is_unix() || over.program().is_some() || socket.tls().is_some() {
        return Err(Stop::failed(format!("`{}` carries no descriptors", over.name))
            .help("only Unix sockets do: `unix`, `unixgram` and `unixpacket`"));
    }
    let one = |name| {
        let endpoint = lane.endpoint(name)?;
        if !endpoint.is_open() && !call.fails.is_empty() {
            // That it has no descriptor any more is the point of the step.
            return Ok((endpoint, None));
        }
        let (endpoint, socket) = open_socket(lane, name)?;
        Ok((endpoint, Some(socket.share())))
    };
    names.iter().map(one).collect()
}

/// The datagram socket of this spec that gets what is sent.
fn receiver(lane: &Lane<'_>, from: &Rc<Endpoint>, to: Option<&Place>) -> Option<Rc<Endpoint>> {
    if from.network.has_connections() {
        return None;
    }
    match to {
        Some(place) => place.endpoint.clone().or_else(|| lane.test.receiver_of(from, &place.address)),
        None => from.shared.target.borrow().upgrade()?.endpoint(),
    }
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
        return get(libc::IPPROTO_UDP, libc::UDP_CORK).is_ok_and(|on| on != 0);
    }
    get(libc::IPPROTO_TCP, libc::TCP_CORK).is_ok_and(|on| on != 0)
        || get(libc::IPPROTO_TCP, libc::TCP_NODELAY).is_ok_and(|on| on == 0)
}

/// A payload on its way into the kernel.
struct Sending<'a> {
    lane: &'a Lane<'a>,
    call: &'a Call,
    endpoint: &'a Rc<Endpoint>,
    socket: &'a Socket,
    to: Option<SockAddr>,
    flags: i32,
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

    /// The descriptors that go with the next bytes.
    fn descriptors(&self) -> Vec<Option<Arc<OwnedFd>>> {
        self.passed.iter().map(|(_, descriptor)| descriptor.clone()).collect()
    }

    /// They are on their way.
    fn gone(&mut self) {
        let passed = self.passed.drain(..).filter_map(|(of, fd)| Some((of, sys::inode(fd?.as_fd()))));
        let passed: Vec<_> = passed.collect();
        self.lane.test.passings.sent(&passed, self.endpoint, self.receiver.as_deref());
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

/// Sends bytes, and with them descriptors where there are any.
fn send(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    flags: i32,
    to: Option<&SockAddr>,
    passed: &[Option<Arc<OwnedFd>>],
) -> Result<usize, Errno> {
    if passed.is_empty() { sys::send(fd, bytes, flags, to) } else { ancillary::send(fd, bytes, flags, to, passed) }
}

/// Lets a lane that reads take the bytes of a long payload while they are in the cache.
async fn yield_within(len: u64) {
    if len > CHUNK as u64 {
        tokio::task::yield_now().await;
    }
}
