//! What a step waited for in vain.

use super::arrival::{ends, unanswered};
use super::reset::Ending;
use super::story::{Story, begins, bytes, sends, words};
use crate::trace::event::What;
use crate::trace::record::Happened;
use crate::trace::scene::{End, Role};

/// The deadline passed.
pub(super) fn nothing(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    match story.verb() {
        "connect" => unanswered(story),
        "accept" => no_connection(story, own),
        "send" => blocked(story, own),
        "run" | "open" | "exit" | "tls" | "writable" => None,
        _ if is_of_errors(story) => None,
        _ if own.role == Role::Connected => no_bytes(story, own),
        _ if own.network.starts_with("udp") || own.network == "unixgram" => no_datagram(story, own),
        _ => None,
    }
}

/// EAGAIN.
pub(super) fn would_block(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let name = &own.name;
    let option = if story.sends() || story.verb() == "connect" { "SO_SNDTIMEO" } else { "SO_RCVTIMEO" };
    if let Some((set, value)) = story.set(own, option).filter(|(_, value)| *value != "0") {
        let line = story.line(set);
        return Some(match story.verb() {
            "send" => format!("the send buffer was full for {option} {value} ({line})"),
            "accept" => format!("nobody connected to `{name}` within {option} {value} ({line})"),
            _ => format!("nothing came to `{name}` within {option} {value} ({line})"),
        });
    }
    match story.verb() {
        "accept" => Some(format!("no connection waits in the queue of `{name}`")),
        "send" => full(story),
        "connect" if own.network.starts_with("unix") => {
            let listener = story.scene.there.iter().find(|end| end.open && end.role == Role::Listener)?;
            Some(format!("the queue of `{}` is full", listener.name))
        }
        "recv" if is_of_errors(story) => Some(format!("no error waits in the error queue of `{name}`")),
        "recv" | "read" => Some(format!("nothing waits to be received at `{name}`")),
        _ => None,
    }
}

/// Whether the step receives from the error queue.
fn is_of_errors(story: &Story<'_>) -> bool {
    story.verb() == "recv" && story.scene.step.split(' ').any(|word| word == "errqueue")
}

/// A send that found no room.
fn full(story: &Story<'_>) -> Option<String> {
    let other = story.scene.other.as_ref().filter(|other| other.open && other.role == Role::Connected);
    other
        .filter(|other| other.unread > 0)
        .map(|other| format!("the buffers are full: {} wait unread at `{}`", bytes(other.unread), other.name))
}

/// What the other end is about.
fn meanwhile(story: &Story<'_>, other: &End) -> String {
    story.under_way(other).map_or_else(String::new, |step| {
        let verb = step.step.split(' ').next().unwrap_or_default();
        format!(", and in its own `{verb}` ({})", story.place(step.line, step.file.as_deref()))
    })
}

/// Nobody connected.
fn no_connection(story: &Story<'_>, listener: &End) -> Option<String> {
    if let Some(link) = story.link(&ends(story)) {
        return Some(link);
    }
    let name = &listener.name;
    let mut all = story.all(|_, words| begins(words, "connect"));
    match story.all(|_, words| is_to(words, listener)).last() {
        // An address that is written out may be its own, and a program may connect.
        None if listener.shared || has_programs(story) || all.any(|step| words(step).contains(':')) => None,
        None => Some(format!("no step has connected to `{name}`")),
        Some(connect) => {
            let client = &connect.event.endpoint;
            let accepted = story.all(|_, words| words == format!("accept {client}")).last()?;
            let conn = &accepted.event.endpoint;
            let line = story.line(accepted);
            Some(format!("the last that connected, `{client}`, has been accepted already, as `{conn}` ({line})"))
        }
    }
}

/// A send that does not come to its end.
fn blocked(story: &Story<'_>, own: &End) -> Option<String> {
    if let Some(link) = story.link(&ends(story)) {
        return Some(link);
    }
    let other = story.scene.other.as_ref()?;
    let name = &other.name;
    if other.role == Role::Listener {
        return Some(format!(
            "nobody has accepted the connection of `{}` yet: it is in the queue of `{name}`",
            own.name
        ));
    }
    if !other.open || other.unread == 0 {
        return None;
    }
    let waits = bytes(other.unread);
    Some(match story.under_way(other).filter(|step| begins(&step.step, "send")) {
        Some(step) => format!(
            "`{name}` does not receive, since it sends itself ({}): {waits} wait unread there",
            story.place(step.line, step.file.as_deref())
        ),
        None => format!("`{name}` does not receive: {waits} wait unread there"),
    })
}

