//! A connected socket of the proxy, of TCP or Unix.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

use crate::exec::net::sys;
use crate::exec::platform::diag::Diag;
use crate::model::address::{Address, UnixName};
use crate::model::network::Network;
use crate::record::conversation::End;

/// A connection's end.
#[derive(Debug)]
pub(in crate::record) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Connects to where a server is.
    pub(in crate::record) async fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Inet { address, .. } => Ok(Self::of_tcp(TcpStream::connect(address).await?)),
            Address::Unix { name, .. } => Ok(Self::Unix(UnixStream::connect(path_of(name)).await?)),
            Address::Any(network) => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{network}` names no server")))
            }
        }
    }

    /// A connection of TCP that holds nothing back: the pieces go on as they came.
    pub(in crate::record) fn of_tcp(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }

    /// The network that it is of.
    pub(super) fn network(&self) -> Network {
        match self {
            Self::Tcp(stream) if stream.local_addr().is_ok_and(|local| local.is_ipv6()) => Network::Tcp6,
            Self::Tcp(_) => Network::Tcp,
            Self::Unix(_) => Network::Unix,
        }
    }

    /// Its own address.
    pub(in crate::record) fn local(&self) -> End {
        match self {
            Self::Tcp(stream) => stream.local_addr().map_or(End::Unnamed, End::Inet),
            Self::Unix(stream) => stream.local_addr().map_or(End::Unnamed, |address| unix_end(&address)),
        }
    }

    /// The address of the other end.
    pub(in crate::record) fn peer(&self) -> End {
        match self {
            Self::Tcp(stream) => stream.peer_addr().map_or(End::Unnamed, End::Inet),
            Self::Unix(stream) => stream.peer_addr().map_or(End::Unnamed, |address| unix_end(&address)),
        }
    }

    /// Waits for bytes, takes them, and says how many; none at the end of the stream.
    pub(in crate::record) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.ready(Interest::READABLE).await?;
            let read = match self {
                Self::Tcp(stream) => stream.try_read(buffer),
                Self::Unix(stream) => stream.try_read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }

    /// Writes all of it.
    pub(in crate::record) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.ready(Interest::WRITABLE).await?;
            let written = match self {
                Self::Tcp(stream) => stream.try_write(bytes),
                Self::Unix(stream) => stream.try_write(bytes),
            };
            match written {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until the connection has an error: a reset of one that has ended in this direction.
    pub(in crate::record) async fn failed(&self) {
        let _ = self.ready(Interest::ERROR).await;
    }

    async fn ready(&self, interest: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.ready(interest).await.map(drop),
            Self::Unix(stream) => stream.ready(interest).await.map(drop),
        }
    }

    /// Ends the direction away from here.
    pub(in crate::record) fn end(&self) {
        let _ = match self {
            Self::Tcp(stream) => SockRef::from(stream).shutdown(Shutdown::Write),
            Self::Unix(stream) => SockRef::from(stream).shutdown(Shutdown::Write),
        };
    }

    /// Lets the close of it be a reset. Unix sockets are reset by a close that leaves bytes unread.
    pub(in crate::record) fn reset(&self) {
        if let Self::Tcp(stream) = self {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Whether the other end, which has ended its direction, has closed its socket: then it receives
    /// nothing more. `None` where that cannot be seen, as of another machine.
    pub(super) fn peer_has_closed(&self) -> Option<bool> {
        match self {
            Self::Tcp(stream) => {
                let (local, peer) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
                is_orphan(peer, local)
            }
            Self::Unix(stream) => {
                let mut fds = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::empty())];
                poll(&mut fds, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 })).ok()?;
                Some(fds[0].revents().contains(PollFlags::HUP))
            }
        }
    }
}

/// Whether a connection's end on this machine belongs to no process any more. `None` where it is not
/// on this machine.
fn is_orphan(end: SocketAddr, other: SocketAddr) -> Option<bool> {
    if !end.ip().is_loopback() {
        return None;
    }
    let found = Diag::open().ok()?.tcp(end, other);
    Some(found.is_none_or(|found| !found.is_owned))
}

/// The path that the system takes a Unix name by.
pub(super) fn path_of(name: &UnixName) -> std::path::PathBuf {
    match name {
        UnixName::Path(path) => path.into(),
        UnixName::Abstract(name) => format!("\0{name}").into(),
        UnixName::Autobind => std::path::PathBuf::new(),
    }
}

fn unix_end(address: &tokio::net::unix::SocketAddr) -> End {
    match (address.as_pathname(), sys::abstract_name(address)) {
        (Some(path), _) => End::Unix(path.to_string_lossy().into_owned()),
        (None, Some(name)) => End::Unix(format!("@{}", String::from_utf8_lossy(name))),
        (None, None) => End::Unnamed,
    }
}
