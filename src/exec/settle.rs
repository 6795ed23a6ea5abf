//! Waits until the effect of a step has arrived at the other end, where that is an endpoint of the
//! same spec. This is what makes an ordinary spec deterministic: on a busy machine the kernel may
//! deliver a segment later than the call that sent it returns.
//!
//! Look first: on an idle machine the effect is there already, and one system call tells. Wait only
//! if it is not; and not longer than [`BOUND`], since a missing effect is an observation for the
//! record, no failure. Acknowledgements tell nothing: Linux delays them up to 40 ms. Unix sockets
//! deliver within the call, so there is nothing to watch.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use socket2::SockAddr;
use tokio::time::Instant;

use crate::model::state::TcpState;
use crate::plan::receive::option_for;

use super::endpoint::{Endpoint, Role};
use super::net::{Socket, sys};
use super::steer::Steer;
use super::test::Test;
use crate::exec::endpoint::description::Peer;

/// How long the effect of a step may take to arrive.
pub(crate) const BOUND: Duration = Duration::from_millis(50);

/// So often at least it is looked for. On a machine that is starved the time alone would pass
/// between two looks, while the kernel's own thread waits for its turn like everybody else.
const LOOKS: u32 = 24;

/// Whether the effect arrived; a record notes where it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It did, or there is nothing to watch.
    Yes,
    /// Not within the bound.
    Late,
}

impl Settled {
    /// The line for a record.
    pub(crate) fn note(self) -> Option<String> {
        (self == Self::Late).then(|| format!("the effect had not arrived after {}ms", BOUND.as_millis()))
    }
}

/// Looks again and again until something is so: at once, then giving way to others, then after
/// sleeps of a millisecond.
pub(crate) async fn until(test: &Test<'_>, mut so: impl FnMut() -> bool) -> Settled {
    let mut so = || {
        test.pump();
        so()
    };
    if so() {
        return Settled::Yes;
    }
    let _busy = test.steer.as_ref().map(Steer::busy);
    let end = Instant::now() + BOUND;
    let mut looks = 0;
    for _ in 0..4 {
        tokio::task::yield_now().await;
        std::thread::yield_now();
        if so() {
            return Settled::Yes;
        }
    }
    while Instant::now() < end || looks < LOOKS {
        tokio::time::sleep(Duration::from_millis(1)).await;
        looks += 1;
        if so() {
            return Settled::Yes;
        }
    }
    Settled::Late
}

/// After a `connect` to a listener of this spec: the connection stands in its queue.
pub(crate) async fn connected(test: &Test<'_>, client: &Endpoint, listener: &Rc<Endpoint>) -> Settled {
    let Some(socket) = listener.socket() else { return Settled::Yes };
    if !listener.network.is_tcp() || !test.passes(client, listener) {
        return Settled::Yes;
    }
    if listener.shared.was_outside() || !sys::TELLS_OF_QUEUES {
        return established(test, client).await;
    }
    let waiting = listener.shared.pending.borrow().len() as u64;
    let full = |info: &sys::TcpInfo| info.unacked > info.sacked;
    until(test, || sys::tcp_info(socket.fd()).is_ok_and(|info| u64::from(info.unacked) >= waiting || full(&info))).await
}

/// After a `connect` to a listener that a program has, too, and may have accepted from: the handshake
/// is over at the other end.
async fn established(test: &Test<'_>, client: &Endpoint) -> Settled {
    let addresses = (client.remote().and_then(|a| a.as_socket()), client.local().and_then(|a| a.as_socket()));
    let (Some(remote), Some(local)) = addresses else { return Settled::Yes };
    let Some(diag) = test.diag_at(client, remote) else { return Settled::Yes };
    until(test, || diag.tcp(remote, local).is_none_or(|found| found.state != Some(TcpState::SynReceived))).await
}

