//! What can come beside the bytes of a `recv`.

use super::{Value, Word, required, word};

/// What a socket's error queue tells of an error, as `struct sock_extended_err` has it.
pub const ERRQUEUE: &[Word] = &[
    required("errno", Value::Errno, "The error, by its errno name."),
    word("origin", Value::OneOf(ORIGINS), "Who has told of it: the own kernel, or an ICMP message."),
    word("type", Value::Number, "The type of the ICMP message."),
    word("code", Value::Number, "The code of the ICMP message."),
    word("info", Value::Number, "What else it tells: of EMSGSIZE the MTU of the path, in bytes."),
    word("offender", Value::Destination, "Who has sent the ICMP message: a host; `none` where it is the own kernel."),
];

/// Who can tell of an error.
pub const ORIGINS: &[&str] = &["local", "icmp", "icmp6"];
