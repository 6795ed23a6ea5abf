//! One try of a `retry`: what it has made, so that it can be undone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::model::value::Value;

use crate::exec::endpoint::Endpoint;
use crate::exec::test::Test;
use crate::exec::values::Values;
use crate::exec::verbs;

/// An endpoint, and the closed one whose name it took.
type Created = (Rc<Endpoint>, Option<Rc<Endpoint>>);

/// What a try has made.
pub(crate) struct Attempt {
    /// The endpoints that it created, each with the closed one whose name it took.
    created: RefCell<Vec<Created>>,
    /// The variables that it sets, with the values that they had before.
    values: Vec<(String, Option<Value>)>,
    /// Whether it has sent anything, so that answers may come.
    sent: Cell<bool>,
    /// The endpoints that it has received from.
    received: RefCell<Vec<Rc<Endpoint>>>,
}

impl Attempt {
    /// A try that sets these variables begins.
    pub(crate) fn begin(values: &Values, sets: &[String]) -> Self {
        let before = |name: &String| (name.clone(), values.get(name));
        let values = sets.iter().map(before).collect();
        Self { created: RefCell::default(), values, sent: Cell::default(), received: RefCell::default() }
    }

    /// It has created an endpoint.
    pub(crate) fn created(&self, endpoint: &Rc<Endpoint>, replaced: Option<Rc<Endpoint>>) {
        self.created.borrow_mut().push((Rc::clone(endpoint), replaced));
    }

    /// It sends.
    pub(crate) fn sends(&self) {
        self.sent.set(true);
    }

    /// It receives from an endpoint.
    pub(crate) fn receives(&self, endpoint: &Rc<Endpoint>) {
        let mut received = self.received.borrow_mut();
        if !received.iter().any(|known| Rc::ptr_eq(known, endpoint)) {
            received.push(Rc::clone(endpoint));
        }
    }

    /// What a try inside of this one has made belongs to this one.
    pub(crate) fn absorb(&self, inner: &Self) {
        self.created.borrow_mut().append(&mut inner.created.borrow_mut());
        self.sent.set(self.sent.get() || inner.sent.get());
        inner.received.borrow().iter().for_each(|endpoint| self.receives(endpoint));
    }

    /// Throws away what is unread on streams that it has received from, if it has sent anything: it
    /// is the rest of an answer that was not as written, or an answer that was not waited for. The
    /// next try would take it for the answer to what it sends itself.
    pub(crate) fn discard_answers(&self, test: &Test<'_>) {
        for endpoint in self.received.borrow().iter().filter(|_| self.sent.get()) {
            let Some(socket) = endpoint.socket().filter(|_| !endpoint.network.has_boundaries()) else { continue };
            let mut scratch = [0; 4096];
            // Not more than waits: an end or an error is for the next try.
            while let Ok(unread @ 1..) = socket.unread() {
                let len = usize::try_from(unread).unwrap_or(usize::MAX).min(scratch.len());
                if !matches!(socket.recv(&mut scratch[..len], 0), Ok(1..)) {
                    break;
                }
            }
            // What came with these bytes is gone with them.
            drop(test.passings.lost_with(&endpoint.shared));
        }
    }

    /// Closes what it has created, the last first, and takes back what it has set.
    pub(crate) async fn undo(&self, test: &Test<'_>, values: &Values) {
        let created = self.created.take();
        let gone: Vec<&Rc<Endpoint>> = created.iter().map(|(endpoint, _)| endpoint).collect();
        for listener in test.open() {
            verbs::withdraw(test, &listener, &gone);
        }
        for (endpoint, replaced) in created.iter().rev() {
            let is_last = endpoint.shared.is_last();
            if is_last {
                endpoint.shared.held.borrow_mut().clear();
            }
            if let Some(program) = endpoint.program() {
                test.programs.discard(&program).await;
            }
            drop(endpoint.take_socket());
            if is_last {
                drop(test.passings.lost_with(&endpoint.shared));
            }
            test.forget(endpoint, replaced.as_ref());
        }
        test.pump();
        for (name, value) in &self.values {
            values.restore(name, value.clone());
        }
    }
}
