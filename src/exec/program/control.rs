//! What the runner and the supervisor of a program tell each other.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::net::{RecvFlags, recv};

use crate::exec::net::sys;
use crate::model::errno::Errno;
use crate::model::signal::ExitStatus;

use super::image::{ENDED, Message, SIGNALLED};
use super::state::{self, State};

/// Tells a supervisor a signal, or to end everything.
pub(super) fn tell(control: &OwnedFd, signal: i32) -> Result<usize, Errno> {
    sys::send(control.as_fd(), &signal.to_ne_bytes(), libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT, None)
}

/// Has its supervisor send a program a signal, and waits until that is done.
pub(super) async fn signalled(control: &OwnedFd, state: &State, signal: i32) -> Result<(), Errno> {
    if tell(control, signal).is_err() {
        return Err(Errno(libc::ESRCH));
    }
    match state.until(|inner| inner.signalled.pop_front().or(inner.is_gone.then_some(libc::ESRCH))).await {
        0 => Ok(()),
        errno => Err(Errno(errno)),
    }
}

/// Hears what the supervisor tells.
pub(super) async fn listen(control: Arc<OwnedFd>, state: Arc<State>) {
    let heard = async {
        let control = sys::register(control, tokio::io::Interest::READABLE)?;
        loop {
            let mut ready = control.readable().await?;
            let mut message = [0_u8; size_of::<Message>()];
            match ready.try_io(|fd| Ok(recv(fd.as_fd(), &mut message[..], RecvFlags::DONTWAIT)?.1)) {
                Ok(Ok(0)) => return Ok(()),
                Ok(Ok(_)) => state.change(|inner| inner.told(message)),
                // It has ended before it read a signal that was under way; what it said before still comes.
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    };
    let _: io::Result<()> = heard.await;
    state.change(|inner| inner.is_gone = true);
}

impl state::Inner {
    fn told(&mut self, message: [u8; size_of::<Message>()]) {
        let number = |at: usize| i32::from_ne_bytes(std::array::from_fn(|byte| message[4 * at + byte]));
        let (what, value) = (number(0), number(1));
        match what {
            ENDED => self.status = Some(ExitStatus::from_wait(value)),
            SIGNALLED => self.signalled.push_back(value),
            _ => {}
        }
    }
}
