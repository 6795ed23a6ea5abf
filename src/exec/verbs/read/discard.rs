//! `read` with `discard`: MSG_TRUNC on TCP, which throws bytes away without copying them, tcp(7).

use crate::exec::endpoint::Endpoint;
use crate::exec::lane::{Deadline, Done};
use crate::exec::net::{Direction, Socket, sys};
use crate::exec::stop::Stop;
use crate::exec::verbs::blocking;
use crate::model::errno::Errno;
use crate::plan::{Call, Mode};
use crate::trace::record::Facts;

/// What the buffer is filled with, so that a byte that is copied is seen.
const UNTOUCHED: u8 = 0xa5;

pub(super) async fn run(
    call: &Call,
    endpoint: &Endpoint,
    socket: &Socket,
    size: usize,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let name = &endpoint.name;
    if !endpoint.network.is_tcp() || socket.tls().is_some() {
        return Err(Stop::failed(format!("`{name}` cannot discard: MSG_TRUNC throws bytes away on TCP alone")));
    }
    let one = move |fd: std::os::fd::BorrowedFd<'_>, flags| {
        let mut buffer = vec![UNTOUCHED; size];
        let discarded = sys::recv(fd, &mut buffer, flags | libc::MSG_TRUNC)?;
        Ok::<_, Errno>((discarded, buffer.iter().all(|byte| *byte == UNTOUCHED)))
    };
    let (discarded, untouched) = loop {
        let result = match call.mode {
            Mode::Blocking => blocking::call(socket, Direction::In, deadline, move |fd| one(fd, 0)).await?,
            Mode::Waiting | Mode::Nonblocking => Some(one(socket.fd(), libc::MSG_DONTWAIT)),
        };
        match result {
            Some(Ok(discarded)) => break discarded,
            Some(Err(errno)) if errno.0 == libc::EAGAIN && call.mode == Mode::Waiting => {
                if !deadline.wait(socket, Direction::In).await? {
                    return Err(nothing(name, deadline));
                }
            }
            Some(Err(errno)) => return Ok(Done::words(call, Err(errno))),
            None => return Err(nothing(name, deadline)),
        }
    };
    socket.note_taken(discarded);
    if !untouched {
        return Err(Stop::failed(format!("{name}: the bytes were copied, where MSG_TRUNC should discard them"))
            .label("the bytes were copied"));
    }
    if discarded < size {
        return Err(Stop::failed(format!("{name}: {discarded} of {size} bytes were discarded"))
            .label("fewer bytes were there")
            .help("a `read` takes what is there: send all of it before, or discard less"));
    }
    let facts = Facts { pieces: vec![discarded as u64], ..Facts::default() };
    Ok(Done { facts, ..Done::words(call, Ok(())) })
}

fn nothing(name: &str, deadline: Deadline) -> Stop {
    Stop::failed(format!("{name}: nothing came")).label("nothing to discard").deadline(deadline.within)
}
