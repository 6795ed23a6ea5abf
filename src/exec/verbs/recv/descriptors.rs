//! The descriptors that come with bytes over a Unix socket. They come with the first byte that was
//! sent beside them, so whoever receives that byte has them; a receive that has no room for them, as
//! recv(2) has none, closes them. Looking at bytes with MSG_PEEK takes none. Other control messages
//! that come are kept beside them.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use libc::c_int;

use crate::exec::endpoint::ending::Endings;
use crate::exec::endpoint::passing::Loose;
use crate::exec::endpoint::{Endpoint, New, Role};
use crate::exec::lane::Lane;
use crate::exec::net::Socket;
use crate::exec::net::ancillary::{self, Control, Credentials};
use crate::exec::net::sys::{self, Message};
use crate::exec::stop::Stop;
use crate::exec::verbs::fatal;
use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::plan::template::Template;

/// What a receive brings beside its bytes.
pub(in crate::exec::verbs) struct Arrivals<'a> {
    lane: &'a Lane<'a>,
    at: &'a Rc<Endpoint>,
    /// Whether there may be any. Most sockets carry none, and are spared the question.
    may_come: bool,
    /// How many there is room for, where that is bounded.
    most: Option<usize>,
    came: RefCell<Vec<Arrived>>,
    /// What there was no room for, so that the kernel has closed it.
    cut: RefCell<Option<Vec<Loose>>>,
    /// Whose credentials came.
    credentials: RefCell<Vec<Credentials>>,
    /// Where the datagram was sent to.
    destination: Cell<Option<IpAddr>>,
}

/// What a receive asks for beside its bytes.
#[derive(Clone, Copy, Default)]
pub(in crate::exec::verbs) struct Asked {
    /// Control messages of some kind.
    pub(super) any: bool,
    /// Room for no more than so many descriptors.
    pub(super) most: Option<usize>,
}

/// A descriptor that came.
struct Arrived {
    fd: OwnedFd,
    /// What is known of its socket; nothing, where somebody else has sent it.
    known: Option<Loose>,
}

/// What an arrived descriptor is of.
struct Found {
    network: Network,
    role: Role,
}

impl<'a> Arrivals<'a> {
    /// For a receive of an endpoint that asks for some of it, or for none.
    pub(in crate::exec::verbs) fn new(lane: &'a Lane<'a>, at: &'a Rc<Endpoint>, socket: &Socket, asked: Asked) -> Self {
        let may_come = socket.tls().is_none() && (asked.any || lane.test.passings.wait_at(&at.shared));
        Self {
            lane,
            at,
            may_come,
            most: asked.most,
            came: RefCell::default(),
            cut: RefCell::default(),
            credentials: RefCell::default(),
            destination: Cell::new(None),
        }
    }

    /// Whether there may be any.
    pub(in crate::exec::verbs) fn may_come(&self) -> bool {
        self.may_come
    }

    /// Receives bytes of a stream, which are taken.
    pub(super) fn recv(&self, socket: &Socket, buffer: &mut [u8]) -> Result<usize, Errno> {
        if !self.may_come {
            return socket.recv(buffer, 0);
        }
        self.message(socket, buffer, 0).map(|message| message.len)
    }

    /// Receives a message, or bytes of a stream.
    pub(super) fn message(&self, socket: &Socket, buffer: &mut [u8], flags: c_int) -> Result<Message, Errno> {
        let flags = flags | libc::MSG_DONTWAIT;
        let peeks = flags & libc::MSG_PEEK != 0;
        // Looking at bytes with the descriptors beside them would make more descriptors.
        if !self.may_come || (peeks && self.at.network.is_unix()) {
            return sys::recv_message(socket.fd(), buffer, flags);
        }
        let (message, control) = ancillary::receive(socket.fd(), buffer, flags, self.most)?;
        let is_cut = message.flags & libc::MSG_CTRUNC != 0;
        if is_cut && self.most.is_none() {
            // What there was no room for is no more.
            self.add(control);
            return Err(Errno(libc::EMFILE));
        }
        let passings = &self.lane.test.passings;
        let batch = is_cut.then(|| passings.next_batch(&self.at.shared, control.descriptors.first())).flatten();
        self.add(control);
        if is_cut {
            let cut = batch.map(|batch| passings.lost_of(batch)).unwrap_or_default();
            self.cut.borrow_mut().get_or_insert_default().extend(cut);
        }
        Ok(message)
    }

    /// This has come.
    pub(in crate::exec::verbs) fn add(&self, control: Control) {
        let arrived = control.descriptors.into_iter().map(|fd| {
            let known = self.lane.test.passings.arrived(&self.at.shared, sys::inode(fd.as_fd()));
            Arrived { fd, known }
        });
        self.came.borrow_mut().extend(arrived);
        self.credentials.borrow_mut().extend(control.credentials);
        self.destination.set(control.destination.or(self.destination.get()));
    }

    /// Whose credentials came, with each piece of the bytes.
    pub(super) fn credentials(&self) -> Vec<Credentials> {
        self.credentials.borrow().clone()
    }

    /// The address that the datagram was sent to.
    pub(super) fn destination(&self) -> Option<IpAddr> {
        self.destination.get()
    }

