//! Ports that are kept for one test while it runs, for programs that must be told a number.
//!
//! A reserved port is free for TCP and UDP, on IPv4 and IPv6, whatever address it is bound to. The
//! kernel gives it to nobody, since it lies outside the range from which sockets get theirs by
//! themselves; and no other test gets it, not even one of another runner or another user: each
//! reservation holds an abstract Unix name with the number in it. Such a name belongs to the same
//! network as the port, only one socket can have it, and the kernel gives it free when the runner
//! ends, however it ends; no file is left behind that could be stale.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::c_int;

use super::{address, sys};
use crate::model::errno::Errno;

/// Where looking for ports begins: below are those that services are known by.
const FIRST: u16 = 10_000;
/// The first port that a program without privileges can bind to.
const UNPRIVILEGED: u16 = 1024;
/// With fewer than this many from [`FIRST`] on, those below are taken as well.
const ENOUGH: usize = 500;
/// The range from which a new network gives sockets their ports.
const USUAL_RANGE: RangeInclusive<u16> = 32_768..=60_999;

/// A port that is kept for its holder until it is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// The number.
    pub(crate) port: u16,
    /// The socket whose name keeps the others away.
    _name: OwnedFd,
}

/// Reserves a port of the machine; `None` where none is left.
///
/// # Errors
/// When the kernel gives no socket to ask with.
pub(crate) fn reserve() -> Result<Option<Reserved>, Errno> {
    static CANDIDATES: OnceLock<Vec<u16>> = OnceLock::new();
    static NEXT: OnceLock<AtomicUsize> = OnceLock::new();
    let candidates = CANDIDATES.get_or_init(of_this_machine);
    // Runners that are started at the same time begin far apart, and a port that was just given
    // free is the last to be given again.
    let next = NEXT.get_or_init(|| AtomicUsize::new(std::process::id() as usize * 7919));
    for _ in 0..candidates.len() {
        let port = candidates[next.fetch_add(1, Ordering::Relaxed) % candidates.len()];
        if let Some(reserved) = try_to_reserve(port)? {
            return Ok(Some(reserved));
        }
    }
    Ok(None)
}

/// The `nth` port of a network that is nobody else's, where all are free.
pub(crate) fn of_isolated(nth: usize) -> Option<u16> {
    static CANDIDATES: OnceLock<Vec<u16>> = OnceLock::new();
    CANDIDATES.get_or_init(|| candidates(&USUAL_RANGE, &BTreeSet::new())).get(nth).copied()
}

fn try_to_reserve(port: u16) -> Result<Option<Reserved>, Errno> {
    let Some(name) = lock(port)? else { return Ok(None) };
    Ok(is_free(port)?.then_some(Reserved { port, _name: name }))
}

