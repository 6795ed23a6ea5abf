//! The numbers of macOS. A constant that it has not stands for nothing: the kernel refuses it, as it
//! refuses every number that it does not know. Those of `<netinet/in.h>`, `<netinet/tcp.h>` and
//! `<sys/socket.h>` that the C library's bindings lack are written here.

pub(crate) use libc::*;

/// A number that no kernel has given to anything.
const ABSENT: c_int = -1;

macro_rules! absent {
    ($($name:ident)*) => { $(
        #[doc = concat!("`", stringify!($name), "`, which only Linux has.")]
        pub(crate) const $name: c_int = ABSENT;
    )* };
}

linux_only!(absent);

/// The same by its name in RFC 3493.
pub(crate) const IPV6_ADD_MEMBERSHIP: c_int = IPV6_JOIN_GROUP;
/// The same by its name in RFC 3493.
pub(crate) const IPV6_DROP_MEMBERSHIP: c_int = IPV6_LEAVE_GROUP;
/// `<netinet/in.h>`
pub(crate) const IP_RECVOPTS: c_int = 5;
/// `<netinet/in.h>`
pub(crate) const IP_RETOPTS: c_int = 8;
/// What macOS calls TCP_KEEPALIVE.
pub(crate) const TCP_KEEPIDLE: c_int = TCP_KEEPALIVE;
/// `<netinet/tcp.h>`
pub(crate) const TCP_NOTSENT_LOWAT: c_int = 0x201;

/// The type of a request of ioctl(2).
pub(crate) type Ioctl = c_ulong;

/// No event of poll(2) tells that the other side has ended alone.
pub(crate) const POLLRDHUP: c_short = 0;
/// Bytes are never kept back for more.
pub(crate) const MSG_MORE: c_int = 0;
/// Descriptors that come stay open on exec: nothing is executed here.
pub(crate) const MSG_CMSG_CLOEXEC: c_int = 0;
/// No message tells whose process has sent it as Linux does.
pub(crate) const SCM_CREDENTIALS: c_int = ABSENT;
