//! Passes on what comes on one connection, both ways, and puts it onto the tape: bytes, ends, resets.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::spawn_local;

use super::passive::{DataListeners, Rewriting};
use super::stream::Stream;
use super::tape::Tape;
use crate::model::address::{Address, UnixName};
use crate::model::errno::Errno;
use crate::record::conversation::{Connection, End, Side, What};
use crate::record::ftp;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A connection that has come, and where it wants to go.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) opened_by: Side,
    pub(super) opener: Stream,
    pub(super) to: Address,
}

/// That a side has reset the connection.
#[derive(Debug, Clone, Copy)]
struct Broken(Side);

/// A connection of two ends.
struct Relay {
    tape: Rc<Tape>,
    index: usize,
    client: Stream,
    server: Stream,
    /// The sides that have ended their direction.
    ended: [Cell<bool>; 2],
    an_end: Notify,
    /// Whether it may be FTP, once the server has said something.
    may_be_ftp: Cell<Option<bool>>,
    /// Where data connections may come.
    data: DataListeners,
}

/// Takes note of a connection, and from then on passes on what comes on it.
pub(super) fn begin(parties: Parties, tape: &Rc<Tape>) {
    let Parties { opened_by, opener, to } = &parties;
    let opened_by = *opened_by;
    let (client, server) = match opened_by {
        Side::Client => (opener.peer(), end_of(to)),
        Side::Server => (end_of(to), opener.peer()),
    };
    let connection =
        Connection { network: opener.network(), opened_by, client, server, known_as: Some(opener.local()) };
    let index = tape.connect(connection);
    // From here on whoever opened it may rely on it.
    tape.add(index, What::Opened);
    let (open, tape) = (tape.open(), Rc::clone(tape));
    spawn_local(async move {
        relay(parties, index, tape).await;
        drop(open);
    });
}

/// Connects to where it wants to go, and passes on until both directions have ended.
async fn relay(parties: Parties, index: usize, tape: Rc<Tape>) {
    let Parties { opened_by, opener, to } = parties;
    let answering = match Stream::connect(&to).await {
        Ok(answering) => answering,
        Err(error) => {
            opener.reset();
            return tape.refuse(index, errno(&error));
        }
    };
    let (client, server) = match opened_by {
        Side::Client => (opener, answering),
        Side::Server => (answering, opener),
    };
    let relay = Relay {
        tape,
        index,
        client,
        server,
        ended: [Cell::new(false), Cell::new(false)],
        an_end: Notify::new(),
        may_be_ftp: Cell::new(None),
        data: DataListeners::default(),
    };
    relay.run().await;
}

impl Relay {
    async fn run(self) {
        let both = async { tokio::try_join!(self.pump(Side::Client), self.pump(Side::Server)) };
        let broken = tokio::select! {
            biased;
            passed = both => passed.err(),
            broken = self.broken(Side::Client) => Some(broken),
            broken = self.broken(Side::Server) => Some(broken),
        };
        if let Some(Broken(by)) = broken {
            self.tape.add(self.index, What::Reset { by });
            self.stream(by.other()).reset();
        } else {
            self.look(Side::Client);
            self.look(Side::Server);
        }
    }

    fn stream(&self, side: Side) -> &Stream {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn has_ended(&self, side: Side) -> &Cell<bool> {
        &self.ended[usize::from(side == Side::Server)]
    }

    /// Passes on what one side sends, until its end.
    async fn pump(&self, by: Side) -> Result<(), Broken> {
        let (from, to) = (self.stream(by), self.stream(by.other()));
        let mut rewriting = Rewriting::new(by, from, to, Rc::clone(&self.tape), self.data.clone());
        let mut buffer = vec![0; PIECE];
        loop {
            let read = from.read(&mut buffer).await.map_err(|_| Broken(by))?;
            self.look(by.other());
            // A connection that was opened before this was said comes before it.
            self.data.take();
            if read == 0 {
                break;
            }
            let bytes = &buffer[..read];
            self.tape.add(self.index, What::Sent { by, bytes: bytes.to_vec() });
            if by == Side::Server && self.may_be_ftp.get().is_none() {
                self.may_be_ftp.set(Some(ftp::begins(bytes)));
            }
            let passed = match self.may_be_ftp.get() {
                Some(true) => to.write(&rewriting.pass(bytes)).await,
                _ => to.write(bytes).await,
            };
            passed.map_err(|_| Broken(by.other()))?;
        }
        self.tape.add(self.index, What::Ended { by, closed: None });
        self.has_ended(by).set(true);
        self.an_end.notify_waiters();
        let _ = to.write(&rewriting.rest()).await;
        to.end();
        Ok(())
    }

    /// Completes when a side that has ended its direction resets the connection.
    async fn broken(&self, side: Side) -> Broken {
        while !self.has_ended(side).get() {
            self.an_end.notified().await;
        }
        self.stream(side).failed().await;
        Broken(side)
    }

    /// Looks whether a side that has ended its direction has closed its socket, as long as nothing
    /// of what the other one does next has reached it.
    fn look(&self, side: Side) {
        if self.has_ended(side).get()
            && let Some(closed) = self.stream(side).peer_has_closed()
        {
            self.tape.set_closed(self.index, side, closed);
        }
    }
}

/// The address as an end of a connection.
fn end_of(address: &Address) -> End {
    match address {
        Address::Inet { address, .. } => End::Inet(*address),
        Address::Unix { name: UnixName::Path(path), .. } => End::Unix(path.clone()),
        Address::Unix { name: UnixName::Abstract(name), .. } => End::Unix(format!("@{name}")),
        Address::Any(_) | Address::Unix { name: UnixName::Autobind, .. } => End::Unnamed,
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno(error.raw_os_error().unwrap_or(libc::ECONNREFUSED))
}
