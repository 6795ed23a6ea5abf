//! `shutdown`: ends one direction of a connection, or both.

use std::net::Shutdown;

use crate::plan::Call;

use super::super::lane::{Deadline, Done, Lane};
use super::super::net::sys;
use super::super::settle::{self, Ending};
use super::super::stop::Stop;
use super::close::close_notify;
use super::open;

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    how: Shutdown,
    notify: bool,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    if notify && how != Shutdown::Read {
        close_notify(lane, &endpoint, &socket, deadline).await?;
    }
    let ending = Ending::of(lane.test, &endpoint, false);
    let result = sys::shutdown(socket.fd(), how);
    let mut done = Done::words(call, result);
    if result.is_ok() && how != Shutdown::Read {
        endpoint.shared.corked.set(false);
        let settled = settle::ended(lane.test, &ending).await;
        endpoint.shared.write_ended.set(true);
        done.facts.notes.extend(settled.note());
    }
    Ok(done)
}
