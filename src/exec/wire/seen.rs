//! What a step got from the other side of its socket, in the words of the wire: bytes, a datagram,
//! a connection, the end, a reset.
//!
//! Of a program nobody knows what it did, and when. What a step got from it is known, and is the
//! same in every run; so that alone is told. A step that leaves open what it gets tells nothing.

use crate::model::errno::Errno;
use crate::model::state::TcpState;
use crate::plan::pattern::End;
use crate::plan::receive::{Cut, ReadHow};
use crate::plan::{AttributeCheck, Call, Condition, Number, OptionValue, Verb};
use crate::trace::event::What;
use crate::trace::shown;

use super::super::endpoint::Endpoint;
use super::super::lane::Done;
use super::act::Did;

/// What a call got from a stranger, where so many bytes had been taken before.
pub(super) fn from_stranger(endpoint: &Endpoint, call: &Call, done: &Done, before: u64) -> Vec<Did> {
    if call.fails.len() > 1 {
        return Vec::new();
    }
    if endpoint.network.is_udp() {
        return datagram(call, done).into_iter().collect();
    }
    let taken = match &call.verb {
        Verb::Accept { .. } => done.result.is_ok().then_some(Did::Accept),
        _ => taken(endpoint, call, done, before),
    };
    taken.into_iter().chain(end(endpoint, call, done)).collect()
}

/// The datagram that a call took.
fn datagram(call: &Call, done: &Done) -> Option<Did> {
    let seen = done.facts.pieces.first().copied().filter(|_| done.result.is_ok());
    match call.verb {
        // What comes from the error queue is the own datagram.
        Verb::Recv { ref beside, .. } if beside.errqueue.is_some() => None,
        Verb::Recv { peek: false, .. } => seen.map(|len| Did::Receive { len: Some(len), varies: varies(&done.what) }),
        Verb::Read { how: ReadHow { cut: Cut::Of(full), .. }, .. } => {
            seen.map(|_| Did::Receive { len: Some(full), varies: false })
        }
        Verb::Read { how: ReadHow { cut: Cut::Yes, .. }, .. } => seen.map(|_| Did::Receive { len: None, varies: true }),
        Verb::Read { .. } => seen.map(|len| Did::Receive { len: Some(len), varies: varies(&done.what) }),
        _ => None,
    }
}

/// The bytes of a stream that a call took.
fn taken(endpoint: &Endpoint, call: &Call, done: &Done, before: u64) -> Option<Did> {
    let socket = endpoint.socket()?;
    let sealed = Did::Take { from: before, to: before, varies: true, urgent: false };
    let urgent = match call.verb {
        Verb::Tls(_) => return done.result.is_ok().then_some(sealed),
        Verb::Recv { urgent, peek: false, .. } => urgent,
        Verb::Read { .. } => false,
        _ => return None,
    };
    let (from, to) = (before, endpoint.shared.taken.get());
    let varies = done.result.is_err() || varies(&done.what);
    // Where it may be none as well as some, it is told as if it were some.
    let is_some = to > from || (varies && done.result.is_ok());
    let did = if socket.tls().is_some() { sealed } else { Did::Take { from, to, varies, urgent } };
    is_some.then_some(did)
}

/// Whether the number of these bytes differs from run to run.
pub(super) fn varies(what: &What) -> bool {
    match what {
        What::Data { bytes, .. } => shown::total_size(bytes).is_none(),
        What::Words(_) => false,
    }
}

/// The end or the reset that a call saw, and would see in every run.
fn end(endpoint: &Endpoint, call: &Call, done: &Done) -> Option<Did> {
    let over_tls = endpoint.socket().is_some_and(|socket| socket.tls().is_some());
    let of = |end: End| match end {
        // Over TLS that is close_notify; the connection may stay.
        End::Eof if over_tls => None,
        End::Eof | End::Truncated => Some(Did::SeeEnd),
        End::Reset => Some(Did::SeeReset),
    };
    if let Err(errno) = done.result {
        let connects = matches!(call.verb, Verb::Connect { .. } | Verb::Accept { .. });
        let sends_no_more = endpoint.shared.write_ended.get();
        let is_reset = errno == Errno(libc::ECONNRESET) || (errno == Errno(libc::EPIPE) && !sends_no_more);
        return (is_reset && !connects).then_some(Did::SeeReset);
    }
    match &call.verb {
        Verb::Recv { pattern, peek: false, .. } => match pattern.ends_at()? {
            [end] => of(*end),
            _ => None,
        },
        Verb::Read { size, .. } => {
            let is_empty = done.facts.pieces.iter().sum::<u64>() == 0;
            of(End::Eof).filter(|_| is_empty && !matches!(size, Number::Known(0)))
        }
        Verb::Expect { conditions, .. } => match conditions.as_slice() {
            [Condition::Eof] => of(End::Eof),
            [Condition::Truncated] => of(End::Truncated),
            [Condition::Reset] => of(End::Reset),
            _ => None,
        },
        Verb::ExpectAttributes(attributes) => attributes.iter().find_map(|attribute| shows(&attribute.check)),
        _ => None,
    }
}

/// What an attribute shows of the other side, whichever of its values it has.
fn shows(check: &AttributeCheck) -> Option<Did> {
    match check {
        AttributeCheck::State(states) => states.iter().all(|state| has_received_fin(*state)).then_some(Did::SeeEnd),
        AttributeCheck::Option(_, values) => {
            let reset = |value: &OptionValue| matches!(value, OptionValue::Errno(Some(Errno(libc::ECONNRESET))));
            values.iter().all(reset).then_some(Did::SeeReset)
        }
        _ => None,
    }
}

/// Whether a socket is in that state only after the FIN of the other side, RFC 9293 figure 5.
fn has_received_fin(state: TcpState) -> bool {
    matches!(state, TcpState::CloseWait | TcpState::LastAck | TcpState::Closing | TcpState::TimeWait)
}
