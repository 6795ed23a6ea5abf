//! Addresses as a spec writes them: `tcp`, `tcp6://[::1]:0`, `unix:name.sock`, `unix:@abstract`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::network::Network;

/// An address of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A network alone: a free port on the loopback address of its family, or a fresh path.
    Any(Network),
    /// An IP address and port; port 0 is a free one.
    Inet {
        /// A TCP or UDP network.
        network: Network,
        /// Host and port, with the scope of a link-local address.
        address: SocketAddr,
    },
    /// The name of a Unix socket.
    Unix {
        /// A Unix network.
        network: Network,
        /// Path or abstract name.
        name: UnixName,
    },
}

/// The name of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// A path, relative to the spec's own temporary folder unless absolute.
    Path(String),
    /// An abstract name, without its leading NUL; written with a leading `@`.
    Abstract(String),
    /// An abstract name that the kernel chooses when it is bound; written `@`.
    Autobind,
}

impl Address {
    /// Reads an address. The error says what is wrong and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(network) = Network::parse(text) {
            return Ok(Self::Any(network));
        }
        let (word, rest) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is neither a network nor an address"))?;
        let network = Network::parse(word).ok_or_else(|| format!("unknown network `{word}`"))?;
        if network.is_unix() {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            if rest.is_empty() {
                return Err(format!("the name after `{word}:` is missing"));
            }
            let name = match rest.strip_prefix('@') {
                Some("") => UnixName::Autobind,
                Some(name) => UnixName::Abstract(name.to_owned()),
                None => UnixName::Path(rest.to_owned()),
            };
            return Ok(Self::Unix { network, name });
        }
        if rest.starts_with('@') {
            return Err(format!("`{word}` has no abstract names: write `unix:{rest}`"));
        }
        let rest =
            rest.strip_prefix("//").ok_or_else(|| format!("write `{word}://{}`", rest.trim_start_matches('/')))?;
        let address = parse_host_port(network, rest)?;
        Ok(Self::Inet { network, address })
    }

    /// The network it is on.
    pub fn network(&self) -> Network {
        match self {
            Self::Any(network) | Self::Inet { network, .. } | Self::Unix { network, .. } => *network,
        }
    }

    /// Whether traffic to it stays on this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Any(_) | Self::Unix { .. } => true,
            Self::Inet { address, .. } => is_loopback(address.ip()),
        }
    }
}

/// The loopback range: 127.0.0.0/8, `::1` and its mapped forms. The wildcard addresses count too:
/// Linux connects 0.0.0.0 and `::` to the loopback.
pub fn is_loopback(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

fn parse_host_port(network: Network, text: &str) -> Result<SocketAddr, String> {
    let (host, port) = text
        .rsplit_once(':')
        .ok_or_else(|| format!("the port is missing: write `{network}://{text}:0` for a free one"))?;
    let port: u16 = port.parse().map_err(|_| format!("`{port}` is not a port number (0 to 65535)"))?;
    let literal = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    if let Some(v6) = literal {
        let (ip, scope) = v6.split_once('%').unwrap_or((v6, "0"));
        let ip: Ipv6Addr = ip.parse().map_err(|_| format!("`{v6}` is not an IPv6 address"))?;
        let scope: u32 =
            scope.parse().map_err(|_| format!("the scope `{scope}` must be the number of an interface"))?;
        if matches!(network, Network::Tcp4 | Network::Udp4) {
            return Err(format!("`{network}` is IPv4, and `[{v6}]` is an IPv6 address"));
        }
        return Ok(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)));
    }
    if host == "localhost" {
        return Err("names are not looked up: write 127.0.0.1 or [::1] for `localhost`".to_owned());
    }
    if host.contains(':') {
        return Err(format!("an IPv6 address stands in brackets: `{network}://[{host}]:{port}`"));
    }
    let ip: Ipv4Addr = host.parse().map_err(|_| format!("`{host}` is not an IP address"))?;
    if network.is_v6() {
        return Err(format!("`{network}` is IPv6, and `{host}` is an IPv4 address"));
    }
    Ok(SocketAddr::new(IpAddr::V4(ip), port))
}
