//! `listen`: binds, unless it is bare, and listens. A datagram socket is bound alone.

use crate::plan::{Call, Target};

use super::super::endpoint::Role;
use super::super::lane::{Done, Lane};
use super::super::net::{address, sys};
use super::super::stop::Stop;
use super::bind::bind;
use super::{host_of, open, open_or_new, resolve};

/// As many as the kernel allows: connects never wait for room that the spec did not limit.
const BACKLOG: i32 = 4096;

pub(super) fn run(lane: &Lane<'_>, call: &Call, target: Option<&Target>, backlog: Option<i32>) -> Result<Done, Stop> {
    let endpoint = match target {
        None => open(lane, &call.endpoint)?.0,
        Some(target) => {
            let place = resolve(lane, target, None, host_of(lane, call)?)?;
            let endpoint = match open_or_new(lane, call, &place)? {
                Ok(endpoint) => endpoint,
                Err(errno) => return Ok(Done::words(call, Err(errno))),
            };
            if let Err(errno) = bind(lane, &endpoint, &place.address)? {
                return Ok(Done::words(call, Err(errno)));
            }
            endpoint
        }
    };
    let Some(socket) = endpoint.socket() else {
        return Err(Stop::failed(format!("`{}` is closed", endpoint.name)));
    };
    // Bare, the call itself is the point: on a datagram socket it says EOPNOTSUPP.
    let listens = endpoint.network.has_connections() || target.is_none();
    let result = if listens { sys::listen(socket.fd(), backlog.unwrap_or(BACKLOG)) } else { Ok(()) };
    if result.is_ok() && listens {
        endpoint.shared.role.set(Role::Listener);
        // listen(2) on an unbound socket binds it.
        endpoint.forget_local();
    }
    let mut done = Done::words(call, result);
    done.facts.local = endpoint.local().map(|local| address::show(&local));
    Ok(done)
}
