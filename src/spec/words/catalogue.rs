//! The keys of a catalogue: behaviours, line by line, that specs show.

use super::{Value, Word, required, word};

/// The keys of a catalogue.
pub const CATALOGUE: &[Word] = &[
    word("title", Value::Text, "What it is a catalogue of."),
    word("about", Value::Text, "What stands above the first section."),
    required("sections", Value::Sections, "The sections, each with its lines."),
];

/// The keys of a section.
pub const SECTION: &[Word] = &[
    required("title", Value::Text, "The title of the section."),
    required("lines", Value::Lines, "The lines by their ids, each a sentence or a map."),
];

/// The keys of a line that is a map.
pub const LINE: &[Word] = &[
    required("text", Value::Text, "The behaviour."),
    word("notes", Value::Notes, "What is different on other platforms."),
    word("not_shown", Value::Text, "Why no spec can show it, and what would be needed."),
];

/// The keys of a note.
pub const NOTE: &[Word] = &[
    required("platform", Value::Text, "Where it is so."),
    required("text", Value::Text, "What is different there."),
    word("refs", Value::Texts, "Where that is said."),
    word("confirmed", Value::Flag, "Whether somebody has seen it on such a machine; not so if not given."),
];
