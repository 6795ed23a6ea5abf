//! Acts: what each step did that can be seen on the wire, in the words of the wire.

use std::net::SocketAddr;

/// What one step did with one socket.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// The number of its step.
    pub(crate) order: u64,
    /// How a capture file names the step: `line 7, client send`.
    pub(crate) step: String,
    /// The endpoint, as a trace shows it.
    pub(crate) endpoint: String,
    /// The socket's protocol.
    pub(crate) protocol: Protocol,
    /// The host that the socket is on; 0 without hosts.
    pub(crate) host: usize,
    /// The socket's own address, where it had one; of IPv4 in the form of IPv4.
    pub(crate) local: Option<SocketAddr>,
    /// The address of the other side, likewise; of a datagram, where it was sent.
    pub(crate) remote: Option<SocketAddr>,
    /// Whether the socket came out of `accept`: then its address is that of its listener.
    pub(crate) accepted: bool,
    /// Whether the other side is nobody of this spec, or not of this spec alone: a program.
    pub(crate) stranger: bool,
    /// Whether a program has, or had, a descriptor of its socket.
    pub(crate) outside: bool,
    /// What it did.
    pub(crate) did: Did,
    /// How many frames were captured before the step began.
    pub(crate) since: usize,
    /// How many when it ended.
    pub(crate) until: usize,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

/// What a step did, as far as it can be seen on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Did {
    /// It asked for a connection.
    Connect,
    /// It wrote into a stream: the bytes from one place of the stream up to another.
    Write {
        /// How many bytes had been written before.
        from: u64,
        /// How many were written then.
        to: u64,
        /// Whether the bytes are kept back until something releases them: a cork, or `more`.
        held: bool,
        /// Whether their number differs from run to run.
        varies: bool,
    },
    /// It let go what was kept back.
    Release,
    /// It sent a datagram of so many bytes.
    Datagram {
        /// How many.
        len: u64,
        /// Whether their number differs from run to run.
        varies: bool,
    },
    /// It ended what it sends: a shutdown, a close, a reset.
    End,
    /// It took a connection that somebody had asked for.
    Accept,
    /// It took bytes out of a stream: those from one place of what the other side sends up to another.
    Take {
        /// How many bytes had been taken before.
        from: u64,
        /// How many were taken then. The same where nobody can tell: TLS takes records.
        to: u64,
        /// Whether their number differs from run to run.
        varies: bool,
        /// Whether it took the urgent byte.
        urgent: bool,
    },
    /// It took a datagram of so many bytes.
    Receive {
        /// How many; `None` where only a part of it was seen.
        len: Option<u64>,
        /// Whether their number differs from run to run.
        varies: bool,
    },
    /// It saw the end of what the other side sends.
    SeeEnd,
    /// It saw that the other side has reset the connection.
    SeeReset,
    /// Nothing of these.
    Other,
}

impl Act {
    /// Whether its socket sends from that address.
    pub(crate) fn sends_from(&self, address: SocketAddr) -> bool {
        self.local.is_some_and(|local| covers(local, address))
    }

    /// Whether that connection is its socket's.
    pub(crate) fn is_on(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.local == Some(local) && self.remote == Some(remote)
    }
}

/// Whether a socket with the first address is at the second: it is the same, or any of its port.
pub(crate) fn covers(bound: SocketAddr, address: SocketAddr) -> bool {
    bound.port() == address.port() && (bound.ip() == address.ip() || bound.ip().is_unspecified())
}
