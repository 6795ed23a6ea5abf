//! The seam between a spec and the sockets it runs on: a [`Socket`] that never blocks the thread,
//! with what the runner has to know of it. Everything above speaks to sockets through this folder
//! only, so another implementation of sockets can be put here.

pub(crate) mod address;
pub(crate) mod ancillary;
mod multicast;
pub(crate) mod option;
pub(crate) mod ports;
pub(crate) mod reserve;
pub(crate) mod sys;
pub(crate) mod tls;

use std::cell::{Cell, OnceCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use libc::c_int;
use socket2::SockAddr;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::model::errno::Errno;
use crate::model::network::{Kind, Network};
use crate::model::triple::Triple;

/// A socket, non-blocking and known to the reactor from the first time that somebody waits for
/// it: a call that succeeds at once costs no registration.
#[derive(Debug)]
pub(crate) struct Socket {
    // The order of the fields matters: the reactor forgets the descriptor before it is closed.
    registration: OnceCell<AsyncFd<Arc<OwnedFd>>>,
    fd: Arc<OwnedFd>,
    network: Network,
    /// Whether it is no socket but the end of a pipe, which is written to.
    is_pipe: bool,
    /// TLS over it, from the step on that began it.
    tls: OnceCell<tls::Session>,
    /// What SO_LINGER was set to.
    linger: Cell<Option<u32>>,
    /// Whether calls on it wait, for another process has the socket, too, and wants them to.
    waits: Cell<bool>,
    /// Of a connection that was accepted by a spec that asks, whether it came non-blocking.
    came_nonblocking: Option<bool>,
    /// How many bytes of a stream were taken out of it; of TLS, of plain text.
    taken: Rc<Cell<u64>>,
}

/// What somebody waits for. More than readiness to read or write, since a pending error (an ICMP
/// message) is shown as neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Something arrived: bytes, an end, an error, a connection.
    In,
    /// There is room to send, or a connect has ended.
    Out,
}

