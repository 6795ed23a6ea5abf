//! Opening connections, and the addresses that are known only once they were told.

use super::super::yaml::Node;
use super::super::{verb, within};
use super::Writer;
use crate::record::conversation::{End, Side};

impl Writer<'_> {
    pub(super) fn open(&mut self, at: usize, endpoint: &str) {
        let step = &self.script.steps[at];
        let link = self.names.link(step.link);
        let is_udp = link.connection.network.is_udp();
        let any = || Node::word(if link.connection.network.is_v6() { "udp6" } else { "udp" });
        match (self.script.side, link.connection.opened_by == self.script.side) {
            // Datagrams of another address come to the same socket.
            (Side::Client, _) if link.shares.is_some() => {}
            (Side::Client, true) if is_udp && self.is_shared(step.link) => {
                self.steps.add(endpoint, &Node::one("bind", any()));
            }
            // The server's socket is there before a client comes; another one is bound to answer from.
            (Side::Server, false) if is_udp => {}
            (Side::Server, true) if is_udp => self.steps.add(endpoint, &Node::one("bind", any())),
            (_, false) => {
                let listener = if link.told.is_some() { format!("{endpoint}_listener") } else { "server".to_owned() };
                self.steps.add(endpoint, &verb("accept", Some(Node::word(listener)), within(step.waited)));
            }
            (_, true) => {
                self.compute_port(step.link);
                let to = self.address_of(step.link);
                self.steps.add(endpoint, &verb("connect", Some(to), within(step.waited)));
            }
        }
    }

    /// Listens for connections that the server opens, before it is told where.
    pub(super) fn listen_for(&mut self, at: usize) {
        for (index, link) in self.script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == at) else { continue };
            if link.connection.opened_by == self.script.side {
                continue;
            }
            let listener = format!("{}_listener", self.names.endpoint(index));
            let network = if link.connection.network.is_v6() { "tcp6" } else { "tcp" };
            self.steps.add(&listener, &Node::one("listen", Node::word(network)));
            if told.port.len() == 2 {
                let half = |operator: &str| Node::Scalar(format!("\"{listener}.port {operator} 256\""));
                self.steps
                    .add_plain("let", &Node::Map(vec![("high".to_owned(), half("//")), ("low".to_owned(), half("%"))]));
            }
        }
    }

    /// Computes the port of two bytes that were told.
    fn compute_port(&mut self, link: usize) {
        let Some(told) = self.names.link(link).told.clone().filter(|told| told.port.len() == 2) else { return };
        let name = |nth: usize| {
            let captures = &self.script.captures;
            let capture = captures.iter().find(|capture| capture.step == told.step && capture.at == told.port[nth]);
            capture.map_or("high", |capture| capture.name.as_str())
        };
        let port = format!("\"{}|int * 256 + {}|int\"", name(0), name(1));
        self.steps.add_plain("let", &Node::one("data_port", Node::Scalar(port)));
    }

    /// Whether other links have the same socket.
    pub(super) fn is_shared(&self, link: usize) -> bool {
        self.script.links.iter().any(|other| other.shares == Some(link))
    }

    pub(super) fn address_of(&self, link: usize) -> Node {
        let link = self.names.link(link);
        let end = match self.script.side {
            Side::Client => &link.connection.server,
            Side::Server => &link.connection.client,
        };
        match (&link.told, end) {
            (Some(_), End::Inet(address)) => {
                let (network, host) = if address.is_ipv6() {
                    ("tcp6", format!("[{}]", address.ip()))
                } else {
                    ("tcp", address.ip().to_string())
                };
                Node::Scalar(format!("\"{network}://{host}:${{data_port}}\""))
            }
            _ => Node::word("\"${server}\""),
        }
    }
}
