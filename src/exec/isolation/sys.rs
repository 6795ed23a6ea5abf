//! The system calls of isolated networks that have no safe wrapper: namespaces of a thread, and the
//! memory that a packet socket shares with the kernel.

#![expect(
    unsafe_code,
    reason = "unshare(2), setns(2), and a ring of packet(7) have no safe wrapper in the libraries we use"
)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};

use libc::{c_int, c_void, socklen_t};

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// unshare(2) with CLONE_NEWNET: this thread enters a network namespace of its own.
pub(super) fn unshare_net() -> io::Result<()> {
    // SAFETY: changes the namespace of this thread alone; no memory is concerned.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) }).map(drop)
}

/// unshare(2) with CLONE_NEWUSER: this process, of one thread, enters a user namespace of its own.
pub(super) fn unshare_user() -> io::Result<()> {
    // SAFETY: changes the credentials of this thread, the only one (or the kernel refuses).
    check(unsafe { libc::unshare(libc::CLONE_NEWUSER) }).map(drop)
}

/// setns(2): this thread enters that network namespace.
pub(super) fn enter_net(namespace: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: as above.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }).map(drop)
}

/// setsockopt(2) with a plain value of packet(7).
pub(super) fn set_packet_option<T>(fd: BorrowedFd<'_>, name: c_int, value: &T) -> io::Result<()> {
    // SAFETY: the value is valid for its own size, and the callers' types are those of packet(7).
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            name,
            ptr::from_ref(value).cast::<c_void>(),
            size_of::<T>() as socklen_t,
        )
    })
    .map(drop)
}

/// bind(2) of a packet socket to an interface, or to all with 0; it receives every protocol.
pub(super) fn bind_packet(fd: BorrowedFd<'_>, interface: u32) -> io::Result<()> {
    // SAFETY: a zeroed sockaddr_ll is valid, and passed with its own size.
    unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = interface.cast_signed();
        check(libc::bind(
            fd.as_raw_fd(),
            ptr::from_ref(&address).cast::<libc::sockaddr>(),
            size_of::<libc::sockaddr_ll>() as socklen_t,
        ))
        .map(drop)
    }
}

/// SO_ATTACH_FILTER: only what the interface sends reaches the socket.
pub(super) fn keep_sent_frames(fd: BorrowedFd<'_>) -> io::Result<()> {
    const SKF_AD_PKTTYPE: u32 = (-0x1000_i32 + 4).cast_unsigned();
    const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    let mut program = [
        libc::sock_filter { code: LOAD_WORD, jt: 0, jf: 0, k: SKF_AD_PKTTYPE },
        libc::sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf: 1, k: u32::from(libc::PACKET_OUTGOING) },
        libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: u32::MAX },
        libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: 0 },
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which lives until the call returns.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            ptr::from_ref(&program).cast::<c_void>(),
            size_of::<libc::sock_fprog>() as socklen_t,
        )
    })
    .map(drop)
}

