//! rtnetlink(7): links, addresses, routes and neighbours of this thread's network, changed
//! synchronously, several at a time.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::neighbour::{NeighbourAttribute, NeighbourMessage, NeighbourState};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::exec::net::sys;
use crate::model::errno::Errno;
use crate::model::topology::{RouteKind, Subnet};

/// The index of the loopback device in every network.
pub(super) const LOOPBACK: u32 = 1;

/// A change of a network, and what it does, for the message of an error.
pub(super) struct Change {
    what: String,
    flags: u16,
    message: RouteNetlinkMessage,
}

/// Makes changes in this thread's network, in order. Costs three system calls, and one more for
/// each change.
pub(super) fn apply(changes: impl IntoIterator<Item = Change>) -> io::Result<()> {
    let fd = open().map_err(|errno| failed("open a netlink socket", errno))?;
    let mut changes = changes.into_iter().peekable();
    while changes.peek().is_some() {
        batch(&fd, changes.by_ref().take(BATCH))?;
    }
    Ok(())
}

/// So many answers fit in the smallest receive buffer that a machine may have set.
const BATCH: usize = 32;

fn open() -> Result<OwnedFd, Errno> {
    sys::socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)
}

/// Sends changes in one message. The kernel answers each within the send.
fn batch(fd: &OwnedFd, changes: impl Iterator<Item = Change>) -> io::Result<()> {
    let (mut bytes, mut words) = (Vec::new(), Vec::new());
    for Change { what, flags, message } in changes {
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        message.header.sequence_number = words.len() as u32;
        message.finalize();
        let start = bytes.len();
        bytes.resize(start + message.buffer_len().next_multiple_of(4), 0);
        message.serialize(&mut bytes[start..]);
        words.push(what);
    }
    sys::send(fd.as_fd(), &bytes, libc::MSG_NOSIGNAL, None).map_err(|errno| failed("change the network", errno))?;
    let mut answer = [0; 4096];
    for what in &words {
        let len = sys::recv(fd.as_fd(), &mut answer, 0).map_err(|errno| failed(what, errno))?;
        if let Some(errno) = refusal(&answer[..len])? {
            return Err(failed(what, errno));
        }
    }
    Ok(())
}

/// Waits until this thread's network receives what is sent to its IPv6 addresses. The kernel takes
/// a new one at once, and makes its local route in a thread of its own, soon.
pub(super) fn wait_until_local(addresses: impl IntoIterator<Item = IpAddr>) -> io::Result<()> {
    /// A machine that is so busy can run nothing else either.
    const BOUND: Duration = Duration::from_secs(10);
    let mut fd = None;
    for address in addresses.into_iter().filter(IpAddr::is_ipv6) {
        let fd = match &fd {
            Some(fd) => fd,
            None => fd.insert(open().map_err(|errno| failed("open a netlink socket", errno))?),
        };
        let began = Instant::now();
        while !is_local(fd, address)? {
            if began.elapsed() > BOUND {
                return Err(io::Error::other(format!("the kernel did not put the address {address} into use")));
            }
            thread::sleep(Duration::from_micros(20));
        }
    }
    Ok(())
}

/// Whether what is sent to an address is received here.
fn is_local(fd: &OwnedFd, address: IpAddr) -> io::Result<bool> {
    let prefix = if address.is_ipv6() { 128 } else { 32 };
    let (what, message) = route(
        format!("ask for the route to {address}"),
        Subnet { address, prefix },
        RouteType::Unspec,
        RouteScope::Universe,
    );
    let mut message = NetlinkMessage::from(RouteNetlinkMessage::GetRoute(message));
    message.header.flags = NLM_F_REQUEST;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let mut answer = [0; 4096];
    let asked =
        sys::send(fd.as_fd(), &bytes, libc::MSG_NOSIGNAL, None).and_then(|_| sys::recv(fd.as_fd(), &mut answer, 0));
    let len = asked.map_err(|errno| failed(&what, errno))?;
    let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer[..len]).map_err(io::Error::other)?;
    Ok(matches!(
        answer.payload,
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewRoute(route)) if route.header.kind == RouteType::Local
    ))
}

/// The error that the kernel answered with, if it did.
fn refusal(answer: &[u8]) -> io::Result<Option<Errno>> {
    let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(answer).map_err(io::Error::other)?;
    Ok(match message.payload {
        NetlinkPayload::Error(error) => error.code.map(|code| Errno(-code.get())),
        _ => None,
    })
}

fn failed(what: &str, errno: Errno) -> io::Error {
    let error = io::Error::from_raw_os_error(errno.0);
    io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}

pub(super) fn family(ip: IpAddr) -> AddressFamily {
    if ip.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet }
}

/// Changes an existing link.
pub(super) fn link(what: String, index: u32, attributes: Vec<LinkAttribute>) -> Change {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes = attributes;
    Change { what, flags: 0, message: RouteNetlinkMessage::SetLink(message) }
}

