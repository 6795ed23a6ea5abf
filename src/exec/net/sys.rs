//! The system calls that have no safe wrapper, or none that tells what is needed here: the flags
//! and the sender of a received message, options by number, the queues of a socket.
//!
//! What each system has otherwise is in `exec/platform`. Every function makes one call and gives its errno; none waits, unless the descriptor blocks.
#![expect(unsafe_code, reason = "each block is one libc call on buffers that outlive it")]

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use libc::{c_int, c_void, socklen_t};
use socket2::SockAddr;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::exec::platform::socket::SIOCATMARK;
pub(crate) use crate::exec::platform::socket::{
    ARRIVAL, ENDED, TELLS_OF_QUEUES, TcpInfo, abstract_name, accept, device_index, noticing_sigpipe, path_address,
    peer_credentials, receive_errors, receive_queue, report_errors, socket, socketpair, take_errors, tcp_info, triple,
    unsent,
};
use crate::model::errno::Errno;
use crate::model::platform::numbers;

/// What recvmsg(2) gave.
#[derive(Debug)]
pub(crate) struct Message {
    /// How many bytes; with MSG_TRUNC on a datagram socket, how many it had.
    pub(crate) len: usize,
    /// MSG_TRUNC, MSG_OOB …
    pub(crate) flags: c_int,
    /// Who sent it, where the socket tells.
    pub(crate) from: Option<SockAddr>,
}

/// An address as a call takes it. A path of 108 bytes has no room for the NUL in a `struct sockaddr_un`: the
/// kernel gives it with one, and takes it without, unix(7).
pub(super) fn raw(address: &SockAddr) -> (*const libc::sockaddr, socklen_t) {
    let is_full = address.is_unix() && address.len() as usize > size_of::<libc::sockaddr_un>();
    (address.as_ptr().cast(), address.len() - socklen_t::from(is_full))
}

pub(crate) fn check(result: isize) -> Result<usize, Errno> {
    usize::try_from(result).map_err(|_| Errno::last())
}

/// A descriptor that a call returned; the kernel numbers them in an int.
pub(crate) fn fd_of(result: usize) -> RawFd {
    RawFd::try_from(result).unwrap_or(RawFd::MAX)
}

/// Repeats a call that a signal interrupted.
pub(crate) fn retry(mut call: impl FnMut() -> isize) -> Result<usize, Errno> {
    loop {
        match check(call()) {
            Err(errno) if errno.0 == libc::EINTR => {}
            other => return other,
        }
    }
}

/// bind(2)
pub(crate) fn bind(fd: BorrowedFd<'_>, address: &SockAddr) -> Result<(), Errno> {
    let (address, len) = raw(address);
    // SAFETY: the address is valid for its length.
    let result = unsafe { libc::bind(fd.as_raw_fd(), address, len) };
    check(result as isize).map(drop)
}

/// connect(2)
pub(crate) fn connect(fd: BorrowedFd<'_>, address: &SockAddr) -> Result<(), Errno> {
    let (address, len) = raw(address);
    // SAFETY: the address is valid for its length.
    retry(|| unsafe { libc::connect(fd.as_raw_fd(), address, len) as isize }).map(drop)
}

/// connect(2) with AF_UNSPEC.
pub(crate) fn disconnect(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: a zeroed sockaddr is a valid one, of the family AF_UNSPEC, which is 0.
    let nobody: libc::sockaddr = unsafe { mem::zeroed() };
    let len = size_of::<libc::sockaddr>() as socklen_t;
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::connect(fd.as_raw_fd(), &raw const nobody, len) } as isize).map(drop)
}

/// dup(2), closed on exec.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    rustix::io::fcntl_dupfd_cloexec(fd, 0).map_err(|errno| Errno(errno.raw_os_error()))
}

/// listen(2)
pub(crate) fn listen(fd: BorrowedFd<'_>, backlog: c_int) -> Result<(), Errno> {
    // SAFETY: no pointers.
    check(unsafe { libc::listen(fd.as_raw_fd(), backlog) } as isize).map(drop)
}

/// shutdown(2)
pub(crate) fn shutdown(fd: BorrowedFd<'_>, how: std::net::Shutdown) -> Result<(), Errno> {
    let how = match how {
        std::net::Shutdown::Read => libc::SHUT_RD,
        std::net::Shutdown::Write => libc::SHUT_WR,
        std::net::Shutdown::Both => libc::SHUT_RDWR,
    };
    // SAFETY: no pointers.
    check(unsafe { libc::shutdown(fd.as_raw_fd(), how) } as isize).map(drop)
}

