//! What the kernel knows of a TCP or UDP socket by its addresses, through sock_diag(7): of a
//! connection that nobody has accepted yet, and of one that its program has closed.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use crate::model::errno::Errno;
use crate::model::state::TcpState;

use crate::exec::net::sys;

/// A netlink socket for questions about sockets.
#[derive(Debug)]
pub(crate) struct Diag {
    fd: OwnedFd,
}

/// What sock_diag tells of one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its TCP state.
    pub(crate) state: Option<TcpState>,
    /// Bytes received in order since the connection began, a FIN counting as one.
    pub(crate) bytes_received: u64,
    /// Whether a process has it: a connection that was closed lives on without.
    pub(crate) is_owned: bool,
}

const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const INET_DIAG_INFO: u16 = 2;
const HEADER: usize = 16;
/// `struct inet_diag_msg`, include/uapi/linux/inet_diag.h.
const MESSAGE: usize = 72;
/// Where `idiag_inode` lies in it.
const INODE: usize = 68;
/// Where `tcpi_bytes_received` lies in `struct tcp_info`.
const BYTES_RECEIVED: usize = 128;

impl Diag {
    /// Opens the netlink socket; needs no privilege.
    pub(crate) fn open() -> Result<Self, Errno> {
        const NETLINK_SOCK_DIAG: i32 = 4;
        sys::socket(libc::AF_NETLINK, libc::SOCK_DGRAM, NETLINK_SOCK_DIAG).map(|fd| Self { fd })
    }

    /// The TCP socket with that local and remote address; `None` where there is none.
    pub(crate) fn tcp(&self, local: SocketAddr, remote: SocketAddr) -> Option<Found> {
        let reply = self.ask(IPPROTO_TCP, local, remote)?;
        let state = TcpState::from_linux(*reply.get(HEADER + 1)?);
        let info = attribute(reply.get(HEADER + MESSAGE..)?, INET_DIAG_INFO);
        let bytes_received = info
            .and_then(|info| info.get(BYTES_RECEIVED..BYTES_RECEIVED + 8))
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_ne_bytes);
        let is_owned = reply.get(HEADER + INODE..HEADER + MESSAGE).is_some_and(|inode| inode != [0; 4]);
        Some(Found { state, bytes_received, is_owned })
    }

    /// Whether a UDP socket would get a datagram that `from` sends to `to`.
    pub(crate) fn udp_receiver(&self, to: SocketAddr, from: SocketAddr) -> bool {
        // The kernel takes the two the other way round here, "for historical reasons" (udp_diag.c).
        self.ask(IPPROTO_UDP, from, to).is_some()
    }

    /// Asks for one socket, by its local and its remote address, and gives the reply's message.
    fn ask(&self, protocol: u8, local: SocketAddr, remote: SocketAddr) -> Option<Vec<u8>> {
        let request = request(protocol, local, remote);
        sys::send(self.fd.as_fd(), &request, libc::MSG_NOSIGNAL, None).ok()?;
        // The kernel answers within the send: the reply waits already.
        let mut reply = vec![0; 4096];
        let len = sys::recv(self.fd.as_fd(), &mut reply, 0).ok()?;
        reply.truncate(len);
        let kind = u16::from_ne_bytes(reply.get(4..6)?.try_into().ok()?);
        (kind != NLMSG_ERROR).then_some(reply)
    }
}

/// A `struct nlmsghdr` with a `struct inet_diag_req_v2`.
fn request(protocol: u8, local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let family = if local.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    let family = u8::try_from(family).unwrap_or_default();
    let mut bytes = Vec::with_capacity(72);
    bytes.extend(72_u32.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([family, protocol, 1 << (INET_DIAG_INFO - 1), 0]);
    bytes.extend(u32::MAX.to_ne_bytes()); // any state
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(remote.port().to_be_bytes());
    bytes.extend(host(local.ip()));
    bytes.extend(host(remote.ip()));
    bytes.extend(0_u32.to_ne_bytes()); // any interface
    bytes.extend([0xff; 8]); // no cookie
    bytes
}

fn host(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
    }
}

/// The attribute of that kind among netlink attributes.
fn attribute(mut bytes: &[u8], kind: u16) -> Option<&[u8]> {
    while bytes.len() >= 4 {
        let len = usize::from(u16::from_ne_bytes([bytes[0], bytes[1]]));
        if u16::from_ne_bytes([bytes[2], bytes[3]]) == kind {
            return bytes.get(4..len);
        }
        bytes = bytes.get(len.max(4).next_multiple_of(4)..)?;
    }
    None
}
