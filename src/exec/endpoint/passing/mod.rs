//! Descriptors on their way: sent over a Unix socket, and not received yet. While one is, its socket
//! is open, though no endpoint may have a descriptor of it any more.

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use crate::exec::endpoint::Endpoint;
use crate::exec::endpoint::description::{Description, Peer};
use crate::exec::net::sys;

/// A descriptor that no endpoint has: it is on its way, or has just arrived.
#[derive(Debug)]
pub(crate) struct Loose(Rc<Endpoint>);

impl Loose {
    /// A descriptor of the socket that an endpoint has one of.
    fn new(of: Rc<Endpoint>) -> Self {
        of.shared.loose.set(of.shared.loose.get() + 1);
        of.shared.was_loose.set(true);
        Self(of)
    }

    /// The endpoint that it was passed from.
    pub(crate) fn endpoint(&self) -> &Rc<Endpoint> {
        &self.0
    }
}

impl Drop for Loose {
    fn drop(&mut self) {
        self.0.shared.loose.set(self.0.shared.loose.get() - 1);
    }
}

/// A descriptor in the queue of a socket.
#[derive(Debug)]
struct Passing {
    what: Loose,
    /// What its socket is told by.
    inode: u64,
    /// The socket that it was sent over.
    from: Rc<Description>,
    /// The datagram socket that it was sent to.
    to: Option<Rc<Description>>,
    /// What tells the message that it is in from the others.
    batch: u64,
}

impl Passing {
    /// Whether it waits in the queue of that socket, or of one that it has not accepted yet.
    fn is_at(&self, at: &Rc<Description>) -> bool {
        match (&self.to, self.from.peer()) {
            (Some(to), _) => Rc::ptr_eq(to, at),
            (None, Peer::Known(peer)) => Rc::ptr_eq(&peer, at),
            (None, Peer::None) => self.from.target.borrow().upgrade().is_some_and(|target| Rc::ptr_eq(&target, at)),
            (None, Peer::Gone) => false,
        }
    }
}

/// The descriptors of a test that are on their way, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Passings {
    all: RefCell<Vec<Passing>>,
    /// How many messages with descriptors were sent.
    batches: Cell<u64>,
}

impl Passings {
    /// Descriptors of these endpoints were sent over a socket; to one, where it is one of datagrams.
    pub(crate) fn sent(&self, passed: &[(Rc<Endpoint>, u64)], from: &Endpoint, to: Option<&Endpoint>) {
        let batch = self.batches.get();
        self.batches.set(batch + 1);
        for (endpoint, inode) in passed {
            self.all.borrow_mut().push(Passing {
                what: Loose::new(Rc::clone(endpoint)),
                inode: *inode,
                from: Rc::clone(&from.shared),
                to: to.map(|to| Rc::clone(&to.shared)),
                batch,
            });
        }
    }

    /// Whether a receive at that socket may bring any.
    pub(crate) fn wait_at(&self, at: &Rc<Description>) -> bool {
        self.all.borrow().iter().any(|passing| passing.is_at(at))
    }

    /// One has arrived there: what is known of it.
    pub(crate) fn arrived(&self, at: &Rc<Description>, inode: u64) -> Option<Loose> {
        let place = self.place(at, inode)?;
        Some(self.all.borrow_mut().remove(place).what)
    }

    fn place(&self, at: &Rc<Description>, inode: u64) -> Option<usize> {
        let all = self.all.borrow();
        let same = |passing: &Passing| passing.inode == inode;
        // One that went through a program, or to another socket of the same name, is known, too.
        let place = all.iter().position(|passing| same(passing) && passing.is_at(at));
        place.or_else(|| all.iter().position(same))
    }

    /// The message that has arrived there: the one with that descriptor, or where none of its descriptors
    /// has, the first that was sent.
    pub(crate) fn next_batch(&self, at: &Rc<Description>, first: Option<&OwnedFd>) -> Option<u64> {
        let place = match first {
            Some(fd) => self.place(at, sys::inode(fd.as_fd())),
            None => self.all.borrow().iter().position(|passing| passing.is_at(at)),
        };
        self.all.borrow().get(place?).map(|passing| passing.batch)
    }

    /// The descriptors of a message that has arrived without them.
    pub(crate) fn lost_of(&self, batch: u64) -> Vec<Loose> {
        self.all.borrow_mut().extract_if(.., |passing| passing.batch == batch).map(|passing| passing.what).collect()
    }

    /// The socket is closed, and with it the descriptors that waited there.
    pub(crate) fn lost_with(&self, closed: &Rc<Description>) -> Vec<Loose> {
        let mut all = self.all.borrow_mut();
        all.extract_if(.., |passing| passing.is_at(closed)).map(|passing| passing.what).collect()
    }
}
