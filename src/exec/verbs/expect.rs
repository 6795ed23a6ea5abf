//! `expect`: waits for the end of a stream, a reset, silence, or readiness.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::duration;
use crate::model::errno::Errno;
use crate::plan::{Call, Condition, Mode};
use crate::trace::record::Difference;
use crate::trace::scene::Came;

use super::super::endpoint::{Endpoint, Role};
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::tls::{End, Session, record};
use super::super::net::{Direction, Socket, sys};
use super::super::stop::Stop;
use super::{blocking, open_output};

/// How much of unexpected bytes a report shows.
const SHOWN: usize = 1024;

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    conditions: &[Condition],
    stderr: bool,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open_output(lane, &call.endpoint, stderr)?;
    let expected = Expected { endpoint: &endpoint, socket: &socket, conditions, words: &call.words };
    let receives = conditions != [Condition::Writable];
    if let [Condition::Silence(time)] = conditions {
        return expected.silence(*time, deadline).await.map(|()| Done::words(call, Ok(())));
    }
    loop {
        match expected.look()? {
            Look::Holds => return Ok(Done::words(call, Ok(()))),
            Look::Errno(errno) => return Ok(Done::words(call, Err(errno))),
            Look::NotYet => {}
        }
        match call.mode {
            Mode::Nonblocking => return Ok(Done::words(call, Err(Errno(libc::EAGAIN)))),
            Mode::Blocking if receives => {
                let peek = |fd: std::os::fd::BorrowedFd<'_>| sys::recv(fd, &mut [0], libc::MSG_PEEK);
                match blocking::call(&socket, Direction::In, deadline, peek).await? {
                    None => return Err(expected.late(deadline)),
                    Some(Err(errno)) if errno.0 == libc::EAGAIN => return Ok(Done::words(call, Err(errno))),
                    // A peek that gave ECONNRESET has used it up, so it is judged here.
                    Some(Err(errno)) => return expected.error(errno).map(|result| Done::words(call, result)),
                    Some(Ok(_)) => {}
                }
            }
            Mode::Waiting | Mode::Blocking => {
                let direction = if receives { Direction::In } else { Direction::Out };
                if !deadline.wait(&socket, direction).await? {
                    return Err(expected.late(deadline));
                }
            }
        }
    }
}

pub(super) struct Expected<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) socket: &'a Socket,
    pub(super) conditions: &'a [Condition],
    pub(super) words: &'a str,
}

pub(super) enum Look {
    Holds,
    NotYet,
    Errno(Errno),
}

