//! The schemas of what a catalogue has.

use serde_json::{Value as Json, json};

use super::values::{ID, any_of, object, reference};
use super::{Word, key};
use crate::spec::words::{LINE, NOTE, SECTION};

fn list(keys: &'static [Word]) -> Json {
    json!({ "type": "array", "items": map(keys), "minItems": 1 })
}

fn map(keys: &'static [Word]) -> Json {
    object(keys.iter().map(|word| key("catalogue", word)))
}

pub(super) fn sections() -> Json {
    list(SECTION)
}

pub(super) fn notes() -> Json {
    list(NOTE)
}

/// Lines by their ids: sentences, or maps.
pub(super) fn lines() -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": ID, "doNotSuggest": true },
        "additionalProperties": any_of([("a sentence", reference("text")), ("a map", map(LINE))]),
        "minProperties": 1,
    })
}
