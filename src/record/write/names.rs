//! What things are called in the spec: endpoints, captured values, the address of the server.

use super::bits::Bit;
use crate::record::conversation::{End, Side};
use crate::record::script::{Link, Script};

/// The names of a script.
#[derive(Debug)]
pub(super) struct Names<'s> {
    script: &'s Script,
    endpoints: Vec<String>,
    /// How the host and the port of the server are written.
    server: Option<(String, String)>,
    /// What its port is called.
    port: &'static str,
}

impl<'s> Names<'s> {
    /// `port` is the variable that has the server's port.
    pub(super) fn of(script: &'s Script, port: &'static str) -> Self {
        let is_ftp = script.links.iter().any(|link| link.told.is_some());
        let mut endpoints: Vec<String> = Vec::new();
        for (index, link) in script.links.iter().enumerate() {
            let base = match script.side {
                _ if link.told.is_some() => "data",
                _ if is_ftp => "control",
                Side::Client => "client",
                Side::Server if link.connection.network.is_udp() && link.connection.opened_by == Side::Client => {
                    "server"
                }
                Side::Server if link.connection.network.is_udp() => "transfer",
                Side::Server => "conn",
            };
            let shared = link.shares.filter(|shared| *shared < index);
            let name = shared.map_or_else(|| free(&endpoints, base), |shared| endpoints[shared].clone());
            endpoints.push(name);
        }
        let server = script.links.first().and_then(|link| match link.connection.server {
            End::Inet(address) => Some((host(address), address.port().to_string())),
            _ => None,
        });
        Self { script, endpoints, server, port }
    }

    /// The endpoint of a link.
    pub(super) fn endpoint(&self, link: usize) -> &str {
        &self.endpoints[link]
    }

    /// The sender of the datagrams of a link that shares its socket.
    pub(super) fn sender(&self, link: usize) -> String {
        let number = self.script.links[..link].iter().filter(|link| link.shares.is_some()).count();
        if number == 0 { "peer".to_owned() } else { format!("peer{}", number + 1) }
    }

    /// The client that datagrams of a link come from, where the spec plays the server.
    pub(super) fn client(&self, link: usize) -> String {
        let own = &self.script.links[link].connection.client;
        let mut clients: Vec<_> = Vec::new();
        for link in &self.script.links {
            if !clients.contains(&&link.connection.client) {
                clients.push(&link.connection.client);
            }
        }
        let number = clients.iter().position(|client| *client == own).unwrap_or(0);
        if number == 0 { "peer".to_owned() } else { format!("peer{}", number + 1) }
    }

    /// What the server's port is called.
    pub(super) fn port(&self) -> &str {
        self.port
    }

    pub(super) fn capture(&self, capture: usize) -> &str {
        &self.script.captures[capture].name
    }

    /// Whether the server's address is spoken about.
    pub(super) fn has_address_in(&self, bytes: &[u8]) -> bool {
        self.bits(bytes).iter().any(|bit| matches!(bit, Bit::Variable(_)))
    }

    /// The bytes, with the server's port as a variable where its address stands in them.
    pub(super) fn bits(&self, bytes: &[u8]) -> Vec<Bit> {
        let Some((host, port)) = &self.server else { return vec![Bit::Bytes(bytes.to_vec())] };
        let mut bits = Vec::new();
        let mut from = 0;
        for at in memchr::memmem::find_iter(bytes, format!(":{port}").as_bytes()) {
            let (start, end) = (at + 1, at + 1 + port.len());
            let is_its = bytes[from..at].ends_with(host.as_bytes()) || bytes[from..at].ends_with(b"localhost");
            // A longer number is another one.
            if is_its && !bytes.get(end).is_some_and(u8::is_ascii_digit) {
                bits.push(Bit::Bytes(bytes[from..start].to_vec()));
                bits.push(Bit::Variable(self.port.to_owned()));
                from = end;
            }
        }
        bits.push(Bit::Bytes(bytes[from..].to_vec()));
        bits.retain(|bit| *bit != Bit::Bytes(Vec::new()));
        bits
    }

    pub(super) fn link(&self, link: usize) -> &Link {
        &self.script.links[link]
    }
}

fn host(address: std::net::SocketAddr) -> String {
    match address {
        std::net::SocketAddr::V4(address) => address.ip().to_string(),
        std::net::SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// A name that nobody has yet.
fn free(taken: &[String], base: &str) -> String {
    let names = std::iter::once(base.to_owned()).chain((2..).map(|number| format!("{base}{number}")));
    names.into_iter().find(|name| !taken.contains(name)).unwrap_or_else(|| base.to_owned())
}
