//! Descriptors on their way: sent over a Unix socket, and not received yet. While one is, its socket
//! is open, though no endpoint may have a descriptor of it any more.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

use super::description::{Description, Peer};
use super::endpoint::Endpoint;

/// A descriptor that no endpoint has: it is on its way, or has just arrived.
#[derive(Debug)]
pub(crate) struct Loose(Rc<Endpoint>);

impl Loose {
    /// A descriptor of the socket that an endpoint has one of.
    fn new(of: Rc<Endpoint>) -> Self {
        of.shared.loose.set(of.shared.loose.get() + 1);
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
pub(crate) struct Passings(RefCell<Vec<Passing>>);

impl Passings {
    /// Descriptors of these endpoints were sent over a socket; to one, where it is one of datagrams.
    pub(crate) fn sent(&self, passed: &[(Rc<Endpoint>, u64)], from: &Endpoint, to: Option<&Endpoint>) {
        for (endpoint, inode) in passed {
            self.0.borrow_mut().push(Passing {
                what: Loose::new(Rc::clone(endpoint)),
                inode: *inode,
                from: Rc::clone(&from.shared),
                to: to.map(|to| Rc::clone(&to.shared)),
            });
        }
    }

    /// Whether a receive at that socket may bring any.
    pub(crate) fn wait_at(&self, at: &Rc<Description>) -> bool {
        self.0.borrow().iter().any(|passing| passing.is_at(at))
    }

    /// One has arrived there: what is known of it.
    pub(crate) fn arrived(&self, at: &Rc<Description>, inode: u64) -> Option<Loose> {
        let mut all = self.0.borrow_mut();
        let same = |passing: &Passing| passing.inode == inode;
        // One that went through a program, or to another socket of the same name, is known, too.
        let place = all.iter().position(|passing| same(passing) && passing.is_at(at));
        let place = place.or_else(|| all.iter().position(same))?;
        Some(all.remove(place).what)
    }

    /// The socket is closed, and with it the descriptors that waited there.
    pub(crate) fn lost_with(&self, closed: &Rc<Description>) -> Vec<Loose> {
        let mut all = self.0.borrow_mut();
        all.extract_if(.., |passing| passing.is_at(closed)).map(|passing| passing.what).collect()
    }
}
