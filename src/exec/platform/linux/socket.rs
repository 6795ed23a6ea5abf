//! Sockets as Linux makes them and tells of them: socket(7), tcp(7), unix(7), ip(7).
#![expect(unsafe_code, reason = "each block is one libc call on buffers that outlive it")]

use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use libc::{c_int, c_short, c_ulong, socklen_t};
use rustix::net::netdevice::name_to_index;
use socket2::SockAddr;
use tokio::io::Interest;

use crate::exec::net::ancillary::{self, Control, Credentials};
use crate::exec::net::sys::{self, Accepted, Message, blocks, check, fd_of, get, retry, set_nonblocking, with_address};
use crate::model::errno::Errno;

/// What says that something has arrived; an error of the network is shown as neither bytes nor an end.
pub(crate) const ARRIVAL: Interest = Interest::READABLE.add(Interest::PRIORITY).add(Interest::ERROR);

/// The event of poll(2) by which the end of the other side is told.
pub(crate) const ENDED: c_short = libc::POLLRDHUP;

/// Whether [`tcp_info`] of a listener tells how many connections wait.
pub(crate) const TELLS_OF_QUEUES: bool = true;

/// `include/uapi/asm-generic/sockios.h`
pub(crate) const SIOCATMARK: c_ulong = 0x8905;

/// The address of a path on which the kernel has the last word: it takes 108 bytes, and refuses more. Like
/// the kernel's own it ends in a NUL. `None` where no address has so much room.
pub(crate) fn path_address(path: &[u8]) -> Option<SockAddr> {
    let family = (libc::AF_UNIX as libc::sa_family_t).to_ne_bytes();
    let bytes = family.iter().chain(path).chain(&[0]);
    let len = family.len() + path.len() + 1;
    if len > size_of::<libc::sockaddr_storage>() {
        return None;
    }
    // SAFETY: so many bytes fit into the storage, which was zeroed, and any bytes are an address.
    let made = unsafe {
        SockAddr::try_init(|storage, length| {
            let storage: *mut u8 = storage.cast();
            for (at, byte) in bytes.enumerate() {
                storage.add(at).write(*byte);
            }
            *length = len as socklen_t;
            Ok(())
        })
    };
    made.ok().map(|((), address)| address)
}

/// socket(2), non-blocking and closed on exec.
pub(crate) fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<OwnedFd, Errno> {
    // SAFETY: no pointers; a descriptor that is returned belongs to nobody else.
    unsafe {
        let fd = check(libc::socket(domain, kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, protocol) as isize)?;
        Ok(OwnedFd::from_raw_fd(fd_of(fd)))
    }
}

/// socketpair(2), non-blocking and closed on exec.
pub(crate) fn socketpair(domain: c_int, kind: c_int) -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut fds = [0; 2];
    let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: `fds` has room for the two descriptors, which belong to nobody else.
    unsafe {
        check(libc::socketpair(domain, kind, 0, fds.as_mut_ptr()) as isize)?;
        Ok((OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])))
    }
}

/// accept4(2). To see how a connection comes takes two more calls.
pub(crate) fn accept(fd: BorrowedFd<'_>, see_how_it_comes: bool) -> Result<Accepted, Errno> {
    let flags = libc::SOCK_CLOEXEC | if see_how_it_comes { 0 } else { libc::SOCK_NONBLOCK };
    let (accepted, from) = with_address(|storage, len| {
        // SAFETY: storage and len are valid for the call.
        retry(|| unsafe { libc::accept4(fd.as_raw_fd(), storage, len, flags) as isize })
    })?;
    // SAFETY: the descriptor is new and belongs to nobody else.
    let fd = unsafe { OwnedFd::from_raw_fd(fd_of(accepted)) };
    let came_nonblocking = see_how_it_comes.then(|| !blocks(fd.as_fd()));
    if see_how_it_comes {
        set_nonblocking(fd.as_fd(), true)?;
    }
    Ok(Accepted { fd, from, came_nonblocking })
}

/// Makes a call during which SIGPIPE is held back on this thread: what it gave, and whether the signal was
/// raised. That this process ignores the signal does not matter: one that is blocked is kept, signal(7).
pub(crate) fn noticing_sigpipe<T>(call: impl FnOnce() -> T) -> (T, bool) {
    // SAFETY: the sets are plain values that outlive the calls, none of which keeps a pointer.
    unsafe {
        let mut sigpipe: libc::sigset_t = mem::zeroed();
        let mut before: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut sigpipe);
        libc::sigaddset(&raw mut sigpipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const sigpipe, &raw mut before);
        let result = call();
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let taken = libc::sigtimedwait(&raw const sigpipe, ptr::null_mut(), &raw const at_once);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        (result, taken == libc::SIGPIPE)
    }
}

