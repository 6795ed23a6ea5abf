//! `set`: socket options, in written order; the first that fails ends the step.

use crate::model::option::SocketOption;
use crate::plan::{Call, OptionValue};

use super::super::lane::{Done, Lane};
use super::super::net::option;
use super::super::stop::Stop;
use super::open;

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
        if matches!(which.name, "TCP_CORK" | "UDP_CORK" | "TCP_NODELAY") {
            // A cork, or Nagle's algorithm, keeps small segments back.
            let on = *value != OptionValue::Int(0);
            endpoint.shared.corked.set(on == (which.name != "TCP_NODELAY"));
        }
    }
    Ok(Done::words(call, result))
}
