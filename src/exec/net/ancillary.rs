//! What goes beside bytes in control messages, cmsg(3): descriptors and credentials over a Unix socket,
//! unix(7); the address that a datagram was sent to, and the error that it met, ip(7) and ipv6(7).
#![expect(unsafe_code, reason = "a control message is read and written in place, through the pointers of cmsg(3)")]

use std::mem::{self, MaybeUninit};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::{ptr, slice};

use libc::{c_int, c_uint, c_void};
use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::model::platform::numbers;

use super::sys::{self, Message};

/// Room for the descriptors of one message, of which the kernel allows 253 (SCM_MAX_FD), and for
/// what an option may add to them. In words, so that a header stands aligned in it.
type Room = [u64; 192];

/// The number of no descriptor.
const NONE: RawFd = -1;

/// sendmsg(2), with each of these descriptors, or the number of none. SIGPIPE is raised where `flags`
/// lack MSG_NOSIGNAL.
pub(crate) fn send(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    flags: c_int,
    to: Option<&SockAddr>,
    passed: &[Option<Arc<OwnedFd>>],
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
            let (address, len) = sys::raw(to);
            message.msg_name = address.cast_mut().cast::<c_void>();
            message.msg_namelen = len;
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
            let number = descriptor.as_ref().map_or(NONE, AsRawFd::as_raw_fd).to_ne_bytes();
            ptr::copy_nonoverlapping(number.as_ptr(), data.add(at * number.len()), number.len());
        }
        sys::retry(|| libc::sendmsg(fd.as_raw_fd(), &raw const message, flags))
    }
}

/// What came in the control messages of a receive.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// SCM_RIGHTS: descriptors.
    pub(crate) descriptors: Vec<OwnedFd>,
    /// SCM_CREDENTIALS: whose process has sent it.
    pub(crate) credentials: Option<Credentials>,
    /// IP_PKTINFO, IPV6_PKTINFO: the address that a datagram was sent to.
    pub(crate) destination: Option<IpAddr>,
    /// IP_RECVERR, IPV6_RECVERR: an error.
    pub(crate) error: Option<QueuedError>,
}

/// A process, as unix(7) tells of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) pid: libc::pid_t,
    pub(crate) uid: libc::uid_t,
    pub(crate) gid: libc::gid_t,
}

impl Credentials {
    /// Those of this process, as the kernel tells them of whoever does not say others.
    pub(crate) fn own() -> Self {
        let (pid, uid, gid) = (rustix::process::getpid(), rustix::process::getuid(), rustix::process::getgid());
        Self { pid: pid.as_raw_nonzero().get(), uid: uid.as_raw(), gid: gid.as_raw() }
    }

    /// Those of this process as SO_PEERCRED tells them: with the user and the group that it acts as.
    pub(crate) fn effective() -> Self {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        Self { uid: uid.as_raw(), gid: gid.as_raw(), ..Self::own() }
    }
}

/// What an error queue tells of an error, `struct sock_extended_err` of ip(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueuedError {
    pub(crate) errno: Errno,
    /// Who has told of it, SO_EE_ORIGIN_ICMP and the like.
    pub(crate) origin: u8,
    /// The type of the ICMP message.
    pub(crate) kind: u8,
    /// The code of the ICMP message.
    pub(crate) code: u8,
    /// What else it tells: of EMSGSIZE the MTU.
    pub(crate) info: u32,
    /// Who has sent the ICMP message.
    pub(crate) offender: Option<IpAddr>,
}

impl QueuedError {
    /// Reads a `struct sock_extended_err` with the address behind it, SO_EE_OFFENDER.
    fn read(data: &[u8]) -> Option<Self> {
        let number = |at: usize| data.get(at..)?.first_chunk().map(|number| u32::from_ne_bytes(*number));
        let [origin, kind, code] = *data.get(4..)?.first_chunk()?;
        let errno = Errno(number(0)?.cast_signed());
        Some(Self { errno, origin, kind, code, info: number(8)?, offender: data.get(16..).and_then(offender) })
    }
}

/// The address of a `struct sockaddr_in` or `sockaddr_in6`; of another family there is none.
fn offender(address: &[u8]) -> Option<IpAddr> {
    let family = libc::sa_family_t::from_ne_bytes(*address.first_chunk()?);
    match c_int::from(family) {
        libc::AF_INET => address.get(4..)?.first_chunk::<4>().map(|ip| IpAddr::from(*ip)),
        libc::AF_INET6 => address.get(8..)?.first_chunk::<16>().map(|ip| IpAddr::from(*ip).to_canonical()),
        _ => None,
    }
}

