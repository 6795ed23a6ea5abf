//! The values of socket options, and how a trace shows them.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::model::errno::Errno;
use crate::model::group::Membership;
use crate::model::option::{SocketOption, ValueKind};
use crate::model::{bytes, duration};

/// The value of an option, as setsockopt(2) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// An `int` or a boolean.
    Int(i32),
    /// A `struct timeval`.
    Time(Duration),
    /// A `struct linger`: seconds, or off.
    Linger(Option<u32>),
    /// A text.
    Text(String),
    /// A `struct in_addr`.
    Address(Ipv4Addr),
    /// A group that is joined or left.
    Group(Membership),
    /// The bytes of it, whatever they mean.
    Bytes(Vec<u8>),
    /// An error, for SO_ERROR; `None` is 0.
    Errno(Option<Errno>),
}

impl OptionValue {
    /// How a trace shows it: `true`, `200ms`, `ECONNREFUSED`; a boolean option's 0 and 1 are `false` and `true`.
    pub fn show(&self, option: &SocketOption) -> String {
        match self {
            Self::Int(0) if option.kind == ValueKind::Bool => "false".to_owned(),
            Self::Int(1) if option.kind == ValueKind::Bool => "true".to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Time(time) => duration::show(*time),
            Self::Linger(None) => "false".to_owned(),
            Self::Linger(Some(seconds)) => seconds.to_string(),
            Self::Text(text) => text.clone(),
            Self::Address(address) => address.to_string(),
            Self::Group(membership) => membership.to_string(),
            Self::Bytes(bytes) => bytes::hex(bytes),
            Self::Errno(None) => "0".to_owned(),
            Self::Errno(Some(errno)) => errno.to_string(),
        }
    }
}