/// Nothing came over a connection, or not enough.
fn no_bytes(story: &Story<'_>, own: &End) -> Option<String> {
    if let Some(link) = story.link(&ends(story)) {
        return Some(link);
    }
    let other = story.scene.other.as_ref()?;
    let name = &other.name;
    if other.role == Role::Listener {
        let queued = format!("nobody has accepted the connection of `{}`: it is in the queue of `{name}`", own.name);
        return other.open.then_some(queued);
    }
    if !other.open || other.shared || story.speaks_tls(own) {
        return None;
    }
    let waits_for_end = story.scene.step.contains("eof") || story.scene.step.contains("reset");
    let meanwhile = meanwhile(story, other);
    if let Some(Ending::Both(shut) | Ending::Write(shut)) = Ending::of(story, other) {
        let line = story.line(shut);
        let only = begins(&story.scene.step, "expect reset");
        return only
            .then(|| format!("`{name}` has shut down its sending ({line}), which sends FIN, and is open still"));
    }
    if waits_for_end {
        return Some(format!("`{name}` is open{meanwhile}: it has neither closed nor shut down its sending"));
    }
    if !story.counts(other) {
        let more = if story.of(other).into_iter().any(sends) { " more" } else { "" };
        return Some(format!("`{name}` is open{meanwhile}, and has sent nothing{more}"));
    }
    let arrived = own.received + own.unread;
    match other.sent.checked_sub(arrived) {
        Some(0) if other.sent == 0 => Some(format!("`{name}` is open{meanwhile}, and has sent nothing")),
        Some(0) => Some(format!("`{name}` is open{meanwhile}, and has sent {} in all", bytes(other.sent))),
        Some(missing) => kept_back(story, other, missing),
        // Urgent bytes are counted otherwise.
        None => None,
    }
}

/// Bytes that the other end has been given and that have not arrived.
fn kept_back(story: &Story<'_>, other: &End, missing: u64) -> Option<String> {
    let name = &other.name;
    let keeps = bytes(missing);
    let on = |(_, value): &(_, &str)| *value == "true";
    if let Some((set, _)) = story.set(other, "TCP_CORK").filter(on) {
        return Some(format!("`{name}` keeps {keeps} back under TCP_CORK ({})", story.line(set)));
    }
    let more = story.of(other).into_iter().rev().find(|step| sends(step));
    if let Some(more) = more.filter(|step| has_suffix(step, "more")) {
        return Some(format!("`{name}` keeps {keeps} back: its last send said that more comes ({})", story.line(more)));
    }
    None
}

fn has_suffix(step: &Happened, word: &str) -> bool {
    matches!(&step.event.what, What::Data { suffix, .. } if suffix.iter().any(|suffix| suffix == word))
}

/// No datagram came.
fn no_datagram(story: &Story<'_>, own: &End) -> Option<String> {
    let name = &own.name;
    if let Some(link) = story.link(&ends(story)) {
        return Some(link);
    }
    if own.dropped > 0 {
        let what = if own.dropped == 1 { "1 datagram" } else { "datagrams" };
        return Some(format!("the receive buffer of `{name}` (SO_RCVBUF) had no room for {what}, which Linux dropped"));
    }
    let to_it = |step: &Happened| has_suffix(step, &format!("to {name}"));
    let connected: Vec<&str> =
        story.all(|_, words| is_to(words, own)).map(|step| step.event.endpoint.as_str()).collect();
    let all: Vec<&Happened> = story.all(|_, words| words == "send").collect();
    if let Some(sent) = all.iter().rev().find(|step| to_it(step) || connected.contains(&step.event.endpoint.as_str())) {
        return from_another(story, own, sent);
    }
    // Addresses that are written out may be its own, and a program may send.
    let is_told = all.iter().all(|step| {
        matches!(&step.event.what, What::Data { suffix, .. }
            if !suffix.iter().any(|word| word.contains("://") || word.contains('<')))
    });
    (is_told && !has_programs(story)).then(|| format!("no step has sent to `{name}`"))
}

/// Whether a step connects to an endpoint.
fn is_to(words: &str, end: &End) -> bool {
    let to = words.strip_prefix("connect ").and_then(|to| to.split(' ').next());
    to.is_some_and(|to| to == end.name || end.alias.as_deref() == Some(to))
}

fn has_programs(story: &Story<'_>) -> bool {
    story.all(|_, words| begins(words, "run")).next().is_some()
}

/// A datagram that is dropped, since its receiver is connected to somebody else than its sender.
fn from_another(story: &Story<'_>, own: &End, sent: &Happened) -> Option<String> {
    let connect = story.last(own, |words| begins(words, "connect"))?;
    let peer = words(connect).split(' ').nth(1).filter(|peer| !peer.contains("://") && *peer != sent.event.endpoint)?;
    Some(format!(
        "`{}` is connected to `{peer}` ({}), so Linux drops what `{}` sends it ({})",
        own.name,
        story.line(connect),
        sent.event.endpoint,
        story.line(sent)
    ))
}
