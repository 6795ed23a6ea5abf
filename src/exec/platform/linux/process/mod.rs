//! Programs: each has a process of ours above it, which leaves nothing of it behind.

mod activity;
mod launch;
mod supervisor;

use std::io;

use libc::pid_t;

use crate::exec::program::image::Image;

pub(crate) use launch::Child;
pub use launch::prepare;

/// Starts a program with its supervisor: the child, and the number of the program's process.
///
/// # Errors
/// Where there can be no process, and where execve(2) fails.
pub(crate) fn start(image: &Image<'_>) -> io::Result<(Child, pid_t)> {
    launch::start(image, supervisor::begin)
}
