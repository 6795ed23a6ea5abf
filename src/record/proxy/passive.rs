//! Follows the data connections of FTP: where a line tells an address, the proxy listens at one of
//! its own, and tells that instead.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use tokio::net::TcpListener;
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
    waiting: Vec<AbortHandle>,
}

impl Rewriting {
    /// `heard` is the connection to the side that speaks, `told` that to the other one.
    pub(super) fn new(by: Side, heard: &Stream, told: &Stream, tape: Rc<Tape>) -> Self {
        let ip = |end: End| if let End::Inet(address) = end { Some(address.ip()) } else { None };
        let (here, there) = (ip(told.local()), ip(heard.peer()));
        Self { by, here, there, tape, held: Vec::new(), is_inside: false, waiting: Vec::new() }
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
        let listener = TcpListener::from_std(listener).ok()?;
        let waiting = accept(self.by.other(), listener, announced.address, Rc::clone(&self.tape));
        self.waiting.push(spawn_local(waiting).abort_handle());
        Some(line)
    }
}

impl Drop for Rewriting {
    /// Connections that have come go on; nobody comes any more once this one has ended.
    fn drop(&mut self) {
        self.waiting.iter().for_each(AbortHandle::abort);
    }
}

/// Takes the one connection that is to come.
async fn accept(opened_by: Side, listener: TcpListener, to: SocketAddr, tape: Rc<Tape>) {
    let Ok((stream, _)) = listener.accept().await else { return };
    let to = Address::Inet { network: if to.is_ipv6() { Network::Tcp6 } else { Network::Tcp }, address: to };
    spawn_local(async move { relay::relay(Parties { opened_by, opener: Stream::of_tcp(stream), to }, tape).await });
}
