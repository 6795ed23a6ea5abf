//! Watches one step, and notes what it did in the words of the wire.

use std::net::SocketAddr;
use std::rc::Rc;

use socket2::SockAddr;

use crate::model::platform::numbers;
use crate::plan::{Call, Verb};

use super::super::endpoint::{Endpoint, Role};
use super::super::lane::{Done, verb};
use super::super::net::{Socket, sys};
use super::super::test::Test;
use super::Collector;
use super::act::{Act, Did, Protocol};
use super::seen;
use crate::exec::endpoint::description::Peer;

/// A step that runs.
pub(crate) struct Watch<'t> {
    wire: &'t Collector,
    endpoint: Option<Rc<Endpoint>>,
    since: usize,
    written: u64,
    taken: u64,
    corked: bool,
    /// Whether the descriptor is the last of its socket.
    last: bool,
    /// Whether TLS lies over it: then how many bytes there are is not for the spec to say.
    tls: bool,
}

/// Where a call went: from its own address, as far as it was known, to another.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// From where.
    pub(crate) local: Option<SockAddr>,
    /// To where.
    pub(crate) remote: SockAddr,
}

impl<'t> Watch<'t> {
    /// Before the step: what it works on.
    pub(crate) fn begin(wire: &'t Collector, test: &Test<'_>, name: &str) -> Self {
        let endpoint = test.open_endpoint(name);
        let written = endpoint.as_ref().map_or(0, |endpoint| endpoint.shared.sent.get());
        let socket = endpoint.as_ref().and_then(|endpoint| endpoint.socket());
        let taken = endpoint.as_ref().map_or(0, |endpoint| endpoint.shared.taken.get());
        let tls = socket.is_some_and(|socket| socket.tls().is_some());
        let corked = endpoint.as_deref().is_some_and(is_corked);
        let last = endpoint.as_ref().is_none_or(|endpoint| endpoint.shared.is_last());
        Self { wire, endpoint, since: wire.count(), written, taken, corked, last, tls }
    }

    /// After it: what it did.
    pub(crate) fn note(self, test: &Test<'_>, name: &str, call: &Call, order: u64, line: &str, done: &Done) {
        let Some(endpoint) = self.endpoint.clone().or_else(|| test.endpoint(name).ok()) else { return };
        let protocol = if endpoint.network.is_tcp() {
            Protocol::Tcp
        } else if endpoint.network.is_udp() {
            Protocol::Udp
        } else {
            return;
        };
        if let Some(net) = &test.net {
            net.pump();
        }
        let did = self.did(&endpoint, call, done);
        let route = done.route.as_deref();
        let local = route.and_then(|route| route.local.clone()).or_else(|| endpoint.local());
        let remote = match route {
            Some(route) => Some(route.remote.clone()),
            None if endpoint.shared.role.get() == Role::Listener => None,
            None => endpoint.remote(),
        };
        let act = Act {
            order,
            step: format!("{line}, {} {}", endpoint.shown, verb(call)),
            endpoint: endpoint.shown.clone(),
            protocol,
            host: endpoint.host.unwrap_or(0),
            local: local.as_ref().and_then(plain),
            remote: remote.as_ref().and_then(plain),
            accepted: endpoint.shared.accepted.get(),
            outside: endpoint.shared.was_outside(),
            stranger: is_with_stranger(test, &endpoint, remote.as_ref()),
            did,
            since: self.since,
            until: self.wire.count(),
        };
        // What TLS says of itself: its handshake, close_notify.
        let (from, to) = (self.written, endpoint.shared.sent.get());
        let speaks = match call.verb {
            Verb::Tls(_) => true,
            Verb::Close { .. } | Verb::Shutdown { .. } => self.tls,
            _ => false,
        };
        if speaks && to > from {
            let did = Did::Write { from, to, held: false, varies: true };
            self.wire.acts.borrow_mut().push(Act { did, ..act.clone() });
        }
        if act.stranger {
            let seen = seen::from_stranger(&endpoint, call, done, self.taken);
            self.wire.acts.borrow_mut().extend(seen.into_iter().map(|did| Act { did, ..act.clone() }));
        }
        self.wire.acts.borrow_mut().push(act);
    }

    fn did(&self, endpoint: &Endpoint, call: &Call, done: &Done) -> Did {
        match &call.verb {
            Verb::Connect { .. } if endpoint.network.is_tcp() => Did::Connect,
            Verb::Send { more, .. } => {
                let varies = done.result.is_err() || self.tls || seen::varies(&done.what);
                let held = *more || is_corked(endpoint);
                if endpoint.network.is_tcp() {
                    Did::Write { from: self.written, to: endpoint.shared.sent.get(), held, varies }
                } else if done.result.is_ok() {
                    // One datagram of all that was kept back.
                    let (before, differs) = endpoint.shared.kept_back.take();
                    let len = before + done.facts.pieces.iter().sum::<u64>();
                    let varies = varies || differs;
                    if held {
                        endpoint.shared.kept_back.set((len, varies));
                        Did::Other
                    } else {
                        Did::Datagram { len, varies }
                    }
                } else {
                    Did::Other
                }
            }
            Verb::Shutdown { how: std::net::Shutdown::Read, .. } if endpoint.shared.role.get() != Role::Listener => {
                Did::Other
            }
            Verb::Close { .. } | Verb::Reset if !self.last => Did::Other,
            Verb::Shutdown { .. } | Verb::Close { .. } | Verb::Reset => Did::End,
            Verb::Disconnect if endpoint.network.is_tcp() => Did::End,
            Verb::Set(_) if self.corked && !is_corked(endpoint) => match endpoint.shared.kept_back.take() {
                (0, _) => Did::Release,
                (len, varies) => Did::Datagram { len, varies },
            },
            _ => Did::Other,
        }
    }
}

/// Whether TCP_CORK or UDP_CORK is on. Nagle's algorithm keeps bytes back, too, but the kernel itself lets them
/// go.
fn is_corked(endpoint: &Endpoint) -> bool {
    let (level, number) = if endpoint.network.is_tcp() {
        (libc::IPPROTO_TCP, numbers::TCP_CORK)
    } else if endpoint.network.is_udp() {
        (libc::IPPROTO_UDP, numbers::UDP_CORK)
    } else {
        return false;
    };
    let on = |socket: Rc<Socket>| sys::get_int(socket.fd(), level, number).unwrap_or(0) != 0;
    endpoint.socket().is_some_and(on)
}

/// Whether the other side is nobody of this spec, or a program has its socket, too.
fn is_with_stranger(test: &Test<'_>, endpoint: &Endpoint, remote: Option<&SockAddr>) -> bool {
    if endpoint.network.is_udp() {
        // The name of a sender is no socket of this spec.
        let is_own = |owner: Rc<Endpoint>| owner.shared.role.get() != Role::Sender;
        return remote.is_some_and(|remote| !test.owner_of(endpoint, remote).is_some_and(is_own));
    }
    // Whoever waits in the queue of a listener of this spec has no peer yet; a program may have the listener.
    let target = endpoint.shared.target.borrow().upgrade();
    match endpoint.peer() {
        Peer::Known(peer) => peer.was_outside(),
        Peer::Gone => false,
        Peer::None => target.is_none_or(|target| target.was_outside()),
    }
}

/// An address as it stands in a packet: IPv4 in its own form, without scope.
fn plain(address: &SockAddr) -> Option<SocketAddr> {
    let address = address.as_socket()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}
