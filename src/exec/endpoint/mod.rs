//! Endpoints: the names of a spec, with the socket that each stands for and what the runner knows
//! of it. A closed endpoint keeps its addresses, so that a refused connect and TIME-WAIT can be
//! shown.

pub(super) mod description;
pub(super) mod ending;
pub(super) mod opened;
pub(super) mod passing;
pub(super) mod reach;

use std::cell::{Cell, OnceCell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;

use socket2::SockAddr;

use crate::model::network::Network;
use crate::trace::record::{Open, Unread};

use super::net::{Socket, address, sys};
use super::program::Program;
use description::{Description, Peer};
use opened::OpenFile;

/// What an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A socket that neither listens nor is connected.
    Plain,
    /// A listening socket.
    Listener,
    /// A connected stream or packet socket.
    Connected,
    /// The address of a datagram's sender: a name without a socket.
    Sender,
    /// A program, whose output the socket receives.
    Program,
    /// A file that is read.
    File,
}

/// One endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Its name.
    pub(crate) name: Rc<str>,
    /// Its name as a trace shows it: the counter of a `repeat` is `<i>`.
    pub(crate) shown: String,
    /// Its network.
    pub(crate) network: Network,
    /// The host that it is on, where its network has hosts.
    pub(crate) host: Option<usize>,
    /// The how-manieth endpoint of the test it is.
    pub(crate) order: u64,
    /// Whether it is one of a `repeat` whose number varies, by the counter in its name.
    pub(crate) varies: Cell<bool>,
    /// The lanes that it was created in: of each block around, how many endpoints there were before it,
    /// and the number of the lane. Lanes that run at once create theirs in whatever order.
    pub(crate) lanes: OnceCell<Rc<[u64]>>,
    /// The sender of the last datagram that it received.
    pub(crate) last_sender: RefCell<Option<SockAddr>>,
    /// What it shares with the other descriptors of its socket, where there are any.
    pub(crate) shared: Rc<Description>,
    socket: RefCell<Option<Rc<Socket>>>,
    program: OnceCell<Rc<Program>>,
    file: RefCell<Option<Rc<OpenFile>>>,
}

/// What an endpoint begins with.
#[derive(Debug)]
pub(crate) struct New {
    /// Its name as a trace shows it.
    pub(crate) shown: String,
    /// Its network.
    pub(crate) network: Network,
    /// The host that it is on.
    pub(crate) host: Option<usize>,
    /// Its socket; without one it is the name of a sender's address.
    pub(crate) socket: Option<Socket>,
    /// Where its descriptor is one more of a socket that is there already: what they share.
    pub(crate) shared: Option<Rc<Description>>,
}

/// A connection that was taken off a listener's queue for a later `accept`.
#[derive(Debug)]
pub(crate) struct Held {
    /// The connection.
    pub(crate) socket: Socket,
    /// The address of its client.
    pub(crate) from: SockAddr,
    /// Its client, where that is an endpoint of this spec.
    pub(crate) client: Option<Rc<Endpoint>>,
}

impl Endpoint {
    /// An endpoint, the how-manieth of its test.
    pub(crate) fn new(name: &str, new: New, order: u64) -> Self {
        let New { shown, network, host, socket, shared } = new;
        let role = if socket.is_some() { Role::Plain } else { Role::Sender };
        let shared = shared.unwrap_or_else(|| Rc::new(Description::new(role)));
        let socket = socket.map(|socket| Rc::new(socket.counting(&shared.taken)));
        Self {
            name: name.into(),
            shown,
            network,
            host,
            order,
            varies: Cell::default(),
            lanes: OnceCell::new(),
            last_sender: RefCell::default(),
            shared,
            socket: RefCell::new(socket),
            program: OnceCell::new(),
            file: RefCell::default(),
        }
    }

    /// Tells the order in which the spec creates endpoints, which hangs on nothing but the spec.
    pub(crate) fn written_order(&self) -> impl Iterator<Item = u64> {
        let lanes = self.lanes.get().map_or(&[][..], |lanes| lanes);
        lanes.iter().copied().chain([self.order])
    }

    /// Its socket, unless it is closed.
    pub(crate) fn socket(&self) -> Option<Rc<Socket>> {
        self.socket.borrow().clone()
    }

