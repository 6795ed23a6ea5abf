//! What ends with a close: the connection itself, where it was the last descriptor of its socket; the
//! connections that waited at a listener; and the sockets whose last descriptors lay in the queue.

use std::rc::Rc;

use super::description::Description;
use super::{Endpoint, Role};
use crate::exec::net::sys;
use crate::exec::settle::{self, Ending};
use crate::exec::test::Test;

/// What is about to end; taken before the call, while the sockets are there.
#[derive(Default)]
pub(crate) struct Endings {
    connections: Vec<Ending>,
    /// Listeners, with the clients that they have not accepted.
    listeners: Vec<(Rc<Endpoint>, Vec<Rc<Endpoint>>)>,
}

impl Endings {
    /// What ends with the last descriptor of an endpoint's socket.
    pub(crate) fn of(test: &Test<'_>, endpoint: &Rc<Endpoint>, resets: bool) -> Self {
        let mut endings = Self::default();
        endings.add(test, endpoint, resets);
        endings
    }

    /// What ends with descriptors that nobody has taken.
    pub(crate) fn add_dropped(&mut self, test: &Test<'_>, endpoint: &Rc<Endpoint>) {
        if !endpoint.shared.is_open() {
            test.note_closed(endpoint);
            self.add(test, endpoint, false);
        }
    }

    fn add(&mut self, test: &Test<'_>, endpoint: &Rc<Endpoint>, resets: bool) {
        self.connections.push(Ending::of(test, endpoint, resets));
        let clients = waiting_clients(endpoint);
        if !clients.is_empty() {
            self.listeners.push((Rc::clone(endpoint), clients));
        }
        self.add_queue(test, &endpoint.shared);
    }

    fn add_queue(&mut self, test: &Test<'_>, closed: &Rc<Description>) {
        for lost in test.passings.lost_with(closed) {
            let endpoint = Rc::clone(lost.endpoint());
            drop(lost);
            self.add_dropped(test, &endpoint);
        }
    }

    /// After the call: waits until the effect has arrived everywhere; what a record notes of it.
    pub(crate) async fn settled(&self, test: &Test<'_>) -> Vec<String> {
        let mut notes = Vec::new();
        for ending in &self.connections {
            notes.extend(settle::ended(test, ending).await.note());
        }
        for (listener, clients) in &self.listeners {
            notes.extend(settle::abandoned(test, listener, clients).await.note());
        }
        notes
    }
}

/// The clients of this spec that a listener has not accepted: closing it resets them. Connections
/// that `accept … from` holds back are closed with it.
fn waiting_clients(endpoint: &Rc<Endpoint>) -> Vec<Rc<Endpoint>> {
    if endpoint.shared.role.get() != Role::Listener || !endpoint.network.is_tcp() {
        endpoint.shared.held.borrow_mut().clear();
        return Vec::new();
    }
    let mut clients: Vec<_> = endpoint.shared.pending.borrow_mut().drain(..).collect();
    if endpoint.shared.was_outside() {
        // The first of them may have been accepted by a program: those that wait came last.
        let queue = endpoint.socket().and_then(|socket| sys::tcp_info(socket.fd()).ok());
        let waiting = queue.map_or(0, |info| info.unacked as usize);
        clients.drain(..clients.len().saturating_sub(waiting));
    }
    for held in endpoint.shared.held.borrow_mut().drain(..) {
        let _ = sys::set_linger(held.socket.fd(), Some(0));
        clients.extend(held.client);
    }
    clients
}
