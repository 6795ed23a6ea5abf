//! `read`: one raw receive call, for specs about boundaries and truncation.

mod discard;

use std::os::fd::BorrowedFd;

use libc::c_int;
use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::plan::pattern::Pattern;
use crate::plan::receive::{Cut, ReadHow};
use crate::plan::{Call, Mode, Number};
use crate::trace::event::What;
use crate::trace::record::Facts;
use crate::trace::shown::Shown;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::ancillary::{self, Control};
use super::super::net::{Direction, Socket, sys};
use super::super::pattern::{Boundary, Outcome};
use super::super::stop::Stop;
use super::recv::descriptors::{Arrivals, Asked};
use super::{blocking, open};

/// No single receive gives more than this.
pub(super) const MOST: u64 = 16 << 20;

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    size: &Number,
    is: Option<&Pattern>,
    how: ReadHow,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    let size = lane.number(size)?;
    if size > MOST {
        return Err(Stop::failed(format!("a read of {size} bytes is more than one call gives")));
    }
    if how.discard {
        return discard::run(call, &endpoint, &socket, size as usize, deadline).await;
    }
    let arrivals = Arrivals::new(lane, &endpoint, &socket, Asked::default());
    let flags = flags(how);
    let Received { bytes, full, cut, from } =
        match read(call, &socket, &arrivals, (size as usize, flags), deadline).await? {
            Ok(Some(message)) => message,
            Ok(None) => return Err(late(&endpoint, how, deadline)),
            Err(errno) => return Ok(Done::words(call, Err(errno))),
        };
    if endpoint.network.has_boundaries() {
        check_cut(&endpoint, how.cut, cut.then_some(full as u64))?;
    }
    let (drops, notes) = arrivals.drop_all().await;
    let facts = Facts { pieces: vec![bytes.len() as u64], notes, ..Facts::default() };
    let shown = match is {
        None => vec![Shown::Bytes(bytes)],
        Some(pattern) => {
            let end = if endpoint.network.has_boundaries() { Boundary::Datagram } else { Boundary::Read };
            compare(lane, &endpoint.name, pattern, &bytes, end)?
        }
    };
    let suffix = call.suffix.iter().cloned().chain(drops).collect();
    let what = What::Data { verb: call.words.clone(), bytes: shown, suffix };
    let route = from.filter(|_| endpoint.network.is_udp()).and_then(|from| lane.route(&endpoint, from));
    Ok(Done { result: Ok(()), what, facts, route, trouble: None, hint: None })
}

/// The flags that the call is made with.
fn flags(how: ReadHow) -> c_int {
    let waitall = if how.waitall { libc::MSG_WAITALL } else { 0 };
    let full = if matches!(how.cut, Cut::Of(_)) { libc::MSG_TRUNC } else { 0 };
    waitall | full
}

/// The deadline has passed.
fn late(endpoint: &Endpoint, how: ReadHow, deadline: Deadline) -> Stop {
    let name = &endpoint.name;
    let stop = if how.waitall {
        Stop::failed(format!("{name}: the full size did not come, which MSG_WAITALL waits for")).label("too few came")
    } else {
        Stop::failed(format!("{name}: nothing came")).label("nothing to read")
    };
    stop.deadline(deadline.within)
}

/// Judges whether a message was cut; `full` is how many bytes it had, as far as the call tells.
fn check_cut(endpoint: &Endpoint, wanted: Cut, full: Option<u64>) -> Result<(), Stop> {
    let (came, help) = match (wanted, full) {
        (Cut::No, None) | (Cut::Yes, Some(_)) => return Ok(()),
        (Cut::Of(size), Some(full)) if size == full => return Ok(()),
        (Cut::Of(size), Some(full)) => {
            let help = format!("write `truncated: {full}` if that is what was sent");
            (format!("the message had {full} bytes, not {size}"), help)
        }
        (Cut::No, Some(_)) => {
            ("the message was cut".to_owned(), "write `truncated: true` if that is what this step shows".to_owned())
        }
        (Cut::Yes | Cut::Of(_), None) => {
            ("the message was not cut".to_owned(), "remove `truncated`, or read less than the message has".to_owned())
        }
    };
    Err(Stop::failed(format!("{}: {came}", endpoint.name)).label(came).help(help))
}

