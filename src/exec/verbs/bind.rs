//! `bind`: gives a socket its address; creates it where the endpoint is new.

use std::net::SocketAddr;
use std::rc::Rc;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::model::network::Kind;
use crate::plan::{Call, Target};

use super::super::endpoint::Endpoint;
use super::super::lane::{Done, Lane};
use super::super::net::{Socket, address, ports, sys};
use super::super::stop::Stop;
use super::{host_of, open_or_new, resolve};

pub(super) fn run(lane: &Lane<'_>, call: &Call, target: &Target) -> Result<Done, Stop> {
    let place = resolve(lane, target, None, host_of(lane, call)?)?;
    let endpoint = match open_or_new(lane, call, &place)? {
        Ok(endpoint) => endpoint,
        Err(errno) => return Ok(Done::words(call, Err(errno))),
    };
    let mut done = Done::words(call, bind(lane, &endpoint, &place.address)?);
    done.facts.local = endpoint.local().map(|local| address::show(&local));
    Ok(done)
}

/// bind(2), after which the endpoint's address is asked for anew.
pub(super) fn bind(lane: &Lane<'_>, endpoint: &Rc<Endpoint>, address: &SockAddr) -> Result<Result<(), Errno>, Stop> {
    let Some(socket) = endpoint.socket() else {
        return Err(Stop::failed(format!("`{}` is closed", endpoint.name)));
    };
    let result = lane.test.on_host(endpoint.host, || bind_free(&socket, address))?;
    if result.is_ok() {
        endpoint.forget_local();
    }
    Ok(result)
}

/// Before a datagram socket gets a port by the way, from its first send: one that no running test has closed
/// and still speaks of. Who has the port that it sends to hears itself.
pub(super) fn bind_apart(lane: &Lane<'_>, endpoint: &Rc<Endpoint>, target: &SockAddr) -> Result<(), Stop> {
    let is_datagram = endpoint.network.kind() == Kind::Datagram && target.as_socket().is_some();
    if !ports::any() || !is_datagram || endpoint.local().is_some() {
        return Ok(());
    }
    let Some(own) = endpoint.socket().and_then(|socket| sys::local_address(socket.fd()).ok()) else { return Ok(()) };
    if address::port(&own) == Some(0) {
        // Where that fails, the send says why.
        let _ = bind(lane, endpoint, &own)?;
    }
    Ok(())
}

/// bind(2); a free port is none that a running test has closed and still speaks of.
fn bind_free(socket: &Socket, address: &SockAddr) -> Result<(), Errno> {
    const TRIES: usize = 16;
    let asks_for_any = address::port(address) == Some(0);
    if !asks_for_any || !ports::any() {
        return sys::bind(socket.fd(), address);
    }
    for _ in 0..TRIES {
        let Some(free) = free_address(socket, address).filter(|free| !ports::is_closed(free.port())) else { continue };
        match sys::bind(socket.fd(), &free.into()) {
            // Somebody was faster.
            Err(errno) if errno.0 == libc::EADDRINUSE => {}
            result => return result,
        }
    }
    sys::bind(socket.fd(), address)
}

/// An address with a port that the kernel calls free.
fn free_address(socket: &Socket, address: &SockAddr) -> Option<SocketAddr> {
    let probe = Socket::new(socket.network(), i32::from(address.family())).ok()?;
    sys::bind(probe.fd(), address).ok()?;
    let port = address::port(&sys::local_address(probe.fd()).ok()?)?;
    let mut free = address.as_socket()?;
    free.set_port(port);
    Some(free)
}
