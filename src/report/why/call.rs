//! Calls that a socket does not take in its present state, and those that succeeded unexpectedly.

use super::reset::Ending;
use super::story::{Story, begins, bytes, succeeded, words};
use crate::trace::scene::{End, Role};

/// The most that one UDP datagram carries, RFC 768 in IPv4: 65,535 less two headers.
const UDP_MOST: u64 = 65_507;
/// The same over IPv6, whose header does not count.
const UDP6_MOST: u64 = 65_527;

/// ENOTCONN.
pub(super) fn not_connected(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let name = &own.name;
    if own.role == Role::Listener {
        return Some(format!("`{name}` listens, and a listener is not connected to anybody"));
    }
    let failed = story.of(own).into_iter().rev().find(|step| begins(words(step), "connect") && !succeeded(step));
    if let Some(failed) = failed.filter(|_| own.role == Role::Plain) {
        let errno = failed.facts.errno.as_deref()?;
        return Some(format!("the connect of `{name}` failed with {errno} ({})", story.line(failed)));
    }
    if let Some(dissolved) = story.dissolved(own) {
        return Some(format!("`{name}` was disconnected ({})", story.line(dissolved)));
    }
    if own.role == Role::Plain {
        return Some(format!("`{name}` has not been connected"));
    }
    let other = story.scene.other.as_ref();
    let theirs = other.filter(|other| other.role == Role::Connected).and_then(|other| Ending::of(story, other));
    let (Some(other), Some(theirs)) = (other, theirs) else { return reset_before(story, own) };
    match (Ending::of(story, own), theirs) {
        (_, ending @ (Ending::Reset(_) | Ending::Dissolved(_) | Ending::Linger(..) | Ending::Unread(..))) => {
            Some(format!(
                "`{}` ended the connection by a reset ({}), so there is none any more",
                other.name,
                story.line(ending.step())
            ))
        }
        (Some(mine), theirs) => Some(format!(
            "both directions have ended (`{name}` {}, `{}` {}), so the connection is no more",
            story.line(mine.step()),
            other.name,
            story.line(theirs.step())
        )),
        _ => reset_before(story, own),
    }
}

/// A reset that an earlier step has told.
fn reset_before(story: &Story<'_>, own: &End) -> Option<String> {
    let told = story.last(own, |words| begins(words, "expect reset"));
    let told =
        told.or_else(|| story.of(own).into_iter().rev().find(|step| step.facts.errno.as_deref() == Some("ECONNRESET")));
    told.map(|told| format!("the connection was reset, as {} has told", story.line(told)))
}

/// EISCONN.
pub(super) fn connected(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let is_first = |words: &str| ["connect", "accept", "pair"].iter().any(|verb| begins(words, verb));
    let since = story.of(own).into_iter().find(|step| is_first(words(step)) && succeeded(step))?;
    Some(format!("`{}` is connected since {}", own.name, story.line(since)))
}

/// EINVAL.
pub(super) fn invalid(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let name = &own.name;
    match story.verb() {
        "bind" => {
            let bound = |verb| story.of(own).into_iter().find(|step| begins(words(step), verb) && succeeded(step));
            let since = ["bind", "listen", "connect", "accept"].into_iter().find_map(bound)?;
            Some(format!("`{name}` is bound already ({}), and a socket binds once", story.line(since)))
        }
        "accept" if own.role != Role::Listener => Some(format!("`{name}` does not listen")),
        "accept" => {
            let shut = story.last(own, |words| begins(words, "shutdown"))?;
            Some(format!("`{name}` was shut down ({}), and does not listen since", story.line(shut)))
        }
        "recv" if story.scene.step.contains("urgent") => Some(match story.set(own, "SO_OOBINLINE") {
            Some((set, "true")) => {
                format!("SO_OOBINLINE is set ({}), so the urgent byte stays in the stream", story.line(set))
            }
            _ => format!("no urgent byte waits at `{name}`"),
        }),
        "send" if story.scene.address.as_deref().is_some_and(|address| address.ends_with(":0")) => {
            Some("port 0 is nobody's, and no destination of a datagram".to_owned())
        }
        "listen" if own.role == Role::Connected => Some(format!("`{name}` is connected, and cannot listen")),
        _ => None,
    }
}

