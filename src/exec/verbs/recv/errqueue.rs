//! An error out of a socket's error queue, with the datagram that it is about: MSG_ERRQUEUE of recv(2).

use std::fmt::Write as _;

use super::beside::{check_target, ip_of};
use super::{DATAGRAM, Received, Receiving};
use crate::exec::net::Direction;
use crate::exec::net::ancillary::QueuedError;
use crate::exec::net::sys;
use crate::exec::pattern::Boundary;
use crate::exec::stop::Stop;
use crate::plan::Mode;
use crate::plan::receive::{self, Beside, Offender, Origin};

impl Receiving<'_> {
    /// The error at the head of the queue, which is waited for.
    pub(super) async fn queued_error(
        &mut self,
        beside: &Beside,
        wanted: &receive::QueuedError,
    ) -> Result<Received, Stop> {
        self.room(DATAGRAM);
        let (message, control) = loop {
            match sys::receive_errors(self.socket.fd(), &mut self.buffer) {
                Ok(message) => break message,
                Err(errno) if errno.0 == libc::EAGAIN && self.call.mode == Mode::Waiting => {
                    if !self.deadline.wait(self.socket, Direction::In).await? {
                        return Err(self.no_error());
                    }
                }
                Err(errno) => return Ok(Err(errno)),
            }
        };
        let error = control.error.ok_or_else(|| self.no_error())?;
        if let Some(word) = self.differs(wanted, error)? {
            let came = format!("the error at the head of the queue is {}", told(error));
            return Err(Stop::failed(format!("{}: {came}", self.endpoint.name)).label(format!("another {word}")));
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

    /// The first word of the spec that the error does not fit.
    fn differs(&self, wanted: &receive::QueuedError, error: QueuedError) -> Result<Option<&'static str>, Stop> {
        let offender = match &wanted.offender {
            None => error.offender,
            Some(Offender::Nobody) => None,
            Some(Offender::At(from)) => Some(ip_of(self.lane, from)?),
        };
        let words = [
            ("error", wanted.errno != error.errno),
            ("origin", wanted.origin.is_some_and(|origin| origin.number() != error.origin)),
            ("type", wanted.kind.is_some_and(|kind| kind != error.kind)),
            ("code", wanted.code.is_some_and(|code| code != error.code)),
            ("info", wanted.info.is_some_and(|info| info != error.info)),
            ("offender", offender != error.offender),
        ];
        Ok(words.into_iter().find(|(_, differs)| *differs).map(|(word, _)| word))
    }
}

/// An error as one would write it.
fn told(error: QueuedError) -> String {
    let QueuedError { errno, origin, kind, code, info, offender } = error;
    let mut told = format!("{{errno: {errno}");
    let name = Origin::ALL.iter().find(|(.., number)| *number == origin).map(|(name, ..)| *name);
    let _ = match name {
        Some("local") => write!(told, ", origin: local"),
        Some(name) => write!(told, ", origin: {name}, type: {kind}, code: {code}"),
        None => write!(told, ", origin: {origin}"),
    };
    if info != 0 {
        let _ = write!(told, ", info: {info}");
    }
    let _ = offender.map(|offender| write!(told, ", offender: {offender}"));
    told + "}"
}
