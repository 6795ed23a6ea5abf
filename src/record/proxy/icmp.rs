//! Tells a client of datagrams that nobody listens, as the server's machine told the proxy: by an ICMP error of
//! the proxy's own, which only root may send, or who has CAP_NET_RAW.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

/// "Destination unreachable: port unreachable" of RFC 792 and of RFC 4443 section 3.1: type and code.
const PORT_UNREACHABLE: [u8; 2] = [3, 3];
const PORT_UNREACHABLE_V6: [u8; 2] = [1, 4];
/// The number of UDP in an IP header.
const UDP: u8 = 17;

/// Says to a client that the datagram which it has sent to the proxy found nobody.
///
/// # Errors
/// Where this process may not, mostly.
pub(super) fn refuse(client: SocketAddr, proxy: SocketAddr) -> io::Result<()> {
    // A socket of IPv6 may have heard it from an IPv4 client.
    let (from, to) = (client.ip().to_canonical(), proxy.ip().to_canonical());
    let ports = [client.port(), proxy.port()];
    let (socket, message) = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            (Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?, of_v4(from, to, ports))
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            (Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?, of_v6(from, to, ports))
        }
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    if !to.is_unspecified() {
        socket.bind(&SocketAddr::new(to, 0).into())?;
    }
    socket.send_to(&message, &SocketAddr::new(from, 0).into()).map(drop)
}

/// The error, with the headers of the datagram that it is about.
fn of_v4(from: Ipv4Addr, to: Ipv4Addr, ports: [u16; 2]) -> Vec<u8> {
    let mut message = [&PORT_UNREACHABLE[..], &[0; 6]].concat();
    // Version and length, type of service, total length, identification, fragments, time to live, protocol, checksum.
    message.extend([0x45, 0, 0, 28, 0, 0, 0, 0, 64, UDP, 0, 0]);
    message.extend(from.octets());
    message.extend(to.octets());
    message.extend(datagram(ports));
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// The same for IPv6, where the kernel computes the checksum (RFC 3542 section 3.1).
fn of_v6(from: Ipv6Addr, to: Ipv6Addr, ports: [u16; 2]) -> Vec<u8> {
    let mut message = [&PORT_UNREACHABLE_V6[..], &[0; 6]].concat();
    // Version, traffic class and flow label, payload length, next header, hop limit.
    message.extend([0x60, 0, 0, 0, 0, 8, UDP, 64]);
    message.extend(from.octets());
    message.extend(to.octets());
    message.extend(datagram(ports));
    message
}

/// The header of a datagram with nothing in it.
fn datagram([from, to]: [u16; 2]) -> Vec<u8> {
    [from, to, 8, 0].iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The checksum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|two| u32::from(two[0]) << 8 | two.get(1).map_or(0, |low| u32::from(*low)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_checksum_makes_the_sum_of_all_nothing() {
        // The example of RFC 1071 section 3: the sum is ddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&of_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, [4000, 53])), 0);
    }

    #[test]
    fn a_client_hears_that_nobody_listens() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(proxy) = UdpSocket::bind(address) else { continue };
            let client = UdpSocket::bind(address).unwrap();
            client.connect(proxy.local_addr().unwrap()).unwrap();
            match refuse(client.local_addr().unwrap(), proxy.local_addr().unwrap()) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return,
                sent => sent.unwrap(),
            }
            // Long enough for any machine, so that nothing hangs where nothing comes.
            client.set_read_timeout(Some(std::time::Duration::from_mins(1))).unwrap();
            let heard = client.recv(&mut [0; 8]).unwrap_err();
            assert_eq!(heard.kind(), io::ErrorKind::ConnectionRefused, "{address}");
        }
    }
}