/// Creates a link.
pub(super) fn new_link(what: String, message: LinkMessage) -> Change {
    Change { what, flags: NLM_F_CREATE | NLM_F_EXCL, message: RouteNetlinkMessage::NewLink(message) }
}

/// Takes a link up or down.
pub(super) fn set_up(index: u32, up: bool) -> Change {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
    message.header.change_mask = LinkFlags::Up;
    let what = format!("take interface {index} {}", if up { "up" } else { "down" });
    Change { what, flags: 0, message: RouteNetlinkMessage::SetLink(message) }
}

/// Gives a link an address, which nobody else is asked for first.
pub(super) fn address(index: u32, subnet: Subnet, broadcast: Option<IpAddr>) -> Change {
    let Subnet { address, prefix } = subnet;
    let mut message = AddressMessage::default();
    message.header.family = family(address);
    message.header.prefix_len = prefix;
    message.header.flags = AddressHeaderFlags::Nodad;
    message.header.scope = AddressScope::Universe;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Address(address),
        AddressAttribute::Local(address),
        AddressAttribute::Flags(AddressFlags::Nodad),
    ];
    if let Some(IpAddr::V4(broadcast)) = broadcast {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    let what = format!("add the address {address}");
    Change { what, flags: NLM_F_CREATE | NLM_F_REPLACE, message: RouteNetlinkMessage::NewAddress(message) }
}

fn route(what: String, to: Subnet, kind: RouteType, scope: RouteScope) -> (String, RouteMessage) {
    let mut message = RouteMessage::default();
    let to = network(to);
    message.header.address_family = family(to.address);
    message.header.destination_prefix_length = to.prefix;
    message.header.table = libc::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Static;
    message.header.scope = if to.address.is_ipv6() { RouteScope::Universe } else { scope };
    message.header.kind = kind;
    message.attributes.push(RouteAttribute::Destination(match to.address {
        IpAddr::V4(ip) => RouteAddress::Inet(ip),
        IpAddr::V6(ip) => RouteAddress::Inet6(ip),
    }));
    (what, message)
}

/// Sends what goes to a subnet out by a link, from an address where one is given.
pub(super) fn route_out(to: Subnet, index: u32, source: Option<IpAddr>) -> Change {
    let (what, mut message) = route(format!("add a route to {to}"), to, RouteType::Unicast, RouteScope::Link);
    message.attributes.push(RouteAttribute::Oif(index));
    if let Some(IpAddr::V4(source)) = source {
        message.attributes.push(RouteAttribute::PrefSource(RouteAddress::Inet(source)));
    }
    Change { what, flags: NLM_F_CREATE | NLM_F_REPLACE, message: RouteNetlinkMessage::NewRoute(message) }
}

/// Takes what goes to a subnet for this thread's network itself, by a link.
pub(super) fn route_in(to: Subnet, index: u32) -> Change {
    let (what, mut message) = route(format!("add a local route to {to}"), to, RouteType::Local, RouteScope::Host);
    message.attributes.push(RouteAttribute::Oif(index));
    Change { what, flags: NLM_F_CREATE | NLM_F_REPLACE, message: RouteNetlinkMessage::NewRoute(message) }
}

/// Refuses what goes to a subnet.
pub(super) fn route_nowhere(to: Subnet, kind: RouteKind) -> Change {
    let (word, kind) = match kind {
        RouteKind::Unreachable => ("unreachable", RouteType::Unreachable),
        RouteKind::Prohibit => ("prohibit", RouteType::Prohibit),
        RouteKind::Blackhole => ("blackhole", RouteType::BlackHole),
    };
    let (what, message) = route(format!("add the route {to} {word}"), to, kind, RouteScope::Universe);
    Change { what, flags: NLM_F_CREATE | NLM_F_REPLACE, message: RouteNetlinkMessage::NewRoute(message) }
}

/// Tells a link the hardware address behind an address, for good.
pub(super) fn neighbour(index: u32, address: IpAddr, mac: [u8; 6]) -> Change {
    let mut message = NeighbourMessage::default();
    message.header.family = family(address);
    message.header.ifindex = index;
    message.header.state = NeighbourState::Permanent;
    message.attributes =
        vec![NeighbourAttribute::Destination(address.into()), NeighbourAttribute::LinkLayerAddress(mac.to_vec())];
    let what = format!("add the neighbour {address}");
    Change { what, flags: NLM_F_CREATE | NLM_F_REPLACE, message: RouteNetlinkMessage::NewNeighbour(message) }
}

/// The network around an address: the bits behind its prefix are zero.
pub(super) fn network(subnet: Subnet) -> Subnet {
    let address = match subnet.address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(subnet.prefix)).unwrap_or(0);
            IpAddr::V4((ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(subnet.prefix)).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & mask).into())
        }
    };
    Subnet { address, prefix: subnet.prefix }
}
