//! One end of a connection that is played again: what came and was not taken yet, and how it ended.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;

use crate::record::proxy::stream::Stream;
use crate::record::script::Ending;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A socket that is played with.
#[derive(Debug)]
pub(super) enum Channel {
    /// A stream.
    Stream {
        stream: Stream,
        /// What came and was not taken yet.
        waiting: Vec<u8>,
        ended: Option<Ending>,
    },
    /// Datagrams, and whom they go to.
    Datagram { socket: Rc<UdpSocket>, to: Option<SocketAddr> },
    /// A stream that somebody is to open.
    Listener(TcpListener),
    /// It was closed.
    Closed,
}

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// Bytes, or an end.
    Something,
    /// Nothing in that time.
    Nothing,
}

impl Channel {
    pub(super) fn of(stream: Stream) -> Self {
        Self::Stream { stream, waiting: Vec::new(), ended: None }
    }

    /// Says all of it, and takes meanwhile what comes: the other side may not listen before it is heard.
    pub(super) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream { stream, waiting, ended } => {
                let mut buffer = vec![0; PIECE];
                let write = stream.write(bytes);
                tokio::pin!(write);
                loop {
                    tokio::select! {
                        biased;
                        written = &mut write => return written,
                        read = stream.read(&mut buffer), if ended.is_none() => match read {
                            Ok(0) => *ended = Some(Ending::Eof),
                            Ok(read) => waiting.extend_from_slice(&buffer[..read]),
                            Err(_) => *ended = Some(Ending::Reset),
                        },
                    }
                }
            }
            Self::Datagram { socket, to: Some(to) } => socket.send_to(bytes, *to).await.map(drop),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Waits for more to come.
    pub(super) async fn more(&mut self, patience: Duration) -> Came {
        let Self::Stream { stream, waiting, ended } = self else { return Came::Nothing };
        if ended.is_some() {
            return Came::Nothing;
        }
        let mut buffer = vec![0; PIECE];
        match timeout(patience, stream.read(&mut buffer)).await {
            Err(_) => return Came::Nothing,
            Ok(Ok(0)) => *ended = Some(Ending::Eof),
            Ok(Ok(read)) => waiting.extend_from_slice(&buffer[..read]),
            Ok(Err(_)) => *ended = Some(Ending::Reset),
        }
        Came::Something
    }
}
