//! The network of a case: `network` and `wire`.

use std::net::{IpAddr, Ipv4Addr};

use crate::diagnostic::Diagnostic;
use crate::model::address::is_loopback;
use crate::model::topology::{Host, Route, RouteKind, Subnet, Topology};
use crate::source::Span;
use crate::spec::ast::{self, Network, Scalar};
use crate::spec::words::{NETWORKS, ROUTES};

use super::Builder;

/// How long the prefix of a host's address is where none is written: the smallest network that is
/// usual.
fn usual_prefix(ip: IpAddr) -> u8 {
    if ip.is_ipv6() { 64 } else { 24 }
}

/// The prefix of one address.
fn whole(ip: IpAddr) -> u8 {
    if ip.is_ipv6() { 128 } else { 32 }
}

/// The addresses so far, with their places.
#[derive(Default)]
struct Taken(Vec<(IpAddr, Span)>);

/// The network of the case.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// The isolated one; none where it is the machine's.
    pub topology: Option<Topology>,
    /// Whether a mistake in it was reported, so that hosts may be missing.
    pub in_doubt: bool,
}

impl Joined {
    /// The hosts, as far as they could be read.
    pub(super) fn hosts(&self) -> &[Host] {
        self.topology.as_ref().map_or(&[], |topology| &topology.hosts)
    }

    /// The hosts, where it is certain that these are all.
    pub(super) fn certain_hosts(&self) -> &[Host] {
        if self.in_doubt { &[] } else { self.hosts() }
    }
}

