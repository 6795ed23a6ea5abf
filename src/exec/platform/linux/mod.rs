//! Linux.

pub(crate) mod diag;
pub(crate) mod isolation;
pub(crate) mod process;
pub(crate) mod socket;