/// After bytes went into a TCP stream: they have arrived at the other end, or the answer to late
/// bytes, a reset, has arrived here.
pub(crate) async fn sent(test: &Test<'_>, from: &Rc<Endpoint>, socket: &Socket) -> Settled {
    if !from.network.is_tcp() {
        return Settled::Yes;
    }
    let (there, back) = test.passes_at(from, from.remote());
    match other_end(from) {
        _ if !there => Settled::Yes,
        OtherEnd::Open(peer, peer_socket) => {
            let mut quiet = Quiet::default();
            until(test, || {
                let Ok(received) = sys::tcp_info(peer_socket.fd()) else { return true };
                received.bytes_received >= from.shared.sent.get()
                    || peer.state_is(TcpState::Closed)
                    || quiet.is_held_back(from, socket, received.bytes_received)
            })
            .await
        }
        OtherEnd::Closed if !back => Settled::Yes,
        OtherEnd::Closed => {
            until(test, || sys::tcp_info(socket.fd()).is_ok_and(|info| info.state == TcpState::Closed as u8)).await
        }
        OtherEnd::Queued(addresses) => {
            let (local, remote) = *addresses;
            let Some(diag) = test.diag_at(from, local) else { return Settled::Yes };
            let mut quiet = Quiet::default();
            until(test, || {
                let Some(found) = diag.tcp(local, remote).filter(|found| found.state != Some(TcpState::Listen)) else {
                    return true;
                };
                found.bytes_received >= from.shared.sent.get() || quiet.is_held_back(from, socket, found.bytes_received)
            })
            .await
        }
        OtherEnd::Stranger => Settled::Yes,
    }
}

/// Tells bytes that are on their way from bytes that stay in the send queue: kept back by a cork,
/// or because the receiver has no room.
#[derive(Default)]
struct Quiet {
    same: u32,
    last: (u64, u32),
}

impl Quiet {
    fn is_held_back(&mut self, from: &Endpoint, socket: &Socket, received: u64) -> bool {
        let Ok(info) = sys::tcp_info(socket.fd()) else { return true };
        let on_the_way = info.bytes_sent - info.bytes_retrans > received;
        if on_the_way || info.notsent_bytes == 0 {
            return false;
        }
        if from.shared.corked.get() {
            return true;
        }
        // Nothing is on its way and something is unsent: either the window is closed, or the
        // kernel is about to send it. It stays closed where a few looks find the same.
        let now = (info.bytes_sent, info.notsent_bytes);
        self.same = if now == self.last { self.same + 1 } else { 0 };
        self.last = now;
        self.same > 6
    }
}

/// After the end of a stream was sent, in order or by a reset: the other end has seen it.
pub(crate) async fn ended(test: &Test<'_>, ending: &Ending) -> Settled {
    match &ending.other {
        OtherEnd::Open(_, socket) => {
            until(test, || {
                let Ok(info) = sys::tcp_info(socket.fd()) else { return true };
                match TcpState::from_linux(info.state) {
                    Some(TcpState::Closed) => true,
                    Some(_) if ending.resets => false,
                    Some(TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2 | TcpState::SynSent) => false,
                    _ => true,
                }
            })
            .await
        }
        OtherEnd::Queued(addresses) => {
            let (local, remote) = **addresses;
            let Some(diag) = test.diag_at(&ending.endpoint, local) else { return Settled::Yes };
            until(test, || match diag.tcp(local, remote).and_then(|found| found.state) {
                None | Some(TcpState::Listen | TcpState::Closed) => true,
                Some(TcpState::CloseWait | TcpState::LastAck) => !ending.resets,
                Some(_) => false,
            })
            .await
        }
        OtherEnd::Closed | OtherEnd::Stranger => Settled::Yes,
    }
}

/// After a listener was closed: the clients in its queue have been reset.
pub(crate) async fn abandoned(test: &Test<'_>, listener: &Endpoint, clients: &[Rc<Endpoint>]) -> Settled {
    let mut settled = Settled::Yes;
    for client in clients {
        let told = client.is_open() && test.passes(listener, client);
        if told && until(test, || client.state_is(TcpState::Closed)).await == Settled::Late {
            settled = Settled::Late;
        }
    }
    settled
}

