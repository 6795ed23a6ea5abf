//! An error out of a socket's error queue, with the datagram that it is about: MSG_ERRQUEUE of recv(2).

use super::beside::check_target;
use super::{DATAGRAM, Received, Receiving};
use crate::exec::net::Direction;
use crate::exec::net::ancillary::{self, QueuedError};
use crate::exec::pattern::Boundary;
use crate::exec::stop::Stop;
use crate::plan::Mode;
use crate::plan::receive::{self, Beside, Origin};

impl Receiving<'_> {
    /// The error at the head of the queue, which is waited for.
    pub(super) async fn queued_error(
        &mut self,
        beside: &Beside,
        wanted: &receive::QueuedError,
    ) -> Result<Received, Stop> {
        self.room(DATAGRAM);
        let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
        let (message, control) = loop {
            match ancillary::receive(self.socket.fd(), &mut self.buffer, flags, None) {
                Ok(message) => break message,
                Err(errno) if errno.0 == libc::EAGAIN && self.call.mode == Mode::Waiting => {
                    if !self.deadline.wait(self.socket, Direction::In).await? {
                        return Err(self.no_error());
                    }
                }
                Err(errno) => return Ok(Err(errno)),
            }
        };
        match control.error {
            Some(error) if fits(wanted, error) => {}
            Some(error) => return Err(self.other_error(wanted, error)),
            None => return Err(self.no_error()),
        }
        check_target(self.lane, self.endpoint, beside.to.as_ref(), message.from.as_ref())?;
        self.pieces.push(message.len as u64);
        let len = message.len.min(self.buffer.len());
        self.complete(&self.buffer[..len], Boundary::Datagram)
    }

    fn no_error(&self) -> Stop {
        Stop::failed(format!("{}: no error came into its error queue", self.endpoint.name))
            .label("no error came")
            .deadline(self.deadline.within)
    }

    fn other_error(&self, wanted: &receive::QueuedError, error: QueuedError) -> Stop {
        let came = told(error);
        let words = [
            ("origin", wanted.origin.is_some_and(|origin| origin.number() != error.origin)),
            ("type", wanted.kind.is_some_and(|kind| kind != error.kind)),
            ("code", wanted.code.is_some_and(|code| code != error.code)),
        ];
        let other = words.into_iter().find(|(_, differs)| *differs).filter(|_| wanted.errno == error.errno);
        let word = other.map_or("error", |(word, _)| word);
        Stop::failed(format!("{}: the error at the head of the queue is {came}", self.endpoint.name))
            .label(format!("another {word}"))
    }
}

/// Whether an error is as it is written.
fn fits(wanted: &receive::QueuedError, error: QueuedError) -> bool {
    let receive::QueuedError { errno, origin, kind, code } = wanted;
    *errno == error.errno
        && origin.is_none_or(|origin| origin.number() == error.origin)
        && kind.is_none_or(|kind| kind == error.kind)
        && code.is_none_or(|code| code == error.code)
}

/// An error as one would write it.
fn told(error: QueuedError) -> String {
    let QueuedError { errno, origin, kind, code } = error;
    let name = Origin::ALL.iter().find(|(.., number)| *number == origin).map(|(name, ..)| *name);
    match name {
        Some("local") => format!("{{errno: {errno}, origin: local}}"),
        Some(name) => format!("{{errno: {errno}, origin: {name}, type: {kind}, code: {code}}}"),
        None => format!("{{errno: {errno}}} of the origin {origin}"),
    }
}
