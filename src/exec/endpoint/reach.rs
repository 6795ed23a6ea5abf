//! Who gets what is sent where: the endpoints of a spec, by the addresses that they are bound to, on
//! the network of the machine or between the hosts of an isolated one.

use std::net::SocketAddr;
use std::rc::Rc;

use socket2::SockAddr;

use super::description::Peer;
use super::{Endpoint, Role};
use crate::exec::net::address;
use crate::exec::platform::diag::Diag;
use crate::exec::test::Test;

impl Test<'_> {
    /// The open endpoint of this spec that gets what is sent to that address.
    pub(crate) fn receiver_of(&self, from: &Endpoint, target: &SockAddr) -> Option<Rc<Endpoint>> {
        self.find(|endpoint| self.is_received(from, target, endpoint))
    }

    /// The open endpoints of this spec that get what is sent to that address.
    pub(crate) fn receivers_of(&self, from: &Endpoint, target: &SockAddr) -> Vec<Rc<Endpoint>> {
        let endpoints = self.endpoints.borrow();
        endpoints.values().filter(|endpoint| self.is_received(from, target, endpoint)).cloned().collect()
    }

    /// Whether an open endpoint of this spec gets what another sends to that address.
    pub(crate) fn is_received(&self, from: &Endpoint, target: &SockAddr, by: &Endpoint) -> bool {
        by.is_open()
            && by.network.kind() == from.network.kind()
            && by.network.is_unix() == from.network.is_unix()
            && by.receives_at(target)
            && self.is_for(from, target, by)
    }

    /// Whether that address leads from one endpoint to the host of another.
    fn is_for(&self, from: &Endpoint, target: &SockAddr, to: &Endpoint) -> bool {
        match (&self.net, target.as_socket()) {
            (Some(net), Some(target)) => net.is_for(from.host, target.ip(), to.host),
            _ => true,
        }
    }

    /// The endpoint of this spec that is about to connect from that address: its connection may be
    /// accepted before its own step is over, in another lane.
    pub(crate) fn connecting_from(&self, listener: &Endpoint, address: &SockAddr) -> Option<Rc<Endpoint>> {
        let is_free = |endpoint: &Endpoint| {
            endpoint.is_open() && endpoint.shared.role.get() == Role::Plain && matches!(endpoint.peer(), Peer::None)
        };
        let here = |endpoint: &Endpoint| {
            // A connect that is under way may give it another address than it was known by.
            endpoint.forget_local();
            self.has_address(endpoint, address, listener)
        };
        self.find(|endpoint| {
            endpoint.network.kind() == listener.network.kind()
                && !endpoint.network.is_unix()
                && is_free(endpoint)
                && here(endpoint)
        })
    }

    /// The endpoint of this spec, open or closed, whose own address that is, as `seen_by` sees it.
    pub(crate) fn owner_of(&self, seen_by: &Endpoint, address: &SockAddr) -> Option<Rc<Endpoint>> {
        self.find(|endpoint| {
            endpoint.network.kind() == seen_by.network.kind() && self.has_address(endpoint, address, seen_by)
        })
    }

    /// Whether that is the address of an endpoint, as another sees it: one that is bound to every
    /// address of its host sends from one of them.
    pub(crate) fn has_address(&self, endpoint: &Endpoint, address: &SockAddr, seen_by: &Endpoint) -> bool {
        if self.net.is_some() && !self.is_for(seen_by, address, endpoint) {
            return false;
        }
        endpoint.is_bound_to(address)
            || endpoint.local().and_then(|local| local.as_socket()).zip(address.as_socket()).is_some_and(
                |(local, address)| {
                    let local_to_all = local.ip().to_canonical().is_unspecified() && local.port() == address.port();
                    local_to_all && self.is_local(&address.into())
                },
            )
    }

    /// Whether a datagram from `sender` reaches a receiver that is bound where it was sent to: it
    /// is not connected to somebody else.
    pub(crate) fn receives_from(&self, receiver: &Endpoint, sender: &Endpoint) -> bool {
        match (receiver.known_remote(), sender.local()) {
            (Some(remote), Some(_)) => self.has_address(sender, &remote, receiver),
            _ => true,
        }
    }

    /// Whether traffic to that address stays on this machine, in the network of the spec.
    pub(crate) fn is_local(&self, address: &SockAddr) -> bool {
        match (&self.net, address.as_socket()) {
            (Some(net), Some(address)) => net.has(address.ip()),
            _ => address::is_local(address),
        }
    }

    /// Whether what one endpoint sends arrives at another now, as far as links are concerned.
    pub(crate) fn passes(&self, from: &Endpoint, to: &Endpoint) -> bool {
        self.net.as_ref().is_none_or(|net| net.passes(from.host, to.host))
    }

    /// The same of an address; and whether what is sent from there arrives.
    pub(crate) fn passes_at(&self, endpoint: &Endpoint, address: Option<SockAddr>) -> (bool, bool) {
        let address = address.and_then(|address| address.as_socket());
        let (Some(net), Some(address)) = (&self.net, address) else { return (true, true) };
        let there = net.host_at(endpoint.host, address.ip());
        (net.passes(endpoint.host, there), net.passes(there, endpoint.host))
    }

    /// The netlink socket for questions about sockets at an address that an endpoint sends to.
    pub(crate) fn diag_at(&self, endpoint: &Endpoint, address: SocketAddr) -> Option<&Diag> {
        self.diag(self.net.as_ref().and_then(|net| net.host_at(endpoint.host, address.ip())))
    }

    /// Whether an address is that of a group, or of all hosts.
    pub(crate) fn is_group(&self, address: &SockAddr) -> bool {
        let Some(address) = address.as_socket() else { return false };
        address.ip().to_canonical().is_multicast()
            || self.net.as_ref().is_some_and(|net| net.is_broadcast(address.ip()))
    }

    /// The latest endpoint for which that is true.
    fn find(&self, wanted: impl Fn(&Endpoint) -> bool) -> Option<Rc<Endpoint>> {
        let endpoints = self.endpoints.borrow();
        let found = endpoints.values().filter(|endpoint| wanted(endpoint));
        found.max_by_key(|endpoint| endpoint.order).cloned()
    }
}