/// The conditions in words: `the end of the stream or a reset`.
pub(crate) fn described(conditions: &[Condition]) -> String {
    let words = conditions.iter().map(|condition| match condition {
        Condition::Eof => "the end of the stream".to_owned(),
        Condition::Reset => "a reset".to_owned(),
        Condition::Truncated => "the end without close_notify".to_owned(),
        Condition::Silence(time) => format!("silence for {}", duration::show(*time)),
        Condition::Readable => "something to receive".to_owned(),
        Condition::Writable => "room to send".to_owned(),
        Condition::Exit => "the program's end".to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

impl Expected<'_> {
    fn wants(&self, condition: Condition) -> bool {
        self.conditions.contains(&condition)
    }

    /// Whether one of the conditions holds now; something else in their place is a failure.
    pub(super) fn look(&self) -> Result<Look, Stop> {
        if self.wants(Condition::Writable) && sys::poll_now(self.socket.fd(), libc::POLLOUT) & libc::POLLOUT != 0 {
            return Ok(Look::Holds);
        }
        if self.wants(Condition::Readable) && self.is_readable(libc::POLLIN) {
            return Ok(Look::Holds);
        }
        if ![Condition::Eof, Condition::Reset, Condition::Truncated].into_iter().any(|end| self.wants(end)) {
            return Ok(Look::NotYet);
        }
        let mut buffer = [0; SHOWN];
        match self.socket.recv(&mut buffer, libc::MSG_PEEK) {
            Ok(0) if self.wants(self.end()) => Ok(Look::Holds),
            Ok(0) => Err(self.ended()),
            Ok(len) => Err(self.bytes_instead(&buffer[..len])),
            Err(errno) if errno.0 == libc::EAGAIN => Ok(Look::NotYet),
            Err(errno) => Ok(match self.error(errno)? {
                Ok(()) => Look::Holds,
                Err(errno) => Look::Errno(errno),
            }),
        }
    }

    /// Whether a receive would not block: of TLS, one of plain text.
    fn is_readable(&self, events: libc::c_short) -> bool {
        match self.socket.tls() {
            Some(tls) => tls.is_readable(self.socket.fd()),
            None => sys::poll_now(self.socket.fd(), events) & events != 0,
        }
    }

    /// Which end a receive of nothing is.
    fn end(&self) -> Condition {
        match self.socket.tls().and_then(Session::end) {
            Some(End::Truncated) => Condition::Truncated,
            _ => Condition::Eof,
        }
    }

    /// The other end than the one that was expected.
    fn ended(&self) -> Stop {
        match self.end() {
            Condition::Truncated => self
                .instead("the end without close_notify")
                .note("with TLS the other side says `close_notify` before it ends the connection; this one did not")
                .help("where that is right, write `expect: truncated`"),
            _ => self.instead("the end of the stream").came(Came::End),
        }
    }

    /// What an error of a receive means: the reset that is waited for, or one that comes instead.
    fn error(&self, errno: Errno) -> Result<Result<(), Errno>, Stop> {
        match errno.0 {
            libc::ECONNRESET if self.wants(Condition::Reset) => Ok(Ok(())),
            libc::ECONNRESET => Err(self.instead("a reset").came(Came::reset())),
            _ => Ok(Err(errno)),
        }
    }

    fn instead(&self, came: &str) -> Stop {
        Stop::failed(format!("{}: {came} came, where {} was expected", self.endpoint.name, self.described()))
            .label(format!("{came} came"))
    }

    fn bytes_instead(&self, bytes: &[u8]) -> Stop {
        let stop = self.instead(if bytes.len() == 1 { "1 byte" } else { "bytes" });
        let stop = match record::described(bytes).filter(|_| self.socket.tls().is_none()) {
            Some(what) => stop.note(format!("what came is {what}, and this end does not speak TLS")),
            None => stop,
        };
        stop.difference(Difference::to_words(self.described(), bytes))
    }

    fn described(&self) -> String {
        described(self.conditions)
    }

    fn late(&self, deadline: Deadline) -> Stop {
        let what = match self.conditions {
            [Condition::Eof] => "the stream did not end".to_owned(),
            [Condition::Reset] => "no reset came".to_owned(),
            _ => format!("{} did not come", self.described()),
        };
        let stop =
            Stop::failed(format!("{}: {what}", self.endpoint.name)).label("nothing came").deadline(deadline.within);
        if self.endpoint.shared.role.get() == Role::Connected && !self.words.contains("able") {
            stop.note("the connection is still open, and nothing waits to be received")
        } else {
            stop
        }
    }

    /// Nothing arrives for so long, not even an end.
    async fn silence(&self, time: Duration, deadline: Deadline) -> Result<(), Stop> {
        let quiet = Deadline { at: Instant::now() + time, within: time };
        loop {
            let events = libc::POLLIN | libc::POLLPRI | sys::ENDED | libc::POLLERR | libc::POLLHUP;
            if self.is_readable(events) && !self.only_unconnected() {
                return Err(self.broken());
            }
            if quiet.at > deadline.at {
                let within = duration::show(deadline.within);
                let message =
                    format!("{}: {} does not end before the deadline of {within}", self.endpoint.name, self.words);
                return Err(
                    Stop::failed(message).help("give the step, or the block around it, more time with `within`")
                );
            }
            if !quiet.wait(self.socket, Direction::In).await? {
                return Ok(());
            }
        }
    }

    /// A stream socket that was never connected says HUP all the time; nothing arrived.
    fn only_unconnected(&self) -> bool {
        self.endpoint.shared.role.get() == Role::Plain && self.endpoint.network.has_connections()
    }

    /// What broke the silence.
    fn broken(&self) -> Stop {
        let mut buffer = [0; SHOWN];
        match self.socket.recv(&mut buffer, libc::MSG_PEEK) {
            Ok(0) if self.endpoint.network.has_connections() => self.ended(),
            Ok(0) => self.instead("an empty datagram"),
            Ok(len) => self.bytes_instead(&buffer[..len]),
            Err(errno) if self.endpoint.shared.role.get() == Role::Listener && errno.0 != libc::ECONNRESET => {
                self.instead("a connection")
            }
            Err(errno) => self.instead(&errno.to_string()).came(Came::Errno(errno.to_string())),
        }
    }
}