/// Takes the name that stands for the port; `None` where another test has it.
fn lock(port: u16) -> Result<Option<OwnedFd>, Errno> {
    let name = address::abstract_name(&format!("sockspec/port/{port}")).map_err(|_| Errno(libc::ENAMETOOLONG))?;
    let socket = sys::socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0)?;
    match sys::bind(socket.as_fd(), &name) {
        Ok(()) => Ok(Some(socket)),
        Err(errno) if errno.0 == libc::EADDRINUSE => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Whether nobody has the port, on any address: who binds to all of them collides with everybody.
fn is_free(port: u16) -> Result<bool, Errno> {
    for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM] {
        for ip in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
            if !can_be_bound(kind, SocketAddr::new(ip, port))? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn can_be_bound(kind: c_int, address: SocketAddr) -> Result<bool, Errno> {
    let domain = if address.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    let probe = match sys::socket(domain, kind, 0) {
        Ok(probe) => probe,
        // A machine without IPv6 has nobody who could take the port there.
        Err(errno) if errno.0 == libc::EAFNOSUPPORT => return Ok(true),
        Err(errno) => return Err(errno),
    };
    if address.is_ipv6() {
        sys::set_int(probe.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
    }
    match sys::bind(probe.as_fd(), &address.into()) {
        Ok(()) => Ok(true),
        Err(errno) => Ok(errno.0 == libc::EADDRNOTAVAIL),
    }
}

/// The ports that can be reserved on this machine, as ip-sysctl says which are not.
fn of_this_machine() -> Vec<u16> {
    let setting = |name: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
    let given = range(&setting("ip_local_port_range")).unwrap_or(USUAL_RANGE);
    let reserved = ranges(&setting("ip_local_reserved_ports"));
    candidates(&given, &reserved)
}

/// Unprivileged ports outside of the range that the kernel gives to sockets, without those that
/// somebody has reserved for something else. Where that leaves none, all but the reserved ones.
fn candidates(given: &RangeInclusive<u16>, reserved: &BTreeSet<u16>) -> Vec<u16> {
    let from = |first: u16, avoided: &RangeInclusive<u16>| -> Vec<u16> {
        (first..=u16::MAX).filter(|port| !avoided.contains(port) && !reserved.contains(port)).collect()
    };
    let usual = from(FIRST, given);
    if usual.len() >= ENOUGH {
        return usual;
    }
    let all = from(UNPRIVILEGED, given);
    if all.is_empty() { from(FIRST, &RangeInclusive::new(1, 0)) } else { all }
}

/// Two numbers, both included.
fn range(setting: &str) -> Option<RangeInclusive<u16>> {
    let mut words = setting.split_whitespace();
    Some(words.next()?.parse().ok()?..=words.next()?.parse().ok()?)
}

/// `8080,9148-9150`
fn ranges(setting: &str) -> BTreeSet<u16> {
    let parts = setting.trim().split(',').filter_map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?)
    });
    parts.flatten().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn a_reserved_port_is_free_on_every_address_and_for_both_protocols() {
        let reserved = reserve().unwrap().unwrap();
        for ip in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            let address = (ip.parse::<IpAddr>().unwrap(), reserved.port);
            drop(TcpListener::bind(address).unwrap());
            drop(UdpSocket::bind(address).unwrap());
        }
        let given = range(&fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap()).unwrap();
        assert!(!given.contains(&reserved.port) && reserved.port >= UNPRIVILEGED);
    }

    #[test]
    fn nobody_gets_a_port_that_another_has() {
        let held: Vec<Reserved> = (0..200).map(|_| reserve().unwrap().unwrap()).collect();
        let ports: BTreeSet<u16> = held.iter().map(|reserved| reserved.port).collect();
        assert_eq!(ports.len(), held.len());
        let port = held[0].port;
        assert!(try_to_reserve(port).unwrap().is_none(), "it is held");
        drop(held);
        assert_eq!(try_to_reserve(port).unwrap().unwrap().port, port, "it was given free");
    }

    #[test]
    fn a_port_that_a_stranger_has_is_passed_over() {
        let port = reserve().unwrap().unwrap().port;
        let strangers: [(&str, bool); 4] = [("127.0.0.1", true), ("127.0.0.7", false), ("::1", true), ("::1", false)];
        for (ip, is_tcp) in strangers {
            let address = (ip.parse::<IpAddr>().unwrap(), port);
            let (_tcp, _udp) = if is_tcp {
                (Some(TcpListener::bind(address).unwrap()), None)
            } else {
                (None, Some(UdpSocket::bind(address).unwrap()))
            };
            assert!(try_to_reserve(port).unwrap().is_none(), "{ip}, {is_tcp}");
        }
        assert!(try_to_reserve(port).unwrap().is_some());
    }

    #[test]
    fn candidates_lie_outside_of_what_the_kernel_gives() {
        let all = |given: RangeInclusive<u16>, reserved: &str| candidates(&given, &ranges(reserved));
        let usual = all(USUAL_RANGE, "10001,10003-10004\n");
        assert_eq!(usual[..3], [10_000, 10_002, 10_005]);
        assert!(usual.iter().all(|port| !USUAL_RANGE.contains(port)));
        assert_eq!(usual.last(), Some(&65_535));
        assert_eq!(all(9000..=65_535, "").first(), Some(&1024), "those above are too few");
        assert_eq!(all(1024..=65_535, "10000").first(), Some(&10_001), "there is no other way");
        assert_eq!(of_isolated(0), Some(10_000));
        assert_eq!(of_isolated(7), Some(10_007));
    }

    #[test]
    fn settings_are_read_as_the_kernel_writes_them() {
        assert_eq!(range("32768\t60999\n"), Some(32_768..=60_999));
        assert_eq!(range(""), None);
        assert_eq!(ranges("\n"), BTreeSet::new());
        assert_eq!(ranges("8080,9148-9150\n"), BTreeSet::from([8080, 9148, 9149, 9150]));
    }
}
