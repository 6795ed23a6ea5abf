//! TLS over a connected stream: rustls as a state machine between our socket and the verbs.
//!
//! A [`Session`] never waits. It reads ahead of what a pattern wants, since nobody can look into a
//! record without taking it: what is decrypted and not received stays here.

mod authority;
mod config;
mod pem;
pub(crate) mod record;
mod trouble;
mod verify;
mod words;

use std::cell::{Cell, RefCell};
use std::io::{Read as _, Write as _};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use rustls::pki_types::ServerName;
use rustls::{Connection, ProtocolVersion};

use super::sys;
use crate::model::errno::Errno;
use crate::plan::tls::Version;

pub(crate) use config::{Accepted, Options, Shown};
pub(crate) use trouble::Trouble;

/// The most plain text that a record holds, and how much is received at once.
const RECORD: usize = 16 << 10;

/// How much of the first bytes is kept for messages.
const HEAD: usize = 256;

/// One side of TLS over a socket.
pub(crate) struct Session {
    state: RefCell<State>,
    /// How many bytes the kernel has taken of this endpoint, those of TLS itself among them.
    sent: Rc<Cell<u64>>,
}

struct State {
    connection: Connection,
    /// Records that the kernel has not taken yet.
    outgoing: Vec<u8>,
    /// What was decrypted, and how much of it was received.
    plain: Vec<u8>,
    received: usize,
    /// How the bytes of the other side began.
    head: Vec<u8>,
    end: Option<End>,
    /// Whether somebody was told that TLS has failed. From then on nothing more is decrypted, and
    /// the end of the connection is what can be seen of it.
    told: bool,
    /// How the connection ended after that.
    after: Option<Result<(), Errno>>,
}

/// How what the other side sends has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// With close_notify.
    Notified,
    /// Without it.
    Truncated,
    /// With an error of the socket.
    Errno(Errno),
    /// With an alert, or what deserves one.
    Broken(Trouble),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("end", &self.state.borrow().end).finish_non_exhaustive()
    }
}

/// What both sides have agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// The version.
    pub(crate) version: Version,
    /// The protocol.
    pub(crate) alpn: Option<String>,
    /// The name that the client asked for; of a client, none.
    pub(crate) sni: Option<String>,
}

impl Session {
    /// The side that sends the ClientHello, to a server of that name.
    pub(crate) fn client(
        options: &Options<'_>,
        name: ServerName<'static>,
        sent: Rc<Cell<u64>>,
    ) -> Result<Self, String> {
        config::client(options, name).map(|client| Self::new(client.into(), sent))
    }

    /// The side that answers it, called by these names and addresses.
    pub(crate) fn server(options: &Options<'_>, names: Vec<String>, sent: Rc<Cell<u64>>) -> Result<Self, String> {
        config::server(options, names).map(|server| Self::new(server.into(), sent))
    }

    fn new(mut connection: Connection, sent: Rc<Cell<u64>>) -> Self {
        connection.set_buffer_limit(None);
        let (outgoing, plain, head) = (Vec::new(), Vec::new(), Vec::new());
        let state = State { connection, outgoing, plain, received: 0, head, end: None, told: false, after: None };
        Self { state: RefCell::new(state), sent }
    }

