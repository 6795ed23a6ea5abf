//! The network of a spec, and the step that changes its links.

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::spec::ast::{Network, Topology};
use crate::spec::words::{NETWORK_KEYS, Value, find};

/// How many hosts a network may have: each is a namespace.
const MAX_HOSTS: usize = 32;

/// How many addresses a network may have, and how many routes.
const MAX_ADDRESSES: usize = 64;

impl Decoder<'_> {
    /// The network: a word, or a map of what it has.
    pub(super) fn network(&mut self, at: At<'_>, node: &Node<'_>) -> Network {
        let incomplete = || Network::Map(Topology { incomplete: true, ..Topology::default() });
        let Kind::Mapping(entries) = &node.kind else {
            return self.scalar(at, node, takes(Value::Topology)).map_or_else(incomplete, Network::Word);
        };
        if entries.is_empty() {
            self.error(
                Diagnostic::error("empty-network", node.span, format!("the map of `{}` is empty", at.name))
                    .help("write `isolated` for a network of the spec's own that is one loopback device"),
            );
            return incomplete();
        }
        let mut topology = Topology::default();
        for entry in entries {
            self.network_key(&mut topology, entry);
        }
        self.no_hosts_beside_addresses(entries);
        Network::Map(topology)
    }

    fn network_key(&mut self, topology: &mut Topology, entry: &Entry<'_>) {
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Some(word) = find(NETWORK_KEYS, at.name) else {
            let message = format!("`network` has no key `{}`", at.name);
            let diagnostic = Diagnostic::error("unknown-key", at.span, message);
            self.error(suggest(diagnostic, at.name, names(NETWORK_KEYS.iter())));
            topology.incomplete = true;
            return;
        };
        match word.name {
            "addresses" => {
                let mut addresses = self.scalars(at, node, takes(word.value)).unwrap_or_default();
                if let Some(one_more) = addresses.get(MAX_ADDRESSES) {
                    self.too_many(one_more, "addresses", MAX_ADDRESSES);
                    addresses.truncate(MAX_ADDRESSES);
                }
                topology.addresses = addresses;
            }
            "hosts" => match self.hosts(at, node) {
                Some(hosts) => topology.hosts = hosts,
                None => topology.incomplete = true,
            },
            _ => topology.routes = self.routes(at, node),
        }
    }

    /// Hosts have devices of their own, so the addresses belong to them.
    fn no_hosts_beside_addresses(&mut self, entries: &[Entry<'_>]) {
        let (Some(hosts), Some(addresses)) = (Self::entry(entries, "hosts"), Self::entry(entries, "addresses")) else {
            return;
        };
        self.error(
            Diagnostic::error("addresses-and-hosts", addresses.key.span, "`addresses` cannot stand beside `hosts`")
                .related(hosts.key.span, "the hosts")
                .help("give each host its addresses, such as `a: [10.0.0.1, 10.0.0.2]`, or leave `hosts` out"),
        );
    }

    fn hosts(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Vec<(Scalar, Vec<Scalar>)>> {
        let entries = self.some_of(at, node, Value::Hosts, "name at least one, such as `{a: 10.0.0.1}`")?;
        if let Some(one_more) = entries.get(MAX_HOSTS) {
            self.too_many(&one_more.key.scalar(), "hosts", MAX_HOSTS);
        }
        let mut count = 0;
        let mut hosts = Vec::with_capacity(entries.len());
        for entry in entries {
            let addresses = self.one_or_list(At::from(&entry.key), &entry.value, "a list of IP addresses, or one");
            let addresses = addresses.unwrap_or_default();
            let room = MAX_ADDRESSES.saturating_sub(count);
            if let (Some(one_more), true) = (addresses.get(room), count <= MAX_ADDRESSES) {
                self.too_many(one_more, "addresses", MAX_ADDRESSES);
            }
            count += addresses.len();
            hosts.push((entry.key.scalar(), addresses));
        }
        Some(hosts)
    }

    fn routes(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<(Scalar, Scalar)> {
        let help = "name a destination and how it refuses, such as `{192.0.2.0/24: unreachable}`, or leave it out";
        let Some(entries) = self.some_of(at, node, Value::Routes, help) else { return Vec::new() };
        if let Some(one_more) = entries.get(MAX_ADDRESSES) {
            self.too_many(&one_more.key.scalar(), "routes", MAX_ADDRESSES);
        }
        self.pairs(entries, "`unreachable`, `prohibit` or `blackhole`")
    }

    /// Hosts with the new states of their links.
    pub(super) fn link(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Vec<(Scalar, Scalar)>> {
        let entries = self.some_of(at, node, Value::Links, "name a host and a state, such as `{a: down}`")?;
        Some(self.pairs(entries, "the state of a link, such as `down`"))
    }

    /// A map that is not empty.
    fn some_of<'n, 'a>(&mut self, at: At<'_>, node: &'n Node<'a>, value: Value, help: &str) -> Option<&'n [Entry<'a>]> {
        let entries = self.map(at, node, takes(value))?;
        if entries.is_empty() {
            let message = format!("the map of `{}` is empty", at.name);
            self.error(Diagnostic::error("empty-map", node.span, message).help(help));
            return None;
        }
        Some(entries)
    }

    /// The keys of a map with their texts.
    fn pairs(&mut self, entries: &[Entry<'_>], what: &str) -> Vec<(Scalar, Scalar)> {
        let mut pair = |entry: &Entry<'_>| {
            let value = self.scalar(At::from(&entry.key), &entry.value, what)?;
            Some((entry.key.scalar(), value))
        };
        entries.iter().filter_map(&mut pair).collect()
    }

    fn too_many(&mut self, one_more: &Scalar, what: &str, most: usize) {
        let message = format!("a network has at most {most} {what}, and this is one more");
        self.error(Diagnostic::error("too-many", one_more.span, message).help("leave some out"));
    }
}
