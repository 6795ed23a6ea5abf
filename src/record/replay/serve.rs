//! The server's part: where the client comes, and the client.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use tempfile::TempDir;
use tokio::net::{TcpListener, UdpSocket, UnixListener};
use tokio::process::Child;

use super::channel::Channel;
use crate::model::address::{Address, UnixName};
use crate::model::network::Network;
use crate::record::conversation::Side;
use crate::record::proxy::stream::Stream;
use crate::record::script::{Act, Script};

/// Where a client comes.
#[derive(Debug)]
pub(super) enum Door {
    Tcp(TcpListener),
    /// With the folder of its path.
    Unix(UnixListener, #[expect(dead_code, reason = "it is there as long as the socket is")] TempDir),
    Udp(Rc<UdpSocket>),
}

/// Whether the server's part of a script can be played by one socket at which the client comes: it tells no other
/// addresses, opens no connections, and turns nobody away.
pub(in crate::record) fn can_serve(script: &Script) -> bool {
    let links = &script.links;
    let is_plain = links
        .iter()
        .all(|link| link.told.is_none() && link.shares.is_none() && link.connection.opened_by == Side::Client);
    let is_refused = script.steps.iter().any(|step| matches!(step.act, Act::Refused(_) | Act::Unreachable));
    // Whose datagram it is, of several clients, nothing tells.
    let is_one = links.len() == 1 || links.iter().all(|link| link.connection.network.has_connections());
    !links.is_empty() && is_plain && is_one && !is_refused
}

impl Door {
    /// Opens one of the kind that a script needs, and starts the client.
    pub(super) async fn open(
        script: &Script,
        start: &dyn Fn(&Address) -> io::Result<Child>,
    ) -> io::Result<(Self, Child)> {
        let network = script.links.first().map_or(Network::Tcp, |link| link.connection.network);
        let ip: IpAddr = if network.is_v6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let any = SocketAddr::new(ip, 0);
        let (door, address) = match network {
            Network::Unix => {
                let folder = tempfile::Builder::new().prefix("sockspec-").tempdir()?;
                let path = folder.path().join("sock");
                let name = UnixName::Path(path.to_string_lossy().into_owned());
                (Self::Unix(UnixListener::bind(&path)?, folder), Address::Unix { network, name })
            }
            _ if network.is_udp() => {
                let socket = UdpSocket::bind(any).await?;
                let address = socket.local_addr()?;
                (Self::Udp(Rc::new(socket)), Address::Inet { network, address })
            }
            _ => {
                let listener = TcpListener::bind(any).await?;
                let address = listener.local_addr()?;
                (Self::Tcp(listener), Address::Inet { network, address })
            }
        };
        Ok((door, start(&address)?))
    }

    /// The next client, as soon as it comes; of datagrams, whoever sends the first.
    pub(super) async fn let_in(&self) -> io::Result<Channel> {
        Ok(match self {
            Self::Tcp(listener) => Channel::of(Stream::of_tcp(listener.accept().await?.0)),
            Self::Unix(listener, _) => Channel::of(Stream::Unix(listener.accept().await?.0)),
            Self::Udp(socket) => Channel::Datagram { socket: Rc::clone(socket), to: None },
        })
    }
}
