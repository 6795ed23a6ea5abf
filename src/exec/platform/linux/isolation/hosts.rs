//! Hosts: each is a network namespace with an `eth0`, a veth(4) whose other end is a port in the
//! namespace of the run's thread, where the [switch](super::switch) is.
//!
//! Nothing on the link happens by itself: there is no address resolution (every host knows the
//! hardware addresses of the others for good), no detection of duplicate addresses, no router is
//! looked for, and no offload: what a host sends is on the wire as it would be on a cable.

use std::cell::OnceCell;
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd};

use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkInfo, LinkMessage,
};

use crate::exec::net::sys as socket;
use crate::model::topology::{Route, Subnet, Topology};

use super::super::diag::Diag;
use super::namespace::{self, GROUPS};
use super::netlink::{self, Change};
use super::sys;

/// The index of `eth0` on every host.
const ETH0: u32 = 2;
/// The index of the first host's port; those of the others follow.
const FIRST_PORT: u32 = 2;
/// The MTU of a link.
const MTU: u32 = 1500;

/// The hosts of a network, and the way between their namespaces.
#[derive(Debug)]
pub(super) struct Hosts {
    /// The namespace of the ports.
    base: File,
    each: Vec<Host>,
    routes: Vec<Route>,
}

#[derive(Debug)]
struct Host {
    namespace: File,
    addresses: Vec<Subnet>,
    diag: OnceCell<Option<Diag>>,
}

/// The index of a host's port.
pub(super) fn port(host: usize) -> u32 {
    FIRST_PORT + host as u32
}

/// The host whose port has that index.
pub(super) fn host_of_port(index: u32) -> usize {
    (index as usize).wrapping_sub(FIRST_PORT as usize)
}

/// The hardware address of a host's `eth0`.
pub(super) fn mac(host: usize) -> [u8; 6] {
    let [high, low] = ((host + 1) as u16).to_be_bytes();
    [2, 0, 0, 0, high, low]
}

fn this_namespace() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

impl Hosts {
    /// Makes the hosts of a network, with their links; this thread stays in the namespace that it is
    /// in, which gets their ports.
    pub(super) fn create(topology: &Topology) -> io::Result<Self> {
        let mut hosts = Self { base: this_namespace()?, each: Vec::new(), routes: topology.routes.clone() };
        for host in &topology.hosts {
            let made = new_host(host.addresses.clone());
            sys::enter_net(hosts.base.as_fd())?;
            hosts.each.push(made?);
        }
        netlink::apply(hosts.each.iter().enumerate().flat_map(|(index, host)| host.link(index)))?;
        for index in 0..hosts.each.len() {
            hosts.enter(index, || hosts.connect(index))??;
        }
        Ok(hosts)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    /// Does something in the namespace of a host.
    pub(super) fn enter<T>(&self, host: usize, work: impl FnOnce() -> T) -> io::Result<T> {
        /// Goes back, also where `work` panics.
        struct Back<'a>(&'a File);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                let back = sys::enter_net(self.0.as_fd());
                assert!(back.is_ok(), "a thread can enter the namespace that it was in: {back:?}");
            }
        }
        sys::enter_net(self.each[host].namespace.as_fd())?;
        let _back = Back(&self.base);
        Ok(work())
    }

    /// Sets up the `eth0` of a host, whose namespace this is.
    fn connect(&self, host: usize) -> io::Result<()> {
        let any = socket::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        let any = any.map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
        sys::switch_offloads_off(any.as_fd(), c"eth0")?;
        netlink::apply([silent(ETH0)].into_iter().chain(self.up(host)))?;
        netlink::wait_until_local(self.addresses(host))
    }

    /// Takes the `eth0` of a host up or down.
    pub(super) fn set_up(&self, host: usize, up: bool) -> io::Result<()> {
        self.enter(host, || {
            if up {
                // What the kernel has flushed with the link is put back, too.
                netlink::apply(self.up(host))?;
                netlink::wait_until_local(self.addresses(host))
            } else {
                netlink::apply([netlink::set_up(ETH0, false)])
            }
        })?
    }

    /// All that makes the `eth0` of a host work.
    fn up(&self, host: usize) -> Vec<Change> {
        let own = &self.each[host].addresses;
        let mut changes = vec![netlink::set_up(ETH0, true)];
        changes.extend(own.iter().map(|subnet| netlink::address(ETH0, *subnet, broadcast(*subnet))));
        if own.iter().any(|subnet| subnet.address.is_ipv4()) {
            let everybody = Subnet { address: Ipv4Addr::BROADCAST.into(), prefix: 32 };
            changes.extend([GROUPS, everybody].map(|to| netlink::route_out(to, ETH0, None)));
        }
        for (index, other) in self.each.iter().enumerate().filter(|(index, _)| *index != host) {
            for address in other.addresses.iter().map(|subnet| subnet.address) {
                let speaks = own.iter().any(|subnet| subnet.address.is_ipv6() == address.is_ipv6());
                if speaks && !own.iter().any(|subnet| contains(*subnet, address)) {
                    let prefix = if address.is_ipv6() { 128 } else { 32 };
                    changes.push(netlink::route_out(Subnet { address, prefix }, ETH0, None));
                }
                if speaks {
                    changes.push(netlink::neighbour(ETH0, address, mac(index)));
                }
            }
        }
        changes.extend(self.routes.iter().map(|route| netlink::route_nowhere(route.to, route.kind)));
        changes
    }

    /// The addresses of a host.
    pub(super) fn addresses(&self, host: usize) -> impl Iterator<Item = IpAddr> {
        self.each[host].addresses.iter().map(|subnet| subnet.address)
    }

    /// The host that has an address.
    pub(super) fn owner(&self, ip: IpAddr) -> Option<usize> {
        (0..self.each.len()).find(|host| self.addresses(*host).any(|address| address == ip))
    }

    /// Whether an address stands for every host of the link, or of a subnet that this host is in.
    pub(super) fn is_broadcast(&self, ip: IpAddr, host: usize) -> bool {
        ip == IpAddr::V4(Ipv4Addr::BROADCAST)
            || self.each[host].addresses.iter().any(|subnet| broadcast(*subnet) == Some(ip))
    }

    /// The netlink socket for questions about the sockets of a host.
    pub(super) fn diag(&self, host: usize) -> Option<&Diag> {
        let open = || self.enter(host, Diag::open).ok().and_then(Result::ok);
        self.each[host].diag.get_or_init(open).as_ref()
    }
}

