//! The descriptors that go with what is sent over a Unix socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use libc::c_int;
use socket2::SockAddr;

use super::Sending;
use crate::exec::endpoint::Endpoint;
use crate::exec::lane::Lane;
use crate::exec::net::{Socket, ancillary, sys};
use crate::exec::stop::Stop;
use crate::exec::verbs::{Place, open_socket};
use crate::model::errno::Errno;
use crate::plan::Call;
use crate::plan::template::Template;

/// A descriptor that goes with the bytes, and the endpoint that has it; of a closed endpoint there is none.
pub(super) type Passed = (Rc<Endpoint>, Option<Arc<OwnedFd>>);

/// The descriptors that go with the bytes.
pub(super) fn passed(
    lane: &Lane<'_>,
    call: &Call,
    over: &Endpoint,
    socket: &Socket,
    names: &[Template],
) -> Result<Vec<Passed>, Stop> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    if !over.network.is_unix() || over.program().is_some() || socket.tls().is_some() {
        return Err(Stop::failed(format!("`{}` carries no descriptors", over.name))
            .help("only Unix sockets do: `unix`, `unixgram` and `unixpacket`"));
    }
    let one = |name| {
        let endpoint = lane.endpoint(name)?;
        if !endpoint.is_open() && !call.fails.is_empty() {
            // That it has no descriptor any more is the point of the step.
            return Ok((endpoint, None));
        }
        let (endpoint, socket) = open_socket(lane, name)?;
        Ok((endpoint, Some(socket.share())))
    };
    names.iter().map(one).collect()
}

/// The datagram socket of this spec that gets what is sent.
pub(super) fn receiver(lane: &Lane<'_>, from: &Rc<Endpoint>, to: Option<&Place>) -> Option<Rc<Endpoint>> {
    if from.network.has_connections() {
        return None;
    }
    match to {
        Some(place) => place.endpoint.clone().or_else(|| lane.test.receiver_of(from, &place.address)),
        None => from.shared.target.borrow().upgrade()?.endpoint(),
    }
}

/// Sends bytes, and with them descriptors where there are any.
pub(super) fn send(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    flags: c_int,
    to: Option<&SockAddr>,
    passed: &[Option<Arc<OwnedFd>>],
) -> Result<usize, Errno> {
    if passed.is_empty() { sys::send(fd, bytes, flags, to) } else { ancillary::send(fd, bytes, flags, to, passed) }
}

impl Sending<'_> {
    /// The descriptors that go with the next bytes.
    pub(super) fn descriptors(&self) -> Vec<Option<Arc<OwnedFd>>> {
        self.passed.iter().map(|(_, descriptor)| descriptor.clone()).collect()
    }

    /// They are on their way.
    pub(super) fn gone(&mut self) {
        let passed = self.passed.drain(..).filter_map(|(of, fd)| Some((of, sys::inode(fd?.as_fd()))));
        let passed: Vec<_> = passed.collect();
        self.lane.test.passings.sent(&passed, self.endpoint, self.receiver.as_deref());
    }
}
