//! Pages that stand alone: one file, nothing fetched, light or dark as the reader's system is.
//!
//! All of them share a frame, with its style and its script. Without the script they can be read;
//! it adds what filters and keys do.

mod comparison;
mod diagrams;
mod filter;
mod frame;
mod review;
mod run;
mod source;
mod words;

pub use diagrams::diagrams;
pub use review::{Entry, Review, State, review};
pub use run::run;
