//! What is agreed with whoever starts programs and looks after them.
#![cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "programs are started on Linux alone"))]

use std::ffi::CString;
use std::os::fd::BorrowedFd;

use libc::c_int;

/// How long a program may take to end after SIGTERM, in milliseconds.
pub(crate) const GRACE_MS: c_int = 2000;

/// The program has ended; the value is what wait(2) said.
pub(crate) const ENDED: c_int = 1;
/// A signal was sent; the value is 0, or the error of kill(2).
pub(crate) const SIGNALLED: c_int = 2;

/// What the runner sends in place of a signal: end everything.
pub(crate) const END: c_int = 0;

/// What a message to the runner consists of: what it tells, and a value.
pub(crate) type Message = [c_int; 2];

/// What a new process is to have and to be.
pub(crate) struct Image<'a> {
    /// The file to execute.
    pub(crate) path: CString,
    /// The arguments, its name first.
    pub(crate) arguments: Vec<CString>,
    /// `NAME=VALUE`
    pub(crate) environment: Vec<CString>,
    /// The folder that it starts in.
    pub(crate) folder: CString,
    /// The temporary folder of the test.
    pub(crate) temporary: CString,
    /// How many descriptors it may have, where that is not what the runner may.
    pub(crate) open_files: Option<libc::rlimit>,
    /// Where it hears from the runner.
    pub(crate) control: BorrowedFd<'a>,
    /// Its input, output and error output.
    pub(crate) streams: [BorrowedFd<'a>; 3],
    /// What it has from descriptor 3 on.
    pub(crate) handed: Vec<BorrowedFd<'a>>,
}
