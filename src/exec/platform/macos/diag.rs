//! What the kernel knows of a socket by its addresses: macOS tells that to nobody.

use std::net::SocketAddr;

use crate::model::errno::Errno;
use crate::model::state::TcpState;

/// What questions about sockets go to; there is none.
#[derive(Debug)]
pub(crate) enum Diag {}

/// What is told of one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its TCP state.
    pub(crate) state: Option<TcpState>,
    /// Bytes received in order since the connection began, a FIN counting as one.
    pub(crate) bytes_received: u64,
    /// Whether a process has it: a connection that was closed lives on without.
    pub(crate) is_owned: bool,
}

impl Diag {
    /// There is nothing to open.
    pub(crate) fn open() -> Result<Self, Errno> {
        Err(Errno(libc::ENOTSUP))
    }

    /// The TCP socket with that local and remote address.
    pub(crate) fn tcp(&self, _local: SocketAddr, _remote: SocketAddr) -> Option<Found> {
        match *self {}
    }

    /// Whether a UDP socket would get a datagram that `from` sends to `to`.
    pub(crate) fn udp_receiver(&self, _to: SocketAddr, _from: SocketAddr) -> bool {
        match *self {}
    }
}
