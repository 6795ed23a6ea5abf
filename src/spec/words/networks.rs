//! The words of isolated networks: which network, what it has, how its routes refuse, and what can
//! become of a link.

use super::{Value, Word, word};

/// What `network` may be, apart from a map.
pub const NETWORKS: &[Word] = &[
    word("host", Value::Nothing, "The network of the machine."),
    word("isolated", Value::Nothing, "A network of the spec's own, which is one loopback device."),
];

/// What an isolated network may have.
pub const NETWORK_KEYS: &[Word] = &[
    word("addresses", Value::Addresses, "Addresses of the loopback device, beside 127.0.0.1 and `::1`."),
    word("hosts", Value::Hosts, "Hosts on one link, each with its address or addresses."),
    word("routes", Value::Routes, "Routes that refuse, the same on every host."),
];

/// How a route may refuse.
pub const ROUTES: &[Word] = &[
    word("unreachable", Value::Nothing, "Connecting and sending fail with EHOSTUNREACH."),
    word("prohibit", Value::Nothing, "Connecting and sending fail with EACCES."),
    word("blackhole", Value::Nothing, "Connecting and sending fail with EINVAL."),
];

/// What `link` may make of a host's link.
pub const LINK_STATES: &[Word] = &[
    word("up", Value::Nothing, "Everything passes."),
    word("down", Value::Nothing, "The host's interface is down: its own sends fail, what others send is lost."),
    word("silent", Value::Nothing, "Everything to the host and from it is swallowed."),
    word("deaf", Value::Nothing, "What is sent to the host is swallowed; what it sends passes."),
    word("hold", Value::Nothing, "Everything to the host and from it waits, in order, until the link is up."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::topology::{LinkState, RouteKind};

    #[test]
    fn every_state_and_kind_has_its_word() {
        let names = |words: &[Word]| words.iter().map(|word| word.name).collect::<Vec<_>>();
        assert_eq!(names(LINK_STATES), LinkState::ALL.map(|(name, _)| name));
        assert_eq!(names(ROUTES), RouteKind::ALL.map(|(name, _)| name));
    }
}
