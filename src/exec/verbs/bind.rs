//! `bind`: gives a socket its address; creates it where the endpoint is new.

use std::rc::Rc;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::plan::{Call, Target};

use super::super::endpoint::Endpoint;
use super::super::lane::{Done, Lane};
use super::super::net::{address, sys};
use super::super::stop::Stop;
use super::{open_or_new, resolve};

pub(super) fn run(lane: &Lane<'_>, call: &Call, target: &Target) -> Result<Done, Stop> {
    let place = resolve(lane, target, None)?;
    let endpoint = match open_or_new(lane, call, &place)? {
        Ok(endpoint) => endpoint,
        Err(errno) => return Ok(Done::words(call, Err(errno))),
    };
    let mut done = Done::words(call, bind(&endpoint, &place.address)?);
    done.facts.local = endpoint.local().map(|local| address::show(&local));
    Ok(done)
}

/// bind(2), after which the endpoint's address is asked for anew.
pub(super) fn bind(endpoint: &Rc<Endpoint>, address: &SockAddr) -> Result<Result<(), Errno>, Stop> {
    let Some(socket) = endpoint.socket() else {
        return Err(Stop::failed(format!("`{}` is closed", endpoint.name)));
    };
    let result = sys::bind(socket.fd(), address);
    if result.is_ok() {
        endpoint.forget_local();
    }
    Ok(result)
}
