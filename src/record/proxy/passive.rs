//! Follows the data connections of FTP: where a line tells an address, the proxy listens at one of
//! its own, and tells that instead.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, spawn_local};

use super::relay::{self, Parties};
use super::stream::Stream;
use super::tape::Tape;
use crate::model::address::Address;
use crate::model::network::Network;
use crate::record::conversation::{End, Side};
use crate::record::ftp;

/// What one side of a connection says, with the addresses in it replaced.
#[derive(Debug)]
pub(super) struct Rewriting {
    by: Side,
    /// Where the proxy listens for data connections: where the other side knows it.
    here: Option<IpAddr>,
    /// The address of the side that speaks.
    there: Option<IpAddr>,
    tape: Rc<Tape>,
    /// What there is of a line in which an address may stand.
    held: Vec<u8>,
    /// Whether the last piece ended in the middle of a line.
    is_inside: bool,
    data: DataListeners,
}

/// Where data connections of one conversation may come.
#[derive(Debug, Clone, Default)]
pub(super) struct DataListeners(Rc<RefCell<Vec<DataListener>>>);

/// A listener for one data connection.
#[derive(Debug)]
struct DataListener {
    listener: std::net::TcpListener,
    coming: Rc<Coming>,
    waiting: AbortHandle,
}

/// What a connection that comes is for.
#[derive(Debug)]
struct Coming {
    opened_by: Side,
    to: SocketAddr,
    tape: Rc<Tape>,
}

impl Rewriting {
    /// `heard` is the connection to the side that speaks, `told` that to the other one.
    pub(super) fn new(by: Side, heard: &Stream, told: &Stream, tape: Rc<Tape>, data: DataListeners) -> Self {
        let ip = |end: End| if let End::Inet(address) = end { Some(address.ip()) } else { None };
        let (here, there) = (ip(told.local()), ip(heard.peer()));
        Self { by, here, there, tape, held: Vec::new(), is_inside: false, data }
    }

    /// What is to be passed on for what came.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = line.ends_with(b"\n");
            if self.is_inside {
                out.extend_from_slice(line);
                self.is_inside = !is_whole;
                continue;
            }
            self.held.extend_from_slice(line);
            if is_whole {
                let line = std::mem::take(&mut self.held);
                out.extend(self.replaced(&line).unwrap_or(line));
            } else if !ftp::may_announce(self.by, &self.held) {
                out.append(&mut self.held);
                self.is_inside = true;
            }
        }
        out
    }

    /// What is still held back when nothing more comes.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn replaced(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let announced = ftp::announced(self.by, line, self.there?)?;
        let listener = std::net::TcpListener::bind((self.here?, 0)).ok()?;
        listener.set_nonblocking(true).ok()?;
        let line = ftp::rewritten(line, &announced, listener.local_addr().ok()?)?;
        let coming = Coming { opened_by: self.by.other(), to: announced.address, tape: Rc::clone(&self.tape) };
        self.data.wait(listener, Rc::new(coming))?;
        Some(line)
    }
}

impl DataListeners {
    /// Takes the connection that is to come there, whenever it comes.
    fn wait(&self, listener: std::net::TcpListener, coming: Rc<Coming>) -> Option<()> {
        let waits = TcpListener::from_std(listener.try_clone().ok()?).ok()?;
        let comes = Rc::clone(&coming);
        let task = spawn_local(async move {
            if let Ok((stream, _)) = waits.accept().await {
                comes.relay(stream);
            }
        });
        self.0.borrow_mut().push(DataListener { listener, coming, waiting: task.abort_handle() });
        Some(())
    }

    /// Takes at once what has come already.
    pub(super) fn take(&self) {
        self.0.borrow_mut().retain(|data| {
            let Ok((stream, _)) = data.listener.accept() else { return !data.waiting.is_finished() };
            data.waiting.abort();
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                Rc::clone(&data.coming).relay(stream);
            }
            false
        });
    }
}

impl Drop for DataListener {
    /// Connections that have come go on; nobody comes any more once the conversation has ended.
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

impl Coming {
    /// Passes on what comes on a connection.
    fn relay(self: Rc<Self>, stream: TcpStream) {
        let network = if self.to.is_ipv6() { Network::Tcp6 } else { Network::Tcp };
        let to = Address::Inet { network, address: self.to };
        let parties = Parties { opened_by: self.opened_by, opener: Stream::of_tcp(stream), to };
        relay::begin(parties, &self.tape);
    }
}
