//! What every network of ours has, whichever hosts are in it: its kernel parameters, and a
//! loopback device that is up.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use crate::model::topology::{Subnet, Topology};

use super::netlink::{self, Change, LOOPBACK};
use super::sys;

/// Where every IPv4 multicast group is.
pub(super) const GROUPS: Subnet = Subnet { address: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 0)), prefix: 4 };

/// Takes this thread into a new network.
pub(super) fn enter() -> io::Result<()> {
    sys::unshare_net().map_err(|error| {
        let hint =
            if error.raw_os_error() == Some(libc::ENOSPC) { " (see `sysctl user.max_net_namespaces`)" } else { "" };
        io::Error::new(error.kind(), format!("cannot create a network namespace: {error}{hint}"))
    })
}

/// Sets kernel parameters of this thread's new network. Ports below 1024 are anybody's in it, as
/// programs of the spec may run as an ordinary user.
pub(super) fn prepare() -> io::Result<()> {
    set("ipv4/ip_unprivileged_port_start", "0")?;
    // A machine may have IPv6 switched off for new networks.
    if fs::read("/proc/sys/net/ipv6/conf/default/disable_ipv6").is_ok_and(|value| value.starts_with(b"1")) {
        for device in ["default", "lo"] {
            set(&format!("ipv6/conf/{device}/disable_ipv6"), "0")?;
        }
    }
    Ok(())
}

/// Sets a kernel parameter of this thread's network. Where the kernel has no such parameter, or
/// /proc/sys is read-only (as in many containers), it stays as it is.
pub(super) fn set(name: &str, value: &str) -> io::Result<()> {
    let written = fs::write(Path::new("/proc/sys/net").join(name), value);
    written.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem => Ok(()),
        kind => Err(io::Error::new(kind, format!("cannot set net.{}: {error}", name.replace('/', ".")))),
    })
}

/// The loopback device, up; the kernel gives it 127.0.0.1 and `::1`.
pub(super) fn loopback_up() -> Change {
    netlink::set_up(LOOPBACK, true)
}

/// A network that is one loopback device: its addresses, its routes, and multicast groups.
pub(super) fn loopback(topology: &Topology) -> impl Iterator<Item = Change> {
    let addresses = topology.addresses.iter().map(|address| {
        let prefix = if address.is_ipv6() { 128 } else { 32 };
        netlink::address(LOOPBACK, Subnet { address: *address, prefix }, None)
    });
    let groups = netlink::route_out(GROUPS, LOOPBACK, Some(Ipv4Addr::LOCALHOST.into()));
    let routes = topology.routes.iter().map(|route| netlink::route_nowhere(route.to, route.kind));
    [loopback_up()].into_iter().chain(addresses).chain([groups]).chain(routes)
}
