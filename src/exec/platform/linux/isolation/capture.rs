//! A capture of frames: a packet socket, packet(7), that is drained steadily.
//!
//! Not a ring that is shared with the kernel: to make one costs an RCU grace period, 15 ms, which is
//! thirty times what the rest of an isolated network costs. What finds no room in the receive buffer
//! is counted, and a run with losses gives no trace.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::reaper::Unwaited;
use super::sys;

/// What the receive buffer should hold, where the machine lets it: all that a window of TCP has.
const ROOM: libc::c_int = 64 << 20;

/// How much of each frame is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Its headers.
    Headers,
    /// All of it: the largest that a loopback device has, 64 KiB and the headers.
    Whole,
}

/// Which frames of an interface are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Those that it sends: they have been captured when the call that sent them returns.
    Sent,
    /// Those that it receives.
    Received,
}

/// A capture.
#[derive(Debug)]
pub(crate) struct Capture {
    /// What closes it, elsewhere.
    fd: Unwaited,
    buffer: RefCell<Vec<u8>>,
    failed: RefCell<Option<io::Error>>,
}

/// A captured frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet<'r> {
    /// The frame from its Ethernet header on, as much as is kept.
    pub(crate) bytes: &'r [u8],
    /// How long the whole frame is.
    pub(crate) len: usize,
    /// When it passed, in nanoseconds since 1970; 0 where nobody asked for it.
    pub(crate) nanos: u64,
    /// The index of the interface that it passed.
    pub(crate) interface: u32,
}

impl Capture {
    /// Captures what the interface of that index sends, or receives, in this thread's network; that
    /// of all interfaces with 0. Never both: on a loopback device that would be every frame twice. The
    /// kernel takes the time of each where it is asked to.
    pub(crate) fn open(interface: u32, way: Way, keep: Keep, times: bool) -> io::Result<Self> {
        const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
        let len = match keep {
            Keep::Headers => 192,
            Keep::Whole => (1 << 16) + 64,
        };
        let fd = sys::packet_socket()?;
        sys::set_receive_buffer(fd.as_fd(), ROOM)?;
        if times {
            sys::want_times(fd.as_fd())?;
        }
        match way {
            Way::Received => sys::set_packet_option::<libc::c_int>(fd.as_fd(), PACKET_IGNORE_OUTGOING, &1)?,
            Way::Sent => sys::keep_sent_frames(fd.as_fd(), len as u32)?,
        }
        sys::set_packet_option::<libc::c_int>(fd.as_fd(), libc::PACKET_AUXDATA, &1)?;
        sys::bind_packet(fd.as_fd(), interface)?;
        Ok(Self { fd: Unwaited::new(fd), buffer: RefCell::new(vec![0; len]), failed: RefCell::default() })
    }

    /// Gives every frame that waits to `take`, oldest first, and says how many there were.
    pub(crate) fn take(&self, mut take: impl FnMut(Packet<'_>)) -> usize {
        let mut buffer = self.buffer.borrow_mut();
        let mut taken = 0;
        loop {
            match sys::receive_frame(self.fd(), &mut buffer) {
                Ok(Some(head)) => {
                    let bytes = &buffer[..head.len.min(buffer.len())];
                    take(Packet { bytes, len: head.len, nanos: head.nanos, interface: head.interface });
                    taken += 1;
                }
                Ok(None) => return taken,
                Err(error) => {
                    *self.failed.borrow_mut() = Some(error);
                    return taken;
                }
            }
        }
    }

    /// How many frames found no room since this was asked last; an error where one could not be
    /// received at all.
    pub(crate) fn lost(&self) -> io::Result<u32> {
        self.failed.take().map_or_else(|| sys::lost_frames(self.fd()), Err)
    }

    /// The packet socket: readable when frames wait.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The packet socket, to be known to a reactor.
    pub(crate) fn share(&self) -> Arc<OwnedFd> {
        self.fd.share()
    }
}