    /// Whether something came that there was no room for.
    pub(super) fn was_cut(&self) -> bool {
        self.cut.borrow().is_some()
    }

    /// Gives each of them its name.
    pub(super) fn name(&self, names: &[Template]) -> Result<(), Stop> {
        let came = self.came.take();
        if came.len() != names.len() {
            return Err(wrong_number(&self.at.name, &came, names));
        }
        for (arrived, name) in came.into_iter().zip(names) {
            create(self.lane, arrived, name)?;
        }
        Ok(())
    }

    /// Closes them, as a receive does that has no room for them: the words for it, and the notes of what
    /// has ended with them.
    pub(in crate::exec::verbs) async fn drop_all(self) -> (Option<String>, Vec<String>) {
        let came = self.came.take();
        let closed = self.cut.take().unwrap_or_default();
        if came.is_empty() && closed.is_empty() {
            return (None, Vec::new());
        }
        let shown = came.iter().map(Arrived::shown).chain(closed.iter().map(|loose| loose.endpoint().shown.as_str()));
        let words = shown.fold("drops".to_owned(), |words, shown| format!("{words} {shown}"));
        let mut endings = Endings::default();
        let came = came.into_iter().map(|Arrived { fd, known }| (known, Some(fd)));
        for (known, fd) in came.chain(closed.into_iter().map(|loose| (Some(loose), None))) {
            let endpoint = known.as_ref().map(|known| Rc::clone(known.endpoint()));
            drop(known);
            if let Some(endpoint) = endpoint {
                endings.add_dropped(self.lane.test, &endpoint);
            }
            drop(fd);
        }
        (Some(words), endings.settled(self.lane.test).await)
    }
}

impl Arrived {
    /// The endpoint that it was passed from, as a trace shows it.
    fn shown(&self) -> &str {
        self.known.as_ref().map_or("~", |known| &known.endpoint().shown)
    }
}

/// A descriptor becomes an endpoint.
fn create(lane: &Lane<'_>, arrived: Arrived, name: &Template) -> Result<(), Stop> {
    let Arrived { fd, known } = arrived;
    let (text, shown) = (lane.text(name)?, name.shown());
    if let Some(known) = &known {
        let of = known.endpoint();
        let socket = Some(Socket::received(fd, of.network));
        let shared = Some(Rc::clone(&of.shared));
        lane.create(&text, New { shown, network: of.network, host: of.host, socket, shared })?;
        return Ok(());
    }
    let Some(Found { network, role }) = found(&fd) else {
        return Err(Stop::failed(format!("what came as `{text}` is no socket of TCP, UDP or Unix"))
            .label("another descriptor")
            .at(name.span));
    };
    let socket = Some(Socket::received(fd, network));
    let endpoint = lane.create(&text, New { shown, network, host: None, socket, shared: None })?;
    endpoint.shared.role.set(role);
    endpoint.shared.is_foreign.set(true);
    Ok(())
}

/// What the kernel says of a descriptor.
fn found(fd: &OwnedFd) -> Option<Found> {
    let get = |number| sys::get_int(fd.as_fd(), libc::SOL_SOCKET, number).ok();
    let network = match sys::triple(fd.as_fd())? {
        (libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_TCP) => Network::Tcp,
        (libc::AF_INET6, libc::SOCK_STREAM, libc::IPPROTO_TCP) => Network::Tcp6,
        (libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_UDP) => Network::Udp,
        (libc::AF_INET6, libc::SOCK_DGRAM, libc::IPPROTO_UDP) => Network::Udp6,
        (libc::AF_UNIX, libc::SOCK_STREAM, _) => Network::Unix,
        (libc::AF_UNIX, libc::SOCK_DGRAM, _) => Network::Unixgram,
        (libc::AF_UNIX, libc::SOCK_SEQPACKET, _) => Network::Unixpacket,
        _ => return None,
    };
    let is_connected = || network.has_connections() && sys::peer_address(fd.as_fd()).is_ok();
    let role = match get(libc::SO_ACCEPTCONN)? {
        0 if is_connected() => Role::Connected,
        0 => Role::Plain,
        _ => Role::Listener,
    };
    Some(Found { network, role })
}

fn wrong_number(at: &str, came: &[Arrived], names: &[Template]) -> Stop {
    let wanted = match names.len() {
        1 => "1 descriptor".to_owned(),
        many => format!("{many} descriptors"),
    };
    let number = match came.len() {
        0 => "none".to_owned(),
        many => many.to_string(),
    };
    let stop = Stop::failed(format!("{at}: `takes` names {wanted}, and {number} came with these bytes"))
        .label(format!("{number} came"));
    if came.is_empty() {
        return stop.help("descriptors come with the first byte that was sent beside `pass`");
    }
    let shown: Vec<String> = came
        .iter()
        .map(|arrived| match &arrived.known {
            Some(known) => format!("one of `{}`", known.endpoint().shown),
            None => "one of another program".to_owned(),
        })
        .collect();
    stop.note(format!("what came was closed again: {}", shown.join(", "))).help("give each of them a name, in order")
}

/// The failure that EMFILE is where descriptors should have come.
pub(in crate::exec::verbs) fn no_room(errno: Errno) -> Option<Stop> {
    if errno.0 == libc::EMFILE { fatal(errno) } else { None }
}