/// A host without links. This thread is in its namespace afterwards.
fn new_host(addresses: Vec<Subnet>) -> io::Result<Host> {
    namespace::enter()?;
    namespace::up([])?;
    // An ICMP error is part of what a spec shows, however many there were before: no kind of them is
    // limited, neither to one destination nor in all.
    for (name, kinds, v6) in [("ipv4/icmp_ratemask", "0", false), ("ipv6/icmp/ratemask", "\n", true)] {
        if addresses.iter().any(|subnet| subnet.address.is_ipv6() == v6) {
            namespace::set(name, kinds)?;
        }
    }
    Ok(Host { namespace: this_namespace()?, addresses, diag: OnceCell::new() })
}

impl Host {
    /// Creates its link: a port here, which is up, and `eth0` there, which is not yet.
    fn link(&self, index: usize) -> [Change; 3] {
        let mut eth0 = LinkMessage::default();
        eth0.header.index = ETH0;
        eth0.attributes = vec![
            LinkAttribute::IfName("eth0".to_owned()),
            LinkAttribute::Address(mac(index).to_vec()),
            LinkAttribute::Mtu(MTU),
            LinkAttribute::NetNsFd(self.namespace.as_raw_fd()),
        ];
        let mut here = LinkMessage::default();
        here.header.index = port(index);
        here.attributes = vec![
            LinkAttribute::IfName(format!("port{index}")),
            LinkAttribute::Mtu(MTU),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(eth0))),
            ]),
        ];
        let port = netlink::new_link(format!("create the link of host {index} (a veth pair)"), here);
        [port, silent(self::port(index)), netlink::set_up(self::port(index), true)]
    }
}

/// Keeps an interface from making up a link-local address: its random part would be noise, and it
/// would ask for routers.
fn silent(index: u32) -> Change {
    let silent = AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]);
    let silent = vec![LinkAttribute::AfSpecUnspec(vec![silent])];
    netlink::link(format!("keep interface {index} from making up addresses"), index, silent)
}

/// The address that stands for every host of a subnet; one of two addresses or one has none.
fn broadcast(subnet: Subnet) -> Option<IpAddr> {
    match subnet.address {
        IpAddr::V4(ip) if subnet.prefix < 31 => Some(IpAddr::V4((ip.to_bits() | u32::MAX >> subnet.prefix).into())),
        _ => None,
    }
}

fn contains(subnet: Subnet, ip: IpAddr) -> bool {
    let of = |address| netlink::network(Subnet { address, prefix: subnet.prefix });
    subnet.address.is_ipv4() == ip.is_ipv4() && of(subnet.address) == of(ip)
}
