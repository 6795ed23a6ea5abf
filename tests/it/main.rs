//! The integration tests, all in one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hostile;
mod rendering;
mod reports;
mod schema;
mod settling;
mod traces;
