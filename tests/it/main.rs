//! The integration tests, all in one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
mod controls;
mod diagnostics;
mod hostile;
mod layering;
mod project;
mod rendering;
mod reports;
mod schema;
mod settling;
mod snapshot;
mod traces;
