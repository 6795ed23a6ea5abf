//! What must come beside the bytes of a `recv`, in control messages.

use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use socket2::SockAddr;

use crate::exec::endpoint::Endpoint;
use crate::exec::lane::Lane;
use crate::exec::net::ancillary::Credentials;
use crate::exec::net::{address, sys};
use crate::exec::stop::Stop;
use crate::exec::verbs::credentials::{are_of, owner_of};
use crate::model::option::SocketOption;
use crate::plan::receive::{Beside, Destination, Whose, option_for};

use super::descriptors::Arrivals;

/// Fails a receive whose socket was not told to give what it asks for: it would wait in vain.
pub(super) fn check_options(beside: &Beside, endpoint: &Endpoint, fd: BorrowedFd<'_>) -> Result<(), Stop> {
    let asked = [
        ("errqueue", beside.errqueue.is_some()),
        ("to", beside.to.is_some() && beside.errqueue.is_none()),
        ("credentials", beside.credentials.is_some()),
    ];
    for (word, _) in asked.into_iter().filter(|(_, asked)| *asked) {
        let Some(SocketOption { name: option, level, number, .. }) = option_for(word, endpoint.network) else {
            return Err(Stop::failed(format!(
                "`{}` is of the network `{}`, which has no `{word}`",
                endpoint.name, endpoint.network
            )));
        };
        if sys::get_int(fd, *level, *number) == Ok(0) {
            return Err(Stop::failed(format!("{}: `{word}` needs {option}, which is not set", endpoint.name))
                .label("nothing tells of it")
                .help(format!("set it before: `- {}: {{set: {{{option}: true}}}}`", endpoint.name)));
        }
    }
    Ok(())
}

/// Judges what came with the bytes.
pub(super) fn check(
    lane: &Lane<'_>,
    endpoint: &Endpoint,
    beside: &Beside,
    arrivals: &Arrivals<'_>,
) -> Result<(), Stop> {
    if beside.errqueue.is_none() {
        check_destination(lane, endpoint, beside.to.as_ref(), arrivals.destination())?;
    }
    if let Some(whose) = &beside.credentials {
        check_credentials(lane, endpoint, whose, &arrivals.credentials())?;
    }
    if beside.ctrunc && !arrivals.was_cut() {
        return Err(Stop::failed(format!("{}: all that came had room, MSG_CTRUNC is not set", endpoint.name))
            .label("nothing was cut off")
            .help("`ctrunc` wants more descriptors to come than `takes` names"));
    }
    Ok(())
}

/// Judges the address that a datagram was sent to, which IP_PKTINFO tells.
fn check_destination(
    lane: &Lane<'_>,
    endpoint: &Endpoint,
    to: Option<&Destination>,
    came: Option<IpAddr>,
) -> Result<(), Stop> {
    let Some(to) = to else { return Ok(()) };
    let wanted = ip_of(lane, to)?;
    if came == Some(wanted) {
        return Ok(());
    }
    let came = came.map_or_else(|| "an address that nothing tells".to_owned(), |came| came.to_string());
    let message = format!("{}: the datagram was sent to {came}, where {wanted} was expected", endpoint.name);
    Err(Stop::failed(message).label(format!("to {came}")))
}

/// Judges the address of the datagram that an error is about.
pub(super) fn check_target(
    lane: &Lane<'_>,
    endpoint: &Endpoint,
    to: Option<&Destination>,
    about: Option<&SockAddr>,
) -> Result<(), Stop> {
    let Some(to) = to else { return Ok(()) };
    let (is_it, wanted) = match to {
        Destination::Endpoint(name) => {
            let target = lane.endpoint(name)?;
            let is_it = about.is_some_and(|about| lane.test.has_address(&target, about, endpoint));
            (is_it, format!("`{}`", target.name))
        }
        Destination::Ip(..) | Destination::Computed(_) => {
            let wanted = ip_of(lane, to)?;
            let ip = about.and_then(SockAddr::as_socket).map(|about| about.ip().to_canonical());
            (ip == Some(wanted), wanted.to_string())
        }
    };
    if is_it {
        return Ok(());
    }
    let about = about.map_or_else(|| "an address that nothing tells".to_owned(), address::show);
    let message = format!("{}: the error is about a datagram to {about}, where {wanted} was expected", endpoint.name);
    Err(Stop::failed(message).label(format!("to {about}")))
}

/// The IP address that the step names.
pub(super) fn ip_of(lane: &Lane<'_>, to: &Destination) -> Result<IpAddr, Stop> {
    let ip = match to {
        Destination::Ip(ip, _) => *ip,
        Destination::Computed(template) => {
            let text = lane.text(template)?;
            text.parse().map_err(|_| Stop::failed(format!("`{text}` is not an IP address")).at(template.span))?
        }
        Destination::Endpoint(name) => {
            let bound = lane.endpoint(name)?;
            let ip = bound.local().and_then(|local| local.as_socket()).map(|local| local.ip());
            let ip = ip.filter(|ip| !ip.is_unspecified());
            ip.ok_or_else(|| {
                Stop::failed(format!("`{}` is bound to no address of a device", bound.name))
                    .help("write the address that the datagram was sent to")
                    .at(name.span)
            })?
        }
    };
    Ok(ip.to_canonical())
}

fn check_credentials(lane: &Lane<'_>, endpoint: &Endpoint, whose: &Whose, came: &[Credentials]) -> Result<(), Stop> {
    let own = Credentials::own();
    let stop = |what: String, label: &str| Stop::failed(format!("{}: {what}", endpoint.name)).label(label);
    if came.is_empty() {
        return Err(stop("no credentials came with these bytes".to_owned(), "none came"));
    }
    for came in came {
        if !are_of(lane, whose, *came, own)? {
            let wanted = match whose {
                Whose::Own => "this process".to_owned(),
                Whose::Program(name) => format!("`{}`", name.shown()),
            };
            let owner = owner_of(lane, *came, own);
            return Err(stop(format!("the credentials are those of {owner}, not of {wanted}"), "other credentials"));
        }
    }
    Ok(())
}