impl Socket {
    /// Creates a socket of that network; of TCP with TCP_NODELAY, as Go's and Node's have it.
    pub(crate) fn new(network: Network, domain: c_int) -> Result<Self, Errno> {
        let socket = Self::from_fd(sys::socket(domain, socket_type(network), 0)?, network);
        if network.is_tcp() {
            sys::set_int(socket.fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        }
        Ok(socket)
    }

    /// Whether the kernel has sockets of a network with another family, type or protocol.
    pub(crate) fn of_triple(network: Network, triple: Triple) -> Result<(), Errno> {
        let domain = triple.domain.unwrap_or_else(|| address::domain(network));
        let kind = triple.kind.unwrap_or_else(|| socket_type(network));
        sys::socket(domain, kind, triple.protocol.unwrap_or(0)).map(drop)
    }

    /// A pair of connected sockets.
    pub(crate) fn pair(network: Network) -> Result<(Self, Self), Errno> {
        let (one, other) = sys::socketpair(address::domain(network), socket_type(network))?;
        Ok((Self::from_fd(one, network), Self::from_fd(other, network)))
    }

    fn from_fd(fd: OwnedFd, network: Network) -> Self {
        Self {
            registration: OnceCell::new(),
            fd: Arc::new(fd),
            network,
            is_pipe: false,
            tls: OnceCell::new(),
            linger: Cell::new(None),
            waits: Cell::new(false),
            came_nonblocking: None,
            taken: Rc::default(),
        }
    }

    /// A descriptor that was passed to us: how its socket is set up, somebody else has said.
    pub(crate) fn received(fd: OwnedFd, network: Network) -> Self {
        let socket = Self::from_fd(fd, network);
        socket.waits.set(sys::blocks(socket.fd()));
        socket.ask_linger();
        socket
    }

    /// Lets calls on it wait: what another process has it for.
    pub(crate) fn let_wait(&self) {
        let _ = sys::set_nonblocking(self.fd(), false);
        self.waits.set(true);
    }

    /// Takes that back.
    pub(crate) fn never_wait(&self) {
        let _ = sys::set_nonblocking(self.fd(), true);
        self.waits.set(false);
    }

    /// Makes a call that must not wait.
    pub(crate) fn at_once<T>(&self, call: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        if !self.waits.get() {
            return call(self.fd());
        }
        let _ = sys::set_nonblocking(self.fd(), true);
        let result = call(self.fd());
        let _ = sys::set_nonblocking(self.fd(), false);
        result
    }

    /// The end of a pipe that bytes are written into.
    pub(crate) fn of_pipe(fd: OwnedFd) -> Self {
        let mut pipe = Self::of_stream(fd);
        pipe.is_pipe = true;
        pipe
    }

    /// A socket of a stream between processes.
    pub(crate) fn of_stream(fd: OwnedFd) -> Self {
        Self::from_fd(fd, Network::Unix)
    }

    /// Whether it is the end of a pipe.
    pub(crate) fn is_pipe(&self) -> bool {
        self.is_pipe
    }

    /// accept(2): the connection, and the address of its other side.
    pub(crate) fn accept(&self, see_how_it_comes: bool) -> Result<(Self, SockAddr), Errno> {
        // Nobody else who has it shall find that it does not wait, unless there is something to accept.
        if self.waits.get() && sys::poll_now(self.fd(), libc::POLLIN) == 0 {
            return Err(Errno(libc::EAGAIN));
        }
        self.at_once(|fd| sys::accept(fd, see_how_it_comes)).map(|accepted| self.accepted(accepted))
    }

    /// The same, for a connection that was accepted on a helper thread.
    pub(crate) fn accepted(&self, accepted: sys::Accepted) -> (Self, SockAddr) {
        let sys::Accepted { fd, from, came_nonblocking } = accepted;
        let mut socket = Self::from_fd(fd, self.network);
        // An accepted socket inherits SO_LINGER from its listener.
        socket.linger.set(self.linger.get());
        socket.came_nonblocking = came_nonblocking;
        (socket, from)
    }

    /// Of a connection that was accepted by a spec that asks, whether it came non-blocking.
    pub(crate) fn came_nonblocking(&self) -> Option<bool> {
        self.came_nonblocking
    }

    /// The descriptor.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The descriptor, kept open for a helper thread.
    pub(crate) fn share(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }

    /// Its network.
    pub(crate) fn network(&self) -> Network {
        self.network
    }

    /// Waits until something happens in that direction. The first call may return at once though
    /// nothing is there; so a caller tries, waits, and tries again. Costs no processor time while
    /// nothing new happens, even where unread bytes lie in the queue: only a change wakes it.
    pub(crate) async fn wait(&self, direction: Direction) -> io::Result<()> {
        let interest = match direction {
            Direction::In => sys::ARRIVAL,
            Direction::Out => Interest::WRITABLE | Interest::ERROR,
        };
        let mut guard = self.registration()?.ready(interest).await?;
        let ready = guard.ready();
        guard.clear_ready();
        // tokio keeps "the other side has closed" set for good. Whoever waits on after it (for a
        // reset after the end) must not spin.
        if ready.is_read_closed() || ready.is_write_closed() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        Ok(())
    }

    fn registration(&self) -> io::Result<&AsyncFd<Arc<OwnedFd>>> {
        if let Some(registration) = self.registration.get() {
            return Ok(registration);
        }
        let registration = sys::register(Arc::clone(&self.fd), sys::ARRIVAL | Interest::WRITABLE)?;
        Ok(self.registration.get_or_init(|| registration))
    }

    /// TLS over it.
    pub(crate) fn tls(&self) -> Option<&tls::Session> {
        self.tls.get()
    }

    /// Lays TLS over it, for good.
    pub(crate) fn lay_over(&self, session: tls::Session) {
        let _ = self.tls.set(session);
    }

    /// recv(2), of plain text where TLS lies over it. The flag is MSG_PEEK or none.
    pub(crate) fn recv(&self, buffer: &mut [u8], flags: c_int) -> Result<usize, Errno> {
        let peek = flags & libc::MSG_PEEK != 0;
        let received = match self.tls() {
            Some(tls) => tls.recv(self.fd(), buffer, peek),
            None => sys::recv(self.fd(), buffer, flags | libc::MSG_DONTWAIT),
        };
        if let (Ok(len), false) = (received, peek) {
            self.note_taken(len);
        }
        received
    }

    /// Notes bytes that were taken past [`recv`](Self::recv).
    pub(crate) fn note_taken(&self, len: usize) {
        self.taken.set(self.taken.get() + len as u64);
    }

    /// Counts what is taken out of it together with the other descriptors of its socket.
    pub(crate) fn counting(mut self, taken: &Rc<Cell<u64>>) -> Self {
        self.taken = Rc::clone(taken);
        self
    }

    /// Bytes that wait to be received; of TLS, of plain text.
    pub(crate) fn unread(&self) -> Result<u64, Errno> {
        self.tls().map_or_else(|| sys::unread(self.fd()), |tls| Ok(tls.unread(self.fd())))
    }

    /// Whether a datagram socket has shut down its own receiving. A blocking receive gives nothing
    /// at once then, which a non-blocking one does not tell: it says EAGAIN for good.
    pub(crate) fn receives_nothing_more(&self) -> bool {
        self.network.kind() == Kind::Datagram && sys::poll_now(self.fd(), sys::ENDED) & sys::ENDED != 0
    }

    /// Remembers what SO_LINGER was set to.
    pub(crate) fn note_linger(&self, linger: Option<u32>) {
        self.linger.set(linger);
    }

    /// Asks what SO_LINGER is, where another descriptor of the socket may have set it.
    pub(crate) fn ask_linger(&self) {
        self.linger.set(sys::get_linger(self.fd()).unwrap_or(None));
    }

    /// Whether close(2) may wait.
    pub(crate) fn lingers(&self) -> bool {
        self.linger.get().is_some_and(|seconds| seconds > 0)
    }

    /// Whether close(2) resets.
    pub(crate) fn resets(&self) -> bool {
        self.linger.get() == Some(0)
    }

    /// Gives the descriptor away to be closed by somebody else.
    pub(crate) fn into_fd(mut self) -> Arc<OwnedFd> {
        self.registration = OnceCell::new();
        self.linger.set(None);
        Arc::clone(&self.fd)
    }
}

/// The type that socket(2) takes.
fn socket_type(network: Network) -> c_int {
    match network.kind() {
        Kind::Stream => libc::SOCK_STREAM,
        Kind::Datagram => libc::SOCK_DGRAM,
        Kind::Packet => libc::SOCK_SEQPACKET,
    }
}

impl Drop for Socket {
    /// Whatever ends a test closes its sockets without waiting: SO_LINGER blocks even a
    /// non-blocking socket. The `close` step waits, elsewhere, before it drops.
    fn drop(&mut self) {
        if self.lingers() {
            let _ = sys::set_linger(self.fd(), None);
        }
    }
}
