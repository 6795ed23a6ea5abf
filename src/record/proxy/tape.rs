//! What the proxy hears goes onto a tape, in the order in which it hears it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::model::errno::Errno;
use crate::record::conversation::{Connection, Conversation, Side, What};

/// How much is kept of a conversation: what does not fit was not meant to be a spec.
const MOST: usize = 256 * 1024 * 1024;

/// A conversation that is going on.
#[derive(Debug)]
pub(super) struct Tape {
    began: Instant,
    heard: RefCell<Conversation>,
    size: Cell<usize>,
    /// How many clients have come.
    came: Cell<usize>,
    /// How many connections are open.
    open: Cell<usize>,
    is_full: Cell<bool>,
    /// Why the server could not be reached, each time, until somebody takes note.
    refusals: RefCell<VecDeque<Errno>>,
    /// Whether the client was to hear that its datagrams found nobody, and could not.
    is_untold: Cell<bool>,
    changed: Notify,
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Open(Rc<Tape>);

impl Tape {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            heard: RefCell::default(),
            size: Cell::default(),
            came: Cell::default(),
            open: Cell::default(),
            is_full: Cell::default(),
            refusals: RefCell::default(),
            is_untold: Cell::default(),
            changed: Notify::new(),
        }
    }

    /// A client has come, of the number that the recording may be bounded by.
    pub(super) fn arrived(&self) {
        self.came.set(self.came.get() + 1);
        self.changed.notify_waiters();
    }

    /// Counts a connection as open.
    pub(super) fn open(self: &Rc<Self>) -> Open {
        self.open.set(self.open.get() + 1);
        self.changed.notify_waiters();
        Open(Rc::clone(self))
    }

    pub(super) fn connect(&self, connection: Connection) -> usize {
        self.heard.borrow_mut().connect(connection)
    }

    pub(super) fn add(&self, connection: usize, what: What) {
        if let What::Sent { bytes, .. } = &what {
            self.size.set(self.size.get() + bytes.len());
            if self.size.get() > MOST {
                self.is_full.set(true);
                self.changed.notify_waiters();
                return;
            }
        }
        self.heard.borrow_mut().add(self.began.elapsed(), connection, what);
    }

    /// Takes back that a connection was opened: it could not be.
    pub(super) fn refuse(&self, connection: usize, errno: Errno) {
        self.could_not_reach(errno);
        let mut heard = self.heard.borrow_mut();
        let opened = heard.events.iter_mut().find(|event| event.connection == connection && event.what == What::Opened);
        if let Some(event) = opened {
            event.what = What::Refused(errno);
        }
    }

    /// Keeps in mind that the server could not be reached.
    pub(super) fn could_not_reach(&self, errno: Errno) {
        self.refusals.borrow_mut().push_back(errno);
        self.changed.notify_waiters();
    }

    /// Why the server could not be reached, once for each time.
    pub(super) fn next_refusal(&self) -> Option<Errno> {
        self.refusals.borrow_mut().pop_front()
    }

    /// Keeps in mind that an ICMP error could not be handed on to the client.
    pub(super) fn could_not_tell(&self) {
        self.is_untold.set(true);
    }

    /// Whether one could not.
    pub(super) fn is_untold(&self) -> bool {
        self.is_untold.get()
    }

    /// Tells of an end that is on the tape whether its socket was closed. Whoever looks first after it
    /// knows: later the socket may have been closed for what came next.
    pub(super) fn set_closed(&self, connection: usize, side: Side, is_closed: bool) {
        let mut heard = self.heard.borrow_mut();
        let end = heard.events.iter_mut().rev().find_map(|event| match &mut event.what {
            What::Ended { by, closed } if event.connection == connection && *by == side => {
                Some(closed).filter(|closed| closed.is_none())
            }
            _ => None,
        });
        if let Some(closed) = end {
            *closed = Some(is_closed);
        }
    }

    /// How many clients have come.
    pub(super) fn came(&self) -> usize {
        self.came.get()
    }

    /// How many connections are open.
    pub(super) fn is_quiet(&self) -> bool {
        self.open.get() == 0
    }

    /// Whether nothing more can be kept.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.get()
    }

    /// Completes when a connection opens or ends.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn conversation(&self) -> Conversation {
        self.heard.borrow().clone()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.changed.notify_waiters();
    }
}
