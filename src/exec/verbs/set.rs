//! `set`: socket options, in written order; the first that fails ends the step.

use crate::model::option::SocketOption;
use crate::plan::{Call, OptionValue};

use super::super::lane::{Done, Lane};
use super::super::net::option;
use super::super::stop::Stop;
use super::open;
use super::send::keeps_back;

pub(super) fn run(lane: &Lane<'_>, call: &Call, options: &[(SocketOption, OptionValue)]) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    let mut result = Ok(());
    for (which, value) in options {
        result = option::set(&socket, which, value);
        if result.is_err() {
            break;
        }
        if let OptionValue::Group(membership) = value {
            endpoint.note_group(membership.group, which.name.ends_with("ADD_MEMBERSHIP"));
        }
        match which.name {
            "IP_RECVERR" | "IPV6_RECVERR" => endpoint.shared.sets_errqueue.set(true),
            "TCP_CORK" | "UDP_CORK" | "TCP_NODELAY" => endpoint.shared.corked.set(keeps_back(&socket)),
            _ => {}
        }
    }
    Ok(Done::words(call, result))
}
