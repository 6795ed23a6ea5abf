//! Finds specs, selects among them, and runs each through every stage: read, understood, planned,
//! executed, its trace compared with the snapshot.

pub mod find;
pub mod outcome;
pub mod require;

pub use outcome::{Change, Outcome, SpecResult, TestResult, Totals};
