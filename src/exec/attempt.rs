//! One try of a `retry`: what it has made, so that it can be undone.

use std::cell::RefCell;
use std::rc::Rc;

use crate::model::value::Value;

use super::endpoint::Endpoint;
use super::test::Test;
use super::values::Values;
use super::verbs;

/// An endpoint, and the closed one whose name it took.
type Created = (Rc<Endpoint>, Option<Rc<Endpoint>>);

/// What a try has made.
pub(crate) struct Attempt {
    /// The endpoints that it created, each with the closed one whose name it took.
    created: RefCell<Vec<Created>>,
    /// The variables that it sets, with the values that they had before.
    values: Vec<(String, Option<Value>)>,
}

impl Attempt {
    /// A try that sets these variables begins.
    pub(crate) fn begin(values: &Values, sets: &[String]) -> Self {
        let before = |name: &String| (name.clone(), values.get(name));
        Self { created: RefCell::default(), values: sets.iter().map(before).collect() }
    }

    /// It has created an endpoint.
    pub(crate) fn created(&self, endpoint: &Rc<Endpoint>, replaced: Option<Rc<Endpoint>>) {
        self.created.borrow_mut().push((Rc::clone(endpoint), replaced));
    }

    /// What a try inside of this one has made belongs to this one.
    pub(crate) fn absorb(&self, inner: &Self) {
        self.created.borrow_mut().append(&mut inner.created.borrow_mut());
    }

    /// Closes what it has created, the last first, and takes back what it has set.
    pub(crate) async fn undo(&self, test: &Test<'_>, values: &Values) {
        let created = self.created.take();
        let gone: Vec<&Rc<Endpoint>> = created.iter().map(|(endpoint, _)| endpoint).collect();
        for listener in test.open() {
            verbs::withdraw(&listener, &gone);
        }
        for (endpoint, replaced) in created.iter().rev() {
            endpoint.shared.held.borrow_mut().clear();
            if let Some(program) = endpoint.program() {
                test.programs.discard(&program).await;
            }
            drop(endpoint.take_socket());
            test.forget(endpoint, replaced.as_ref());
        }
        test.pump();
        for (name, value) in &self.values {
            values.restore(name, value.clone());
        }
    }
}
