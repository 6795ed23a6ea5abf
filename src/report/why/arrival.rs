//! What a connect, or a datagram, met where it went.

use super::story::{Story, begins, sends, words};
use crate::model::topology::RouteKind;
use crate::trace::record::Happened;
use crate::trace::scene::{End, Role};

/// Whether a socket takes connections, or datagrams, of that network.
fn is_kind(end: &End, network: &str) -> bool {
    let kind = |network: &str| network.trim_end_matches(['4', '6']).to_owned();
    kind(&end.network) == kind(network)
}

/// An error that a route of the spec's network gives.
pub(super) fn refused_by_route(story: &Story<'_>, errno: &str) -> Option<String> {
    let (to, kind) = story.scene.route.as_deref()?.split_once(' ')?;
    let says = RouteKind::parse(kind).is_some_and(|kind| match kind {
        RouteKind::Unreachable => errno == "EHOSTUNREACH",
        RouteKind::Prohibit => errno == "EACCES",
        RouteKind::Blackhole => errno == "EINVAL",
    });
    says.then(|| format!("`network` has a route to {to} that is `{kind}`, which says {errno}"))
}

/// ECONNREFUSED.
pub(super) fn refused(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    if own.network.starts_with("udp") {
        return unreachable_port(story, own);
    }
    let address = story.scene.address.as_deref().or(own.remote.as_deref());
    // Those of another kind have numbers of their own.
    let there: Vec<&End> = story.scene.there.iter().filter(|end| is_kind(end, &own.network)).collect();
    let is_unix = own.network.starts_with("unix");
    let nobody = |end: &&End| end.role != Role::Connected;
    if let Some(open) = there.iter().find(|end| end.open && nobody(end)) {
        return is_there(story, open);
    }
    if let Some(closed) = there.iter().find(|end| !end.open && nobody(end)) {
        let close = story.last(closed, |words| begins(words, "close") || words == "reset")?;
        let (name, line) = (&closed.name, story.line(close));
        let is_abstract = closed.local.as_deref().is_some_and(|local| local.starts_with('@'));
        return Some(if is_abstract {
            format!("`{name}` was closed ({line}), and its abstract name went with it")
        } else if is_unix {
            format!("`{name}` was closed ({line}); its path is still there, and nobody listens at it")
        } else {
            format!("`{name}` was closed ({line}), and nobody listens at its port any more")
        });
    }
    let address = address.filter(|_| there.is_empty())?;
    Some(if is_unix {
        format!("no endpoint of this spec listens at {address}")
    } else {
        format!("nobody listens at {address}, so its host answered with RST")
    })
}

/// A socket is open at the address, and refuses.
fn is_there(story: &Story<'_>, open: &End) -> Option<String> {
    let name = &open.name;
    if let Some((set, _)) = story.set(open, "IPV6_V6ONLY").filter(|(_, value)| *value == "true") {
        return Some(format!("`{name}` has set IPV6_V6ONLY ({}), so it takes nothing over IPv4", story.line(set)));
    }
    if open.role != Role::Listener {
        let bind = story.first(open, |words| begins(words, "bind"))?;
        return Some(format!("`{name}` is bound there ({}), but does not listen", story.line(bind)));
    }
    let shut = story.last(open, |words| begins(words, "shutdown"))?;
    Some(format!("`{name}` was shut down ({}), and does not listen since", story.line(shut)))
}

/// ECONNREFUSED of UDP: an ICMP error.
fn unreachable_port(story: &Story<'_>, own: &End) -> Option<String> {
    let sent = story.of(own).into_iter().rev().find(|step| sends(step));
    let sent = sent.map(|sent| format!("the datagram of {}", story.line(sent)))?;
    let Some(target) = own.remote.as_deref() else {
        return Some(format!("nobody is bound where {sent} went, so ICMP port unreachable came back"));
    };
    let mut there = story.scene.there.iter().filter(|end| is_kind(end, &own.network));
    match there.next() {
        Some(end) if !end.open => {
            let close = story.last(end, |words| begins(words, "close"))?;
            let (name, line) = (&end.name, story.line(close));
            Some(format!("`{name}` was closed ({line}), so {sent} was answered with ICMP port unreachable"))
        }
        Some(end) if end.remote.is_some() && end.remote != own.local => {
            let connect = story.last(end, |words| begins(words, "connect"))?;
            let (name, line) = (&end.name, story.line(connect));
            Some(format!(
                "`{name}` is connected to another socket ({line}), so {sent} was answered with ICMP port unreachable"
            ))
        }
        Some(_) => None,
        None => Some(format!("nobody is bound to {target}, so {sent} was answered with ICMP port unreachable")),
    }
}

