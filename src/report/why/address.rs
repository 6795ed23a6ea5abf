//! What keeps a socket from an address.

use std::net::{IpAddr, SocketAddr};

use super::story::{Story, begins};
use crate::trace::scene::{End, Role};

/// EADDRINUSE.
pub(super) fn in_use(story: &Story<'_>) -> Option<String> {
    if story.verb() == "set" {
        return joined(story);
    }
    let address = story.scene.address.as_deref()?;
    let own = story.own();
    let is_same_kind = |end: &&End| own.is_none_or(|own| kind(&own.network) == kind(&end.network));
    let there: Vec<&End> = story.scene.there.iter().filter(is_same_kind).collect();
    if !address.contains(':') || address.starts_with('/') {
        return taken_path(story, &there);
    }
    let holder = |role: Role| there.iter().find(move |end| end.open && end.role == role);
    if let Some(open) = holder(Role::Listener).or_else(|| holder(Role::Plain)).or_else(|| holder(Role::Connected)) {
        return Some(held(story, open, address));
    }
    let in_time_wait = |end: &&&End| end.state.as_deref().is_some_and(|state| state != "CLOSED");
    if let Some(closed) = there.iter().find(in_time_wait) {
        let name = &closed.name;
        let state = closed.state.as_deref()?;
        let close = story.last(closed, |words| begins(words, "close") || words == "reset");
        let line = close.map(|close| format!(" ({})", story.line(close))).unwrap_or_default();
        return Some(format!(
            "`{name}` was closed{line}, and its connection is still in {state} at {address}: another socket may bind there \
             only if both have set SO_REUSEADDR"
        ));
    }
    Some(format!("no open endpoint of this spec has {address}: another process does, or a connection in TIME-WAIT"))
}

/// A group that was joined already.
fn joined(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let (_, setting) = story.scene.step.split_once(' ').filter(|(_, setting)| setting.contains("ADD_MEMBERSHIP="))?;
    let before = story.first(own, |words| words.strip_prefix("set ") == Some(setting))?;
    Some(format!("`{}` has joined that group already ({})", own.name, story.line(before)))
}

/// An open socket has the address.
fn held(story: &Story<'_>, open: &End, address: &str) -> String {
    let name = &open.name;
    let since = ["listen", "bind", "connect", "accept"]
        .into_iter()
        .find_map(|verb| story.first(open, |words| begins(words, verb)))
        .map(|since| format!(" since {}", story.line(since)))
        .unwrap_or_default();
    let does = if open.role == Role::Listener { "listens at" } else { "has" };
    let local = open.local.as_deref().unwrap_or(address);
    let reuse = |option| {
        let own = story.own().and_then(|own| story.set(own, option)).filter(|(_, value)| *value == "true");
        let other = story.set(open, option).filter(|(_, value)| *value == "true");
        (own, other)
    };
    let lacks = match (reuse("SO_REUSEADDR"), open.role) {
        ((Some(_), Some(_)), Role::Listener) => ": SO_REUSEADDR does not share a port with a listener".to_owned(),
        ((Some((set, _)), None), _) => {
            format!(", and has not set SO_REUSEADDR, as this socket has ({})", story.line(set))
        }
        _ => match reuse("SO_REUSEPORT") {
            (Some(_), None) => ", and had not set SO_REUSEPORT before".to_owned(),
            (None, Some(_)) => ", and this socket has not set SO_REUSEPORT".to_owned(),
            _ => String::new(),
        },
    };
    let all = match local {
        _ if local == address || !is_wildcard(local) => "",
        _ if local.starts_with('[') && !address.starts_with('[') => ", which takes IPv4, too,",
        _ => ", every address of its host,",
    };
    format!("`{name}` {does} {local}{all}{since}{lacks}")
}

/// A Unix path, or an abstract name.
fn taken_path(story: &Story<'_>, there: &[&End]) -> Option<String> {
    let address = story.scene.address.as_deref()?;
    let name = address.rsplit('/').next().unwrap_or(address);
    let bound = |end: &End| {
        let bind = story.first(end, |words| begins(words, "bind") || begins(words, "listen"));
        bind.map(|bind| format!(" ({})", story.line(bind))).unwrap_or_default()
    };
    if let Some(open) = there.iter().find(|end| end.open) {
        return Some(format!("`{}` is bound to `{name}`{}", open.name, bound(open)));
    }
    let closed = there.first().filter(|_| !address.starts_with('@'))?;
    Some(format!(
        "`{}` was bound to `{name}`{}, and closing a socket does not remove its path",
        closed.name,
        bound(closed)
    ))
}

/// EADDRNOTAVAIL.
pub(super) fn not_available(story: &Story<'_>) -> Option<String> {
    if story.scene.step.starts_with("set ") && story.scene.step.contains("DROP_MEMBERSHIP=") {
        return Some(format!("`{}` is not a member of that group", story.own()?.name));
    }
    let address = story.scene.address.as_deref()?;
    let socket: SocketAddr = address.parse().ok()?;
    match story.verb() {
        "bind" | "listen" => Some(match story.own().and_then(|own| own.host.as_deref()) {
            Some(host) => format!("no interface of `{host}` has the address {}", socket.ip()),
            None => format!("no interface has the address {}", socket.ip()),
        }),
        _ => None,
    }
}

/// EACCES.
pub(super) fn no_permission(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let address: Option<SocketAddr> = story.scene.address.as_deref().and_then(|address| address.parse().ok());
    match (story.verb(), address) {
        ("bind" | "listen", Some(address)) if (1..1024).contains(&address.port()) => Some(format!(
            "port {} is below net.ipv4.ip_unprivileged_port_start, which is 1024 unless set otherwise, and needs CAP_NET_BIND_SERVICE",
            address.port()
        )),
        ("connect" | "send", Some(address)) if story.scene.group || is_broadcast(address.ip()) => {
            let set = story.set(own, "SO_BROADCAST").is_some_and(|(_, value)| value == "true");
            (!set).then(|| {
                format!("{} is a broadcast address, and `{}` has not set SO_BROADCAST", address.ip(), own.name)
            })
        }
        _ => None,
    }
}

/// EAFNOSUPPORT.
pub(super) fn other_family(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let address = story.scene.address.as_deref()?;
    let family = |is_v6| if is_v6 { "IPv6" } else { "IPv4" };
    let local: Option<SocketAddr> = own.local.as_deref().and_then(|local| local.parse().ok());
    let is_v6 = local.map_or(own.network.ends_with('6'), |local| local.is_ipv6());
    match address.parse::<SocketAddr>() {
        Ok(there) if there.is_ipv6() != is_v6 && !own.network.starts_with("unix") => Some(format!(
            "`{}` is a socket of {}, and {address} is an address of {}",
            own.name,
            family(is_v6),
            family(!is_v6)
        )),
        _ => None,
    }
}

fn kind(network: &str) -> &str {
    network.trim_end_matches(['4', '6'])
}

fn is_wildcard(address: &str) -> bool {
    address.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_unspecified())
}

fn is_broadcast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_broadcast() || ip.octets() == [127, 255, 255, 255],
        IpAddr::V6(_) => false,
    }
}