impl Builder<'_> {
    /// Understands `network`; what is not isolated has no topology.
    pub(super) fn join_network(&mut self) {
        match &self.spec.network {
            None => {}
            Some(Network::Word(word)) => self.network_word(word),
            Some(Network::Map(map)) => {
                let topology = self.topology_of(map);
                self.network.topology = Some(topology);
                self.network.in_doubt = map.incomplete;
            }
        }
    }

    fn network_word(&mut self, scalar: &Scalar) {
        let Some(word) = self.word(scalar) else {
            self.network.in_doubt = true;
            return;
        };
        match word.text.as_ref() {
            "host" => {}
            "isolated" => self.network.topology = Some(Topology::default()),
            text => {
                self.unknown("network", text, scalar.span, NETWORKS.iter().map(|word| word.name), "unknown-network");
                self.network.in_doubt = true;
            }
        }
    }

    /// Whether segments are part of the trace.
    pub(super) fn wire(&mut self) -> bool {
        let written = self.spec.wire.as_ref();
        let wire = self.flag(written).unwrap_or(false);
        if let (Some(scalar), true) = (written, wire && self.network.topology.is_none() && !self.network.in_doubt) {
            let message = format!("`wire: {}` needs a network of the spec's own", scalar.text);
            self.report(
                Diagnostic::error("wire-without-network", scalar.span, message)
                    .help("write `network: isolated` beside it: on the machine's network others send, too"),
            );
        }
        wire
    }

    fn topology_of(&mut self, map: &ast::Topology) -> Topology {
        let mut taken = Taken::default();
        let addresses = map.addresses.iter().filter_map(|address| self.loopback_address(address, &mut taken)).collect();
        let mut hosts = Vec::with_capacity(map.hosts.len());
        for (name, addresses) in &map.hosts {
            self.check_label(&name.text, name.span);
            let addresses = addresses.iter().filter_map(|address| self.host_address(address, &mut taken)).collect();
            hosts.push(Host { name: name.text.clone(), addresses });
        }
        let mut topology = Topology { addresses, hosts, routes: Vec::new() };
        for (to, kind) in &map.routes {
            let route = self.route(to, kind, &topology);
            topology.routes.extend(route);
        }
        topology
    }

    /// An address of the loopback device, where each stands for itself.
    fn loopback_address(&mut self, scalar: &Scalar, taken: &mut Taken) -> Option<IpAddr> {
        let text = self.word(scalar)?.text.into_owned();
        if let Some((address, _)) = text.split_once('/') {
            let message = format!("`{text}` has a prefix, and an address of the loopback device none");
            self.report(Diagnostic::error("bad-prefix", scalar.span, message).help(format!("write `{address}`")));
            return None;
        }
        let address = self.subnet(&text, scalar, whole, "write an address such as `1.2.3.4` or `2001:db8::1`")?.address;
        if is_loopback(address) && !address.is_unspecified() {
            let message = format!("`{address}` is on the loopback device already");
            self.report(Diagnostic::error("bad-address", scalar.span, message).help("leave it out"));
            return None;
        }
        self.may_be_had(address, scalar, taken).then_some(address)
    }

    /// An address of a host, with the network around it.
    fn host_address(&mut self, scalar: &Scalar, taken: &mut Taken) -> Option<Subnet> {
        let text = self.word(scalar)?.text.into_owned();
        let subnet =
            self.subnet(&text, scalar, usual_prefix, "write an address such as `10.0.0.1` or `10.0.0.1/24`")?;
        if !self.may_be_had(subnet.address, scalar, taken) {
            return None;
        }
        if subnet.prefix == 0 {
            let message = format!("`{text}` names no network: its prefix is empty");
            self.report(
                Diagnostic::error("bad-prefix", scalar.span, message).help("write a longer prefix, such as `/8`"),
            );
            return None;
        }
        let what = match edge(subnet) {
            None => return Some(subnet),
            Some(Edge::Network) => "the network itself",
            Some(Edge::Broadcast) => "all hosts of the network",
        };
        let message = format!("`{}` stands for {what} in {}/{}", subnet.address, network(subnet), subnet.prefix);
        self.report(
            Diagnostic::error("bad-address", scalar.span, message).help(
                "give the host an address between the first and the last of its network, or write another prefix",
            ),
        );
        None
    }

    fn subnet(&mut self, text: &str, scalar: &Scalar, default: impl Fn(IpAddr) -> u8, help: &str) -> Option<Subnet> {
        let subnet = Subnet::parse(text, default);
        if let Err(reason) = &subnet {
            let span = self.wrong_part(text, scalar);
            self.report(Diagnostic::error("bad-address", span, reason.clone()).help(help));
        }
        subnet.ok()
    }

    /// The place of what is wrong: the address, or its prefix.
    fn wrong_part(&self, text: &str, scalar: &Scalar) -> Span {
        match text.split_once('/') {
            // Where a variable stands in it, the places are others.
            Some(_) if text != scalar.text => scalar.span,
            Some((address, _)) if address.parse::<IpAddr>().is_err() => self.place_in(scalar, 0, address.len()),
            Some((address, prefix)) => self.place_in(scalar, address.len(), prefix.len() + 1),
            None => scalar.span,
        }
    }

    /// Whether a device can have the address, and nobody else has it.
    fn may_be_had(&mut self, address: IpAddr, scalar: &Scalar, taken: &mut Taken) -> bool {
        let why = match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Some("is an IPv4 address in the form of IPv6"),
            address if address.is_unspecified() => Some("stands for all addresses"),
            address if is_loopback(address) => Some("is a loopback address, which every host has for itself"),
            address if address.is_multicast() => Some("is the address of a group, which sockets join"),
            IpAddr::V4(Ipv4Addr::BROADCAST) => Some("is the address of all hosts"),
            _ => None,
        };
        if let Some(why) = why {
            let message = format!("`{address}` {why}");
            self.report(
                Diagnostic::error("bad-address", scalar.span, message)
                    .help("write an address of one host, such as `10.0.0.1` or `2001:db8::1`"),
            );
            return false;
        }
        if let Some((_, first)) = taken.0.iter().find(|(known, _)| *known == address) {
            let message = format!("the address `{address}` is given twice");
            self.report(
                Diagnostic::error("duplicate-address", scalar.span, message)
                    .related(*first, "first here")
                    .help("an address belongs to one host: take another one"),
            );
            return false;
        }
        taken.0.push((address, scalar.span));
        true
    }

    fn route(&mut self, to: &Scalar, kind: &Scalar, topology: &Topology) -> Option<Route> {
        let (text, word) = (self.word(to), self.word(kind));
        let kind_of = word.as_ref().and_then(|word| RouteKind::parse(&word.text));
        if let (Some(word), None) = (&word, kind_of) {
            self.unknown("kind of route", &word.text, kind.span, ROUTES.iter().map(|word| word.name), "unknown-route");
        }
        let text = text?.text;
        let destination = Subnet::parse(&text, whole);
        let span = if destination.is_ok() { to.span } else { self.wrong_part(&text, to) };
        let problem = match &destination {
            Err(_) if text == "default" => {
                Some(("`default` is no destination".to_owned(), "write `0.0.0.0/0` or `::/0`".to_owned()))
            }
            Err(reason) => Some((reason.clone(), "write a network such as `192.0.2.0/24`, or an address".to_owned())),
            Ok(subnet) => route_problem(*subnet, topology),
        };
        if let Some((message, help)) = problem {
            self.report(Diagnostic::error("bad-route", span, message).help(help));
            return None;
        }
        Some(Route { to: destination.ok()?, kind: kind_of? })
    }
}

