//! The schema of what can come beside the bytes of a `recv`, and of what a `read` tells.

use serde_json::{Value as Json, json};

use super::super::words::{self, Value};
use super::values::{any_of, object, reference};
use super::{described, typed, value};

/// An endpoint, or an IP address.
pub(super) fn destination() -> Json {
    any_of([("endpoint", reference("name")), ("address", json!({ "type": "string", "pattern": "[.:]|[$][{]" }))])
}

/// What the error queue must tell.
pub(super) fn queued_error() -> Json {
    object(
        words::ERRQUEUE.iter().map(|word| {
            (word.name, typed(Value::Perturb, described("errqueue", word, value(word.value))), word.required)
        }),
    )
}

/// Whether a datagram was cut, or how many bytes it had.
pub(super) fn size_or_flag() -> Json {
    any_of([("flag", reference("flag")), ("size", reference("size"))])
}
