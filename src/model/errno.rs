//! Errors of system calls, by their names in errno(3).

use std::fmt;

/// An error number of this platform. What a socket says is an observation, never an `Err`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

macro_rules! names {
    ($($name:ident)*) => {
        /// The names that a spec may write, in the order of the alphabet.
        pub const NAMES: &[(&str, i32)] = &[$((stringify!($name), libc::$name)),*];
    };
}

names! {
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBUSY ECONNABORTED
    ECONNREFUSED ECONNRESET EDESTADDRREQ EDOM EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EINPROGRESS
    EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE ENAMETOOLONG ENETDOWN ENETRESET
    ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC ENOMEM ENOPROTOOPT ENOSPC ENOSYS ENOTCONN ENOTDIR
    ENOTSOCK ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT
    EPROTOTYPE ERANGE EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH ESTALE ETIMEDOUT ETOOMANYREFS ETXTBSY EXDEV
}

impl Errno {
    /// The error of that name on this platform. `EWOULDBLOCK` and `ENOTSUP` are the same as
    /// `EAGAIN` and `EOPNOTSUPP` on Linux, and are read as these.
    pub fn parse(name: &str) -> Option<Self> {
        let name = match name {
            "EWOULDBLOCK" => "EAGAIN",
            "ENOTSUP" => "EOPNOTSUPP",
            other => other,
        };
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| Self(*number))
    }

    /// Its name, where it has one here.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, number)| *number == self.0).map(|(name, _)| *name)
    }

    /// The error of the last system call of this thread.
    pub fn last() -> Self {
        Self(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

/// The names that only other platforms have, as far as their sockets give them.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("macos", &["EAUTH", "EBADRPC", "EFTYPE", "ENEEDAUTH", "ENOPOLICY", "EPROCLIM", "EPWROFF", "EQFULL"]),
    (
        "windows",
        &[
            "WSAEACCES",
            "WSAEADDRINUSE",
            "WSAEADDRNOTAVAIL",
            "WSAEAFNOSUPPORT",
            "WSAEALREADY",
            "WSAEBADF",
            "WSAECONNABORTED",
            "WSAECONNREFUSED",
            "WSAECONNRESET",
            "WSAEDESTADDRREQ",
            "WSAEDISCON",
            "WSAEFAULT",
            "WSAEHOSTDOWN",
            "WSAEHOSTUNREACH",
            "WSAEINPROGRESS",
            "WSAEINTR",
            "WSAEINVAL",
            "WSAEISCONN",
            "WSAEMFILE",
            "WSAEMSGSIZE",
            "WSAENETDOWN",
            "WSAENETRESET",
            "WSAENETUNREACH",
            "WSAENOBUFS",
            "WSAENOPROTOOPT",
            "WSAENOTCONN",
            "WSAENOTSOCK",
            "WSAEOPNOTSUPP",
            "WSAEPFNOSUPPORT",
            "WSAEPROTONOSUPPORT",
            "WSAEPROTOTYPE",
            "WSAESHUTDOWN",
            "WSAESOCKTNOSUPPORT",
            "WSAETIMEDOUT",
            "WSAEWOULDBLOCK",
            "WSANOTINITIALISED",
            "WSATRY_AGAIN",
        ],
    ),
];

/// The names that only this platform has.
pub fn only_on(platform: &str) -> &'static [&'static str] {
    ELSEWHERE.iter().find(|(name, _)| *name == platform).map_or(&[], |(_, names)| names)
}

/// The platform whose error this is, where this platform has none of that name.
pub fn platform_of(name: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(_, names)| names.contains(&name)).map(|(platform, _)| *platform)
}

/// The names that only that platform has.
pub fn names_of(platform: &str) -> &'static [&'static str] {
    ELSEWHERE.iter().find(|(known, _)| *known == platform).map_or(&[], |(_, names)| names)
}