/// What accept(2) gave.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The connection; non-blocking, whatever it came as, and closed on exec.
    pub(crate) fd: OwnedFd,
    /// The address of the other side.
    pub(crate) from: SockAddr,
    /// Whether it came non-blocking, where somebody wants to know. Linux gives it blocking, others as the
    /// listener is.
    pub(crate) came_nonblocking: Option<bool>,
}

/// getsockname(2)
pub(crate) fn local_address(fd: BorrowedFd<'_>) -> Result<SockAddr, Errno> {
    // SAFETY: storage and len are valid for the call.
    with_address(|storage, len| check(unsafe { libc::getsockname(fd.as_raw_fd(), storage, len) } as isize))
        .map(|(_, address)| address)
}

/// getpeername(2)
pub(crate) fn peer_address(fd: BorrowedFd<'_>) -> Result<SockAddr, Errno> {
    // SAFETY: storage and len are valid for the call.
    with_address(|storage, len| check(unsafe { libc::getpeername(fd.as_raw_fd(), storage, len) } as isize))
        .map(|(_, address)| address)
}

/// Runs a call that fills in an address.
pub(crate) fn with_address(
    call: impl FnOnce(*mut libc::sockaddr, *mut socklen_t) -> Result<usize, Errno>,
) -> Result<(usize, SockAddr), Errno> {
    let mut storage = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut len = size_of::<libc::sockaddr_storage>() as socklen_t;
    let result = call(storage.as_mut_ptr().cast(), &raw mut len)?;
    Ok((result, address_of(storage, len)))
}

pub(super) fn address_of(storage: MaybeUninit<libc::sockaddr_storage>, len: socklen_t) -> SockAddr {
    let mut storage = storage;
    let len = len.min(size_of::<libc::sockaddr_storage>() as socklen_t);
    // SAFETY: the storage was zeroed and then filled by the kernel up to `len`; SockAddr keeps a
    // copy of it. The closure always succeeds.
    unsafe {
        let filled = storage.as_mut_ptr();
        match SockAddr::try_init(|to, to_len| {
            std::ptr::copy_nonoverlapping(filled.cast::<u8>(), to.cast::<u8>(), size_of::<libc::sockaddr_storage>());
            *to_len = len;
            Ok(())
        }) {
            Ok(((), address)) => address,
            Err(_) => unreachable!("the closure gives no error"),
        }
    }
}

/// send(2), or sendto(2) where there is an address. SIGPIPE is raised where `flags` lack MSG_NOSIGNAL.
pub(crate) fn send(fd: BorrowedFd<'_>, bytes: &[u8], flags: c_int, to: Option<&SockAddr>) -> Result<usize, Errno> {
    let (address, len) = to.map_or((std::ptr::null(), 0), raw);
    // SAFETY: bytes and address are valid for their lengths.
    retry(|| unsafe { libc::sendto(fd.as_raw_fd(), bytes.as_ptr().cast::<c_void>(), bytes.len(), flags, address, len) })
}

/// write(2), for what is no socket. SIGPIPE is ignored by every Rust program.
pub(crate) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the bytes are valid for their length.
    retry(|| unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast::<c_void>(), bytes.len()) })
}

/// recv(2)
pub(crate) fn recv(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: c_int) -> Result<usize, Errno> {
    // SAFETY: the buffer is valid for its length.
    retry(|| unsafe { libc::recv(fd.as_raw_fd(), buffer.as_mut_ptr().cast::<c_void>(), buffer.len(), flags) })
}

/// recvmsg(2), with flags and sender.
pub(crate) fn recv_message(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: c_int) -> Result<Message, Errno> {
    let mut storage = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast::<c_void>(), iov_len: buffer.len() };
    // SAFETY: a zeroed msghdr is valid; its pointers outlive the call.
    unsafe {
        let mut header: libc::msghdr = mem::zeroed();
        header.msg_name = storage.as_mut_ptr().cast::<c_void>();
        header.msg_namelen = size_of::<libc::sockaddr_storage>() as socklen_t;
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        let len = retry(|| libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags))?;
        let from = (header.msg_namelen > 0).then(|| address_of(storage, header.msg_namelen));
        Ok(Message { len, flags: header.msg_flags, from })
    }
}

/// What tells one open socket from all others, whichever of its descriptors is asked.
pub(crate) fn inode(fd: BorrowedFd<'_>) -> u64 {
    rustix::fs::fstat(fd).map_or(0, |status| status.st_ino)
}