    /// Whether it is open. A program is until a step has seen it end; what it has printed can still be
    /// received then.
    pub(crate) fn is_open(&self) -> bool {
        let is_done = self.program.get().is_some_and(|program| program.is_done.get());
        self.socket.borrow().is_some() && !is_done || self.file.borrow().is_some()
    }

    /// The file that it is, if it is one and open.
    pub(crate) fn file(&self) -> Option<Rc<OpenFile>> {
        self.file.borrow().clone()
    }

    /// Makes it that file.
    pub(crate) fn set_file(&self, file: OpenFile) {
        *self.file.borrow_mut() = Some(Rc::new(file));
    }

    /// The program that it is, if it is one.
    pub(crate) fn program(&self) -> Option<Rc<Program>> {
        self.program.get().cloned()
    }

    /// Makes it that program's.
    pub(crate) fn set_program(&self, program: Rc<Program>) {
        let _ = self.program.set(program);
    }

    /// Takes the socket away, or the file: the endpoint is closed from now on. Its addresses stay.
    pub(crate) fn take_socket(&self) -> Option<Rc<Socket>> {
        self.remember();
        self.file.borrow_mut().take();
        self.socket.borrow_mut().take()
    }

    /// Asks the kernel for the addresses, while it still knows them.
    fn remember(&self) {
        self.local();
        if self.shared.role.get() == Role::Connected {
            self.remote();
        }
    }

    /// Its own address, where it is bound. Asked for once and remembered.
    pub(crate) fn local(&self) -> Option<SockAddr> {
        if let Some(known) = self.shared.local.borrow().clone() {
            return Some(known);
        }
        let asked = sys::local_address(self.socket()?.fd()).ok()?;
        let bound = match asked.as_socket() {
            Some(address) => address.port() != 0,
            None => !asked.is_unnamed(),
        };
        if !bound {
            return None;
        }
        *self.shared.local.borrow_mut() = Some(asked.clone());
        Some(asked)
    }

    /// Forgets its own address, after a call that may have changed it.
    pub(crate) fn forget_local(&self) {
        self.shared.local.borrow_mut().take();
    }

    /// Sets its own address, where nobody needs to ask for it.
    pub(crate) fn set_local(&self, local: SockAddr) {
        *self.shared.local.borrow_mut() = Some(local);
    }

    /// The address of the other side, where it has one. A datagram socket has none but for a `connect`.
    pub(crate) fn remote(&self) -> Option<SockAddr> {
        let known = self.shared.remote.borrow().clone();
        if known.is_some() || (self.network.is_udp() && !self.shared.is_known_in_part()) {
            return known;
        }
        let asked = sys::peer_address(self.socket()?.fd()).ok()?;
        *self.shared.remote.borrow_mut() = Some(asked.clone());
        Some(asked)
    }

    /// The same, as far as it is remembered.
    pub(crate) fn known_remote(&self) -> Option<SockAddr> {
        self.shared.remote.borrow().clone()
    }

    /// Sets the address of the other side.
    pub(crate) fn set_remote(&self, remote: SockAddr) {
        *self.shared.remote.borrow_mut() = Some(remote);
    }

    /// Forgets the other side, and its address.
    pub(crate) fn forget_remote(&self) {
        self.shared.remote.borrow_mut().take();
        self.shared.peer.borrow_mut().take();
    }

    /// What is known of the other side of its connection.
    pub(crate) fn peer(&self) -> Peer {
        self.shared.peer()
    }

    /// Ties two endpoints together as the two ends of one connection.
    pub(crate) fn join(one: &Rc<Self>, other: &Rc<Self>) {
        *one.shared.peer.borrow_mut() = Some(Rc::downgrade(&other.shared));
        *other.shared.peer.borrow_mut() = Some(Rc::downgrade(&one.shared));
    }

    /// Whether that is its own address.
    pub(crate) fn is_bound_to(&self, address: &SockAddr) -> bool {
        if self.shared.local.borrow().is_none() {
            self.local();
        }
        self.shared.local.borrow().as_ref().is_some_and(|local| address::same(local, address))
    }