/// What keeps the kernel from having such a route, with a way out.
fn route_problem(to: Subnet, topology: &Topology) -> Option<(String, String)> {
    let (first, prefix) = (network(to), to.prefix);
    if first != to.address {
        let message = format!("`{to}` names one address of the network {first}/{prefix}, not the network");
        return Some((message, format!("write `{first}/{prefix}`, or `{}` alone", to.address)));
    }
    if topology.routes.iter().any(|route| route.to == to) {
        return Some((format!("there are two routes to `{to}`"), "leave one of them out".to_owned()));
    }
    let own = topology.hosts.iter().flat_map(|host| &host.addresses);
    let mut own = own.filter(|subnet| subnet.prefix == prefix && network(**subnet) == first);
    own.next().map(|_| {
        let message = format!("`{to}` is the network of the hosts, to which there is a route already");
        (message, "write a part of it, or take a host off the net with `- link: {HOST: silent}`".to_owned())
    })
}

/// An address at the edge of its network, which no host can have.
enum Edge {
    Network,
    Broadcast,
}

fn edge(subnet: Subnet) -> Option<Edge> {
    let IpAddr::V4(address) = subnet.address else { return None };
    if subnet.prefix > 30 {
        return None;
    }
    match address.to_bits() & (u32::MAX >> subnet.prefix) {
        0 => Some(Edge::Network),
        rest if rest == u32::MAX >> subnet.prefix => Some(Edge::Broadcast),
        _ => None,
    }
}

/// The first address of a network.
fn network(subnet: Subnet) -> IpAddr {
    let prefix = u32::from(subnet.prefix);
    match subnet.address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & !u32::MAX.checked_shr(prefix).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::MAX.checked_shr(prefix).unwrap_or(0)).into()),
    }
}

/// The words in backticks, with commas.
pub(super) fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_first_address_of_a_network_is_found() {
        for (text, first) in [
            ("10.1.2.3/8", "10.0.0.0"),
            ("10.1.2.3/0", "0.0.0.0"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("2001:db8::1/64", "2001:db8::"),
            ("2001:db8::1/128", "2001:db8::1"),
            ("::1/0", "::"),
        ] {
            assert_eq!(network(Subnet::parse(text, whole).unwrap()).to_string(), first, "{text}");
        }
    }

    #[test]
    fn edges_are_no_hosts() {
        let edge = |text| edge(Subnet::parse(text, usual_prefix).unwrap());
        assert!(matches!(edge("10.0.0.0"), Some(Edge::Network)));
        assert!(matches!(edge("10.0.0.255"), Some(Edge::Broadcast)));
        for host in ["10.0.0.255/8", "10.0.0.0/31", "10.0.0.0/32", "fd00::"] {
            assert!(edge(host).is_none(), "{host}");
        }
    }
}
