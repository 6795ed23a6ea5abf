//! What every network of ours has, whichever hosts are in it: a loopback device that is up.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;

use crate::exec::net::sys as sockets;
use crate::model::errno::Errno;
use crate::model::topology::{Subnet, Topology};

use super::netlink::{self, Change, LOOPBACK};
use super::sys;

/// Where every IPv4 multicast group is.
pub(super) const GROUPS: Subnet = Subnet { address: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 0)), prefix: 4 };

/// Where every IPv6 multicast group is.
const GROUPS_V6: Subnet = Subnet { address: IpAddr::V6(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0)), prefix: 8 };

/// Takes this thread into a new network.
pub(super) fn enter() -> io::Result<()> {
    sys::unshare_net().map_err(|error| {
        let hint =
            if error.raw_os_error() == Some(libc::ENOSPC) { " (see `sysctl user.max_net_namespaces`)" } else { "" };
        io::Error::new(error.kind(), format!("cannot create a network namespace: {error}{hint}"))
    })
}

/// Takes the loopback device up, with its IPv6 address even where the machine has IPv6 switched off
/// for new networks; and makes further changes.
pub(super) fn up(changes: impl IntoIterator<Item = Change>) -> io::Result<()> {
    netlink::apply([netlink::set_up(LOOPBACK, true)])?;
    if is_free(Ipv6Addr::LOCALHOST.into()) == Err(Errno(libc::EADDRNOTAVAIL)) {
        set("ipv6/conf/default/disable_ipv6", "0")?;
        set("ipv6/conf/lo/disable_ipv6", "0")?;
    }
    netlink::apply(changes)
}

/// Whether a new socket can be bound to that address of this thread's network.
fn is_free(ip: IpAddr) -> Result<(), Errno> {
    let domain = if ip.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    let probe = sockets::socket(domain, libc::SOCK_DGRAM, 0)?;
    sockets::bind(probe.as_fd(), &SocketAddr::new(ip, 0).into())
}

/// Sets a kernel parameter of this thread's network. Where the kernel has no such parameter, or
/// /proc/sys is read-only (as in many containers), it stays as it is. Costs more than anything else
/// here where many networks come and go, so it is the last resort.
pub(super) fn set(name: &str, value: &str) -> io::Result<()> {
    // Without O_CREAT, which would keep others out of the folder meanwhile.
    let file = OpenOptions::new().write(true).open(Path::new("/proc/sys/net").join(name));
    file.and_then(|mut file| file.write_all(value.as_bytes())).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem => Ok(()),
        kind => Err(io::Error::new(kind, format!("cannot set net.{}: {error}", name.replace('/', ".")))),
    })
}

/// A network that is one loopback device: its addresses, its routes, and multicast groups.
pub(super) fn loopback(topology: &Topology) -> impl Iterator<Item = Change> {
    let addresses = topology.addresses.iter().map(|address| {
        let prefix = if address.is_ipv6() { 128 } else { 32 };
        netlink::address(LOOPBACK, Subnet { address: *address, prefix }, None)
    });
    let groups = netlink::route_out(GROUPS, LOOPBACK, Some(Ipv4Addr::LOCALHOST.into()));
    let routes = topology.routes.iter().map(|route| netlink::route_nowhere(route.to, route.kind));
    // The kernel makes this route for every device but this one. A machine may have no IPv6 at all.
    let speaks_v6 = Path::new("/proc/sys/net/ipv6").exists();
    let groups_v6 = speaks_v6.then(|| netlink::route_in(GROUPS_V6, LOOPBACK));
    addresses.chain([groups]).chain(groups_v6).chain(routes)
}
