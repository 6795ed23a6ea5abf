//! Descriptors that go with bytes over a Unix socket, as SCM_RIGHTS: unix(7), cmsg(3).
#![expect(unsafe_code, reason = "a control message is read and written in place, through the pointers of cmsg(3)")]

use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::{ptr, slice};

use libc::{c_int, c_uint, c_void};
use socket2::SockAddr;

use crate::model::errno::Errno;

use super::sys::{self, Message};

/// Room for the descriptors of one message, of which the kernel allows 253 (SCM_MAX_FD), and for
/// what an option may add to them. In words, so that a header stands aligned in it.
type Room = [u64; 192];

/// sendmsg(2), with a descriptor of each of these. SIGPIPE is never raised.
pub(crate) fn send(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    flags: c_int,
    to: Option<&SockAddr>,
    passed: &[Arc<OwnedFd>],
) -> Result<usize, Errno> {
    let size = passed.len() * size_of::<RawFd>();
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast::<c_void>(), iov_len: bytes.len() };
    // SAFETY: a zeroed msghdr is valid, and its pointers outlive the call, which only reads what they
    // point to. `room` has the space that cmsg(3) asks for, aligned, so the header and the descriptors
    // are written inside of it.
    unsafe {
        let space = libc::CMSG_SPACE(size as c_uint) as usize;
        let mut room = vec![0_u64; space.div_ceil(size_of::<u64>())];
        let mut message: libc::msghdr = mem::zeroed();
        if let Some(to) = to {
            message.msg_name = to.as_ptr().cast_mut().cast::<c_void>();
            message.msg_namelen = to.len();
        }
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = room.as_mut_ptr().cast::<c_void>();
        message.msg_controllen = space as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size as c_uint) as _;
        let data = libc::CMSG_DATA(header);
        for (at, descriptor) in passed.iter().enumerate() {
            let number = descriptor.as_raw_fd().to_ne_bytes();
            ptr::copy_nonoverlapping(number.as_ptr(), data.add(at * number.len()), number.len());
        }
        sys::retry(|| libc::sendmsg(fd.as_raw_fd(), &raw const message, flags))
    }
}

/// recvmsg(2), with the descriptors that came with the bytes; closed on exec. MSG_CTRUNC is among the
/// flags where the kernel could not give all of them.
pub(crate) fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: c_int) -> Result<(Message, Vec<OwnedFd>), Errno> {
    let mut room = MaybeUninit::<Room>::zeroed();
    let mut storage = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast::<c_void>(), iov_len: buffer.len() };
    // SAFETY: a zeroed msghdr is valid, and its pointers outlive the call.
    unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_name = storage.as_mut_ptr().cast::<c_void>();
        message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = room.as_mut_ptr().cast::<c_void>();
        message.msg_controllen = size_of::<Room>() as _;
        let flags = flags | libc::MSG_CMSG_CLOEXEC;
        let len = sys::retry(|| libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags))?;
        let from = (message.msg_namelen > 0).then(|| sys::address_of(storage, message.msg_namelen));
        Ok((Message { len, flags: message.msg_flags, from }, descriptors(&message)))
    }
}

/// The descriptors among the control messages that came.
///
/// # Safety
/// The kernel has filled in the message, and nobody else has its descriptors.
unsafe fn descriptors(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut all = Vec::new();
    // SAFETY: cmsg(3) walks over what the kernel wrote, and its lengths say how much that is.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            if ((*header).cmsg_level, (*header).cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let size = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let numbers = slice::from_raw_parts(libc::CMSG_DATA(header), size);
                for number in numbers.as_chunks().0 {
                    all.push(OwnedFd::from_raw_fd(RawFd::from_ne_bytes(*number)));
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::fd::AsFd;

    use super::*;

    fn pair(kind: c_int) -> (OwnedFd, OwnedFd) {
        sys::socketpair(libc::AF_UNIX, kind).unwrap()
    }

    #[test]
    fn what_is_passed_is_another_descriptor_of_the_same_socket() {
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET] {
            let (one, other) = pair(kind);
            let (near, far) = pair(libc::SOCK_STREAM);
            let far = Arc::new(far);
            assert_eq!(send(one.as_fd(), b"x", 0, None, &[Arc::clone(&far), Arc::clone(&far)]), Ok(1));
            let (message, came) = receive(other.as_fd(), &mut [0; 8], 0).unwrap();
            assert_eq!((message.len, message.flags & libc::MSG_CTRUNC), (1, 0));
            assert_eq!(came.len(), 2);
            assert_ne!(came[0].as_raw_fd(), far.as_raw_fd());
            assert_eq!(sys::inode(came[0].as_fd()), sys::inode(far.as_fd()));
            assert_ne!(sys::inode(came[0].as_fd()), sys::inode(near.as_fd()));
            let flags = rustix::io::fcntl_getfd(&came[1]).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        }
    }

    #[test]
    fn as_many_as_the_kernel_allows() {
        let (one, other) = pair(libc::SOCK_STREAM);
        let (_near, far) = pair(libc::SOCK_STREAM);
        let far = Arc::new(far);
        let many: Vec<_> = std::iter::repeat_n(far, 254).collect();
        assert_eq!(send(one.as_fd(), b"x", 0, None, &many), Err(Errno(libc::EINVAL)));
        assert_eq!(send(one.as_fd(), b"x", 0, None, &many[..253]), Ok(1));
        let (message, came) = receive(other.as_fd(), &mut [0; 8], 0).unwrap();
        assert_eq!((came.len(), message.flags & libc::MSG_CTRUNC), (253, 0));
    }
}
