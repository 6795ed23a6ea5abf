//! macOS. This was compiled for it, and not run on it: docs/portability.md.

pub(crate) mod diag;
pub(crate) mod isolation;
pub(crate) mod process;
pub(crate) mod socket;
