//! Between the addresses of a spec and those of the kernel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::c_int;
use socket2::SockAddr;

use super::sys;
use crate::model::address::is_loopback;
use crate::model::network::Network;

/// The protocol family of a network's sockets.
pub(crate) fn domain(network: Network) -> c_int {
    if network.is_unix() {
        libc::AF_UNIX
    } else if network.is_v6() {
        libc::AF_INET6
    } else {
        libc::AF_INET
    }
}

/// A free port on the loopback address of the network's family.
pub(crate) fn any_loopback(network: Network) -> SockAddr {
    let host: IpAddr = if network.is_v6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    SocketAddr::new(host, 0).into()
}

/// The address of an abstract Unix name. The kernel knows at most 107 bytes of it.
pub(crate) fn abstract_name(name: &str) -> std::io::Result<SockAddr> {
    SockAddr::unix(Path::new(&format!("\0{name}")))
}

/// The address of a path.
pub(crate) fn unix_path(path: &Path) -> Option<SockAddr> {
    SockAddr::unix(path).ok().or_else(|| sys::path_address(path.as_os_str().as_bytes()))
}

/// The family of Unix addresses alone, at which bind(2) lets the kernel choose an abstract name.
pub(crate) fn family_alone() -> std::io::Result<SockAddr> {
    SockAddr::unix("")
}

/// The port of an IP address.
pub(crate) fn port(address: &SockAddr) -> Option<u16> {
    address.as_socket().map(|address| address.port())
}

/// The host of an IP address, as `${server.host}` gives it.
pub(crate) fn host(address: &SockAddr) -> Option<String> {
    address.as_socket().map(|address| address.ip().to_string())
}

/// The path of a Unix address, or `@name`.
pub(crate) fn path(address: &SockAddr) -> Option<String> {
    if let Some(path) = address.as_pathname() {
        return Some(path.to_string_lossy().into_owned());
    }
    address.as_abstract_namespace().map(|name| format!("@{}", String::from_utf8_lossy(name)))
}

/// The address as a record writes it.
pub(crate) fn show(address: &SockAddr) -> String {
    if let Some(address) = address.as_socket() {
        return address.to_string();
    }
    path(address).unwrap_or_else(|| "(unnamed)".to_owned())
}

/// Whether traffic to it stays on this machine.
pub(crate) fn is_local(address: &SockAddr) -> bool {
    address.as_socket().is_none_or(|address| is_loopback(address.ip()))
}

/// Whether two addresses name the same place: IPv4 addresses that are mapped into IPv6 are the
/// same as the plain ones.
pub(crate) fn same(one: &SockAddr, other: &SockAddr) -> bool {
    match (one.as_socket(), other.as_socket()) {
        (Some(one), Some(other)) => one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical(),
        (None, None) => path(one).is_some() && path(one) == path(other),
        _ => false,
    }
}

/// Whether a socket that is bound to `bound` gets what is sent to `target`: the same port, and the
/// same host or any.
pub(crate) fn receives(bound: &SockAddr, target: &SockAddr) -> bool {
    match (bound.as_socket(), target.as_socket()) {
        (Some(bound), Some(target)) => {
            let (here, there) = (bound.ip().to_canonical(), target.ip().to_canonical());
            bound.port() == target.port()
                && (here == there || here.is_unspecified() || (there.is_unspecified() && here.is_loopback()))
        }
        (None, None) => same(bound, target),
        _ => false,
    }
}
