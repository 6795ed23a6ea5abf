//! sockspec: a declarative conformance runner for sockets.
//!
//! A spec is a short YAML file that tells what happens between sockets. sockspec runs it against
//! real sockets, turns what happened into a canonical trace, and compares that with an accepted
//! snapshot. `ARCHITECTURE.md` is the map of this crate; the folders are the pipeline:
//! `source` → `spec` → `plan` → `exec` → `trace` → `snapshot` → `suite` → `report`.

// A module with parts is a folder with a `mod.rs`: what belongs to it lies in one place.
#![warn(clippy::self_named_module_files)]

pub mod cli;
pub mod diagnostic;
pub mod exec;
pub mod explain;
pub mod harness;
pub mod model;
pub mod plan;
pub mod record;
pub mod report;
pub mod review;
pub mod snapshot;
pub mod source;
pub mod spec;
pub mod stress;
pub mod suite;
pub mod trace;

pub use harness::harness;
