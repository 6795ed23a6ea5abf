//! The network that an isolated spec runs in: its addresses, its hosts, its routes, and the states
//! of the link between a host and the others.

use std::fmt;
use std::net::IpAddr;

/// An isolated network. Without hosts it is one loopback device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// Addresses of the loopback device, beside 127.0.0.1 and `::1`; empty where there are hosts.
    pub addresses: Vec<IpAddr>,
    /// Hosts on one link, in the order of the spec.
    pub hosts: Vec<Host>,
    /// Routes that refuse, the same on every host.
    pub routes: Vec<Route>,
}

/// A host of an isolated network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its addresses, at least one, each with the subnet around it.
    pub addresses: Vec<Subnet>,
}

/// An address with the length of its network's prefix: `10.0.0.1/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    /// The address.
    pub address: IpAddr,
    /// How many of its first bits name the network.
    pub prefix: u8,
}

/// A route that leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The destinations.
    pub to: Subnet,
    /// How it refuses.
    pub kind: RouteKind,
}

/// How a route refuses, ip-route(8); with what connect(2) says then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// EHOSTUNREACH
    Unreachable,
    /// EACCES
    Prohibit,
    /// EINVAL
    Blackhole,
}

/// The state of the link between a host and the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkState {
    /// Everything passes.
    #[default]
    Up,
    /// The host's interface is down, as after `ip link set dev eth0 down`: it has no route to the
    /// others, and what they send is lost.
    Down,
    /// Everything to the host and from it is swallowed, and nobody is told.
    Silent,
    /// What is sent to the host is swallowed; what it sends passes.
    Deaf,
    /// Everything to the host and from it waits, in order, until its link is up again.
    Hold,
}

impl Subnet {
    /// Reads `10.0.0.1` or `10.0.0.1/16`. The error says what is wrong.
    pub fn parse(text: &str, default: impl Fn(IpAddr) -> u8) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| format!("`{address}` is not an IP address"))?;
        let bits = if address.is_ipv6() { 128 } else { 32 };
        let prefix = match prefix {
            None => default(address),
            Some(text) => text
                .parse()
                .ok()
                .filter(|length| *length <= bits)
                .ok_or_else(|| format!("`/{text}` is not the length of a prefix (0 to {bits})"))?,
        };
        Ok(Self { address, prefix })
    }

    /// Whether an address is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let rest = |bits: u32| bits.saturating_sub(u32::from(self.prefix));
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => (own.to_bits() ^ ip.to_bits()).checked_shr(rest(32)).unwrap_or(0) == 0,
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                (own.to_bits() ^ ip.to_bits()).checked_shr(rest(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl RouteKind {
    /// All kinds, by their words.
    pub const ALL: [(&'static str, Self); 3] =
        [("unreachable", Self::Unreachable), ("prohibit", Self::Prohibit), ("blackhole", Self::Blackhole)];

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, kind)| kind)
    }
}

impl LinkState {
    /// All states, by their words.
    pub const ALL: [(&'static str, Self); 5] =
        [("up", Self::Up), ("down", Self::Down), ("silent", Self::Silent), ("deaf", Self::Deaf), ("hold", Self::Hold)];

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, state)| state)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn subnets_are_read_with_and_without_a_prefix() {
        let read = |text: &str| Subnet::parse(text, |ip| if ip.is_ipv6() { 64 } else { 24 });
        assert_eq!(read("10.0.0.1").unwrap().to_string(), "10.0.0.1/24");
        assert_eq!(read("10.0.0.1/8").unwrap().to_string(), "10.0.0.1/8");
        assert_eq!(read("fd00::1").unwrap().to_string(), "fd00::1/64");
        let contains = |subnet: &str, ip: &str| read(subnet).unwrap().contains(ip.parse().unwrap());
        assert!(contains("10.0.0.1", "10.0.0.9") && !contains("10.0.0.1", "10.0.1.9"));
        assert!(contains("0.0.0.0/0", "9.9.9.9") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("fd00::1", "fd00::2") && !contains("fd00::1/128", "fd00::2"));
        assert!(read("10.0.0.1/33").unwrap_err().contains("`/33`"));
        assert!(read("10.0.0").unwrap_err().contains("`10.0.0`"));
    }
}