/// An end of stream that is about to be sent; taken before the call, while the socket is there.
pub(crate) struct Ending {
    endpoint: Rc<Endpoint>,
    other: OtherEnd,
    resets: bool,
}

impl Ending {
    /// What the end of that endpoint will have to be seen by. It resets where SO_LINGER says so,
    /// or where a close leaves bytes unread.
    pub(crate) fn of(test: &Test<'_>, endpoint: &Rc<Endpoint>, resets: bool) -> Self {
        let watched = endpoint.network.is_tcp()
            && endpoint.shared.role.get() == Role::Connected
            && test.passes_at(endpoint, endpoint.remote()).0;
        // An end that was already sent is not sent again; only a reset says more.
        let news = resets || !endpoint.shared.write_ended.get();
        let other = if watched && news { other_end(endpoint) } else { OtherEnd::Stranger };
        Self { endpoint: Rc::clone(endpoint), other, resets }
    }
}

/// Where the other end of a TCP connection is.
enum OtherEnd {
    /// An open endpoint of this spec.
    Open(Rc<Endpoint>, Rc<Socket>),
    /// An endpoint of this spec that is closed.
    Closed,
    /// A socket that no endpoint has: in the queue of a listener of this spec, or a descriptor on its
    /// way. Its own address, and that of this end.
    Queued(Box<(SocketAddr, SocketAddr)>),
    /// Somewhere else.
    Stranger,
}

/// Who is at the other end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// An open endpoint of this spec.
    Own,
    /// An endpoint of this spec that is closed.
    Closed,
    /// Nobody of this spec.
    Stranger,
}

/// Who receives what is sent on a stream.
pub(crate) fn reader(endpoint: &Rc<Endpoint>) -> Reader {
    match other_end(endpoint) {
        OtherEnd::Open(..) | OtherEnd::Queued(_) => Reader::Own,
        OtherEnd::Closed => Reader::Closed,
        OtherEnd::Stranger => Reader::Stranger,
    }
}

fn other_end(endpoint: &Rc<Endpoint>) -> OtherEnd {
    let mut is_open = false;
    match endpoint.peer() {
        Peer::Gone => return OtherEnd::Closed,
        // Its last descriptor is on its way, or in a program.
        Peer::Known(peer) if peer.is_open() && peer.endpoint().is_none() => is_open = true,
        // It has been disconnected, and may have another peer by now.
        Peer::Known(peer) if !peer.has_peer(&endpoint.shared) => return OtherEnd::Closed,
        Peer::Known(peer) => {
            let open = peer.endpoint().and_then(|peer| peer.socket().map(|socket| (peer, socket)));
            return open.map_or(OtherEnd::Closed, |(peer, socket)| OtherEnd::Open(peer, socket));
        }
        Peer::None => {}
    }
    is_open |= endpoint.shared.target.borrow().upgrade().is_some_and(|target| target.is_open());
    let addresses = (endpoint.local().and_then(|a| a.as_socket()), endpoint.remote().and_then(|a| a.as_socket()));
    match addresses {
        (Some(local), Some(remote)) if is_open => OtherEnd::Queued(Box::new((remote, local))),
        _ => OtherEnd::Stranger,
    }
}

/// The queues of the sockets that a datagram is about to be sent to, before it is.
#[derive(Default)]
pub(crate) struct Inbox {
    /// More than one where it is sent to a group.
    receivers: Vec<(Rc<Socket>, (u32, u32))>,
    bounce: Option<Bounce>,
}

/// Where the ICMP error of a datagram that nobody receives is seen.
enum Bounce {
    /// At the sender, as a pending error.
    ToSender,
    /// On the wire alone.
    OnTheWire {
        /// Where the datagram went.
        to: SocketAddr,
        /// How many frames there were before it.
        since: usize,
    },
}

