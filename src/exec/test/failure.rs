//! What a failure's report needs from the sockets: the bytes that nobody received, and whether a
//! connection has ended that no endpoint of the spec was at the other end of.

use std::rc::Rc;

use crate::trace::record::Bytes;

use crate::exec::endpoint::description::Peer;
use crate::exec::endpoint::{Endpoint, Role};
use crate::exec::net::sys;
use crate::exec::net::tls::record;

/// How much of each endpoint's unread bytes is kept.
const KEPT: usize = 1024;

/// What waits unread at each endpoint; the first KiB of it. Nothing is taken.
pub(crate) fn unread(endpoints: &[Rc<Endpoint>]) -> Vec<(String, Bytes)> {
    let mut buffer = [0; KEPT];
    let mut all = Vec::new();
    for endpoint in endpoints {
        let Some(socket) = endpoint.socket() else { continue };
        // What a program has printed is told apart.
        if matches!(endpoint.shared.role.get(), Role::Listener | Role::Program) {
            continue;
        }
        if let Ok(len @ 1..) = socket.recv(&mut buffer, libc::MSG_PEEK | libc::MSG_DONTWAIT) {
            // What is encrypted, or half of a handshake, tells nobody anything.
            if socket.tls().is_some() || !record::is_opaque(&buffer[..len]) {
                all.push((endpoint.shown.clone(), Bytes(buffer[..len].to_vec())));
            }
        }
    }
    all
}

/// What has come since a deadline passed, in sentences: where these bytes were unread then, and those
/// are now.
pub(crate) fn late(then: &[(String, Bytes)], now: &[(String, Bytes)]) -> Vec<String> {
    let since = |(name, bytes): &(String, Bytes)| {
        let before = then.iter().find(|(known, _)| known == name).map_or(0, |(_, bytes)| bytes.0.len());
        let more = bytes.0.len().checked_sub(before).filter(|more| *more > 0)?;
        let unit = if more == 1 { "byte" } else { "bytes" };
        Some(format!("{more} {unit} came at `{name}` just after the deadline: `within: …` gives the step longer"))
    };
    now.iter().filter_map(since).collect()
}

/// Whether the end of what is at the other side may be why a step of that endpoint failed: its
/// connection has ended, or there is none.
pub(crate) fn may_be_an_end(open: &[Rc<Endpoint>], shown: &str) -> bool {
    let mut named = open.iter().filter(|endpoint| endpoint.shown == shown).peekable();
    named.peek().is_none() || named.any(|endpoint| has_ended(endpoint))
}

/// Whether the other side of a connection has ended it, and the spec alone did not have it.
fn has_ended(endpoint: &Endpoint) -> bool {
    let is_foreign = match endpoint.peer() {
        Peer::Known(peer) => peer.was_outside(),
        Peer::Gone => false,
        Peer::None => true,
    };
    // A connection that was refused looks like one that has ended.
    let connects = !matches!(endpoint.shared.role.get(), Role::Listener | Role::Sender | Role::File);
    let ended = sys::ENDED | libc::POLLHUP | libc::POLLERR;
    let has = |events: libc::c_short| events & ended != 0;
    connects && is_foreign && endpoint.socket().is_some_and(|socket| has(sys::poll_now(socket.fd(), sys::ENDED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_a_deadline_is_told() {
        let of = |bytes: &[(&str, &str)]| -> Vec<(String, Bytes)> {
            bytes.iter().map(|(name, text)| ((*name).to_owned(), Bytes(text.as_bytes().to_vec()))).collect()
        };
        let then = of(&[("a", "one"), ("b", "two")]);
        assert!(late(&then, &then).is_empty());
        let told = late(&then, &of(&[("a", "one two"), ("b", "two"), ("c", "x")]));
        assert_eq!(
            told,
            [
                "4 bytes came at `a` just after the deadline: `within: …` gives the step longer",
                "1 byte came at `c` just after the deadline: `within: …` gives the step longer",
            ]
        );
        assert!(late(&then, &[]).is_empty());
    }
}