/// recvmsg(2), with what came in control messages; descriptors are closed on exec. There is room for so
/// many descriptors and nothing else, or for all that can come. MSG_CTRUNC is among the flags where the
/// kernel could not give all of it.
pub(crate) fn receive(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: c_int,
    most: Option<usize>,
) -> Result<(Message, Control), Errno> {
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
        message.msg_controllen = room_for(most) as _;
        let flags = flags | numbers::MSG_CMSG_CLOEXEC;
        let len = sys::retry(|| libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags))?;
        let from = (message.msg_namelen > 0).then(|| sys::address_of(storage, message.msg_namelen));
        Ok((Message { len, flags: message.msg_flags, from }, control(&message)))
    }
}

/// The size of the room for control messages. CMSG_SPACE would have padding, in which the kernel puts one
/// descriptor more.
fn room_for(most: Option<usize>) -> usize {
    match most {
        None => size_of::<Room>(),
        Some(0) => 0,
        // SAFETY: arithmetic alone.
        Some(most) => unsafe { libc::CMSG_LEN((most * size_of::<RawFd>()) as c_uint) as usize }.min(size_of::<Room>()),
    }
}

/// The control messages that came.
///
/// # Safety
/// The kernel has filled in the message, and nobody else has its descriptors.
unsafe fn control(message: &libc::msghdr) -> Control {
    let mut control = Control::default();
    // SAFETY: cmsg(3) walks over what the kernel wrote, and its lengths say how much that is.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            let size = ((*header).cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
            let data = slice::from_raw_parts(libc::CMSG_DATA(header), size);
            match ((*header).cmsg_level, (*header).cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_RIGHTS) => control.descriptors.extend(descriptors(data)),
                (level, kind) => control.read(level, kind, data),
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    control
}

/// # Safety
/// Nobody else has these descriptors.
unsafe fn descriptors(data: &[u8]) -> impl Iterator<Item = OwnedFd> {
    // SAFETY: as above.
    data.as_chunks().0.iter().map(|number| unsafe { OwnedFd::from_raw_fd(RawFd::from_ne_bytes(*number)) })
}

