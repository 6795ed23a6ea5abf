//! `disconnect`: connect(2) with AF_UNSPEC. A datagram socket receives from anybody again; a TCP
//! connection is reset, and its socket is one that may connect anew.

use std::rc::{Rc, Weak};

use crate::model::state::TcpState;
use crate::plan::Call;

use super::super::endpoint::{Endpoint, Role};
use super::super::lane::{Done, Lane};
use super::super::net::{Socket, sys};
use super::super::stop::Stop;
use super::open;
use crate::exec::endpoint::ending::Endings;

pub(super) async fn run(lane: &Lane<'_>, call: &Call) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    if socket.tls().is_some() {
        return Err(Stop::failed(format!("`{}` speaks TLS, and TLS cannot be taken off a socket", endpoint.name))
            .help("close it, and connect with a new one"));
    }
    let was_connected = endpoint.remote().is_some();
    let route = endpoint.known_remote().and_then(|remote| lane.route(&endpoint, remote));
    // What is said of it when it is gone hangs on what it is now.
    let endings = if endpoint.network.is_tcp() || was_connected {
        Endings::of(lane.test, &endpoint, resets(&socket))
    } else {
        Endings::default()
    };
    let mut done = Done { route, ..Done::words(call, sys::disconnect(socket.fd())) };
    if done.result.is_ok() {
        forget(&endpoint);
        done.facts.local = endpoint.local().as_ref().map(super::super::net::address::show);
        done.facts.notes.extend(endings.settled(lane.test).await);
    }
    Ok(done)
}

/// Whether the other side of a TCP connection is told by a reset.
fn resets(socket: &Socket) -> bool {
    let state = sys::tcp_info(socket.fd()).ok().and_then(|info| TcpState::from_linux(info.state));
    matches!(
        state,
        Some(
            TcpState::Established
                | TcpState::CloseWait
                | TcpState::FinWait1
                | TcpState::FinWait2
                | TcpState::SynReceived
        )
    )
}

/// From now on it is a socket of nobody's. The other end knows whose it was.
fn forget(endpoint: &Rc<Endpoint>) {
    let shared = &endpoint.shared;
    shared.role.set(Role::Plain);
    shared.sent.set(0);
    shared.taken.set(0);
    shared.sent_partly.set(false);
    shared.write_ended.set(false);
    shared.accepted.set(false);
    if let Some(listener) = shared.target.replace(Weak::new()).upgrade() {
        // Who accepts that connection now finds it reset, and nobody behind it.
        listener.pending.borrow_mut().retain(|client| !Rc::ptr_eq(&client.shared, shared));
    }
    endpoint.forget_remote();
    // A port that the kernel chose may be gone with the association.
    endpoint.forget_local();
}
