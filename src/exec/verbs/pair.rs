//! `pair`: a socketpair.

use crate::model::network::Network;
use crate::plan::Call;
use crate::plan::template::Template;

use super::super::endpoint::{Endpoint, New, Role};
use super::super::lane::{Done, Lane};
use super::super::net::Socket;
use super::super::stop::Stop;
use super::new;

pub(super) fn run(lane: &Lane<'_>, call: &Call, other: &Template, network: Network) -> Result<Done, Stop> {
    let (one_name, other_name) = (lane.text(&call.endpoint)?, lane.text(other)?);
    let (one, two) = match lane.test.on_host(call.host, || Socket::pair(network))? {
        Ok(pair) => pair,
        Err(errno) => return super::fatal(errno).map_or(Ok(Done::words(call, Err(errno))), Err),
    };
    let one = lane.create(&one_name, new(call, network, call.host, one))?;
    let two = lane.create(&other_name, New { shown: other.shown(), ..new(call, network, call.host, two) })?;
    one.shared.role.set(Role::Connected);
    two.shared.role.set(Role::Connected);
    Endpoint::join(&one, &two);
    Ok(Done::words(call, Ok(())))
}
