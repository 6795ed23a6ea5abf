//! `connect`: creates the socket where the endpoint is new.

use std::rc::Rc;
use std::time::Duration;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::plan::{Call, Mode, Target};

use super::super::endpoint::{Endpoint, Role};
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::{Direction, Socket, address, sys};
use super::super::settle;
use super::super::stop::Stop;
use super::bind::bind;
use super::{Place, blocking, host_of, open_or_new, resolve};
use crate::exec::endpoint::description::Peer;

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    to: &Target,
    from: Option<&Target>,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let place = resolve(lane, to, None, host_of(lane, call)?)?;
    let endpoint = match open_or_new(lane, call, &place)? {
        Ok(endpoint) => endpoint,
        Err(errno) => return Ok(Done::words(call, Err(errno))),
    };
    if let Some(from) = from {
        let own = resolve(lane, from, Some(&endpoint), endpoint.host)?.address;
        if let Err(errno) = bind(lane, &endpoint, &own)? {
            return Ok(Done::words(call, Err(errno)));
        }
    }
    let Some(socket) = endpoint.socket() else {
        return Err(Stop::failed(format!("`{}` is closed", endpoint.name)));
    };
    let mut route = None;
    let result = match call.mode {
        Mode::Nonblocking => socket.at_once(|fd| sys::connect(fd, &place.address)),
        Mode::Waiting => {
            let under_way = || {
                route = lane.route(&endpoint, place.address.clone());
                lane.test.pump();
            };
            waiting(lane, &endpoint, &socket, &place.address, deadline, under_way).await?
        }
        Mode::Blocking => {
            let address = place.address.clone();
            let made = blocking::call(&socket, Direction::Out, deadline, move |fd| sys::connect(fd, &address));
            made.await?.ok_or_else(|| late(&endpoint, deadline))?
        }
    };
    let mut done = Done::words(call, result);
    done.route = route.or_else(|| lane.route(&endpoint, place.address.clone()));
    if result == Err(Errno(libc::ECONNREFUSED)) {
        done.hint = not_listening(lane, &place);
    }
    let under_way = result == Err(Errno(libc::EINPROGRESS));
    if result.is_ok() || under_way {
        remember(lane, &endpoint, place, &mut done).await;
    } else {
        // A port that the kernel chose is gone with the connection.
        endpoint.forget_local();
    }
    Ok(done)
}

/// A connect that waits. Linux says EINPROGRESS on every non-blocking TCP connect, even where the
/// handshake is over by then; a second call tells how it ended, and makes the socket as connected
/// as a blocking call would.
async fn waiting(
    lane: &Lane<'_>,
    endpoint: &Endpoint,
    socket: &Socket,
    address: &SockAddr,
    deadline: Deadline,
    mut under_way: impl FnMut(),
) -> Result<Result<(), Errno>, Stop> {
    let mut result = socket.at_once(|fd| sys::connect(fd, address));
    if result == Err(Errno(libc::EINPROGRESS)) {
        // The socket has a port now, and loses it again where the connect fails.
        under_way();
        result = socket.at_once(|fd| sys::connect(fd, address));
        while result == Err(Errno(libc::EALREADY)) {
            if !deadline.wait(socket, Direction::Out).await? {
                return Err(late(endpoint, deadline));
            }
            result = socket.at_once(|fd| sys::connect(fd, address));
        }
    }
    // A full queue of a Unix listener; nothing tells when there is room again.
    while result == Err(Errno(libc::EAGAIN)) && endpoint.network.is_unix() {
        if !lane.pause_between(deadline, Duration::from_millis(1)).await {
            return Err(late(endpoint, deadline).note("the listener's queue is full"));
        }
        result = socket.at_once(|fd| sys::connect(fd, address));
    }
    Ok(result)
}

/// What to do where it is a program of this spec that does not listen.
fn not_listening(lane: &Lane<'_>, place: &Place) -> Option<String> {
    let address = place.address.as_socket()?;
    let shown = match lane.test.named_port(address.port()) {
        Some(port) if address.is_ipv6() => format!("{}://[{}]:{port}", place.network, address.ip()),
        Some(port) => format!("{}://{}:{port}", place.network, address.ip()),
        None => format!("{}://{address}", place.network),
    };
    lane.test.programs.not_listening(address.port(), &shown)
}

fn late(endpoint: &Endpoint, deadline: Deadline) -> Stop {
    Stop::failed(format!("{}: the connection was not established", endpoint.name))
        .label("no answer")
        .deadline(deadline.within)
}

/// Notes what a connected endpoint is connected to.
async fn remember(lane: &Lane<'_>, endpoint: &Rc<Endpoint>, place: Place, done: &mut Done) {
    let Place { address, endpoint: named, .. } = place;
    endpoint.forget_local();
    done.facts.local = endpoint.local().map(|local| address::show(&local));
    done.facts.peer = Some(address::show(&address));
    let named = named.filter(|named| lane.test.is_received(endpoint, &address, named));
    let target = named.or_else(|| lane.test.receiver_of(endpoint, &address));
    *endpoint.shared.target.borrow_mut() =
        target.as_ref().map(|target| Rc::downgrade(&target.shared)).unwrap_or_default();
    if endpoint.network.has_connections() {
        endpoint.shared.role.set(Role::Connected);
        if endpoint.is_bound_to(&address) {
            // A socket that is connected to itself.
            Endpoint::join(endpoint, endpoint);
        } else if matches!(endpoint.peer(), Peer::None)
            && let Some(listener) = target.filter(|target| target.shared.role.get() == Role::Listener)
        {
            // Without addresses, the order tells whose connection is accepted; not where a program accepts, too.
            if !(endpoint.network.is_unix() && listener.shared.was_outside()) {
                listener.shared.pending.borrow_mut().push_back(Rc::clone(endpoint));
            }
            if done.result.is_ok() {
                done.facts.notes.extend(settle::connected(lane.test, endpoint, &listener).await.note());
            }
        }
    }
    endpoint.set_remote(address);
}
