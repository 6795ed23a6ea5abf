//! What was heard between a client and a server: an inert value that every source of recordings
//! fills, and that everything after it reads.
//!
//! A conversation has connections, in the order in which they were opened, and what happened on
//! them, in the order in which it happened. Nothing in it is interpreted: bytes stand in the pieces
//! in which they came, and nobody may read a meaning into where they were cut.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::model::errno::Errno;
use crate::model::network::Network;

/// A conversation between a client and a server, over one connection or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// When it began by the clock on the wall: what texts say about dates is compared with it.
    pub began: SystemTime,
    /// The connections, in the order in which they were opened. Of UDP, one for each socket that the
    /// client has sent from.
    pub connections: Vec<Connection>,
    /// What happened, in order of time.
    pub events: Vec<Happened>,
}

/// A connection, or what of two datagram sockets comes close to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its network: TCP, UDP or Unix.
    pub network: Network,
    /// Who opened it. Nearly always the client; the server in FTP's active mode.
    pub opened_by: Side,
    /// The address of the client's end.
    pub client: End,
    /// The address of the server's end.
    pub server: End,
    /// The address that its opener knew the other end by, where a proxy stood between them: a client
    /// may speak about it, as HTTP's `Host` does.
    pub known_as: Option<End>,
}

/// The address of an end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// Address and port.
    Inet(SocketAddr),
    /// The path of a Unix socket, or its abstract name with a leading `@`.
    Unix(String),
    /// It has none, as the clients of Unix sockets.
    Unnamed,
}

/// One of the two who speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The client: the program that began the conversation.
    Client,
    /// The server that it spoke to.
    Server,
}

/// Something that happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// How long after the beginning of the conversation.
    pub at: Duration,
    /// The index of the connection.
    pub connection: usize,
    /// What it was.
    pub what: What,
}

/// What can happen on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It was opened. Of UDP: the client's socket is there.
    Opened,
    /// It could not be opened, for this error: nobody listened.
    Refused(Errno),
    /// Bytes came from that side: a piece of a stream, cut anywhere, or one whole datagram.
    Sent {
        /// Who sent them.
        by: Side,
        /// The bytes; a datagram may have none.
        bytes: Vec<u8>,
    },
    /// That side has ended its direction in order (FIN).
    Ended {
        /// Who.
        by: Side,
        /// Whether it has closed the socket, and not its direction alone, where that could be seen:
        /// whoever has shut down writing only still receives.
        closed: Option<bool>,
    },
    /// That side has reset the connection (RST), which ends both directions.
    Reset {
        /// Who.
        by: Side,
    },
    /// The port of that side was closed when a datagram came there (an ICMP error).
    Unreachable {
        /// Whose port.
        by: Side,
    },
}

impl Side {
    /// The one across.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl Default for Conversation {
    /// An empty one that begins now.
    fn default() -> Self {
        Self { began: SystemTime::now(), connections: Vec::new(), events: Vec::new() }
    }
}

impl Conversation {
    /// Adds a connection, and gives its index.
    pub fn connect(&mut self, connection: Connection) -> usize {
        self.connections.push(connection);
        self.connections.len() - 1
    }

    /// Adds what happened. Pieces of a stream that follow each other become one.
    pub fn add(&mut self, at: Duration, connection: usize, what: What) {
        let is_stream = self.connections.get(connection).is_some_and(|known| !known.network.has_boundaries());
        if let (true, What::Sent { by, bytes }) = (is_stream, &what)
            && let Some(Happened { at: since, connection: last, what: What::Sent { by: same, bytes: before } }) =
                self.events.last_mut()
            && (*last, *same) == (connection, *by)
        {
            before.extend_from_slice(bytes);
            // It has happened when all of it was said: who plays it again waits as long.
            *since = at;
            return;
        }
        self.events.push(Happened { at, connection, what });
    }

    /// Whether nobody said anything, and nobody even came.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Whether the server was never there: it took no connection, and answered no datagram.
    pub fn is_refused(&self) -> bool {
        let is_refused = |what: &What| matches!(what, What::Refused(_) | What::Unreachable { by: Side::Server });
        let was_there = |connection: usize| {
            let what = || self.of(connection).map(|event| &event.what);
            let is_datagram = self.connections[connection].network.is_udp();
            let answers = what().any(|what| matches!(what, What::Sent { by: Side::Server, .. }));
            !what().any(is_refused) || is_datagram && answers
        };
        !self.is_empty() && !(0..self.connections.len()).any(was_there)
    }

    /// What happened on one connection.
    pub fn of(&self, connection: usize) -> impl Iterator<Item = &Happened> {
        self.events.iter().filter(move |event| event.connection == connection)
    }

    /// All that one side sent on a connection; of a datagram socket, all datagrams together.
    pub fn bytes(&self, connection: usize, side: Side) -> Vec<u8> {
        let sent = self.of(connection).filter_map(|event| match &event.what {
            What::Sent { by, bytes } if *by == side => Some(bytes.as_slice()),
            _ => None,
        });
        sent.collect::<Vec<_>>().concat()
    }

    /// How many bytes were sent in it.
    pub fn size(&self) -> usize {
        let of = |event: &Happened| if let What::Sent { bytes, .. } = &event.what { bytes.len() } else { 0 };
        self.events.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(network: Network) -> Connection {
        Connection { network, opened_by: Side::Client, client: End::Unnamed, server: End::Unnamed, known_as: None }
    }

    fn sent(by: Side, bytes: &[u8]) -> What {
        What::Sent { by, bytes: bytes.to_vec() }
    }

    #[test]
    fn pieces_of_a_stream_are_one_and_datagrams_are_not() {
        let mut heard = Conversation::default();
        for (network, events) in [(Network::Tcp, 3), (Network::Udp, 4)] {
            let index = heard.connect(connection(network));
            heard.add(Duration::ZERO, index, sent(Side::Client, b"a"));
            heard.add(Duration::ZERO, index, sent(Side::Client, b"b"));
            heard.add(Duration::ZERO, index, sent(Side::Server, b"c"));
            heard.add(Duration::ZERO, index, sent(Side::Client, b"d"));
            assert_eq!(heard.of(index).count(), events);
            assert_eq!(heard.bytes(index, Side::Client), b"abd");
        }
        assert_eq!(heard.size(), 8);
    }
}
