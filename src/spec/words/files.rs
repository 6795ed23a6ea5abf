//! What stands after the name of a file in `files`, where that is a map.

use super::{Value, Word, word};

/// The keys of a file.
pub const FILE_KEYS: &[Word] = &[
    word("text", Value::Text, "What is in it; `${name}` is replaced."),
    word("base64", Value::Text, "What is in it, where that is no text."),
    word("mode", Value::Mode, "Its permissions in octal digits, as chmod takes them: `0600`."),
];
