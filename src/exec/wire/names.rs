//! Names for the addresses on the wire: the endpoint that is bound there.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::model::topology::{Subnet, Topology};

use super::act::{Act, Protocol, covers};

/// Which endpoint was bound where, and since when.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    bound: HashMap<(Protocol, u16), Vec<Bound<'a>>>,
    /// Which host has which address.
    owners: HashMap<IpAddr, usize>,
    /// The ports that the spec has by a name.
    ports: &'a [(u16, String)],
    /// The broadcast addresses of the hosts' networks.
    broadcasts: Vec<IpAddr>,
}

#[derive(Debug)]
struct Bound<'a> {
    address: SocketAddr,
    host: usize,
    name: &'a str,
    since: usize,
}

/// The first of the ports that the kernel gives to sockets which ask for any, ip(7).
const FIRST_FREE_PORT: u16 = 32768;

impl<'a> Names<'a> {
    /// The names that the acts of a run show. A connection that was accepted has the address of its
    /// listener, and its name on the wire.
    pub(super) fn of(acts: &'a [Act], topology: &Topology, ports: &'a [(u16, String)]) -> Self {
        let mut names = Self { ports, ..Self::default() };
        for (host, subnet) in
            topology.hosts.iter().enumerate().flat_map(|(at, host)| host.addresses.iter().map(move |a| (at, a)))
        {
            names.owners.insert(subnet.address, host);
            names.broadcasts.extend(broadcast(*subnet));
        }
        for act in acts.iter().filter(|act| !act.accepted) {
            let Some(address) = act.local else { continue };
            let bound = names.bound.entry((act.protocol, address.port())).or_default();
            let is_known =
                |known: &Bound<'_>| known.address == address && known.host == act.host && known.name == act.endpoint;
            // The last that was bound there counts, so the same one again changes nothing.
            let last = bound.iter().rev().find(|known| known.address == address && known.host == act.host);
            if !last.is_some_and(is_known) {
                bound.push(Bound { address, host: act.host, name: &act.endpoint, since: act.since });
            }
        }
        names
    }

    /// The name of an address at the time of a frame, by its number. An address that is no
    /// endpoint's is shown itself, with the name of its port where that is one of `ports`; a port
    /// that the kernel chose for somebody is `~`.
    pub(super) fn name(&self, protocol: Protocol, address: SocketAddr, at: usize) -> String {
        if self.is_for_many(address.ip()) {
            return address.ip().to_string();
        }
        if let Some(bound) = self.bound.get(&(protocol, address.port())) {
            let mut there = bound.iter().filter(|bound| self.is_there(bound, address));
            let named = there.clone().rfind(|bound| bound.since <= at).or_else(|| there.next());
            if let Some(named) = named {
                return named.name.to_owned();
            }
        }
        let port = match self.ports.iter().find(|(port, _)| *port == address.port()) {
            Some((_, name)) => format!("<{name}>"),
            None if address.port() >= FIRST_FREE_PORT => "~".to_owned(),
            None => address.port().to_string(),
        };
        if address.is_ipv6() { format!("[{}]:{port}", address.ip()) } else { format!("{}:{port}", address.ip()) }
    }

    /// Whether what is sent to that address is for nobody alone: a group, or all.
    fn is_for_many(&self, address: IpAddr) -> bool {
        let all = matches!(address, IpAddr::V4(address) if address.is_broadcast());
        all || address.is_multicast() || self.broadcasts.contains(&address)
    }

    /// Whether a socket is at that address: a socket at any address is at those of its own host.
    fn is_there(&self, bound: &Bound<'_>, address: SocketAddr) -> bool {
        let own = |host: &usize| *host == bound.host;
        covers(bound.address, address) && self.owners.get(&address.ip()).is_none_or(own)
    }
}

/// The address that means all hosts of an IPv4 network, RFC 919.
fn broadcast(subnet: Subnet) -> Option<IpAddr> {
    let IpAddr::V4(address) = subnet.address else { return None };
    let hosts = u32::MAX.checked_shr(subnet.prefix.into()).filter(|hosts| *hosts > 1)?;
    Some(IpAddr::V4((u32::from(address) | hosts).into()))
}
