//! `dup`: one more descriptor of a socket that is there.

use std::rc::Rc;

use crate::plan::Call;
use crate::plan::template::Template;

use super::super::endpoint::New;
use super::super::lane::{Done, Lane};
use super::super::net::{Socket, sys};
use super::super::stop::Stop;
use super::{fatal, open_socket};

pub(super) fn run(lane: &Lane<'_>, call: &Call, of: &Template) -> Result<Done, Stop> {
    let (of, socket) = open_socket(lane, of)?;
    let fd = match sys::duplicate(socket.fd()) {
        Ok(fd) => fd,
        Err(errno) => return fatal(errno).map_or(Ok(Done::words(call, Err(errno))), Err),
    };
    let new = New {
        shown: call.endpoint.shown(),
        network: of.network,
        host: of.host,
        socket: Some(Socket::received(fd, of.network)),
        shared: Some(Rc::clone(&of.shared)),
    };
    lane.create(&lane.text(&call.endpoint)?, new)?;
    Ok(Done::words(call, Ok(())))
}
