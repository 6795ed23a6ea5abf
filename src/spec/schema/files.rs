//! The schemas of files that are written before the first step.

use serde_json::{Value as Json, json};

use super::values::{any_of, reference};
use super::{described, value};
use crate::spec::words::FILE_KEYS;

/// Octal digits, which YAML takes for a number.
const MODE: &str = r"^(0o)?[0-7]{1,5}$|\$\{[^}]+\}";

/// A map of names to what is in the files.
pub(super) fn files() -> Json {
    let properties: serde_json::Map<_, _> =
        FILE_KEYS.iter().map(|word| (word.name.to_owned(), described("files", word, value(word.value)))).collect();
    let map = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "not": { "required": ["text", "base64"] },
    });
    json!({
        "type": "object",
        "propertyNames": { "minLength": 1, "not": { "pattern": r"^/|(^|/)\.\.?(/|$)|//" }, "doNotSuggest": true },
        "additionalProperties": any_of([
            ("text", json!({ "type": "string" })),
            ("with its mode", map),
            ("folder", json!({ "type": "null" })),
        ]),
        "minProperties": 1,
    })
}

pub(super) fn mode() -> Json {
    any_of([
        ("mode", json!({ "type": ["integer", "string"], "minimum": 0, "pattern": MODE })),
        ("computed", reference("computed")),
    ])
}