/// Sends a frame by an interface.
pub(super) fn send_frame(fd: BorrowedFd<'_>, interface: u32, frame: &[u8]) -> io::Result<()> {
    // SAFETY: a zeroed sockaddr_ll is valid, and passed with its own size; so is the frame.
    let sent = unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_ifindex = interface.cast_signed();
        libc::sendto(
            fd.as_raw_fd(),
            frame.as_ptr().cast::<c_void>(),
            frame.len(),
            0,
            ptr::from_ref(&address).cast::<libc::sockaddr>(),
            size_of::<libc::sockaddr_ll>() as socklen_t,
        )
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// SIOCETHTOOL: what an interface sends is whole, with its checksums, and no longer than its MTU.
pub(super) fn switch_offloads_off(fd: BorrowedFd<'_>, interface: &CStr) -> io::Result<()> {
    #[repr(C)]
    struct EthtoolValue {
        command: u32,
        value: u32,
    }
    // ETHTOOL_STXCSUM, ETHTOOL_STSO and ETHTOOL_SGSO of include/uapi/linux/ethtool.h.
    for command in [0x17, 0x1f, 0x24] {
        let mut value = EthtoolValue { command, value: 0 };
        // SAFETY: a zeroed ifreq is valid; the name fits and stays ended by a zero; the value lives
        // until the call returns.
        unsafe {
            let mut request: libc::ifreq = std::mem::zeroed();
            for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(interface.to_bytes()) {
                *to = from.cast_signed();
            }
            request.ifr_ifru.ifru_data = (&raw mut value).cast::<libc::c_char>();
            check(libc::ioctl(fd.as_raw_fd(), libc::SIOCETHTOOL as libc::Ioctl, &raw mut request))
                .map_err(|error| io::Error::new(error.kind(), format!("cannot switch offloads off: {error}")))?;
        }
    }
    Ok(())
}

/// PACKET_STATISTICS: how many frames were lost since it was asked last.
pub(super) fn lost_frames(fd: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: tpacket_stats is two integers, filled by the kernel up to its size.
    unsafe {
        let mut stats: libc::tpacket_stats = std::mem::zeroed();
        let mut len = size_of::<libc::tpacket_stats>() as socklen_t;
        check(libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut stats).cast::<c_void>(),
            &raw mut len,
        ))?;
        Ok(stats.tp_drops)
    }
}

/// The memory that a packet socket shares with the kernel: slots of one size, each with a header.
#[derive(Debug)]
pub(super) struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
    slot: usize,
}

// SAFETY: the memory belongs to this value alone; the kernel's side is guarded by the status words.
unsafe impl Send for SharedMemory {}

/// What a slot's header says of its frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) len: u32,
    pub(super) nanos: u64,
    pub(super) interface: u32,
}

impl SharedMemory {
    /// Maps the ring of a packet socket.
    pub(super) fn map(fd: BorrowedFd<'_>, slot: usize, slots: usize) -> io::Result<Self> {
        let len = slot * slots;
        // SAFETY: a new mapping; the result is checked.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, fd.as_raw_fd(), 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        Ok(Self { start, len, slot })
    }

    /// Gives the frame in a slot to `take`, and the slot back to the kernel; false where the slot
    /// has none.
    pub(super) fn take(&self, index: usize, take: impl FnOnce(Head, &[u8])) -> bool {
        assert!((index + 1) * self.slot <= self.len, "the slot lies in the ring");
        // SAFETY: the slot lies in the mapping (asserted), which is aligned to pages, and slots are
        // multiples of 16. The kernel does not touch a slot from the time that its status says
        // TP_STATUS_USER until we set it to TP_STATUS_KERNEL; the status is read and written as an
        // atomic with the orders that packet(7) asks for. `tp_mac` and `tp_snaplen` are bounded here.
        unsafe {
            let slot = self.start.as_ptr().add(index * self.slot);
            #[expect(clippy::cast_ptr_alignment, reason = "slots are multiples of 16")]
            let header = slot.cast::<libc::tpacket2_hdr>();
            let status = AtomicU32::from_ptr(&raw mut (*header).tp_status);
            if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return false;
            }
            // struct sockaddr_ll stands behind the header, at a multiple of TPACKET_ALIGNMENT.
            let address = slot.add(size_of::<libc::tpacket2_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT));
            #[expect(clippy::cast_ptr_alignment, reason = "aligned to 16 by the kernel")]
            let interface = (*address.cast::<libc::sockaddr_ll>()).sll_ifindex;
            let mac = usize::from((*header).tp_mac).min(self.slot);
            let captured = ((*header).tp_snaplen as usize).min(self.slot - mac);
            let head = Head {
                len: (*header).tp_len,
                nanos: u64::from((*header).tp_sec) * 1_000_000_000 + u64::from((*header).tp_nsec),
                interface: interface.cast_unsigned(),
            };
            take(head, std::slice::from_raw_parts(slot.add(mac), captured));
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        }
        true
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast::<c_void>(), self.len) };
    }
}

/// socket(2) for packets; it receives nothing before it is bound.
pub(super) fn packet_socket() -> io::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: the descriptor is new, and owned by the result.
    unsafe {
        let fd = check(libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}
