//! The numbers of Linux, which has all of them.

pub(crate) use libc::*;
