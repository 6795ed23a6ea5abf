//! `close` and `reset`.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use crate::model::errno::Errno;
use crate::plan::Call;
use crate::trace::event::What;
use crate::trace::record::Unread;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::{Direction, Socket, sys};
use super::super::settle;
use super::super::stop::Stop;
use super::open;
use crate::exec::endpoint::description::Peer;
use crate::exec::endpoint::ending::Endings;

/// Closes in order: FIN, or RST where bytes are left unread; before it close_notify, where TLS lies
/// over the connection.
pub(super) async fn run(lane: &Lane<'_>, call: &Call, notify: bool, deadline: Deadline) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    if let Some(program) = endpoint.program() {
        program.close_input();
        return Ok(Done::words(call, Ok(())));
    }
    if !endpoint.shared.is_last() {
        return close_one(call, &endpoint, socket, deadline).await;
    }
    let unread = endpoint.unread_from_spec();
    let left = endpoint.unread_from_outside();
    // Bytes of strangers make a close reset, too.
    let peer_is_known = matches!(endpoint.peer(), Peer::Known(_)) && !endpoint.shared.was_outside();
    let in_kernel = || sys::unread(socket.fd()).is_ok_and(|bytes| bytes > 0);
    let any_unread = match socket.tls() {
        None => unread != Unread::Bytes(0) || (!peer_is_known && in_kernel()),
        Some(tls) => {
            // All that has arrived is read ahead, a stranger's tickets among it, and so resets nothing.
            tls.unread(socket.fd());
            in_kernel()
        }
    };
    if notify {
        close_notify(lane, &endpoint, &socket, deadline).await?;
    }
    if endpoint.shared.was_passed() {
        // Another endpoint may have set it.
        socket.ask_linger();
    }
    let endings = Endings::of(lane.test, &endpoint, socket.resets() || any_unread);
    drop(socket);
    let mut done = Done::words(call, Ok(()));
    done.what = What::Words(format!("{}{}", call.words, unread.words()));
    done.facts.left = left;
    if let Some(socket) = endpoint.take_socket() {
        lane.test.note_closed(&endpoint);
        close(socket, deadline).await?;
    }
    done.facts.notes.extend(endings.settled(lane.test).await);
    Ok(done)
}

/// Closes one descriptor of several: nothing is sent, and nothing of what waits is lost.
async fn close_one(call: &Call, endpoint: &Endpoint, socket: Rc<Socket>, deadline: Deadline) -> Result<Done, Stop> {
    drop(socket);
    if let Some(descriptor) = endpoint.take_socket() {
        close(descriptor, deadline).await?;
    }
    // Who has the others may close them next.
    Ok(Done::words(call, Ok(())))
}

/// Says that nothing more comes, where TLS lies over a connection that can still send. Whether the
/// other side hears it is its own business: an error here is no error of the close.
pub(super) async fn close_notify(
    lane: &Lane<'_>,
    endpoint: &Rc<Endpoint>,
    socket: &Socket,
    deadline: Deadline,
) -> Result<(), Stop> {
    let tls = socket.tls().filter(|tls| !endpoint.shared.write_ended.get() && !tls.is_broken());
    let Some(tls) = tls else { return Ok(()) };
    tls.close_notify();
    while tls.flush(socket.fd()) == Err(Errno(libc::EAGAIN)) {
        if !deadline.wait(socket, Direction::Out).await? {
            return Err(Stop::failed(format!("{}: no room for close_notify, since nobody reads", endpoint.name))
                .label("the buffers are full")
                .deadline(deadline.within)
                .help(
                    "let the other end receive at the same time, in a lane of `parallel`, or write `notify: false`",
                ));
        }
    }
    settle::sent(lane.test, endpoint, socket).await;
    Ok(())
}

/// Closes abortively: SO_LINGER 0, then close.
pub(super) async fn reset(lane: &Lane<'_>, call: &Call) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    if let Err(errno) = sys::set_linger(socket.fd(), Some(0)) {
        return Ok(Done::words(call, Err(errno)));
    }
    socket.note_linger(None);
    drop(socket);
    let is_last = endpoint.shared.is_last();
    let endings = if is_last { Endings::of(lane.test, &endpoint, true) } else { Endings::default() };
    drop(endpoint.take_socket());
    if is_last {
        lane.test.note_closed(&endpoint);
    }
    let mut done = Done::words(call, Ok(()));
    done.facts.notes.extend(endings.settled(lane.test).await);
    Ok(done)
}

/// Closes a socket. One with SO_LINGER may block, and blocks a helper thread.
async fn close(socket: Rc<Socket>, deadline: Deadline) -> Result<(), Stop> {
    // Another lane may hold it for a moment longer, in a call that it has not finished.
    let socket = match Rc::try_unwrap(socket) {
        Ok(socket) => socket,
        Err(shared) => {
            drop(shared);
            return Ok(());
        }
    };
    if !socket.lingers() {
        drop(socket);
        return Ok(());
    }
    let fd = socket.into_fd();
    let (done, closed) = tokio::sync::oneshot::channel();
    let spawned = std::thread::Builder::new().name("close".to_owned()).spawn(move || {
        drop(Arc::<OwnedFd>::into_inner(fd));
        let _ = done.send(());
    });
    if let Err(error) = spawned {
        return Err(Stop::CouldNotRun(format!("no thread for a close that may wait: {error}")));
    }
    if tokio::time::timeout_at(deadline.at, closed).await.is_err() {
        return Err(Stop::failed("close did not return").label("blocked by SO_LINGER").deadline(deadline.within).note(
            "SO_LINGER makes close wait until the peer has acknowledged every byte, for so many seconds at most",
        ));
    }
    Ok(())
}
