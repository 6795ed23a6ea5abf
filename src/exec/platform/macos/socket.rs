//! Sockets as macOS makes them and tells of them: its tcp(4), unix(4), `<sys/socket.h>`, `<netinet/tcp.h>`.
#![expect(unsafe_code, reason = "each block is one libc call on buffers that outlive it")]

use std::ffi::CString;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use libc::{c_int, c_short, c_ulong};
use rustix::io::{FdFlags, fcntl_setfd};
use socket2::SockAddr;
use tokio::io::Interest;

use crate::exec::net::ancillary::{Control, Credentials};
use crate::exec::net::sys::{self, Accepted, Message, blocks, check, fd_of, get, retry, set_nonblocking, with_address};
use crate::model::errno::Errno;
use crate::model::state::TcpState;

/// What says that something has arrived.
pub(crate) const ARRIVAL: Interest = Interest::READABLE;

/// The event of poll(2) by which the end of the other side is told.
pub(crate) const ENDED: c_short = libc::POLLHUP;

/// Whether [`tcp_info`] of a listener tells how many connections wait.
pub(crate) const TELLS_OF_QUEUES: bool = false;

/// `<sys/sockio.h>`: `_IOR('s', 7, int)`
pub(crate) const SIOCATMARK: c_ulong = 0x4004_7307;

/// What is not told here.
const NOT_TOLD: Errno = Errno(libc::ENOPROTOOPT);

/// The address of a path on which the kernel has the last word. `None`: paths that are longer than an
/// address has no room here.
pub(crate) fn path_address(_path: &[u8]) -> Option<SockAddr> {
    None
}

/// A descriptor that nobody else has, non-blocking and closed on exec.
///
/// # Safety
/// It belongs to nobody else.
unsafe fn own(fd: usize) -> Result<OwnedFd, Errno> {
    // SAFETY: as above.
    let fd = unsafe { OwnedFd::from_raw_fd(fd_of(fd)) };
    close_on_exec(&fd)?;
    set_nonblocking(fd.as_fd(), true)?;
    Ok(fd)
}

fn close_on_exec(fd: &OwnedFd) -> Result<(), Errno> {
    fcntl_setfd(fd, FdFlags::CLOEXEC).map_err(|errno| Errno(errno.raw_os_error()))
}

/// socket(2), non-blocking and closed on exec.
pub(crate) fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<OwnedFd, Errno> {
    // SAFETY: no pointers; a descriptor that is returned belongs to nobody else.
    unsafe { own(check(libc::socket(domain, kind, protocol) as isize)?) }
}

/// socketpair(2), non-blocking and closed on exec.
pub(crate) fn socketpair(domain: c_int, kind: c_int) -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut fds = [0; 2];
    // SAFETY: `fds` has room for the two descriptors, which belong to nobody else.
    let (one, other) = unsafe {
        check(libc::socketpair(domain, kind, 0, fds.as_mut_ptr()) as isize)?;
        (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1]))
    };
    for fd in [&one, &other] {
        close_on_exec(fd)?;
        set_nonblocking(fd.as_fd(), true)?;
    }
    Ok((one, other))
}

/// accept(2)
pub(crate) fn accept(fd: BorrowedFd<'_>, see_how_it_comes: bool) -> Result<Accepted, Errno> {
    let (accepted, from) = with_address(|storage, len| {
        // SAFETY: storage and len are valid for the call.
        retry(|| unsafe { libc::accept(fd.as_raw_fd(), storage, len) as isize })
    })?;
    // SAFETY: the descriptor is new and belongs to nobody else.
    let fd = unsafe { OwnedFd::from_raw_fd(fd_of(accepted)) };
    let came_nonblocking = see_how_it_comes.then(|| !blocks(fd.as_fd()));
    close_on_exec(&fd)?;
    set_nonblocking(fd.as_fd(), true)?;
    Ok(Accepted { fd, from, came_nonblocking })
}

/// Makes a call during which SIGPIPE is held back on this thread: what it gave, and whether the signal was
/// raised.
pub(crate) fn noticing_sigpipe<T>(call: impl FnOnce() -> T) -> (T, bool) {
    // SAFETY: the sets are plain values that outlive the calls, none of which keeps a pointer.
    unsafe {
        let mut sigpipe: libc::sigset_t = mem::zeroed();
        let mut before: libc::sigset_t = mem::zeroed();
        let mut pending: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut sigpipe);
        libc::sigaddset(&raw mut sigpipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const sigpipe, &raw mut before);
        let result = call();
        libc::sigpending(&raw mut pending);
        let is_raised = libc::sigismember(&raw const pending, libc::SIGPIPE) == 1;
        if is_raised {
            let mut taken = 0;
            libc::sigwait(&raw const sigpipe, &raw mut taken);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        (result, is_raised)
    }
}

