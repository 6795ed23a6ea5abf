//! The calls of sockets on the descriptor of a file, for specs that show how they fail.

use std::os::fd::AsFd as _;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::plan::template::Template;
use crate::plan::{AttributeCheck, Call, Target, Verb};

use super::super::super::lane::{Done, Lane};
use super::super::super::net::{Socket, option, sys};
use super::super::super::payload::encode;
use super::super::super::stop::Stop;
use super::super::resolve;
use crate::exec::endpoint::opened::OpenFile;

/// Makes the call that a verb stands for; `None` where the verb is no call of a socket.
pub(super) fn run(lane: &Lane<'_>, call: &Call, file: &OpenFile) -> Result<Option<Done>, Stop> {
    let fd = match sys::duplicate(file.fd()) {
        Ok(fd) => fd,
        Err(errno) => return super::fatal(errno).map_or(Ok(Some(Done::words(call, Err(errno)))), Err),
    };
    let socket = Socket::of_stream(fd);
    let fd = socket.fd();
    let result = match &call.verb {
        Verb::Bind(target) | Verb::Listen { address: Some(target), .. } => sys::bind(fd, &address(lane, target)?),
        Verb::Listen { address: None, backlog } => sys::listen(fd, backlog.unwrap_or(0)),
        Verb::Connect { to, .. } => sys::connect(fd, &address(lane, to)?),
        Verb::Disconnect => sys::disconnect(fd),
        Verb::Send { payload, to, urgent, .. } => {
            let encoded = encode(payload, lane.scope()).map_err(|error| Stop::failed(error).at(payload.span))?;
            let to = to.as_ref().map(|to| address(lane, to)).transpose()?;
            let flags = if *urgent { libc::MSG_OOB } else { 0 };
            let bytes = encoded.bytes.copy(0, encoded.bytes.len());
            let result = sys::send(fd, &bytes, flags, to.as_ref()).map(drop);
            let what = crate::trace::event::What::Data {
                verb: "send".to_owned(),
                bytes: encoded.shown,
                suffix: call.suffix.clone(),
            };
            return Ok(Some(Done { what, ..Done::words(call, result) }));
        }
        Verb::Shutdown { how, .. } => sys::shutdown(fd, *how),
        Verb::Reset => sys::set_linger(fd, Some(0)),
        Verb::Set(options) => options.iter().try_for_each(|(which, value)| option::set(&socket, which, value)),
        Verb::ExpectAttributes(attributes) => {
            let mut result = Ok(());
            for attribute in attributes {
                result = result.and(match &attribute.check {
                    AttributeCheck::Local(_) => sys::local_address(fd).map(drop),
                    AttributeCheck::Peer(_) => sys::peer_address(fd).map(drop),
                    AttributeCheck::PeerCredentials(_) => sys::peer_credentials(fd).map(drop),
                    AttributeCheck::Option(which, _) => option::get(&socket, which).map(drop),
                    _ => return Ok(None),
                });
            }
            result
        }
        _ => return Ok(None),
    };
    Ok(Some(Done::words(call, result)))
}

/// accept(2) on a file, where the listener that a call names is one.
pub(in crate::exec::verbs) fn accept(lane: &Lane<'_>, call: &Call, listener: &Template) -> Option<Done> {
    let file = lane.endpoint(listener).ok()?.file()?;
    // What it gives is closed again: no file has connections.
    let result: Result<(), Errno> = sys::accept(file.fd().as_fd(), false).map(drop);
    Some(Done::words(call, result))
}

fn address(lane: &Lane<'_>, target: &Target) -> Result<SockAddr, Stop> {
    resolve(lane, target, None, None).map(|place| place.address)
}
