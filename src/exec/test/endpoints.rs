//! The endpoints of a run, by their names.

use std::rc::Rc;

use crate::exec::endpoint::{self, Endpoint, New, Role};
use crate::exec::net::address;
use crate::exec::stop::Stop;
use crate::exec::values::Endpoints;
use crate::model::value::Value;
use crate::plan::template::Part;
use crate::trace::record::Open;

use super::Test;

impl Test<'_> {
    /// The endpoints that are open, in order of creation; those of lanes in the order of the lanes.
    pub(crate) fn open(&self) -> Vec<Rc<Endpoint>> {
        let endpoints = self.endpoints.borrow();
        let mut open: Vec<_> = endpoints.values().filter(|endpoint| endpoint.is_open()).cloned().collect();
        open.sort_unstable_by(|one, other| one.written_order().cmp(other.written_order()));
        open
    }

    /// Closes what is still open, in reverse order of creation, and tells what nobody received.
    pub(super) fn close_all(&self) -> Vec<Open> {
        let open = self.open();
        let end = endpoint::left_open(&open);
        for endpoint in open.iter().rev() {
            endpoint.shared.held.borrow_mut().clear();
            drop(endpoint.take_socket());
        }
        end
    }

    /// Notes that an endpoint was closed whose address the spec may still speak of: nobody shall be
    /// given its port while the test runs.
    pub(crate) fn note_closed(&self, endpoint: &Endpoint) {
        if endpoint.shared.role.get() != Role::Connected
            && let Some(port) = endpoint.local().as_ref().and_then(address::port)
        {
            self.closed_ports.borrow_mut().add(&endpoint.name, port);
        }
    }

    /// The endpoint of that name.
    pub(crate) fn endpoint(&self, name: &str) -> Result<Rc<Endpoint>, Stop> {
        self.endpoints
            .borrow()
            .get(name)
            .cloned()
            .ok_or_else(|| Stop::failed(format!("there is no endpoint `{name}` at this point")))
    }

    /// The endpoint of that name, if it is there and open.
    pub(crate) fn open_endpoint(&self, name: &str) -> Option<Rc<Endpoint>> {
        self.endpoints.borrow().get(name).filter(|endpoint| endpoint.is_open()).cloned()
    }

    /// Gives a socket a name.
    pub(crate) fn create(&self, name: &str, new: New) -> Result<Rc<Endpoint>, Stop> {
        let mut endpoints = self.endpoints.borrow_mut();
        if endpoints.get(name).is_some_and(|endpoint| endpoint.is_open()) {
            return Err(Stop::failed(format!("`{name}` is already open"))
                .help("close it first, or give the new one another name"));
        }
        let order = self.created.get();
        self.created.set(order + 1);
        let endpoint = Rc::new(Endpoint::new(name, new, order));
        endpoint.shared.add(&endpoint);
        endpoints.insert(Rc::clone(&endpoint.name), Rc::clone(&endpoint));
        Ok(endpoint)
    }

    /// How many endpoints were created.
    pub(crate) fn created(&self) -> u64 {
        self.created.get()
    }

    /// Takes back an endpoint that was created; the one whose name it took has it again.
    pub(crate) fn forget(&self, endpoint: &Rc<Endpoint>, replaced: Option<&Rc<Endpoint>>) {
        let mut endpoints = self.endpoints.borrow_mut();
        if !endpoints.get(&endpoint.name).is_some_and(|known| Rc::ptr_eq(known, endpoint)) {
            return;
        }
        match replaced {
            Some(replaced) => drop(endpoints.insert(Rc::clone(&replaced.name), Rc::clone(replaced))),
            None => drop(endpoints.remove(&endpoint.name)),
        }
    }
}

impl Endpoints for Test<'_> {
    fn lookup(&self, endpoint: &str, part: Part) -> Option<Value> {
        let local = self.endpoints.borrow().get(endpoint)?.local()?;
        match part {
            Part::Port => address::port(&local).map(|port| Value::Number(port.into())),
            Part::Host => address::host(&local).map(Value::Text),
            Part::Path => address::path(&local).map(Value::Text),
        }
    }
}
