//! `socket`: an unbound socket.

use crate::model::network::Network;
use crate::model::triple::Triple;
use crate::plan::Call;

use super::super::lane::{Done, Lane};
use super::super::net::{Socket, address};
use super::super::stop::Stop;
use super::new;

pub(super) fn run(lane: &Lane<'_>, call: &Call, network: Network, triple: Triple) -> Result<Done, Stop> {
    if triple.replaces_any() {
        // What is made against expectation is no endpoint, and closed at once.
        let result = lane.test.on_host(call.host, || Socket::of_triple(network, triple))?;
        return match result.err().and_then(super::fatal) {
            Some(stop) => Err(stop),
            None => Ok(Done::words(call, result)),
        };
    }
    let name = lane.text(&call.endpoint)?;
    let result = match lane.test.on_host(call.host, || Socket::new(network, address::domain(network)))? {
        Ok(socket) => {
            lane.create(&name, new(call, network, call.host, socket))?;
            Ok(())
        }
        Err(errno) => match super::fatal(errno) {
            Some(stop) => return Err(stop),
            None => Err(errno),
        },
    };
    Ok(Done::words(call, result))
}