    /// Whether the handshake goes on.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.state.borrow().connection.is_handshaking()
    }

    /// What was agreed.
    pub(crate) fn agreement(&self) -> Agreement {
        let connection = &self.state.borrow().connection;
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
            _ => Version::Tls13,
        };
        let alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let sni = match connection {
            Connection::Client(_) => None,
            Connection::Server(server) => server.server_name().map(str::to_owned),
        };
        Agreement { version, alpn, sni }
    }

    /// How what the other side sends has ended, once all before it was received.
    pub(crate) fn end(&self) -> Option<End> {
        let state = self.state.borrow();
        state.end.clone().filter(|_| state.waiting().is_empty())
    }

    /// How it has ended, if these bytes are all that waits before it.
    pub(crate) fn end_after(&self, waiting: usize) -> Option<End> {
        let state = self.state.borrow();
        state.end.clone().filter(|_| state.waiting().len() == waiting)
    }

    /// Goes on with a handshake as far as what has arrived allows; whether anything had arrived.
    pub(crate) fn advance(&self, fd: BorrowedFd<'_>) -> bool {
        self.state.borrow_mut().receive(fd)
    }

    /// Receives plain text as recv(2) does: 0 bytes are the end, with or without close_notify; an
    /// alert is EPROTO, and [`Session::end`] says which. After that the end is that of the connection.
    pub(crate) fn recv(&self, fd: BorrowedFd<'_>, buffer: &mut [u8], peek: bool) -> Result<usize, Errno> {
        let mut state = self.state.borrow_mut();
        state.pump(fd, if peek { buffer.len() } else { 0 });
        let len = state.waiting().len().min(buffer.len());
        if len == 0 {
            return match &state.end {
                _ if buffer.is_empty() => Ok(0),
                None => Err(Errno(libc::EAGAIN)),
                Some(End::Notified | End::Truncated) => Ok(0),
                Some(End::Errno(errno)) => Err(*errno),
                Some(End::Broken(_)) if state.told => match state.discard(fd) {
                    None => Err(Errno(libc::EAGAIN)),
                    Some(after) => after.map(|()| 0),
                },
                Some(End::Broken(_)) => {
                    state.told = true;
                    Err(Errno(libc::EPROTO))
                }
            };
        }
        buffer[..len].copy_from_slice(&state.waiting()[..len]);
        if !peek {
            state.take(len);
        }
        Ok(len)
    }

    /// Whether a receive would not block.
    pub(crate) fn is_readable(&self, fd: BorrowedFd<'_>) -> bool {
        let mut state = self.state.borrow_mut();
        state.pump(fd, 0);
        let ended = if state.told { state.discard(fd).is_some() } else { state.end.is_some() };
        ended || !state.waiting().is_empty()
    }

    /// Whether an alert has ended it.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.state.borrow().end, Some(End::Broken(_)))
    }

    /// Notes that the alert is known, since the handshake failed with it.
    pub(crate) fn note_told(&self) {
        self.state.borrow_mut().told = true;
    }

    /// How many bytes of plain text wait.
    pub(crate) fn unread(&self, fd: BorrowedFd<'_>) -> u64 {
        const ENOUGH: usize = 64 << 20;
        let mut state = self.state.borrow_mut();
        state.pump(fd, ENOUGH);
        if state.told {
            state.discard(fd);
        }
        state.waiting().len() as u64
    }

    /// Makes records of the beginning of some bytes; how many of them.
    pub(crate) fn write(&self, bytes: &[u8]) -> usize {
        let chunk = &bytes[..bytes.len().min(RECORD)];
        // Writing into memory without a limit takes all, and never fails.
        self.state.borrow_mut().connection.writer().write(chunk).unwrap_or(0)
    }

    /// Makes a close_notify, unless there was one.
    pub(crate) fn close_notify(&self) {
        self.state.borrow_mut().connection.send_close_notify();
    }

    /// Gives the kernel what it takes of the records: EAGAIN where something is left.
    pub(crate) fn flush(&self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        self.flush_to(fd, 0)
    }

    /// The same, but so many bytes are left for later.
    pub(crate) fn flush_to(&self, fd: BorrowedFd<'_>, left: usize) -> Result<(), Errno> {
        let mut state = self.state.borrow_mut();
        state.seal();
        while state.outgoing.len() > left {
            let end = state.outgoing.len() - left;
            let taken = sys::send(fd, &state.outgoing[..end], libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL, None)?;
            state.outgoing.drain(..taken);
            self.sent.set(self.sent.get() + taken as u64);
        }
        Ok(())
    }

    /// How many bytes of the connection the kernel has taken.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// How many bytes of records the kernel has not taken yet.
    pub(crate) fn unflushed(&self) -> usize {
        let mut state = self.state.borrow_mut();
        state.seal();
        state.outgoing.len()
    }
}

impl State {
    fn waiting(&self) -> &[u8] {
        &self.plain[self.received..]
    }

    fn take(&mut self, len: usize) {
        self.received += len;
        if self.received == self.plain.len() {
            self.plain.clear();
            self.received = 0;
        }
    }

    /// Takes what has arrived, until more than so many bytes of plain text wait.
    fn pump(&mut self, fd: BorrowedFd<'_>, wanted: usize) {
        while self.end.is_none() && self.waiting().len() <= wanted && self.receive(fd) {}
    }

    /// Throws away what arrives where TLS has failed; how the connection has ended, if it has.
    fn discard(&mut self, fd: BorrowedFd<'_>) -> Option<Result<(), Errno>> {
        while self.after.is_none() {
            match sys::recv(fd, &mut [0; 1024], libc::MSG_DONTWAIT) {
                Ok(1..) => {}
                Ok(0) => self.after = Some(Ok(())),
                Err(errno) if errno.0 == libc::EAGAIN => break,
                Err(errno) => self.after = Some(Err(errno)),
            }
        }
        self.after
    }

    /// Receives once; false where nothing had arrived.
    fn receive(&mut self, fd: BorrowedFd<'_>) -> bool {
        let mut buffer = [0; RECORD];
        match sys::recv(fd, &mut buffer, libc::MSG_DONTWAIT) {
            Err(errno) if errno.0 == libc::EAGAIN => return false,
            Err(errno) => self.end = Some(End::Errno(errno)),
            Ok(0) => self.end = Some(End::Truncated),
            Ok(len) => self.decrypt(&buffer[..len]),
        }
        true
    }

    fn decrypt(&mut self, mut records: &[u8]) {
        if self.head.len() < HEAD {
            let missing = records.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&records[..missing]);
        }
        while !records.is_empty() && self.end.is_none() {
            // Reading from memory fails only where rustls has no room, which is made each time.
            if !matches!(self.connection.read_tls(&mut records), Ok(1..)) {
                break;
            }
            match self.connection.process_new_packets() {
                Ok(now) => {
                    let (plain, closed) = (now.plaintext_bytes_to_read(), now.peer_has_closed());
                    let old = self.plain.len();
                    self.plain.resize(old + plain, 0);
                    let read = self.connection.reader().read(&mut self.plain[old..]).unwrap_or(0);
                    self.plain.truncate(old + read);
                    self.end = closed.then_some(End::Notified);
                }
                Err(error) => {
                    let before = self.outgoing.len();
                    self.seal();
                    let trouble = Trouble::of(&error, &self.outgoing[before..], &self.head);
                    self.end = Some(End::Broken(trouble));
                }
            }
        }
    }

    /// Moves what rustls has written to the records that the kernel is to take.
    fn seal(&mut self) {
        while self.connection.wants_write() {
            // Writing into memory never fails.
            if self.connection.write_tls(&mut self.outgoing).is_err() {
                break;
            }
        }
    }
}