/// The address of a socket that is not bound yet.
fn unbound(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Whether a socket is told of errors though it is not connected: IP_RECVERR, IPV6_RECVERR. Most never
/// were set so, and are spared the question.
fn queues_errors(endpoint: &Endpoint) -> bool {
    if !endpoint.shared.sets_errqueue.get() && !endpoint.shared.is_known_in_part() {
        return false;
    }
    let option = option_for("errqueue", endpoint.network);
    option.zip(endpoint.socket()).is_some_and(|(option, socket)| {
        sys::get_int(socket.fd(), option.level, option.number).is_ok_and(|set| set != 0)
    })
}

impl Inbox {
    /// Looks at the receivers of a datagram that `from` sends: to the endpoint or the address that
    /// the step names, or to what it is connected to.
    pub(crate) fn of(
        test: &Test<'_>,
        from: &Rc<Endpoint>,
        to: Option<Rc<Endpoint>>,
        address: Option<&SockAddr>,
    ) -> Self {
        if !from.network.is_udp() {
            return Self::default();
        }
        let Some(address) = address.cloned().or_else(|| from.remote()) else { return Self::default() };
        let receivers: Vec<_> = if test.is_group(&address) {
            let all = test.receivers_of(from, &address);
            all.into_iter().filter(|receiver| receiver.is_of_group(from, &address)).collect()
        } else {
            let named = to.or_else(|| from.shared.target.borrow().upgrade()?.endpoint());
            let named = named.filter(|to| test.is_received(from, &address, to));
            Vec::from_iter(named.or_else(|| test.receiver_of(from, &address)))
        };
        let receivers: Vec<_> = receivers
            .into_iter()
            .filter(|receiver| test.passes(from, receiver) && test.receives_from(receiver, from))
            .filter_map(|receiver| receiver.socket())
            .filter_map(|socket| sys::receive_queue(socket.fd()).ok().map(|queue| (socket, queue)))
            .collect();
        let bounce = if receivers.is_empty() { Self::bounce(test, from, &address) } else { None };
        Self { receivers, bounce }
    }

    /// Whether nobody receives it, and an ICMP error comes back, which somebody sees: a connected
    /// sender, or whoever watches the wire.
    fn bounce(test: &Test<'_>, from: &Rc<Endpoint>, target: &SockAddr) -> Option<Bounce> {
        let is_told =
            from.remote().is_some_and(|remote| super::net::address::same(&remote, target)) || queues_errors(from);
        let watched = test.wire.as_ref().filter(|_| !test.is_group(target));
        if !(is_told || watched.is_some()) || !test.is_local(target) {
            return None;
        }
        let (to, local) = (target.as_socket()?, from.local().and_then(|local| local.as_socket()));
        let local = local.unwrap_or_else(|| unbound(to));
        let comes_back = test.passes_at(from, Some(target.clone())) == (true, true)
            && test.diag_at(from, to).is_some_and(|diag| !diag.udp_receiver(to, local));
        match (comes_back, is_told, watched) {
            (true, true, _) => Some(Bounce::ToSender),
            (true, false, Some(wire)) => Some(Bounce::OnTheWire { to, since: wire.count() }),
            _ => None,
        }
    }

    /// After the send: the datagram lies in every queue, was dropped there, or its ICMP error has
    /// come back.
    pub(crate) async fn settled(self, test: &Test<'_>, sender: &Socket) -> Settled {
        match (self.bounce, &test.wire) {
            (Some(Bounce::ToSender), _) => {
                return until(test, || sys::poll_now(sender.fd(), 0) & libc::POLLERR != 0).await;
            }
            (Some(Bounce::OnTheWire { to, since }), Some(wire)) => {
                return until(test, || wire.has_error_about(to, since)).await;
            }
            _ => {}
        }
        let arrived = |(socket, before): &(Rc<Socket>, (u32, u32))| {
            sys::receive_queue(socket.fd()).is_ok_and(|now| now.0 > before.0 || now.1 != before.1)
        };
        until(test, || self.receivers.iter().all(arrived)).await
    }
}

impl Endpoint {
    /// Whether its TCP socket is in that state now.
    fn state_is(&self, state: TcpState) -> bool {
        self.socket().and_then(|socket| sys::tcp_info(socket.fd()).ok()).is_some_and(|info| info.state == state as u8)
    }
}
