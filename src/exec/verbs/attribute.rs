//! `expect` with a map: attributes of a socket, each of which must come to hold.

use std::rc::Rc;
use std::time::Duration;

use crate::model::errno::Errno;
use crate::model::option::SocketOption;
use crate::model::poll::PollEvents;
use crate::model::state::TcpState;
use crate::plan::receive::Whose;
use crate::plan::tls::Agreed;
use crate::plan::{Attribute, AttributeCheck, Call, Mode, Number, OptionValue, Target};
use crate::trace::scene::Came;

use super::super::endpoint::{Endpoint, Role};
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::ancillary::Credentials;
use super::super::net::{Socket, address, option, sys};
use super::super::stop::Stop;
use super::credentials::{are_of, owner_of};
use super::resolve;

pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    attributes: &[Attribute],
    deadline: Deadline,
) -> Result<Done, Stop> {
    let endpoint = lane.endpoint(&call.endpoint)?;
    for attribute in attributes {
        let mut pause = Duration::from_millis(1);
        loop {
            let seen = match look(lane, &endpoint, &attribute.check).map_err(|stop| stop.at(attribute.span))? {
                Look::Holds => break,
                Look::Errno(errno) => return Ok(Done::words(call, Err(errno))),
                Look::Not(seen) => seen,
                Look::Never(seen) => return Err(different(&endpoint, attribute, &seen)),
            };
            if call.mode == Mode::Nonblocking {
                return Err(different(&endpoint, attribute, &seen));
            }
            if !lane.pause_between(deadline, pause).await {
                return Err(different(&endpoint, attribute, &seen).deadline(deadline.within));
            }
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }
    Ok(Done::words(call, Ok(())))
}

/// What an attribute is now.
enum Look {
    Holds,
    /// Something else, which may change.
    Not(String),
    /// Something else, which will not change by itself.
    Never(String),
    Errno(Errno),
}

fn different(endpoint: &Endpoint, attribute: &Attribute, seen: &str) -> Stop {
    let (name, wanted) = attribute.shown.split_once('=').unwrap_or((&attribute.shown, ""));
    Stop::failed(format!("{}: {name} is {seen}, where {wanted} was expected", endpoint.name))
        .label(format!("it is {seen}"))
        .came(Came::Value(name.to_owned(), seen.to_owned()))
        .at(attribute.span)
}

fn look(lane: &Lane<'_>, endpoint: &Endpoint, check: &AttributeCheck) -> Result<Look, Stop> {
    Ok(match check {
        AttributeCheck::State(wanted) => {
            let state = state(lane, endpoint);
            if wanted.contains(&state) { Look::Holds } else { Look::Not(state.to_string()) }
        }
        AttributeCheck::Local(wanted) => own_address(lane, endpoint, wanted, sys::local_address)?,
        AttributeCheck::Peer(wanted) => own_address(lane, endpoint, wanted, sys::peer_address)?,
        AttributeCheck::Unread(wanted) => {
            let socket = open(endpoint)?;
            number(lane, socket.unread(), wanted)?
        }
        AttributeCheck::Unsent(wanted) => {
            let socket = open(endpoint)?;
            number(lane, sys::unsent(socket.fd()), wanted)?
        }
        AttributeCheck::Queue(wanted) => number(lane, queue(endpoint)?, wanted)?,
        AttributeCheck::Backlog(wanted) => {
            let socket = open(endpoint)?;
            number(lane, sys::tcp_info(socket.fd()).map(|info| u64::from(info.sacked)), wanted)?
        }
        AttributeCheck::Poll(wanted) => {
            let socket = open(endpoint)?;
            let seen = PollEvents::from_bits(sys::poll_now(socket.fd(), PollEvents::ALL.bits()));
            if seen == *wanted { Look::Holds } else { Look::Not(seen.to_string()) }
        }
        AttributeCheck::AtMark(wanted) => {
            let socket = open(endpoint)?;
            match sys::at_mark(socket.fd()) {
                Ok(seen) if seen == *wanted => Look::Holds,
                Ok(seen) => Look::Not(seen.to_string()),
                Err(errno) => Look::Errno(errno),
            }
        }
        AttributeCheck::Nonblock(wanted) => {
            let socket = open(endpoint)?;
            match socket.came_nonblocking() {
                Some(seen) if seen == *wanted => Look::Holds,
                Some(seen) => Look::Never(seen.to_string()),
                None => {
                    return Err(Stop::failed(format!("`{}` was not accepted here", endpoint.name))
                        .help("`O_NONBLOCK` is what `accept` gave; every other socket has what the spec gave it"));
                }
            }
        }
        AttributeCheck::Tls(wanted) => agreed(lane, endpoint, wanted)?,
        AttributeCheck::PeerCredentials(wanted) => peer_credentials(lane, endpoint, wanted)?,
        AttributeCheck::Option(which, wanted) => value(endpoint, which, wanted)?,
    })
}

/// The socket of an endpoint that is not closed.
fn open(endpoint: &Endpoint) -> Result<Rc<Socket>, Stop> {
    endpoint
        .socket()
        .ok_or_else(|| Stop::failed(format!("`{}` is closed: of its attributes only `state` remains", endpoint.name)))
}

/// The TCP state. TCP_INFO says CLOSED where the kernel keeps only a small TIME-WAIT entry, which
/// sock_diag shows; and a closed endpoint has no socket to ask, but its addresses.
pub(crate) fn state(lane: &Lane<'_>, endpoint: &Endpoint) -> TcpState {
    let own = endpoint.socket().and_then(|socket| sys::tcp_info(socket.fd()).ok());
    match own.and_then(|info| TcpState::from_linux(info.state)) {
        Some(state) if state != TcpState::Closed => state,
        _ => remembered(lane, endpoint).unwrap_or(TcpState::Closed),
    }
}

fn remembered(lane: &Lane<'_>, endpoint: &Endpoint) -> Option<TcpState> {
    if endpoint.shared.role.get() != Role::Connected {
        return None;
    }
    let (local, remote) = (endpoint.local()?.as_socket()?, endpoint.remote()?.as_socket()?);
    let found = lane.test.diag(endpoint.host)?.tcp(local, remote)?;
    found.state.filter(|state| *state != TcpState::Listen)
}

fn own_address(
    lane: &Lane<'_>,
    endpoint: &Endpoint,
    wanted: &[Target],
    ask: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> Result<socket2::SockAddr, Errno>,
) -> Result<Look, Stop> {
    let socket = open(endpoint)?;
    let seen = match ask(socket.fd()) {
        Ok(seen) => seen,
        Err(errno) => return Ok(Look::Errno(errno)),
    };
    for target in wanted {
        let wanted = resolve(lane, target, Some(endpoint), endpoint.host)?.address;
        let unnamed = address::path(&wanted).is_none() && address::path(&seen).is_none();
        if address::same(&wanted, &seen) || (wanted.is_unix() && unnamed) {
            return Ok(Look::Holds);
        }
    }
    let owner = lane.test.owner_of(endpoint, &seen);
    Ok(Look::Never(owner.map_or_else(|| address::show(&seen), |owner| owner.name.to_string())))
}

/// Connections that wait at a listener, those that `accept … from` holds back among them.
fn queue(endpoint: &Endpoint) -> Result<Result<u64, Errno>, Stop> {
    let socket = open(endpoint)?;
    let held = endpoint.shared.held.borrow().len() as u64;
    if endpoint.network.is_unix() {
        if endpoint.shared.was_outside() {
            return Err(Stop::failed(format!(
                "the queue of `{}` is not known, for a program accepts from it, too",
                endpoint.name
            ))
            .help("of a Unix listener the kernel does not tell it: take a listener of TCP"));
        }
        return Ok(Ok(held + endpoint.shared.pending.borrow().len() as u64));
    }
    Ok(sys::tcp_info(socket.fd()).map(|info| held + u64::from(info.unacked)))
}

fn number(lane: &Lane<'_>, seen: Result<u64, Errno>, wanted: &[Number]) -> Result<Look, Stop> {
    let seen = match seen {
        Ok(seen) => seen,
        Err(errno) => return Ok(Look::Errno(errno)),
    };
    for wanted in wanted {
        if lane.number(wanted)? == seen {
            return Ok(Look::Holds);
        }
    }
    Ok(Look::Not(seen.to_string()))
}

/// What was agreed for TLS, which never changes.
fn agreed(lane: &Lane<'_>, endpoint: &Endpoint, wanted: &[Agreed]) -> Result<Look, Stop> {
    let socket = open(endpoint)?;
    let Some(tls) = socket.tls().filter(|tls| !tls.is_broken()) else {
        return Err(Stop::failed(format!("`{}` does not speak TLS", endpoint.name))
            .help("upgrade it first: `- NAME: {tls: client}`"));
    };
    let seen = tls.agreement();
    for wanted in wanted {
        let (holds, word, seen) = match wanted {
            Agreed::Version(versions) => (versions.contains(&seen.version), "version", Some(seen.version.name())),
            Agreed::Alpn(protocols) => (protocols.contains(&seen.alpn), "alpn", seen.alpn.as_deref()),
            Agreed::Sni(names) => {
                let mut holds = false;
                for name in names {
                    let name = name.as_ref().map(|name| lane.text(name)).transpose()?;
                    holds |= name.as_deref() == seen.sni.as_deref();
                }
                (holds, "sni", seen.sni.as_deref())
            }
        };
        if !holds {
            return Ok(Look::Never(format!("{{{word} {}}}", seen.unwrap_or("none"))));
        }
    }
    Ok(Look::Holds)
}

/// Who the other side of a Unix socket is, which never changes.
fn peer_credentials(lane: &Lane<'_>, endpoint: &Endpoint, wanted: &[Whose]) -> Result<Look, Stop> {
    let socket = open(endpoint)?;
    let seen = match sys::peer_credentials(socket.fd()) {
        Ok(seen) => seen,
        Err(errno) => return Ok(Look::Errno(errno)),
    };
    let own = Credentials::effective();
    for whose in wanted {
        if are_of(lane, whose, seen, own)? {
            return Ok(Look::Holds);
        }
    }
    Ok(Look::Never(owner_of(lane, seen, own)))
}

/// An option. Reading SO_ERROR uses it up, so another error than the expected one ends the wait.
fn value(endpoint: &Endpoint, which: &SocketOption, wanted: &[OptionValue]) -> Result<Look, Stop> {
    let socket = open(endpoint)?;
    let seen = match option::get(&socket, which) {
        Ok(seen) => seen,
        Err(errno) => return Ok(Look::Errno(errno)),
    };
    if wanted.contains(&seen) {
        return Ok(Look::Holds);
    }
    let shown = seen.show(which);
    // The kernel changes these by itself; the others stay as they are.
    let changes = match which.name {
        // By its number it is an `int`.
        "SO_ERROR" => matches!(seen, OptionValue::Errno(None) | OptionValue::Int(0)),
        name => matches!(name, "TCP_MAXSEG" | "SO_RCVBUF" | "SO_SNDBUF"),
    };
    Ok(if changes { Look::Not(shown) } else { Look::Never(shown) })
}
