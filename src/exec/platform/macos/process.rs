//! Programs, which are not started here: nothing of a program may outlive its spec, however the runner
//! ends, and what sees to that is Linux's (a subreaper, descriptors that are left in one call).

use std::io;

use crate::exec::program::image::Image;

/// A child of the runner; there is none.
#[derive(Debug)]
pub(crate) enum Child {}

impl Child {
    /// Whether something of it runs.
    pub(crate) fn is_active(&self) -> bool {
        match *self {}
    }

    /// Waits until it has ended.
    pub(crate) fn wait(self) {
        match self {}
    }
}

/// Makes what programs are started with: nothing.
pub fn prepare() {}

/// Starts a program.
///
/// # Errors
/// Always.
pub(crate) fn start(_image: &Image<'_>) -> io::Result<(Child, libc::pid_t)> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "programs are run on Linux alone"))
}