/// What TCP_CONNECTION_INFO tells, in the words of Linux's TCP_INFO.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpInfo {
    /// A [`TcpState`].
    pub(crate) state: u8,
    /// Of a listener, the connections that wait to be accepted.
    pub(crate) unacked: u32,
    /// Of a listener, the most connections that may wait.
    pub(crate) sacked: u32,
    /// Bytes received in order; a FIN counts as one.
    pub(crate) bytes_received: u64,
    /// Bytes in the send queue that have not been sent yet.
    pub(crate) notsent_bytes: u32,
    /// Bytes sent, those sent again included.
    pub(crate) bytes_sent: u64,
    /// Bytes that were sent again.
    pub(crate) bytes_retrans: u64,
}

/// TCP_CONNECTION_INFO. Of a listener nothing is told.
pub(crate) fn tcp_info(fd: BorrowedFd<'_>) -> Result<TcpInfo, Errno> {
    let (info, _) = get::<libc::tcp_connection_info>(fd, libc::IPPROTO_TCP, libc::TCP_CONNECTION_INFO)?;
    let state = state(info.tcpi_state).filter(|state| *state != TcpState::Listen).ok_or(NOT_TOLD)?;
    let has_end = matches!(state, TcpState::CloseWait | TcpState::LastAck | TcpState::Closing | TcpState::TimeWait);
    Ok(TcpInfo {
        state: state as u8,
        unacked: 0,
        sacked: 0,
        bytes_received: info.tcpi_rxbytes + u64::from(has_end),
        notsent_bytes: info.tcpi_snd_sbbytes,
        bytes_sent: info.tcpi_txbytes,
        bytes_retrans: info.tcpi_txretransmitbytes,
    })
}

/// A state by its number in `<netinet/tcp_fsm.h>`.
fn state(number: u8) -> Option<TcpState> {
    let all = [
        TcpState::Closed,
        TcpState::Listen,
        TcpState::SynSent,
        TcpState::SynReceived,
        TcpState::Established,
        TcpState::CloseWait,
        TcpState::FinWait1,
        TcpState::Closing,
        TcpState::LastAck,
        TcpState::FinWait2,
        TcpState::TimeWait,
    ];
    all.get(usize::from(number)).copied()
}

/// The memory that a socket's receive queue holds, and how many datagrams it dropped, which nobody tells.
pub(crate) fn receive_queue(fd: BorrowedFd<'_>) -> Result<(u32, u32), Errno> {
    sys::unread(fd).map(|bytes| (u32::try_from(bytes).unwrap_or(u32::MAX), 0))
}

/// SO_NWRITE: bytes in the send queue.
pub(crate) fn unsent(fd: BorrowedFd<'_>) -> Result<u64, Errno> {
    sys::get_int(fd, libc::SOL_SOCKET, libc::SO_NWRITE).map(|bytes| u64::try_from(bytes).unwrap_or(0))
}

/// SO_PEERCRED, which is Linux's.
pub(crate) fn peer_credentials(_fd: BorrowedFd<'_>) -> Result<Credentials, Errno> {
    Err(NOT_TOLD)
}

/// Family, type and protocol of a socket: of those that a spec can have, the first two tell the third.
pub(crate) fn triple(fd: BorrowedFd<'_>) -> Option<(c_int, c_int, c_int)> {
    let domain = c_int::from(sys::local_address(fd).ok()?.family());
    let kind = sys::get_int(fd, libc::SOL_SOCKET, libc::SO_TYPE).ok()?;
    let protocol = match (domain, kind) {
        (libc::AF_UNIX, _) => 0,
        (_, libc::SOCK_STREAM) => libc::IPPROTO_TCP,
        _ => libc::IPPROTO_UDP,
    };
    Some((domain, kind, protocol))
}

/// The index of a device.
pub(crate) fn device_index(_fd: BorrowedFd<'_>, name: &str) -> Result<u32, Errno> {
    let name = CString::new(name).map_err(|_| Errno(libc::ENODEV))?;
    // SAFETY: the name ends in a zero.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Errno::last()),
        index => Ok(index),
    }
}

/// The name of an abstract Unix address, which only Linux has.
pub(crate) fn abstract_name(_address: &tokio::net::unix::SocketAddr) -> Option<&[u8]> {
    None
}

/// The error at the head of a socket's queue: sockets have none here.
pub(crate) fn receive_errors(_fd: BorrowedFd<'_>, _buffer: &mut [u8]) -> Result<(Message, Control), Errno> {
    Err(Errno(libc::EOPNOTSUPP))
}

/// There is no queue to take errors out of.
pub(crate) fn take_errors(_fd: BorrowedFd<'_>) {}

/// A socket that is not connected never hears of ICMP errors.
pub(crate) fn report_errors(_fd: BorrowedFd<'_>, _v6: bool) {}