impl Control {
    /// A control message that is no descriptors.
    fn read(&mut self, level: c_int, kind: c_int, data: &[u8]) {
        match (level, kind) {
            (libc::SOL_SOCKET, numbers::SCM_CREDENTIALS) => {
                let field = |nth: usize| data.as_chunks().0.get(nth).copied();
                let (Some(pid), Some(uid), Some(gid)) = (field(0), field(1), field(2)) else { return };
                self.credentials = Some(Credentials {
                    pid: libc::pid_t::from_ne_bytes(pid),
                    uid: libc::uid_t::from_ne_bytes(uid),
                    gid: libc::gid_t::from_ne_bytes(gid),
                });
            }
            // `struct in_pktinfo`: the device, the local address, the address of the header.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                self.destination = data.as_chunks::<4>().0.get(2).map(|ip| IpAddr::from(*ip));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                self.destination = data.first_chunk::<16>().map(|ip| IpAddr::from(*ip).to_canonical());
            }
            (libc::IPPROTO_IP, numbers::IP_RECVERR) | (libc::IPPROTO_IPV6, numbers::IPV6_RECVERR) => {
                self.error = QueuedError::read(data);
            }
            _ => {}
        }
    }
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
            let passed = [Some(Arc::clone(&far)), Some(Arc::clone(&far))];
            assert_eq!(send(one.as_fd(), b"x", 0, None, &passed), Ok(1));
            let (message, Control { descriptors: came, .. }) = receive(other.as_fd(), &mut [0; 8], 0, None).unwrap();
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
    fn what_is_no_descriptor_cannot_be_passed() {
        let (one, other) = pair(libc::SOCK_STREAM);
        assert_eq!(send(one.as_fd(), b"x", 0, None, &[None]), Err(Errno(libc::EBADF)));
        assert_eq!(sys::unread(other.as_fd()), Ok(0));
    }

    #[test]
    fn as_many_as_the_kernel_allows() {
        let (one, other) = pair(libc::SOCK_STREAM);
        let (_near, far) = pair(libc::SOCK_STREAM);
        let far = Arc::new(far);
        let many: Vec<_> = std::iter::repeat_n(Some(far), 254).collect();
        assert_eq!(send(one.as_fd(), b"x", 0, None, &many), Err(Errno(libc::EINVAL)));
        assert_eq!(send(one.as_fd(), b"x", 0, None, &many[..253]), Ok(1));
        let (message, Control { descriptors: came, .. }) = receive(other.as_fd(), &mut [0; 8], 0, None).unwrap();
        assert_eq!((came.len(), message.flags & libc::MSG_CTRUNC), (253, 0));
    }

    #[test]
    fn what_there_is_no_room_for_is_closed() {
        for most in 0..3 {
            let (one, other) = pair(libc::SOCK_STREAM);
            let (near, far) = pair(libc::SOCK_STREAM);
            let passed = [Some(Arc::new(far)), Some(Arc::new(near))];
            assert_eq!(send(one.as_fd(), b"x", 0, None, &passed), Ok(1));
            let (message, control) = receive(other.as_fd(), &mut [0; 8], 0, Some(most)).unwrap();
            assert_eq!((control.descriptors.len(), message.flags & libc::MSG_CTRUNC != 0), (most, most < 2));
        }
    }

    #[test]
    fn whoever_sends_has_the_credentials_of_this_process() {
        let (one, other) = pair(libc::SOCK_DGRAM);
        sys::set_int(other.as_fd(), libc::SOL_SOCKET, libc::SO_PASSCRED, 1).unwrap();
        sys::send(one.as_fd(), b"x", 0, None).unwrap();
        let (_, control) = receive(other.as_fd(), &mut [0; 8], 0, None).unwrap();
        assert_eq!(control.credentials, Some(Credentials::own()));
    }

    #[test]
    fn a_datagram_tells_where_it_was_sent_to() {
        let families = [
            ("127.0.0.1:0", libc::IPPROTO_IP, libc::IP_PKTINFO),
            ("[::1]:0", libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        ];
        for (address, level, number) in families {
            let Ok(receiver) = std::net::UdpSocket::bind(address) else { continue };
            sys::set_int(receiver.as_fd(), level, number, 1).unwrap();
            let to = receiver.local_addr().unwrap();
            std::net::UdpSocket::bind(address).unwrap().send_to(b"x", to).unwrap();
            let (_, control) = receive(receiver.as_fd(), &mut [0; 8], 0, None).unwrap();
            assert_eq!(control.destination, Some(to.ip()));
        }
    }

    #[test]
    fn an_error_tells_who_has_sent_it() {
        let families = [
            ("127.0.0.1:0", libc::IPPROTO_IP, libc::IP_RECVERR, 2, (3, 3)),
            ("[::1]:0", libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 3, (1, 4)),
        ];
        for (address, level, number, origin, (kind, code)) in families {
            let Ok(closed) = std::net::UdpSocket::bind(address) else { continue };
            let to = closed.local_addr().unwrap();
            drop(closed);
            let sender = std::net::UdpSocket::bind(address).unwrap();
            sys::set_int(sender.as_fd(), level, number, 1).unwrap();
            sender.send_to(b"x", to).unwrap();
            // The error comes here, too; its description stays in the queue.
            sender.set_read_timeout(Some(std::time::Duration::from_mins(1))).unwrap();
            assert_eq!(sender.recv(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
            let mut buffer = [0; 8];
            let (message, control) = receive(sender.as_fd(), &mut buffer, libc::MSG_ERRQUEUE, None).unwrap();
            assert_eq!((message.len, message.from.and_then(|about| about.as_socket())), (1, Some(to)));
            let errno = Errno(libc::ECONNREFUSED);
            let offender = Some(to.ip());
            assert_eq!(control.error, Some(QueuedError { errno, origin, kind, code, info: 0, offender }));
        }
    }

    #[test]
    fn an_error_of_the_own_kernel_has_no_offender() {
        let Ok(sender) = std::net::UdpSocket::bind("[::1]:0") else { return };
        sys::set_int(sender.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1).unwrap();
        let too_large = sender.send_to(&vec![0_u8; 70_000], sender.local_addr().unwrap());
        assert_eq!(too_large.unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
        let (_, control) = receive(sender.as_fd(), &mut [0; 8], libc::MSG_ERRQUEUE, None).unwrap();
        let error = control.error.unwrap();
        assert_eq!((error.errno, error.origin, error.offender), (Errno(libc::EMSGSIZE), 1, None));
        assert!(error.info > 0);
    }
}