    /// Whether it gets what is sent to that address.
    pub(crate) fn receives_at(&self, target: &SockAddr) -> bool {
        if self.shared.local.borrow().is_none() {
            self.local();
        }
        self.shared.local.borrow().as_ref().is_some_and(|local| address::receives(local, target))
    }

    /// Notes that it joined a multicast group, or left it.
    pub(crate) fn note_group(&self, group: IpAddr, joined: bool) {
        let mut groups = self.shared.groups.borrow_mut();
        match groups.iter().position(|known| *known == group) {
            Some(known) if !joined => drop(groups.swap_remove(known)),
            None if joined => groups.push(group),
            _ => {}
        }
    }

    /// Whether a datagram that `sender` sends to a group, or to all hosts, reaches it.
    pub(crate) fn is_of_group(&self, sender: &Self, group: &SockAddr) -> bool {
        let Some(group) = group.as_socket().map(|group| group.ip().to_canonical()) else { return false };
        if !group.is_multicast() {
            return true;
        }
        // A loopback device has no other way; elsewhere members on the sender's own host hear it
        // where the sender wants that.
        let own = sender.host.is_some() && sender.host == self.host;
        self.shared.groups.borrow().contains(&group) && (!own || sender.loops_back(group))
    }

    /// IP_MULTICAST_LOOP.
    fn loops_back(&self, group: IpAddr) -> bool {
        let (level, number) = if group.is_ipv6() {
            (libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP)
        } else {
            (libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP)
        };
        self.socket().and_then(|socket| sys::get_int(socket.fd(), level, number).ok()).is_some_and(|on| on != 0)
    }

    /// Bytes that wait at a connection, and came from outside of this spec.
    pub(crate) fn unread_from_outside(&self) -> u64 {
        let is_outside = !matches!(self.peer(), Peer::Known(_)) || self.shared.was_outside();
        let socket = self.socket().filter(|_| is_outside && self.shared.role.get() == Role::Connected);
        socket.and_then(|socket| socket.unread().ok()).unwrap_or(0)
    }

    /// Bytes that wait to be received, and were sent by endpoints of this spec. Of a socket that a program
    /// has, too, nobody can say how many it leaves.
    pub(crate) fn unread_from_spec(&self) -> Unread {
        let Some(socket) = self.socket().filter(|_| !self.shared.was_outside()) else { return Unread::Bytes(0) };
        let bytes = match self.shared.role.get() {
            Role::Connected if self.shared.peer.borrow().is_some() => socket.unread().unwrap_or(0),
            Role::Plain if self.network.has_boundaries() => drain(&socket),
            _ => 0,
        };
        match self.peer() {
            Peer::Known(peer) if bytes > 0 && (peer.sent_partly.get() || peer.sending.get()) => Unread::Varies,
            _ => Unread::Bytes(bytes),
        }
    }
}

/// What is open at the end, with what waits there. What waits at a socket is told once, whoever has
/// descriptors of it.
pub(crate) fn left_open(open: &[Rc<Endpoint>]) -> Vec<Open> {
    let left = open.iter().enumerate().map(|(nth, endpoint)| {
        let same = |other: &Rc<Endpoint>| Rc::ptr_eq(&other.shared, &endpoint.shared);
        let is_told = endpoint.shared.was_passed() && open[..nth].iter().any(same);
        let unread = if is_told { Unread::Bytes(0) } else { endpoint.unread_from_spec() };
        let left = endpoint.unread_from_outside();
        Open { name: endpoint.shown.clone(), unread, left, varies: endpoint.varies.get() }
    });
    left.collect()
}

/// How many bytes all the waiting datagrams have together: FIONREAD tells of the first alone. They
/// are received, which changes nothing for anybody, since the socket is about to be closed.
fn drain(socket: &Socket) -> u64 {
    let mut buffer = [0; 1];
    let mut total = 0;
    // No queue holds more: the bound only keeps an endless sender from holding up the end.
    for _ in 0..100_000 {
        match sys::recv_message(socket.fd(), &mut buffer, libc::MSG_TRUNC | libc::MSG_DONTWAIT) {
            Ok(message) => total += message.len as u64,
            Err(_) => break,
        }
    }
    total
}