/// TCP_INFO, tcp(7). What this kernel does not know stays zero.
pub(crate) fn tcp_info(fd: BorrowedFd<'_>) -> Result<TcpInfo, Errno> {
    get::<TcpInfo>(fd, libc::IPPROTO_TCP, libc::TCP_INFO).map(|(info, _)| info)
}

/// `struct tcp_info` of Linux's `include/uapi/linux/tcp.h`, up to the last field that is used.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpInfo {
    pub(crate) state: u8,
    bytes: [u8; 7],
    words: [u32; 4],
    /// Segments in flight; of a listener, the connections that wait to be accepted.
    pub(crate) unacked: u32,
    /// Of a listener, the most connections that may wait.
    pub(crate) sacked: u32,
    more: [u32; 18],
    rates: [u64; 2],
    /// Bytes that the other side has acknowledged.
    pub(crate) bytes_acked: u64,
    /// Bytes received in order; a FIN counts as one.
    pub(crate) bytes_received: u64,
    segments: [u32; 2],
    /// Bytes in the send queue that have not been sent yet.
    pub(crate) notsent_bytes: u32,
    rtt: [u32; 3],
    delivery_rate: u64,
    limited: [u64; 3],
    delivered: [u32; 2],
    /// Bytes sent, those sent again included.
    pub(crate) bytes_sent: u64,
    /// Bytes that were sent again.
    pub(crate) bytes_retrans: u64,
}

/// SO_MEMINFO, socket(7): the memory that a socket's receive queue holds, and how many datagrams
/// it dropped.
pub(crate) fn receive_queue(fd: BorrowedFd<'_>) -> Result<(u32, u32), Errno> {
    // SK_MEMINFO_RMEM_ALLOC is 0 and SK_MEMINFO_DROPS is 8 in include/uapi/linux/sock_diag.h.
    get::<[u32; 9]>(fd, libc::SOL_SOCKET, libc::SO_MEMINFO).map(|(info, _)| (info[0], info[8]))
}

/// SIOCOUTQ: bytes in the send queue; of TCP, those not acknowledged.
pub(crate) fn unsent(fd: BorrowedFd<'_>) -> Result<u64, Errno> {
    sys::ioctl_int(fd, libc::TIOCOUTQ as c_ulong).map(|bytes| u64::try_from(bytes).unwrap_or(0))
}

/// SO_PEERCRED, unix(7): process, user and group of the other side.
pub(crate) fn peer_credentials(fd: BorrowedFd<'_>) -> Result<Credentials, Errno> {
    let (libc::ucred { pid, uid, gid }, _) = get::<libc::ucred>(fd, libc::SOL_SOCKET, libc::SO_PEERCRED)?;
    Ok(Credentials { pid, uid, gid })
}

/// Family, type and protocol of a socket.
pub(crate) fn triple(fd: BorrowedFd<'_>) -> Option<(c_int, c_int, c_int)> {
    let get = |number| sys::get_int(fd, libc::SOL_SOCKET, number).ok();
    Some((get(libc::SO_DOMAIN)?, get(libc::SO_TYPE)?, get(libc::SO_PROTOCOL)?))
}

/// The index of a device, in the network that the socket is in.
pub(crate) fn device_index(fd: BorrowedFd<'_>, name: &str) -> Result<u32, Errno> {
    name_to_index(fd, name).map_err(|errno| Errno(errno.raw_os_error()))
}

/// The name of an abstract Unix address, unix(7).
pub(crate) fn abstract_name(address: &tokio::net::unix::SocketAddr) -> Option<&[u8]> {
    address.as_abstract_name()
}

/// The error at the head of a socket's queue, with the datagram that it is about: MSG_ERRQUEUE of recv(2).
pub(crate) fn receive_errors(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<(Message, Control), Errno> {
    ancillary::receive(fd, buffer, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT, None)
}

/// Takes the errors out of a socket's queue, that are reported over and over otherwise.
pub(crate) fn take_errors(fd: BorrowedFd<'_>) {
    while sys::recv(fd, &mut [0; 1], libc::MSG_ERRQUEUE).is_ok() {}
}

/// Has a socket that is not connected hear of ICMP errors, ip(7).
pub(crate) fn report_errors(fd: BorrowedFd<'_>, v6: bool) {
    let (level, number) =
        if v6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) } else { (libc::IPPROTO_IP, libc::IP_RECVERR) };
    let _ = sys::set_int(fd, level, number, 1);
}
