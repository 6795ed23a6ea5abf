//! The networks that a socket can be of, as Go's `net` package names them.

use std::fmt;

/// A network: address family and type of socket in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// TCP, over IPv4 unless an address says otherwise.
    Tcp,
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// UDP, over IPv4 unless an address says otherwise.
    Udp,
    /// UDP over IPv4.
    Udp4,
    /// UDP over IPv6.
    Udp6,
    /// Unix stream.
    Unix,
    /// Unix datagram.
    Unixgram,
    /// Unix sequenced packets.
    Unixpacket,
}

/// The type of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// SOCK_STREAM: bytes without boundaries, with an end.
    Stream,
    /// SOCK_DGRAM: messages, without connection or end.
    Datagram,
    /// SOCK_SEQPACKET: messages over a connection, with an end.
    Packet,
}

impl Network {
    /// Every network, in the order in which messages list them.
    pub const ALL: [Self; 9] = [
        Self::Tcp,
        Self::Tcp4,
        Self::Tcp6,
        Self::Udp,
        Self::Udp4,
        Self::Udp6,
        Self::Unix,
        Self::Unixgram,
        Self::Unixpacket,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tcp4 => "tcp4",
            Self::Tcp6 => "tcp6",
            Self::Udp => "udp",
            Self::Udp4 => "udp4",
            Self::Udp6 => "udp6",
            Self::Unix => "unix",
            Self::Unixgram => "unixgram",
            Self::Unixpacket => "unixpacket",
        }
    }

    /// The network of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == word)
    }

    /// The type of its sockets.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Tcp | Self::Tcp4 | Self::Tcp6 | Self::Unix => Kind::Stream,
            Self::Udp | Self::Udp4 | Self::Udp6 | Self::Unixgram => Kind::Datagram,
            Self::Unixpacket => Kind::Packet,
        }
    }

    /// Whether its addresses are names of files or abstract names.
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::Unix | Self::Unixgram | Self::Unixpacket)
    }

    /// Whether it is TCP.
    pub const fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Tcp4 | Self::Tcp6)
    }

    /// Whether it is UDP.
    pub const fn is_udp(self) -> bool {
        matches!(self, Self::Udp | Self::Udp4 | Self::Udp6)
    }

    /// Whether it is bound to IPv6.
    pub const fn is_v6(self) -> bool {
        matches!(self, Self::Tcp6 | Self::Udp6)
    }

    /// Whether its sockets send and receive whole messages.
    pub const fn has_boundaries(self) -> bool {
        !matches!(self.kind(), Kind::Stream)
    }

    /// Whether two sockets of it are connected, and have an end.
    pub const fn has_connections(self) -> bool {
        !matches!(self.kind(), Kind::Datagram)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
