//! `accept`: takes a connection off a listener's queue.

use std::os::fd::BorrowedFd;
use std::rc::Rc;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::plan::template::Template;
use crate::plan::{Call, Mode};
use crate::trace::event::What;

use super::super::endpoint::{Endpoint, Held, Role};
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::{Direction, Socket, address, sys};
use super::super::stop::Stop;
use super::super::test::Test;
use super::{blocking, fatal, file, new, open};

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    listener: &Template,
    from: Option<&Template>,
    deadline: Deadline,
) -> Result<Done, Stop> {
    if let Some(done) = file::accept(lane, call, listener) {
        return Ok(done);
    }
    let (listener, socket) = open(lane, listener)?;
    let from = match from {
        Some(name) => Some(lane.awaited(name, deadline).await?),
        None => None,
    };
    let held = match take(lane, call, &listener, &socket, from.as_ref(), deadline).await? {
        Ok(held) => held,
        Err(errno) => return fatal(errno).map_or(Ok(Done::words(call, Err(errno))), Err),
    };
    let name = lane.text(&call.endpoint)?;
    let conn = lane.create(&name, new(call, listener.network, listener.host, held.socket))?;
    conn.shared.role.set(Role::Connected);
    conn.shared.accepted.set(true);
    let mut done = Done::words(call, Ok(()));
    done.facts.peer = Some(address::show(&held.from));
    if !listener.network.is_unix() {
        conn.set_remote(held.from);
    }
    if let Some(client) = held.client {
        done.what = What::Words(format!("accept {}", client.shown));
        Endpoint::join(&conn, &client);
    }
    Ok(done)
}

/// The next connection, or that of one client: the others are held back for later.
async fn take(
    lane: &Lane<'_>,
    call: &Call,
    listener: &Rc<Endpoint>,
    socket: &Socket,
    from: Option<&Rc<Endpoint>>,
    deadline: Deadline,
) -> Result<Result<Held, Errno>, Stop> {
    if let Some(held) = take_held(listener, from) {
        return Ok(Ok(held));
    }
    let see_how_it_comes = lane.test.asks_nonblock;
    loop {
        let accepted = match call.mode {
            Mode::Blocking => {
                let accept = move |fd: BorrowedFd<'_>| sys::accept(fd, see_how_it_comes);
                let made = blocking::call(socket, Direction::In, deadline, accept).await?;
                let made = made.ok_or_else(|| late(listener, from, deadline))?;
                made.map(|accepted| socket.accepted(accepted))
            }
            Mode::Waiting | Mode::Nonblocking => socket.accept(see_how_it_comes),
        };
        match accepted {
            Ok((socket, address)) => {
                let client = client_of(listener, &address).or_else(|| lane.test.connecting_from(listener, &address));
                let held = Held { socket, from: address, client };
                if is_from(&held, from) {
                    return Ok(Ok(held));
                }
                listener.shared.held.borrow_mut().push_back(held);
            }
            Err(errno) if errno.0 == libc::EAGAIN && call.mode == Mode::Waiting => {
                if !deadline.wait(socket, Direction::In).await? {
                    return Err(late(listener, from, deadline));
                }
            }
            Err(errno) => return Ok(Err(errno)),
        }
    }
}

/// Takes off a listener's queue, and closes, the connections of clients that are to be gone.
pub(crate) fn withdraw(test: &Test<'_>, listener: &Endpoint, gone: &[&Rc<Endpoint>]) {
    let is_gone = |client: &Rc<Endpoint>| gone.iter().any(|gone| Rc::ptr_eq(gone, client));
    listener.shared.held.borrow_mut().retain(|held| !held.client.as_ref().is_some_and(is_gone));
    while listener.shared.pending.borrow().iter().any(is_gone) {
        let Some(Ok((socket, from))) = listener.socket().map(|listening| listening.accept(test.asks_nonblock)) else {
            break;
        };
        let client = client_of(listener, &from);
        if !client.as_ref().is_some_and(is_gone) {
            listener.shared.held.borrow_mut().push_back(Held { socket, from, client });
        }
    }
    listener.shared.pending.borrow_mut().retain(|client| !is_gone(client));
}

fn take_held(listener: &Endpoint, from: Option<&Rc<Endpoint>>) -> Option<Held> {
    let mut held = listener.shared.held.borrow_mut();
    let position = held.iter().position(|held| is_from(held, from))?;
    held.remove(position)
}

fn is_from(held: &Held, from: Option<&Rc<Endpoint>>) -> bool {
    match (from, &held.client) {
        (None, _) => true,
        (Some(wanted), Some(client)) => Rc::ptr_eq(&wanted.shared, &client.shared),
        // Bound and connected by the kernel alone: its address tells.
        (Some(wanted), None) => wanted.is_bound_to(&held.from),
    }
}

/// The endpoint of this spec whose connection was accepted: by its address, or, where clients
/// have none (Unix), by the order in which they connected.
fn client_of(listener: &Endpoint, from: &SockAddr) -> Option<Rc<Endpoint>> {
    let mut pending = listener.shared.pending.borrow_mut();
    if listener.network.is_unix() {
        return pending.pop_front();
    }
    let position = pending.iter().position(|client| client.is_bound_to(from))?;
    pending.remove(position)
}

fn late(listener: &Endpoint, from: Option<&Rc<Endpoint>>, deadline: Deadline) -> Stop {
    let message = match from {
        Some(client) => format!("{}: no connection of `{}` came", listener.name, client.name),
        None => format!("{}: no connection came", listener.name),
    };
    let held = listener.shared.held.borrow();
    let others: Vec<String> =
        held.iter().filter_map(|held| held.client.as_ref().map(|client| format!("`{}`", client.name))).collect();
    let stop = Stop::failed(message).label("nothing to accept").deadline(deadline.within);
    if others.is_empty() { stop } else { stop.note(format!("connections of {} wait", others.join(", "))) }
}
