//! The open file description of a socket, as POSIX calls it: what all descriptors of the socket have
//! in common, whoever has them. Most sockets have one descriptor, which an endpoint of the spec has.
//! Where one is passed, others come to it: on their way in the queue of a Unix socket, at another
//! endpoint, in a program. The socket is closed with the last of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::{Rc, Weak};

use socket2::SockAddr;

use super::{Endpoint, Held, Role};
use crate::exec::net::Socket;
use crate::exec::program::Program;

/// What the descriptors of one socket share.
#[derive(Debug)]
pub(crate) struct Description {
    /// What it is now.
    pub(crate) role: Cell<Role>,
    /// Bytes of a stream that the kernel has taken from it.
    pub(crate) sent: Rc<Cell<u64>>,
    /// Bytes of a stream that were taken out of it.
    pub(crate) taken: Rc<Cell<u64>>,
    /// Whether it keeps back what it sends (a cork, or `more`).
    pub(crate) corked: Cell<bool>,
    /// Of a datagram socket whose frames are watched: the bytes of a datagram that is not complete yet, and
    /// whether their number varies.
    pub(crate) kept_back: Cell<(u64, bool)>,
    /// Whether it is in the middle of a send, in another lane.
    pub(crate) sending: Cell<bool>,
    /// Whether a send failed half-way: how much of it went was the kernel's choice.
    pub(crate) sent_partly: Cell<bool>,
    /// Whether it came out of `accept`.
    pub(crate) accepted: Cell<bool>,
    /// Whether it has ended its own direction.
    pub(crate) write_ended: Cell<bool>,
    /// The socket of this spec that it connected to: a listener, or a datagram socket.
    pub(crate) target: RefCell<Weak<Self>>,
    /// Of a listener: the clients of this spec that connected and were not accepted yet, in order.
    pub(crate) pending: RefCell<VecDeque<Rc<Endpoint>>>,
    /// Of a listener: connections that `accept … from` took off the queue and holds back.
    pub(crate) held: RefCell<VecDeque<Held>>,
    /// Whether a step has set IP_RECVERR, or taken it back.
    pub(crate) sets_errqueue: Cell<bool>,
    /// Whether somebody else has made the socket, and passed it.
    pub(crate) is_foreign: Cell<bool>,
    /// The multicast groups that it has joined.
    pub(crate) groups: RefCell<Vec<IpAddr>>,
    pub(crate) local: RefCell<Option<SockAddr>>,
    pub(crate) remote: RefCell<Option<SockAddr>>,
    pub(crate) peer: RefCell<Option<Weak<Self>>>,
    /// The endpoints that have a descriptor of it, or had one.
    endpoints: RefCell<Vec<Weak<Endpoint>>>,
    /// Descriptors of it that no endpoint has: they are on their way.
    pub(crate) loose: Cell<usize>,
    /// Whether there ever were such: a program may have had one meanwhile.
    pub(crate) was_loose: Cell<bool>,
    /// The programs that were started with a descriptor of it.
    programs: RefCell<Vec<Rc<Program>>>,
}

impl Description {
    /// That of a new socket, or of no socket.
    pub(crate) fn new(role: Role) -> Self {
        Self {
            role: Cell::new(role),
            sent: Rc::default(),
            taken: Rc::default(),
            corked: Cell::new(false),
            kept_back: Cell::default(),
            sending: Cell::new(false),
            sent_partly: Cell::new(false),
            accepted: Cell::new(false),
            write_ended: Cell::new(false),
            target: RefCell::default(),
            pending: RefCell::default(),
            held: RefCell::default(),
            sets_errqueue: Cell::new(false),
            is_foreign: Cell::new(false),
            groups: RefCell::default(),
            local: RefCell::default(),
            remote: RefCell::default(),
            peer: RefCell::default(),
            endpoints: RefCell::default(),
            loose: Cell::new(0),
            was_loose: Cell::new(false),
            programs: RefCell::default(),
        }
    }

    /// Notes an endpoint that has a descriptor of it.
    pub(crate) fn add(&self, endpoint: &Rc<Endpoint>) {
        self.endpoints.borrow_mut().push(Rc::downgrade(endpoint));
    }

    /// An open endpoint that has a descriptor of it.
    pub(crate) fn endpoint(&self) -> Option<Rc<Endpoint>> {
        self.endpoints.borrow().iter().filter_map(Weak::upgrade).find(|endpoint| endpoint.is_open())
    }

    /// The endpoint that has a descriptor of it, or had the last.
    pub(crate) fn named(&self) -> Option<Rc<Endpoint>> {
        self.endpoint().or_else(|| self.endpoints.borrow().iter().rev().find_map(Weak::upgrade))
    }

    /// Does something with every descriptor of it that an endpoint has.
    pub(crate) fn each_socket(&self, work: impl Fn(&Socket)) {
        let endpoints = self.endpoints.borrow();
        endpoints
            .iter()
            .filter_map(Weak::upgrade)
            .filter_map(|endpoint| endpoint.socket())
            .for_each(|socket| work(&socket));
    }

    /// Whether it is open: somebody has a descriptor of it.
    pub(crate) fn is_open(&self) -> bool {
        self.loose.get() > 0 || self.is_outside() || self.endpoint().is_some()
    }

    /// Whether the descriptor of an endpoint is the only one.
    pub(crate) fn is_last(&self) -> bool {
        let endpoints = self.endpoints.borrow();
        let open = endpoints.iter().filter_map(Weak::upgrade).filter(|endpoint| endpoint.is_open()).count();
        open + self.loose.get() <= 1 && !self.is_outside()
    }

    /// Notes a program that was started with a descriptor of it.
    pub(crate) fn hand_over(&self, program: &Rc<Program>) {
        self.programs.borrow_mut().push(Rc::clone(program));
    }

    /// Whether a program has a descriptor of it.
    fn is_outside(&self) -> bool {
        self.programs.borrow().iter().any(|program| program.status().is_none())
    }

    /// Whether a program has, or had, a descriptor of it: what it did with the socket is not known.
    pub(crate) fn was_outside(&self) -> bool {
        !self.programs.borrow().is_empty()
    }

    /// Whether others than the steps may have connected it, or set its options: what is not noted here has
    /// to be asked of the kernel.
    pub(crate) fn is_known_in_part(&self) -> bool {
        self.is_foreign.get() || self.was_loose.get() || self.was_outside()
    }

    /// Whether others than one endpoint have, or had, a descriptor of it.
    pub(crate) fn was_passed(&self) -> bool {
        self.loose.get() > 0 || self.was_outside() || self.endpoints.borrow().len() > 1
    }

    /// Whether that is the other side of its connection.
    pub(crate) fn has_peer(&self, other: &Rc<Self>) -> bool {
        matches!(self.peer(), Peer::Known(peer) if Rc::ptr_eq(&peer, other))
    }

    /// What is known of the other side of its connection.
    pub(crate) fn peer(&self) -> Peer {
        match &*self.peer.borrow() {
            None => Peer::None,
            Some(peer) => peer.upgrade().map_or(Peer::Gone, Peer::Known),
        }
    }
}

/// What the runner knows of the other side of a connection.
#[derive(Debug)]
pub(crate) enum Peer {
    /// A socket of this spec, which may be closed.
    Known(Rc<Description>),
    /// It was a socket of this spec; it was closed, and its name given to another one.
    Gone,
    /// Nobody of this spec, or not accepted yet.
    None,
}
