//! What people and machines read: a failure drawn on its line of the spec, and the output of `run`.
//!
//! Everything here makes text of values and prints nothing: whether there are colours, and how
//! wide the terminal is, the caller says in a [`Style`](crate::diagnostic::Style).

mod changes;
mod compared;
pub mod coverage;
pub mod diagram;
mod difference;
pub mod doctor;
mod events;
pub mod explain;
pub mod failure;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
mod markup;
mod paint;
pub mod progress;
pub mod review;
mod rows;
pub mod run;
pub mod stress;
pub mod tap;
pub mod terminal;
mod told;
mod tries;
pub mod unified;
pub mod way_out;
mod why;

pub use why::why;
