//! What stands after the name of a variable in `vars`, where that is a map.

use super::{Value, Word, required, word};

/// The keys of a variable.
pub const VARIABLE_KEYS: &[Word] = &[
    required("value", Value::Text, "Its value."),
    word("vary", Value::True, "It differs from one machine to the next, so traces show its name."),
];
