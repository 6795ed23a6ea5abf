//! A recording proxy: a client connects to it, it connects to the server, and all that goes through is
//! put onto a tape.
//!
//! It changes nothing but the addresses that FTP tells for data connections. Pieces go on as they come,
//! an end of one direction as such, a reset as a reset.

mod datagram;
mod icmp;
mod passive;
mod relay;
pub(super) mod stream;
mod tape;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket, UnixListener};
use tokio::task::{JoinHandle, spawn_local};

use super::conversation::{Conversation, Side};
use crate::model::address::{Address, UnixName};
use crate::model::errno::Errno;
use relay::Parties;
use stream::Stream;
use tape::Tape;

/// For how long nobody else must have come when the last connection has ended.
const MOMENT: Duration = Duration::from_millis(500);

/// A proxy that listens.
#[derive(Debug)]
pub struct Proxy {
    tape: Rc<Tape>,
    here: Address,
    /// The file of a Unix socket, which is removed in the end.
    file: Option<PathBuf>,
    task: JoinHandle<()>,
}

/// Why a recording has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All that was waited for has come and ended.
    Done,
    /// It was ended from outside.
    Stopped,
    /// More came than is kept.
    Full,
}

impl Proxy {
    /// Listens, and from then on passes on to the server what comes from so many clients; more than these are
    /// turned away. Runs within a `LocalSet`.
    ///
    /// # Errors
    /// Where it cannot listen there.
    pub async fn listen(at: &Address, to: Address, most: usize) -> io::Result<Self> {
        let tape = Rc::new(Tape::new());
        let (here, file, task) = match at {
            Address::Inet { network, address } if network.is_udp() => {
                let socket = UdpSocket::bind(address).await?;
                let here = Address::Inet { network: *network, address: socket.local_addr()? };
                (here, None, spawn_local(datagram::serve(socket, to, Rc::clone(&tape), most)))
            }
            Address::Inet { network, address } => {
                let listener = TcpListener::bind(address).await?;
                let here = Address::Inet { network: *network, address: listener.local_addr()? };
                (here, None, spawn_local(serve_tcp(listener, to, Rc::clone(&tape), most)))
            }
            Address::Unix { name, .. } => {
                let listener = UnixListener::bind(stream::path_of(name))?;
                let file = if let UnixName::Path(path) = name { Some(PathBuf::from(path)) } else { None };
                (at.clone(), file, spawn_local(serve_unix(listener, to, Rc::clone(&tape), most)))
            }
            Address::Any(network) => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{network}` is no address")));
            }
        };
        Ok(Self { tape, here, file, task })
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.here
    }

    /// Completes when so many clients have come, and everything has ended for a moment.
    pub async fn over(&self, clients: usize) -> Over {
        loop {
            if self.tape.is_full() {
                return Over::Full;
            }
            if self.tape.came() < clients || !self.tape.is_quiet() {
                self.tape.changed().await;
            } else if tokio::time::timeout(MOMENT, self.tape.changed()).await.is_err() {
                return Over::Done;
            }
        }
    }

    /// Completes when everything has ended, without waiting for anybody else; or after a moment in
    /// which nothing opened or ended.
    pub async fn drained(&self) {
        while !self.tape.is_quiet() {
            if tokio::time::timeout(MOMENT, self.tape.changed()).await.is_err() {
                return;
            }
        }
    }

    /// Completes when the server could not be reached, each time, with the reason.
    pub async fn refusal(&self) -> Errno {
        loop {
            match self.tape.next_refusal() {
                Some(errno) => return errno,
                None => self.tape.changed().await,
            }
        }
    }

    /// Whether the client has heard nothing of datagrams that found nobody: only root may hand that on.
    pub fn is_untold(&self) -> bool {
        self.tape.is_untold()
    }

    /// What was heard up to now.
    pub fn conversation(&self) -> Conversation {
        self.tape.conversation()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Done => "it has ended",
            Self::Stopped => "it was stopped",
            Self::Full => "there is more than can be kept",
        })
    }
}

async fn serve_tcp(listener: TcpListener, to: Address, tape: Rc<Tape>, most: usize) {
    while tape.came() < most
        && let Ok((stream, _)) = listener.accept().await
    {
        spawn_relay(Stream::of_tcp(stream), &to, &tape);
    }
}

async fn serve_unix(listener: UnixListener, to: Address, tape: Rc<Tape>, most: usize) {
    while tape.came() < most
        && let Ok((stream, _)) = listener.accept().await
    {
        spawn_relay(Stream::Unix(stream), &to, &tape);
    }
}

fn spawn_relay(opener: Stream, to: &Address, tape: &Rc<Tape>) {
    tape.arrived();
    let parties = Parties { opened_by: Side::Client, opener, to: to.clone() };
    relay::begin(parties, tape);
}