/// What one call gave.
struct Received {
    bytes: Vec<u8>,
    /// What the call returned: with MSG_TRUNC, how many bytes the message had.
    full: usize,
    /// Whether the rest of a message was cut off.
    cut: bool,
    /// The sender of a datagram.
    from: Option<SockAddr>,
}

/// What the call gives; `None` where the deadline passed.
async fn read(
    call: &Call,
    socket: &Socket,
    arrivals: &Arrivals<'_>,
    (size, flags): (usize, c_int),
    deadline: Deadline,
) -> Result<Result<Option<Received>, Errno>, Stop> {
    if socket.tls().is_some() {
        return read_plain(socket, size, deadline).await;
    }
    let may_come = arrivals.may_come();
    let one = move |fd: BorrowedFd<'_>, waiting: c_int| {
        let mut buffer = vec![0; size];
        let (message, came) = if may_come {
            ancillary::receive(fd, &mut buffer, flags | waiting, None)?
        } else {
            (sys::recv_message(fd, &mut buffer, flags | waiting)?, Control::default())
        };
        buffer.truncate(message.len);
        let cut = message.flags & libc::MSG_TRUNC != 0;
        Ok((Received { bytes: buffer, full: message.len, cut, from: message.from }, came))
    };
    loop {
        let result: Result<_, Errno> = match call.mode {
            Mode::Blocking => match blocking::call(socket, Direction::In, deadline, move |fd| one(fd, 0)).await? {
                None => return Ok(Ok(None)),
                Some(result) => result,
            },
            Mode::Waiting | Mode::Nonblocking => one(socket.fd(), libc::MSG_DONTWAIT),
        };
        match result {
            Err(errno) if errno.0 == libc::EAGAIN && call.mode == Mode::Waiting => {
                if socket.receives_nothing_more() {
                    return Ok(Ok(Some(Received { bytes: Vec::new(), full: 0, cut: false, from: None })));
                }
                if !deadline.wait(socket, Direction::In).await? {
                    return Ok(Ok(None));
                }
            }
            other => {
                return Ok(other.map(|(received, came)| {
                    socket.note_taken(received.bytes.len());
                    arrivals.add(came);
                    Some(received)
                }));
            }
        }
    }
}

/// What TLS has decrypted, at most so much of it.
async fn read_plain(socket: &Socket, size: usize, deadline: Deadline) -> Result<Result<Option<Received>, Errno>, Stop> {
    let mut buffer = vec![0; size];
    loop {
        match socket.recv(&mut buffer, 0) {
            Err(errno) if errno.0 == libc::EAGAIN => {
                if !deadline.wait(socket, Direction::In).await? {
                    return Ok(Ok(None));
                }
            }
            received => {
                return Ok(received.map(|len| {
                    buffer.truncate(len);
                    Some(Received { bytes: buffer, full: len, cut: false, from: None })
                }));
            }
        }
    }
}

/// Compares what one call gave, up to that end, with a pattern that must take all of it.
pub(super) fn compare(
    lane: &Lane<'_>,
    name: &str,
    pattern: &Pattern,
    bytes: &[u8],
    end: Boundary,
) -> Result<Vec<Shown>, Stop> {
    let mut machine = lane.machine(pattern)?;
    match machine.feed(bytes, Some(end)).outcome {
        Outcome::Done => Ok(lane.captured(machine.into_matched())),
        Outcome::Failed(mismatch) if end == Boundary::Read && mismatch.is_short() => {
            Err(Stop::mismatch(name, *mismatch)
                .help("a `read` takes what is there; `recv` takes what its pattern frames, however it arrives"))
        }
        Outcome::Failed(mismatch) => Err(Stop::mismatch(name, *mismatch)),
        Outcome::More => Err(Stop::mismatch(name, machine.missing("the call gave no more", bytes))),
    }
}