/// Whether calls on it wait: O_NONBLOCK is off.
pub(crate) fn blocks(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::fcntl_getfl(fd).is_ok_and(|flags| !flags.contains(rustix::fs::OFlags::NONBLOCK))
}

/// getsockopt(2) of a value of any fixed size; what the kernel does not fill stays zero. Gives
/// the value and how many bytes of it the kernel wrote.
pub(crate) fn get<T: Copy>(fd: BorrowedFd<'_>, level: c_int, number: c_int) -> Result<(T, usize), Errno> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut len = size_of::<T>() as socklen_t;
    // SAFETY: only used with plain C structs and integers, for which all zero bytes are valid; the
    // kernel writes at most `len` bytes.
    unsafe {
        let result = libc::getsockopt(fd.as_raw_fd(), level, number, value.as_mut_ptr().cast::<c_void>(), &raw mut len);
        check(result as isize)?;
        Ok((value.assume_init(), len as usize))
    }
}

fn set<T>(fd: BorrowedFd<'_>, level: c_int, number: c_int, value: &T, len: usize) -> Result<(), Errno> {
    // SAFETY: the value is valid for `len` bytes, which callers take from its size.
    let result = unsafe {
        libc::setsockopt(fd.as_raw_fd(), level, number, std::ptr::from_ref(value).cast::<c_void>(), len as socklen_t)
    };
    check(result as isize).map(drop)
}

/// setsockopt(2) of these bytes.
pub(crate) fn set_bytes(fd: BorrowedFd<'_>, level: c_int, number: c_int, bytes: &[u8]) -> Result<(), Errno> {
    // SAFETY: the bytes are valid for their length.
    let result = unsafe {
        libc::setsockopt(fd.as_raw_fd(), level, number, bytes.as_ptr().cast::<c_void>(), bytes.len() as socklen_t)
    };
    check(result as isize).map(drop)
}

/// An `int` option. Some (IP_MULTICAST_TTL) are one byte where one byte is asked for.
pub(crate) fn get_int(fd: BorrowedFd<'_>, level: c_int, number: c_int) -> Result<c_int, Errno> {
    get::<c_int>(fd, level, number).map(|(value, _)| value)
}

/// Sets an `int` option.
pub(crate) fn set_int(fd: BorrowedFd<'_>, level: c_int, number: c_int, value: c_int) -> Result<(), Errno> {
    set(fd, level, number, &value, size_of::<c_int>())
}

/// A `struct timeval` option.
pub(crate) fn get_time(fd: BorrowedFd<'_>, level: c_int, number: c_int) -> Result<Duration, Errno> {
    let (time, _) = get::<libc::timeval>(fd, level, number)?;
    Ok(Duration::from_secs(time.tv_sec.cast_unsigned())
        + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0)))
}

/// Sets a `struct timeval` option.
pub(crate) fn set_time(fd: BorrowedFd<'_>, level: c_int, number: c_int, value: Duration) -> Result<(), Errno> {
    let time = libc::timeval {
        tv_sec: i64::try_from(value.as_secs()).unwrap_or(i64::MAX),
        tv_usec: value.subsec_micros().cast_signed().into(),
    };
    set(fd, level, number, &time, size_of::<libc::timeval>())
}

/// SO_LINGER: seconds, or off.
pub(crate) fn get_linger(fd: BorrowedFd<'_>) -> Result<Option<u32>, Errno> {
    let (linger, _) = get::<libc::linger>(fd, libc::SOL_SOCKET, libc::SO_LINGER)?;
    Ok((linger.l_onoff != 0).then_some(linger.l_linger.cast_unsigned()))
}

/// Sets SO_LINGER.
pub(crate) fn set_linger(fd: BorrowedFd<'_>, seconds: Option<u32>) -> Result<(), Errno> {
    let linger = libc::linger {
        l_onoff: c_int::from(seconds.is_some()),
        l_linger: c_int::try_from(seconds.unwrap_or(0)).unwrap_or(c_int::MAX),
    };
    set(fd, libc::SOL_SOCKET, libc::SO_LINGER, &linger, size_of::<libc::linger>())
}

