//! The schemas of payloads and patterns.

use serde_json::{Value as Json, json};

use super::values::{headed, reference};
use super::{described, key};
use crate::spec::words::{COMPANIONS, FORMS, FormWord, Value};

/// The definitions that the rest refers to.
pub(super) fn definitions() -> Vec<(&'static str, Json)> {
    let payloads = || FORMS.iter().filter(|form| !form.pattern_only).map(payload_form);
    let matching = json!({ "type": "string", "description": "A regular expression: up to where a match of it ends." });
    let matching = headed(("match", matching, true), std::iter::empty());
    vec![
        ("payload", text_list_or("payload", &payloads().collect::<Vec<_>>())),
        ("pattern", text_list_or("pattern", &FORMS.iter().map(pattern_form).collect::<Vec<_>>())),
        ("delimiter", text_list_or("payload", &payloads().chain([matching]).collect::<Vec<_>>())),
    ]
}

/// A text, a list, or one of these forms. Numbers and booleans are refused: `send: 42` would send
/// what YAML makes of it.
fn text_list_or(items: &str, forms: &[Json]) -> Json {
    json!({
        "if": { "type": "object" },
        "then": { "anyOf": forms },
        "else": { "type": ["string", "array"], "items": reference(items) },
    })
}

fn pattern_form(form: &'static FormWord) -> Json {
    let beside = form.beside.iter().chain(COMPANIONS);
    headed((form.word.name, head(form), true), beside.map(|word| key(form.word.name, word)))
}

/// What stands after the form's own word. What is repeated is bytes, so no number may stand there
/// that YAML could write otherwise.
fn head(form: &FormWord) -> Json {
    match form.word.name {
        "fill" => described("form", &form.word, json!({ "type": "string" })),
        _ => key("form", &form.word).1,
    }
}

/// The form where it is sent: its parts are payloads, and a number is a number.
fn payload_form(form: &'static FormWord) -> Json {
    let is_number = form.word.value == Value::NumberOrAny;
    let head = if is_number { described("form", &form.word, reference("number")) } else { head(form) };
    let beside = form.beside.iter().filter(move |_| !is_number).map(|word| match word.value {
        Value::Pattern => (word.name, described(form.word.name, word, reference("payload")), word.required),
        _ => key(form.word.name, word),
    });
    headed((form.word.name, head, true), beside)
}
