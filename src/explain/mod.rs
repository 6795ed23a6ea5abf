//! What the words mean that a spec, a trace or a report has in it: errors, states, verbs, verdicts, findings, and what is
//! behind them.
//!
//! The texts are in `topics/`, in Markdown as far as it goes: a heading for each topic, a line that says it in short,
//! paragraphs, and lines `Refs:`, `Specs:` and `See:`. What the words of the language mean in a line, and which exist, is
//! told by [`spec::words`](crate::spec::words) and [`model`](crate::model) alone.

mod find;
mod names;
mod text;
mod topic;

pub use find::{find, found_in, nearest};
pub use topic::{Block, Group, Sense, Topic, topics};

#[cfg(test)]
mod tests;
