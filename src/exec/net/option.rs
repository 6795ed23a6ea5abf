//! Socket options by their values.

use std::os::fd::BorrowedFd;

use crate::model::errno::Errno;
use crate::model::option::{SocketOption, ValueKind};
use crate::plan::OptionValue;

use super::{Socket, multicast, sys};

/// setsockopt(2)
pub(crate) fn set(socket: &Socket, option: &SocketOption, value: &OptionValue) -> Result<(), Errno> {
    let result = set_value(socket.fd(), option, value);
    if option.name == "SO_LINGER" {
        socket.ask_linger();
    }
    result
}

fn set_value(fd: BorrowedFd<'_>, option: &SocketOption, value: &OptionValue) -> Result<(), Errno> {
    match value {
        OptionValue::Int(number) => sys::set_int(fd, option.level, option.number, *number),
        OptionValue::Time(time) => sys::set_time(fd, option.level, option.number, *time),
        OptionValue::Text(text) => sys::set_text(fd, option.level, option.number, text),
        OptionValue::Bytes(bytes) => sys::set_bytes(fd, option.level, option.number, bytes),
        OptionValue::Address(address) => multicast::send_by(fd, *address),
        OptionValue::Group(membership) => match option.name {
            "IP_ADD_MEMBERSHIP" | "IPV6_ADD_MEMBERSHIP" => multicast::join(fd, membership),
            _ => multicast::leave(fd, membership),
        },
        OptionValue::Errno(errno) => sys::set_int(fd, option.level, option.number, errno.map_or(0, |errno| errno.0)),
        OptionValue::Linger(seconds) => sys::set_linger(fd, *seconds),
    }
}

/// getsockopt(2). Reading SO_ERROR uses it up.
pub(crate) fn get(socket: &Socket, option: &SocketOption) -> Result<OptionValue, Errno> {
    let fd = socket.fd();
    Ok(match option.kind {
        ValueKind::Bool | ValueKind::Int => OptionValue::Int(sys::get_int(fd, option.level, option.number)?),
        ValueKind::Time => OptionValue::Time(sys::get_time(fd, option.level, option.number)?),
        ValueKind::Linger => OptionValue::Linger(sys::get_linger(fd)?),
        ValueKind::Text => OptionValue::Text(sys::get_text(fd, option.level, option.number)?),
        ValueKind::Address => OptionValue::Address(multicast::sends_by(fd)?),
        ValueKind::Group | ValueKind::Credentials => return Err(Errno(libc::ENOPROTOOPT)),
        ValueKind::Errno => {
            let errno = sys::get_int(fd, option.level, option.number)?;
            OptionValue::Errno((errno != 0).then_some(Errno(errno)))
        }
    })
}
