//! A capture of frames: a packet socket with a ring that it shares with the kernel, packet(7).
//!
//! A ring, since the receive buffer of a socket is bounded by what the machine allows
//! (`net.core.rmem_max`), and an ordinary user's namespace cannot go beyond it.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::reaper;
use super::sys::{self, SharedMemory};

/// How much of each frame is kept, and of how many frames, until somebody takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes of a slot, a power of two of at least 256; about 82 of them are the kernel's.
    pub(crate) slot: usize,
    /// How many slots, a power of two.
    pub(crate) slots: usize,
}

impl Size {
    /// Enough for the headers of a frame.
    pub(crate) const HEADERS: Self = Self { slot: 256, slots: 4096 };
    /// Enough for the beginning of its payload, too.
    pub(crate) const LONG: Self = Self { slot: 4096, slots: 4096 };
    /// Enough for every frame of a link with an MTU of 1500.
    pub(crate) const WHOLE: Self = Self { slot: 2048, slots: 2048 };
}

/// Which frames of an interface are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Those that it sends: they are in the ring when the call that sent them returns.
    Sent,
    /// Those that it receives.
    Received,
}

/// A ring that frames are captured in.
#[derive(Debug)]
pub(crate) struct Ring {
    fd: Arc<OwnedFd>,
    memory: Option<SharedMemory>,
    slots: usize,
    next: Cell<usize>,
}

/// A captured frame, as long as it lies in the ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet<'r> {
    /// The frame from its Ethernet header on, as much as the slot holds.
    pub(crate) bytes: &'r [u8],
    /// How long the whole frame is.
    pub(crate) len: usize,
    /// When it passed, in nanoseconds since 1970.
    pub(crate) nanos: u64,
    /// The index of the interface that it came in by.
    pub(crate) interface: u32,
}

impl Ring {
    /// Captures what the interface of that index sends, or receives, in this thread's network; that
    /// of all interfaces with 0. Never both: on a loopback device that would be every frame twice.
    pub(crate) fn open(interface: u32, way: Way, size: Size) -> io::Result<Self> {
        /// One allocation of the kernel's.
        const BLOCK: usize = 1 << 16;
        const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
        let fd = sys::packet_socket()?;
        let request = libc::tpacket_req {
            tp_block_size: BLOCK as u32,
            tp_block_nr: (size.slot * size.slots / BLOCK) as u32,
            tp_frame_size: size.slot as u32,
            tp_frame_nr: size.slots as u32,
        };
        let version = libc::tpacket_versions::TPACKET_V2 as libc::c_int;
        sys::set_packet_option(fd.as_fd(), libc::PACKET_VERSION, &version)?;
        sys::set_packet_option(fd.as_fd(), libc::PACKET_RX_RING, &request)?;
        match way {
            Way::Received => sys::set_packet_option::<libc::c_int>(fd.as_fd(), PACKET_IGNORE_OUTGOING, &1)?,
            Way::Sent => sys::keep_sent_frames(fd.as_fd())?,
        }
        let memory = SharedMemory::map(fd.as_fd(), size.slot, size.slots)?;
        sys::bind_packet(fd.as_fd(), interface)?;
        Ok(Self { fd: Arc::new(fd), memory: Some(memory), slots: size.slots, next: Cell::new(0) })
    }

    /// Gives every frame that waits to `take`, oldest first, and says how many there were. Costs no
    /// system call.
    pub(crate) fn take(&self, mut take: impl FnMut(Packet<'_>)) -> usize {
        let Some(memory) = &self.memory else { return 0 };
        let mut taken = 0;
        while memory.take(self.next.get(), |head, bytes| {
            take(Packet { bytes, len: head.len as usize, nanos: head.nanos, interface: head.interface });
        }) {
            self.next.set((self.next.get() + 1) % self.slots);
            taken += 1;
        }
        taken
    }

    /// How many frames found no room since this was asked last.
    pub(crate) fn lost(&self) -> io::Result<u32> {
        sys::lost_frames(self.fd())
    }

    /// The packet socket: readable when frames wait.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The packet socket, to be known to a reactor.
    pub(crate) fn share(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        reaper::close(Arc::clone(&self.fd), self.memory.take());
    }
}
