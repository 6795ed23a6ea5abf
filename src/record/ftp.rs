//! FTP tells in the middle of its talk where a second connection goes: the server in its replies 227
//! and 229, the client in its commands PORT and EPRT (RFC 959, RFC 2428). Whoever stands between the
//! two has to know.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use super::conversation::Side;

/// An address in a line, where a data connection will be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    /// Where it stands in the line.
    pub(super) at: Range<usize>,
    /// What it says.
    pub(super) address: SocketAddr,
    /// How it is written.
    pub(super) form: Form,
}

/// How an address is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `127,0,0,1,171,95`
    Commas,
    /// `|||44982|`: the port alone
    Port,
    /// `|1|127.0.0.1|44982|`
    Bars,
}

/// Whether a conversation whose server begins with this may be FTP.
pub(super) fn begins(greeting: &[u8]) -> bool {
    greeting.starts_with(b"220") && matches!(greeting.get(3), None | Some(b' ' | b'-'))
}

/// The beginnings of the lines of one side in which an address may stand.
const fn beginnings(by: Side) -> [&'static [u8]; 2] {
    match by {
        Side::Server => [b"227 ", b"229 "],
        Side::Client => [b"PORT ", b"EPRT "],
    }
}

/// Whether what there is of a line may become one in which an address stands.
pub(super) fn may_announce(by: Side, line: &[u8]) -> bool {
    beginnings(by).iter().any(|beginning| {
        let len = beginning.len().min(line.len());
        line[..len].eq_ignore_ascii_case(&beginning[..len])
    })
}

/// The address that a line of one side tells. `host` is that of the side, for lines that tell the port alone.
pub(super) fn announced(by: Side, line: &[u8], host: IpAddr) -> Option<Announced> {
    let [plain, extended] = beginnings(by).map(|beginning| {
        line.len() > beginning.len()
            && may_announce(by, line)
            && line[..beginning.len()].eq_ignore_ascii_case(beginning)
    });
    if plain {
        commas(line)
    } else if extended {
        bars(line, host)
    } else {
        None
    }
}

/// Six numbers of one byte each with commas between them, anywhere behind the beginning.
fn commas(line: &[u8]) -> Option<Announced> {
    let text = std::str::from_utf8(line).ok()?;
    let start = 4 + text[4..].find(|letter: char| letter.is_ascii_digit())?;
    let len =
        text[start..].find(|letter: char| !letter.is_ascii_digit() && letter != ',').unwrap_or(text.len() - start);
    let numbers: Vec<u8> = text[start..start + len].split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [a, b, c, d, high, low] = numbers[..] else { return None };
    let address = SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low]));
    Some(Announced { at: start..start + len, address, form: Form::Commas })
}

/// `|||44982|`, or `|1|127.0.0.1|44982|`.
fn bars(line: &[u8], host: IpAddr) -> Option<Announced> {
    let text = std::str::from_utf8(line).ok()?;
    let start = text.find('|')?;
    let len = text[start..].rfind('|')? + 1;
    let parts: Vec<&str> = text[start..start + len].split('|').collect();
    let [_, _, ip, port, _] = parts[..] else { return None };
    let port = port.parse().ok()?;
    let (host, form) = if ip.is_empty() { (host, Form::Port) } else { (ip.parse().ok()?, Form::Bars) };
    Some(Announced { at: start..start + len, address: SocketAddr::new(host, port), form })
}

/// Where the numbers of the port stand in the line: its high and its low byte, or one number.
pub(super) fn port_in(line: &[u8], announced: &Announced) -> Vec<Range<usize>> {
    let is_mark = |byte: &u8| matches!(byte, b',' | b'|');
    let mut end = announced.at.end - usize::from(announced.form != Form::Commas);
    let mut numbers = Vec::new();
    for _ in 0..if announced.form == Form::Commas { 2 } else { 1 } {
        let start = line[..end].iter().rposition(is_mark).map_or(0, |mark| mark + 1);
        numbers.insert(0, start..end);
        end = start.saturating_sub(1);
    }
    numbers
}

/// The line with another address in the same form. `None` where that form cannot write it.
pub(super) fn rewritten(line: &[u8], announced: &Announced, to: SocketAddr) -> Option<Vec<u8>> {
    let text = match (announced.form, to.ip()) {
        (Form::Commas, IpAddr::V4(ip)) => {
            let ([a, b, c, d], [high, low]) = (ip.octets(), to.port().to_be_bytes());
            format!("{a},{b},{c},{d},{high},{low}")
        }
        (Form::Commas, IpAddr::V6(_)) => return None,
        (Form::Port, _) => format!("|||{}|", to.port()),
        (Form::Bars, ip) => format!("|{}|{ip}|{}|", if ip.is_ipv4() { 1 } else { 2 }, to.port()),
    };
    Some([&line[..announced.at.start], text.as_bytes(), &line[announced.at.end..]].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn addresses_are_found_and_replaced_in_their_form() {
        let to = SocketAddr::new(HOST, 258);
        for (by, line, port, new) in [
            (
                Side::Server,
                "227 Entering Passive Mode (127,0,0,1,158,64).\r\n",
                40512,
                "227 Entering Passive Mode (127,0,0,1,1,2).\r\n",
            ),
            (Side::Server, "227 127,0,0,1,158,64\r\n", 40512, "227 127,0,0,1,1,2\r\n"),
            (
                Side::Server,
                "229 Entering Extended Passive Mode (|||44982|)\r\n",
                44982,
                "229 Entering Extended Passive Mode (|||258|)\r\n",
            ),
            (Side::Client, "port 127,0,0,1,171,95\r\n", 43871, "port 127,0,0,1,1,2\r\n"),
            (Side::Client, "EPRT |1|127.0.0.1|6446|\r\n", 6446, "EPRT |1|127.0.0.1|258|\r\n"),
        ] {
            let found = announced(by, line.as_bytes(), HOST).unwrap();
            assert_eq!(found.address, SocketAddr::new(HOST, port), "{line}");
            assert_eq!(rewritten(line.as_bytes(), &found, to).unwrap(), new.as_bytes());
            let numbers = port_in(line.as_bytes(), &found).into_iter().map(|at| line[at].parse::<u16>().unwrap());
            assert_eq!(numbers.fold(0, |port, number| port * 256 + number), port);
        }
    }

    #[test]
    fn other_lines_are_left_alone() {
        for (by, line) in [
            (Side::Server, "227 Entering Passive Mode\r\n"),
            (Side::Server, "227 Entering Passive Mode (127,0,0,1,300,1)\r\n"),
            (Side::Server, "229 (|||x|)\r\n"),
            (Side::Server, "220 127,0,0,1,1,1\r\n"),
            (Side::Client, "227 127,0,0,1,1,1\r\n"),
            (Side::Client, "PORT"),
        ] {
            assert_eq!(announced(by, line.as_bytes(), HOST), None, "{line}");
        }
        assert!(may_announce(Side::Client, b"po") && !may_announce(Side::Client, b"PASV"));
    }
}
