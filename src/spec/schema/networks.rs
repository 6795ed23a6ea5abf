//! The schemas of isolated networks: hosts, addresses, routes, links.

use serde_json::{Value as Json, json};

use super::values::{NAME, any_of, one_or_list, reference, words};
use super::{described, value};
use crate::spec::words::{LINK_STATES, NETWORK_KEYS, NETWORKS, PERTURB_KEYS, ROUTES, Value, Word};

/// An address, with or without a prefix. What it names is for the checker.
const ADDRESS: &str = r"^[0-9A-Fa-f.:]+(/[0-9]+)?$|\$\{[^}]+\}";

/// A word, or a map of what the network has.
pub(super) fn network() -> Json {
    let properties: serde_json::Map<_, _> =
        NETWORK_KEYS.iter().map(|word| (word.name.to_owned(), described("network", word, value(word.value)))).collect();
    any_of([
        ("word", words(NETWORKS.iter())),
        ("computed", reference("computed")),
        (
            "map",
            json!({
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
                "minProperties": 1,
                "not": { "required": ["addresses", "hosts"] },
            }),
        ),
    ])
}

/// A map of what a spec does not stand.
pub(super) fn perturb() -> Json {
    let key = |word: &Word| {
        let schema = if word.value == Value::Flag { json!({ "type": "boolean" }) } else { value(word.value) };
        (word.name.to_owned(), described("perturb", word, schema))
    };
    let properties: serde_json::Map<_, _> = PERTURB_KEYS.iter().map(key).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1 })
}

fn address() -> Json {
    json!({ "type": "string", "pattern": ADDRESS })
}

pub(super) fn addresses() -> Json {
    json!({ "type": "array", "items": address(), "minItems": 1 })
}

/// A map whose keys are names, which an editor does not know.
fn of_names(values: &Json) -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME, "doNotSuggest": true },
        "additionalProperties": values,
        "minProperties": 1,
    })
}

pub(super) fn hosts() -> Json {
    of_names(&one_or_list(&address()))
}

pub(super) fn routes() -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": ADDRESS, "doNotSuggest": true },
        "additionalProperties": any_of([("word", words(ROUTES.iter())), ("computed", reference("computed"))]),
        "minProperties": 1,
    })
}

pub(super) fn links() -> Json {
    of_names(&any_of([("word", words(LINK_STATES.iter())), ("computed", reference("computed"))]))
}
