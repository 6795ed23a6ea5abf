//! Passes on datagrams. A client is a socket that sends to the proxy; for each there is a socket toward
//! the server. Where the server answers from another port, as TFTP does, the client hears that from
//! another port of the proxy, too.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

use super::icmp;
use super::tape::Tape;
use crate::exec::net::sys;
use crate::exec::platform::diag::Diag;
use crate::model::address::Address;
use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::record::conversation::{Connection, End, Side, What};

/// The largest datagram.
const LARGEST: usize = 65536;
/// How often it is looked whether a client's socket is still there.
const LOOK: Duration = Duration::from_millis(50);
/// After how long without a datagram a client that cannot be seen counts as gone.
const SILENCE: Duration = Duration::from_secs(5);

/// A datagram to a server, at its address.
type Outgoing = (SocketAddr, Vec<u8>);

/// Where a client's datagrams go on to.
type Clients = HashMap<SocketAddr, mpsc::UnboundedSender<Outgoing>>;

/// Passes on what comes at this socket, for each client apart, of which so many may come.
pub(super) async fn serve(socket: UdpSocket, to: Address, tape: Rc<Tape>, most: usize) {
    let Address::Inet { network, address: server } = to else { return };
    let socket = Rc::new(socket);
    let mut clients = Clients::new();
    let mut buffer = vec![0; LARGEST];
    loop {
        // An ICMP error for something that was sent before says nothing about what comes next.
        let Ok((len, client)) = socket.recv_from(&mut buffer).await else { continue };
        let datagram = (server, buffer[..len].to_vec());
        let Some(datagram) = hand_on(&clients, client, datagram).filter(|_| tape.came() < most) else { continue };
        let (sender, outgoing) = mpsc::unbounded_channel();
        let _ = sender.send(datagram);
        clients.insert(client, sender);
        tape.arrived();
        let session = Session {
            tape: Rc::clone(&tape),
            network,
            client,
            server,
            here: Rc::clone(&socket),
            peers: HashMap::new(),
        };
        spawn_local(session.run(outgoing));
    }
}

/// Hands a datagram to the session of its client; gives it back where there is none.
fn hand_on(clients: &Clients, client: SocketAddr, datagram: Outgoing) -> Option<Outgoing> {
    match clients.get(&client) {
        Some(sender) => sender.send(datagram).err().map(|unsent| unsent.0),
        None => Some(datagram),
    }
}

/// A client, and the addresses that it speaks with.
struct Session {
    tape: Rc<Tape>,
    network: Network,
    client: SocketAddr,
    server: SocketAddr,
    /// The socket that the client sends to.
    here: Rc<UdpSocket>,
    /// The addresses of the server that it has heard from, each with the connection on the tape, and the
    /// socket that the client hears it from.
    peers: HashMap<SocketAddr, (usize, Rc<UdpSocket>)>,
}

impl Session {
    async fn run(mut self, mut outgoing: mpsc::UnboundedReceiver<Outgoing>) {
        let tape = Rc::clone(&self.tape);
        let _open = tape.open();
        let Ok(there) = UdpSocket::bind(any_port(self.server)).await else { return };
        sys::report_errors(there.as_fd(), self.server.is_ipv6());
        let first = self.connect(self.server, Side::Client, &Rc::clone(&self.here));
        self.tape.add(first, What::Opened);
        let (replies, mut from_client) = mpsc::unbounded_channel();
        let mut buffer = vec![0; LARGEST];
        let mut silent = Duration::ZERO;
        while silent < SILENCE {
            tokio::select! {
                Some((to, bytes)) = outgoing.recv() => self.pass_to_server(&there, to, bytes).await,
                Some((to, bytes)) = from_client.recv() => self.pass_to_server(&there, to, bytes).await,
                received = there.recv_from(&mut buffer) => match received {
                    Ok((len, from)) => self.pass_to_client(from, &buffer[..len], &replies).await,
                    Err(error) => self.failed(&there, &error),
                },
                () = tokio::time::sleep(LOOK) => {
                    match self.client_is_there() {
                        Some(true) => continue,
                        Some(false) => break,
                        None => { silent += LOOK; continue }
                    }
                }
            }
            silent = Duration::ZERO;
        }
    }

    fn connect(&mut self, server: SocketAddr, opened_by: Side, hears: &Rc<UdpSocket>) -> usize {
        let known_as = hears.local_addr().ok().map(End::Inet);
        let (client, end) = (End::Inet(self.client), End::Inet(server));
        let index = self.tape.connect(Connection { network: self.network, opened_by, client, server: end, known_as });
        self.peers.insert(server, (index, Rc::clone(hears)));
        index
    }

    async fn pass_to_server(&self, there: &UdpSocket, to: SocketAddr, bytes: Vec<u8>) {
        if let Some((index, _)) = self.peers.get(&to) {
            let _ = there.send_to(&bytes, to).await;
            self.tape.add(*index, What::Sent { by: Side::Client, bytes });
        }
    }

    async fn pass_to_client(&mut self, from: SocketAddr, bytes: &[u8], replies: &mpsc::UnboundedSender<Outgoing>) {
        if !self.peers.contains_key(&from) {
            let Ok(hears) = UdpSocket::bind(any_port_of(self.here.local_addr().ok())).await else { return };
            let hears = Rc::new(hears);
            let index = self.connect(from, Side::Server, &hears);
            self.tape.add(index, What::Opened);
            spawn_local(hear(Rc::clone(&hears), self.client, from, replies.clone()));
        }
        if let Some((index, hears)) = self.peers.get(&from) {
            self.tape.add(*index, What::Sent { by: Side::Server, bytes: bytes.to_vec() });
            let _ = hears.send_to(bytes, self.client).await;
        }
    }

    /// An ICMP error has come: nobody listens where the last datagram went.
    fn failed(&self, there: &UdpSocket, error: &io::Error) {
        // What is queued would be reported over and over.
        sys::take_errors(there.as_fd());
        if let (io::ErrorKind::ConnectionRefused, Some((index, hears))) = (error.kind(), self.peers.get(&self.server)) {
            self.tape.add(*index, What::Unreachable { by: Side::Server });
            self.tape.could_not_reach(Errno(libc::ECONNREFUSED));
            if hears.local_addr().and_then(|here| icmp::refuse(self.client, here)).is_err() {
                self.tape.could_not_tell();
            }
        }
    }

    /// Whether the client's socket is still there; `None` where it is not on this machine.
    fn client_is_there(&self) -> Option<bool> {
        if !self.client.ip().is_loopback() {
            return None;
        }
        let here = self.here.local_addr().ok()?;
        Some(Diag::open().ok()?.udp_receiver(self.client, here))
    }
}

/// Takes what the client sends to where it has heard the server from.
async fn hear(here: Rc<UdpSocket>, client: SocketAddr, server: SocketAddr, to: mpsc::UnboundedSender<Outgoing>) {
    let mut buffer = vec![0; LARGEST];
    loop {
        tokio::select! {
            () = to.closed() => return,
            received = here.recv_from(&mut buffer) => match received {
                Ok((len, from)) if from == client && to.send((server, buffer[..len].to_vec())).is_err() => return,
                _ => {}
            },
        }
    }
}

/// A free port of the family of an address, on the loopback device if that is there.
fn any_port(of: SocketAddr) -> SocketAddr {
    let ip: IpAddr = match of.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    SocketAddr::new(ip, 0)
}

/// A free port of the host of an address.
fn any_port_of(of: Option<SocketAddr>) -> SocketAddr {
    let ip = of.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |of| of.ip());
    SocketAddr::new(ip, 0)
}
