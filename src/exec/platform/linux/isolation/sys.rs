//! The system calls of isolated networks that have no safe wrapper: namespaces of a thread, and
//! packet sockets.

#![expect(unsafe_code, reason = "unshare(2), setns(2) and packet(7) have no safe wrapper in the libraries we use")]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

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

/// SO_ATTACH_FILTER: only what the interface sends reaches the socket, cut to so many bytes. Few
/// bytes take little of the receive buffer, however long the frame was.
pub(super) fn keep_sent_frames(fd: BorrowedFd<'_>, len: u32) -> io::Result<()> {
    const SKF_AD_PKTTYPE: u32 = (-0x1000_i32 + 4).cast_unsigned();
    const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    let mut program = [
        libc::sock_filter { code: LOAD_WORD, jt: 0, jf: 0, k: SKF_AD_PKTTYPE },
        libc::sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf: 1, k: u32::from(libc::PACKET_OUTGOING) },
        libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: len },
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

/// What recvmsg(2) tells of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// How long it is, also where the buffer was shorter.
    pub(super) len: usize,
    /// When it passed, in nanoseconds since 1970.
    pub(super) nanos: u64,
    /// The interface that it passed.
    pub(super) interface: u32,
}

/// Receives a frame, as much of it as the buffer holds; `None` where none waits.
pub(super) fn receive_frame(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<Head>> {
    /// Room for control messages with a `struct timespec` and a `struct tpacket_auxdata`, aligned as
    /// `struct cmsghdr` must be.
    #[repr(C, align(8))]
    struct Control([u8; 128]);
    let mut control = Control([0; 128]);
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast::<c_void>(), iov_len: buffer.len() };
    // SAFETY: zeroed sockaddr_ll and msghdr are valid; all pointers in the header outlive the call
    // and are passed with their lengths; the control messages are read as cmsg(3) says.
    unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_name = (&raw mut address).cast::<c_void>();
        header.msg_namelen = size_of::<libc::sockaddr_ll>() as socklen_t;
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast::<c_void>();
        header.msg_controllen = control.0.len() as _;
        let received = libc::recvmsg(fd.as_raw_fd(), &raw mut header, libc::MSG_TRUNC | libc::MSG_DONTWAIT);
        let Ok(mut len) = usize::try_from(received) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                // Where the interface went down, there is no frame, and others may come.
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::NetworkDown => Ok(None),
                _ => Err(error),
            };
        };
        let mut nanos = 0;
        let mut message = libc::CMSG_FIRSTHDR(&raw const header);
        while !message.is_null() {
            if (*message).cmsg_level == libc::SOL_SOCKET && (*message).cmsg_type == libc::SCM_TIMESTAMPNS {
                let time = libc::CMSG_DATA(message).cast::<libc::timespec>().read_unaligned();
                nanos = time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned();
            }
            if (*message).cmsg_level == libc::SOL_PACKET && (*message).cmsg_type == libc::PACKET_AUXDATA {
                // The length before a filter cut it.
                len = libc::CMSG_DATA(message).cast::<libc::tpacket_auxdata>().read_unaligned().tp_len as usize;
            }
            message = libc::CMSG_NXTHDR(&raw const header, message);
        }
        Ok(Some(Head { len, nanos, interface: address.sll_ifindex.cast_unsigned() }))
    }
}

/// SO_TIMESTAMPNS: frames come with their times.
pub(super) fn want_times(fd: BorrowedFd<'_>) -> io::Result<()> {
    set_int(fd, libc::SO_TIMESTAMPNS, 1)
}

/// Gives a socket a receive buffer of so many bytes: without regard to the machine's bound where
/// this process may, else as large as `net.core.rmem_max` allows.
pub(super) fn set_receive_buffer(fd: BorrowedFd<'_>, bytes: c_int) -> io::Result<()> {
    set_int(fd, libc::SO_RCVBUFFORCE, bytes).or_else(|_| set_int(fd, libc::SO_RCVBUF, bytes))
}

fn set_int(fd: BorrowedFd<'_>, name: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: an `int`, passed with its own size.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            ptr::from_ref(&value).cast::<c_void>(),
            size_of::<c_int>() as socklen_t,
        )
    })
    .map(drop)
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