/// ENOENT, of a Unix path.
pub(super) fn no_path(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let path = story.scene.address.as_deref().filter(|_| own.network.starts_with("unix"))?;
    let goes = ["connect", "send"].contains(&story.verb());
    let name = path.rsplit('/').next().unwrap_or(path);
    goes.then(|| format!("no socket has been bound to `{name}` in the folder of this spec"))
}

/// EPROTOTYPE, of Unix sockets.
pub(super) fn other_type(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let there = story.scene.there.iter().find(|end| end.open && end.network != own.network)?;
    Some(format!("`{}` is of {}, and `{}` of {}", there.name, there.network, own.name, own.network))
}

/// EHOSTUNREACH and ENETUNREACH.
pub(super) fn unreachable(story: &Story<'_>, name: &str) -> Option<String> {
    let own = story.own()?;
    let address = story.scene.address.as_deref().or(own.remote.as_deref())?;
    if let Some(link) = story.link(&ends(story)) {
        return Some(link);
    }
    if name != "ENETUNREACH" {
        return None;
    }
    if address.starts_with("[::ffff:") && own.network.ends_with('6') {
        let (set, _) = story.set(own, "IPV6_V6ONLY").filter(|(_, value)| *value == "true")?;
        let line = story.line(set);
        return Some(format!("`{}` has set IPV6_V6ONLY ({line}), and {address} is an IPv4 address, mapped", own.name));
    }
    if story.scene.group && own.network.starts_with("tcp") {
        return Some(format!("{address} is no host's own address, and TCP connects two hosts"));
    }
    Some(format!("no route leads from `{}` to {address}", own.name))
}

/// ETIMEDOUT.
pub(super) fn timed_out(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let set = |option| story.set(own, option).map(|(set, value)| format!("{option} {value}, {}", story.line(set)));
    let limit = set("TCP_USER_TIMEOUT").map(|limit| format!("nothing was acknowledged in time ({limit})"));
    let limit = limit.or_else(|| Some(format!("no keepalive probe was answered ({})", set("TCP_KEEPCNT")?)));
    let link = story.link(&ends(story));
    match (link, limit) {
        (Some(link), Some(limit)) => Some(format!("{link}, so {limit}")),
        (Some(link), None) => Some(format!("{link}, so no answer came")),
        (None, Some(limit)) => Some(limit),
        (None, None) if story.verb() == "connect" => {
            Some(format!("nothing answered at {}: neither SYN ACK nor RST came back", story.scene.address.as_deref()?))
        }
        (None, None) => None,
    }
}

/// The ends whose links matter.
pub(super) fn ends<'r>(story: &Story<'r>) -> Vec<&'r End> {
    let scene = story.scene;
    scene.own.iter().chain(&scene.other).chain(&scene.there).collect()
}

/// A connect that has no answer.
pub(super) fn unanswered(story: &Story<'_>) -> Option<String> {
    if let Some(link) = story.link(&ends(story)) {
        return Some(link);
    }
    let listener = story.scene.there.iter().find(|end| end.open && end.role == Role::Listener);
    let Some(listener) = listener else {
        let address = story.scene.address.as_deref().filter(|_| story.scene.there.is_empty())?;
        return Some(format!("nothing answered at {address}: neither SYN ACK nor RST came back"));
    };
    let name = &listener.name;
    let Some((waiting, room)) = listener.queue else {
        return Some(format!("the queue of `{name}` is full, and nobody accepts"));
    };
    let is_full = waiting > room;
    is_full.then(|| {
        let wait = if waiting == 1 { "1 connection waits".to_owned() } else { format!("{waiting} connections wait") };
        let backlog = story.last(listener, |words| begins(words, "listen")).map(|listen| backlog(story, listen));
        let backlog = backlog.unwrap_or_default();
        format!("the queue of `{name}` is full: {wait} to be accepted{backlog}, and Linux drops every SYN until one is")
    })
}

/// What the backlog lets in, where the spec says it.
fn backlog(story: &Story<'_>, listen: &Happened) -> String {
    let text = words(listen);
    let number = text.split_once("backlog ").and_then(|(_, rest)| rest.split(' ').next());
    number.map(|number| format!(", all that `backlog: {number}` lets in ({})", story.line(listen))).unwrap_or_default()
}
