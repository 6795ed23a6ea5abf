//! The options of multicast: groups that are joined and left, and the device that is sent by.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::BorrowedFd;

use socket2::{InterfaceIndexOrAddress, SockRef};

use super::sys;
use crate::model::errno::Errno;
use crate::model::group::Membership;

/// IP_ADD_MEMBERSHIP, IPV6_ADD_MEMBERSHIP
pub(super) fn join(fd: BorrowedFd<'_>, membership: &Membership) -> Result<(), Errno> {
    let device = device(fd, membership)?;
    let socket = SockRef::from(&fd);
    done(match membership.group {
        IpAddr::V4(group) => socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(device)),
        IpAddr::V6(group) => socket.join_multicast_v6(&group, device),
    })
}

/// IP_DROP_MEMBERSHIP, IPV6_DROP_MEMBERSHIP
pub(super) fn leave(fd: BorrowedFd<'_>, membership: &Membership) -> Result<(), Errno> {
    let device = device(fd, membership)?;
    let socket = SockRef::from(&fd);
    done(match membership.group {
        IpAddr::V4(group) => socket.leave_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(device)),
        IpAddr::V6(group) => socket.leave_multicast_v6(&group, device),
    })
}

/// Sets IP_MULTICAST_IF.
pub(super) fn send_by(fd: BorrowedFd<'_>, address: Ipv4Addr) -> Result<(), Errno> {
    done(SockRef::from(&fd).set_multicast_if_v4(&address))
}

/// Gets IP_MULTICAST_IF.
pub(super) fn sends_by(fd: BorrowedFd<'_>) -> Result<Ipv4Addr, Errno> {
    done(SockRef::from(&fd).multicast_if_v4())
}

/// The index of the device, in the network that the socket is in; 0 leaves it to the kernel.
fn device(fd: BorrowedFd<'_>, membership: &Membership) -> Result<u32, Errno> {
    let Some(device) = &membership.device else { return Ok(0) };
    match device.parse() {
        Ok(index) => Ok(index),
        Err(_) => sys::device_index(fd, device),
    }
}

fn done<T>(result: io::Result<T>) -> Result<T, Errno> {
    result.map_err(|error| Errno(error.raw_os_error().unwrap_or(libc::EINVAL)))
}
