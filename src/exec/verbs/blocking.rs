//! Calls that block, on a helper thread: for specs about the socket's own timeouts.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use tokio::time::Instant;

use super::super::lane::Deadline;
use super::super::net::{Direction, Socket, sys};
use super::super::stop::Stop;

/// Makes a call on a blocking descriptor. `None` where the step's deadline ended it: a socket
/// without a timeout of its own gets the deadline as one for this call, so that no thread stays
/// behind.
pub(super) async fn call<T: Send + 'static>(
    socket: &Socket,
    direction: Direction,
    deadline: Deadline,
    make: impl FnOnce(BorrowedFd<'_>) -> T + Send + 'static,
) -> Result<Option<T>, Stop> {
    let number = match direction {
        Direction::In => libc::SO_RCVTIMEO,
        Direction::Out => libc::SO_SNDTIMEO,
    };
    let fd = socket.fd();
    let own = sys::get_time(fd, libc::SOL_SOCKET, number).unwrap_or(Duration::ZERO);
    let left = deadline.at.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let limited = own.is_zero() || own > left;
    if limited {
        let _ = sys::set_time(fd, libc::SOL_SOCKET, number, left);
    }
    let blocks = sys::blocks(fd);
    let _ = sys::set_nonblocking(fd, false);
    let result = on_thread(socket, make).await;
    let _ = sys::set_nonblocking(fd, !blocks);
    if limited {
        let _ = sys::set_time(fd, libc::SOL_SOCKET, number, own);
    }
    let passed = limited && Instant::now() >= deadline.at;
    result.map(|value| (!passed).then_some(value))
}

async fn on_thread<T: Send + 'static>(
    socket: &Socket,
    make: impl FnOnce(BorrowedFd<'_>) -> T + Send + 'static,
) -> Result<T, Stop> {
    let shared = socket.share();
    let (done, result) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("blocking call".to_owned())
        .spawn(move || {
            let value = make(shared.as_fd());
            drop(shared);
            let _ = done.send(value);
        })
        .map_err(|error| Stop::CouldNotRun(format!("no thread for a blocking call: {error}")))?;
    result.await.map_err(|_| Stop::CouldNotRun("the thread of a blocking call ended early".to_owned()))
}