/// An option that is a text (TCP_CONGESTION).
pub(crate) fn get_text(fd: BorrowedFd<'_>, level: c_int, number: c_int) -> Result<String, Errno> {
    let (bytes, len) = get::<[u8; 64]>(fd, level, number)?;
    let text = bytes[..len.min(64)].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// Sets an option that is a text.
pub(crate) fn set_text(fd: BorrowedFd<'_>, level: c_int, number: c_int, text: &str) -> Result<(), Errno> {
    let mut bytes = [0_u8; 64];
    let len = text.len().min(bytes.len());
    bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
    set(fd, level, number, &bytes, len)
}

pub(crate) fn ioctl_int(fd: BorrowedFd<'_>, request: libc::c_ulong) -> Result<c_int, Errno> {
    let mut value: c_int = 0;
    // SAFETY: these requests write one int.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request as numbers::Ioctl, &raw mut value) } as isize)?;
    Ok(value)
}

/// SIOCATMARK: whether the next byte stands behind the urgent mark, tcp(7).
pub(crate) fn at_mark(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    ioctl_int(fd, SIOCATMARK).map(|at| at != 0)
}

/// FIONREAD: bytes that wait to be received; of a datagram socket, those of the first datagram.
pub(crate) fn unread(fd: BorrowedFd<'_>) -> Result<u64, Errno> {
    ioctl_int(fd, libc::FIONREAD as libc::c_ulong).map(|bytes| u64::try_from(bytes).unwrap_or(0))
}

/// poll(2) that does not wait: the events that are there now.
pub(crate) fn poll_now(fd: BorrowedFd<'_>, events: libc::c_short) -> libc::c_short {
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one valid entry.
    match unsafe { libc::poll(&raw mut entry, 1, 0) } {
        1.. => entry.revents,
        _ => 0,
    }
}

/// Makes a descriptor known to the reactor of this thread.
pub(crate) fn register(fd: Arc<OwnedFd>, interest: Interest) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: the registration owns a share of the descriptor, so it stays open as long as that.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(Into::into)
}

/// Sets or clears O_NONBLOCK.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> Result<(), Errno> {
    let mut value = c_int::from(nonblocking);
    // SAFETY: FIONBIO reads one int.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO as numbers::Ioctl, &raw mut value) } as isize).map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::fd::AsFd;

    use super::*;

    /// A path of so many bytes in a folder.
    fn path(folder: &std::path::Path, len: usize) -> Vec<u8> {
        let mut path = folder.join("s").into_os_string().into_encoded_bytes();
        path.resize(len, b's');
        path
    }

    #[test]
    fn a_path_of_108_bytes_is_reached_by_the_address_that_the_kernel_tells() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, len) in [(libc::SOCK_DGRAM, 107), (libc::SOCK_DGRAM, 108), (libc::SOCK_SEQPACKET, 108)] {
            let path = path(folder.path(), len);
            let _ = std::fs::remove_file(std::str::from_utf8(&path).unwrap());
            let receiver = socket(libc::AF_UNIX, kind, 0).unwrap();
            bind(receiver.as_fd(), &path_address(&path).unwrap()).unwrap();
            let told = local_address(receiver.as_fd()).unwrap();
            assert_eq!(told.as_pathname().unwrap().as_os_str().as_encoded_bytes(), path);
            let sender = socket(libc::AF_UNIX, kind, 0).unwrap();
            if kind == libc::SOCK_DGRAM {
                send(sender.as_fd(), b"x", 0, Some(&told)).unwrap();
                let fd = Arc::new(socket(libc::AF_UNIX, kind, 0).unwrap());
                super::super::ancillary::send(sender.as_fd(), b"y", 0, Some(&told), &[Some(fd)]).unwrap();
            } else {
                listen(receiver.as_fd(), 1).unwrap();
            }
            connect(sender.as_fd(), &told).unwrap();
        }
    }

    #[test]
    fn the_kernel_refuses_a_longer_path() {
        let folder = tempfile::tempdir().unwrap();
        let address = path_address(&path(folder.path(), 109)).unwrap();
        let socket = socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0).unwrap();
        assert_eq!(bind(socket.as_fd(), &address), Err(Errno(libc::EINVAL)));
        assert_eq!(connect(socket.as_fd(), &address), Err(Errno(libc::EINVAL)));
        assert_eq!(path_address(&[b'x'; 200]).map(drop), None);
    }

    #[test]
    fn a_connection_that_nobody_looks_at_is_made_nonblocking_by_the_call() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for see in [false, true] {
            let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let accepted = accept(listener.as_fd(), see).unwrap();
            assert!(!blocks(accepted.fd.as_fd()));
            // Linux gives it blocking, whatever the listener is.
            assert_eq!(accepted.came_nonblocking, see.then_some(false));
        }
    }
}