/// EMSGSIZE.
pub(super) fn too_long(story: &Story<'_>) -> Option<String> {
    let (own, size) = (story.own()?, story.scene.size?);
    let is_v6 = own.network.ends_with('6')
        || own.local.as_deref().or(story.scene.address.as_deref()).is_some_and(|address| address.starts_with('['));
    let most = if is_v6 { UDP6_MOST } else { UDP_MOST };
    let family = if is_v6 { "IPv6" } else { "IPv4" };
    if own.network.starts_with("udp") && size > most {
        return Some(format!(
            "the payload has {}, and a UDP datagram over {family} carries {most} at most",
            bytes(size)
        ));
    }
    if own.network.starts_with("udp") {
        let (set, value) = story.set(own, "IP_MTU_DISCOVER").or_else(|| story.set(own, "IPV6_MTU_DISCOVER"))?;
        return Some(format!(
            "the datagram is larger than the MTU of its way, and MTU_DISCOVER {value} ({}) forbids to fragment it",
            story.line(set)
        ));
    }
    own.network
        .starts_with("unix")
        .then(|| format!("the message has {}, and does not fit into the send buffer (SO_SNDBUF) as one", bytes(size)))
}

/// EDESTADDRREQ.
pub(super) fn no_destination(story: &Story<'_>) -> Option<String> {
    let own = story.own().filter(|own| own.role == Role::Plain)?;
    Some(format!("`{}` is not connected, and the step names no address (`to`)", own.name))
}

/// EINPROGRESS and EALREADY.
pub(super) fn in_progress(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    if story.verb() != "connect" {
        return None;
    }
    if let Some((set, value)) = story.set(own, "SO_SNDTIMEO").filter(|(_, value)| *value != "0") {
        return Some(format!(
            "SO_SNDTIMEO {value} ({}) has passed, and the handshake goes on without the call",
            story.line(set)
        ));
    }
    Some("the handshake is under way: a nonblocking connect does not wait for its end".to_owned())
}

/// EOPNOTSUPP.
pub(super) fn not_supported(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let (name, network) = (&own.name, &own.network);
    let is_datagram = network.starts_with("udp") || network == "unixgram";
    match story.verb() {
        "listen" | "accept" if is_datagram => {
            Some(format!("`{name}` is a datagram socket ({network}), which takes no connections"))
        }
        "send" | "recv" if story.scene.step.contains("urgent") && !network.starts_with("tcp") => {
            Some(format!("sockets of {network} have no urgent data"))
        }
        _ => None,
    }
}

/// A step succeeded that was to fail.
pub(super) fn success(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let wants = |errno: &str| story.scene.fails.iter().any(|fails| fails == errno);
    match story.verb() {
        "send" if wants("EPIPE") || wants("ECONNRESET") => first_late_send(story, own),
        "send" if wants("ECONNREFUSED") => first_late_datagram(story, own),
        "connect" if wants("ECONNREFUSED") => {
            let open = story.scene.there.iter().find(|end| end.open && end.role == Role::Listener)?;
            let listen = story.last(open, |words| begins(words, "listen"))?;
            let line = story.line(listen);
            Some(format!("`{}` listens there ({line}); the handshake does not wait for `accept`", open.name))
        }
        "recv" | "read" if wants("ECONNRESET") => {
            let other = story.scene.other.as_ref()?;
            let ending = Ending::of(story, other)?;
            let is_reset = matches!(ending, Ending::Reset(_) | Ending::Linger(..) | Ending::Unread(..));
            is_reset.then(|| {
                let line = story.line(ending.step());
                format!(
                    "the bytes had come before `{}` reset the connection ({line}): Linux gives them first",
                    other.name
                )
            })
        }
        _ => None,
    }
}

/// The first send to a peer that has closed.
fn first_late_send(story: &Story<'_>, own: &End) -> Option<String> {
    let other = story.scene.other.as_ref().filter(|other| other.network.starts_with("tcp") && !other.shared)?;
    let name = &other.name;
    match Ending::of(story, other) {
        Some(ending @ (Ending::Close(_) | Ending::Both(_))) if story.sent_after(own, ending.step()).is_none() => {
            Some(format!(
                "`{name}` has closed ({}), but only bytes that reach it are answered with RST: this send succeeds, the next one fails",
                story.line(ending.step())
            ))
        }
        Some(Ending::Write(shut)) => {
            Some(format!("`{name}` has shut down its sending only ({}), and still receives", story.line(shut)))
        }
        None if other.open && other.role == Role::Connected => Some(format!("`{name}` is open, and receives")),
        _ => None,
    }
}

/// The first datagram to a port that nobody has.
fn first_late_datagram(story: &Story<'_>, own: &End) -> Option<String> {
    if !own.network.starts_with("udp") {
        return None;
    }
    own.remote.as_deref()?;
    let is_open = story.scene.there.iter().any(|end| end.open);
    (!is_open).then(|| "the ICMP error comes back after the send, and the next call tells it".to_owned())
}
