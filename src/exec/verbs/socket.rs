//! `socket`: an unbound socket.

use crate::model::network::Network;
use crate::plan::Call;

use super::super::lane::{Done, Lane};
use super::super::net::{Socket, address};
use super::super::stop::Stop;
use super::new;

pub(super) fn run(lane: &Lane<'_>, call: &Call, network: Network) -> Result<Done, Stop> {
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
