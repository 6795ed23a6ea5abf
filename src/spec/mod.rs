//! YAML to a [`Spec`](ast::Spec) in which every node knows its span and nothing is resolved.

pub mod ast;
pub mod schema;
pub mod words;
