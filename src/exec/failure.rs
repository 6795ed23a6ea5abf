//! What a failure's report needs from the sockets: the bytes that nobody received.

use std::rc::Rc;

use crate::trace::record::Bytes;

use super::endpoint::{Endpoint, Role};
use super::net::tls::record;

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
