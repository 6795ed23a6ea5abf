//! The JSON Schema (draft-07) of the language, for editors.
//!
//! It is made from the words in [`super::words`], so that an editor offers what the decoder reads.
//! It knows the shape of a spec; what depends on more than one place (names, kinds of endpoints,
//! barriers) is for `sockspec check`.
//!
//! The YAML language server shaped it: a verb with its modifiers is an object of its own, since
//! the server then offers, after `send:`, what stands beside a `send` and nothing else. What is
//! required stands in an `allOf`, because beside `properties` it would be offered twice. Names of
//! endpoints are `additionalProperties` with `propertyNames`, because the server completes the
//! values of these, and not those of `patternProperties`.

mod catalogue;
mod examples;
mod files;
mod forms;
mod networks;
mod programs;
mod receive;
mod values;

use serde_json::{Map, Value as Json, json};

use super::words::{self, StepWord, Value, VerbWord, Word};
use crate::model::name::RESERVED;
use examples::example;
use values::{NAME, any_of, headed, object, reference};

/// The schema of specs, as a JSON document.
pub fn json() -> String {
    document("spec", words::TOP_LEVEL, "A spec of what happens between sockets.")
}

/// The schema of files that specs include, as a JSON document.
pub fn included() -> String {
    document("included", words::INCLUDED, "Steps that specs include.")
}

/// The schema of catalogues, as a JSON document.
pub fn of_catalogues() -> String {
    document("catalogue", words::CATALOGUE, "Behaviours, line by line, that specs show.")
}

fn document(place: &str, keys: &[Word], description: &str) -> String {
    let mut root = object(keys.iter().map(|word| top_level(place, word)));
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["$id"] = json!(format!("urn:sockspec:{place}"));
    root["title"] = json!("sockspec");
    root["description"] = json!(description);
    root["definitions"] = Json::Object(definitions());
    let mut text = format!("{root:#}");
    text.push('\n');
    text
}

fn definitions() -> Map<String, Json> {
    let own = [("steps", steps()), ("step", step()), ("call", call()), ("verb", verb())];
    own.into_iter()
        .chain(forms::definitions())
        .chain(values::definitions())
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

/// A key of an object: its name, its schema, and whether it is required.
type Key = (&'static str, Json, bool);

fn top_level(place: &str, word: &Word) -> Key {
    let schema = match word.name {
        "requires" => json!({ "type": "array", "items": values::requirement() }),
        _ => value(word.value),
    };
    (word.name, typed(word.value, described(place, word, schema)), word.required)
}

/// A word with its schema, as a key of an object.
fn key(place: &str, word: &Word) -> Key {
    (word.name, typed(word.value, described(place, word, value(word.value))), word.required)
}

/// The schema with the types that it takes, where it does not say them itself: without them the language
/// server offers a key without its colon.
fn typed(value: Value, mut schema: Json) -> Json {
    let types = match value {
        Value::Duration
        | Value::Network
        | Value::Address
        | Value::Target
        | Value::Endpoint
        | Value::Name
        | Value::Host => {
            json!("string")
        }
        Value::Text | Value::Regex | Value::Expression => json!(["string", "number"]),
        Value::Payload | Value::Pattern | Value::Errors | Value::Expectation => json!(["string", "array", "object"]),
        Value::Number | Value::Size => json!(["integer", "string"]),
        Value::Options => json!("object"),
        Value::Steps => json!("array"),
        _ => return schema,
    };
    if schema.get("type").is_none() && schema.get("anyOf").is_none() {
        schema["type"] = types;
    }
    schema
}

/// The schema with what the word means. An editor shows the first description that it comes upon,
/// from the inside out, so what is referred to must have none of its own.
fn described(place: &str, word: &Word, schema: Json) -> Json {
    let mut schema = if schema.get("$ref").is_some() { json!({ "allOf": [schema] }) } else { schema };
    schema["description"] = json!(word.doc);
    if let Some(example) = example(place, word.name) {
        schema["markdownDescription"] = json!(format!("{}\n\n```yaml\n{example}\n```", word.doc));
    } else {
        schema["markdownDescription"] = json!(word.doc);
    }
    schema
}

/// What may stand after a word.
fn value(value: Value) -> Json {
    match value {
        Value::Nothing | Value::True => json!({ "const": true }),
        Value::Text | Value::Regex | Value::Expression => reference("text"),
        Value::Texts => json!({ "type": "array", "items": reference("text") }),
        Value::Values => values::variables(&reference("scalar")),
        Value::Variables => values::variables(&values::variable()),
        Value::Matrix => values::variables(&json!({ "type": "array", "items": reference("scalar"), "minItems": 1 })),
        Value::TextOrTexts => values::one_or_list(&reference("text")),
        Value::Ids => values::one_or_list(&reference("id")),
        Value::Sections => catalogue::sections(),
        Value::Lines => catalogue::lines(),
        Value::Notes => catalogue::notes(),
        Value::FileOrFlag => any_of([("flag", json!({ "type": "boolean" })), ("file", reference("text"))]),
        Value::TlsVersion => values::tls_version(),
        Value::Agreed => values::agreed(),
        Value::Flag => reference("flag"),
        Value::Duration => reference("duration"),
        Value::Number => reference("number"),
        Value::NumberOrAny => any_of([("any", json!({ "const": "any" })), ("number", reference("number"))]),
        Value::Size => reference("size"),
        Value::Files => files::files(),
        Value::Mode => files::mode(),
        Value::Names => json!({ "type": "array", "items": reference("name"), "minItems": 1, "uniqueItems": true }),
        Value::Endpoints => json!({ "type": "array", "items": reference("name"), "minItems": 1 }),
        Value::Name | Value::Endpoint | Value::Host => reference("name"),
        Value::Address => reference("address"),
        Value::AddressOrNothing => {
            any_of([("address", reference("address")), ("bound already", json!({ "const": true }))])
        }
        Value::Target => reference("target"),
        Value::Destination => receive::destination(),
        Value::Credentials => values::credentials(),
        Value::QueuedError => receive::queued_error(),
        Value::SizeOrFlag => receive::size_or_flag(),
        Value::Network => reference("network"),
        Value::Constant(constants) => values::constant(constants),
        Value::OneOf(words) => values::one_of_words(json!({ "enum": words })),
        Value::SomeOf(words) => values::one_or_list(&json!({ "enum": words })),
        Value::Errno => reference("errno"),
        Value::Errors => reference("errors"),
        Value::Options => reference("options"),
        Value::Expectation => reference("expectation"),
        Value::Payload => reference("payload"),
        Value::Pattern => reference("pattern"),
        Value::Patterns => json!({ "type": "array", "items": reference("pattern"), "minItems": 1 }),
        Value::Delimiter => reference("delimiter"),
        Value::Perturb => networks::perturb(),
        Value::Topology => networks::network(),
        Value::Addresses => networks::addresses(),
        Value::Hosts => networks::hosts(),
        Value::Routes => networks::routes(),
        Value::Links => networks::links(),
        Value::Expressions => values::some_variables(&reference("text")),
        Value::Arguments => json!({ "type": "array", "items": reference("scalar"), "minItems": 1 }),
        Value::Ready => programs::ready(),
        Value::Signal => programs::signal(),
        Value::Statuses => programs::statuses(),
        Value::Times => values::times(),
        Value::Steps => reference("steps"),
        Value::Lanes => lanes(),
    }
}

fn lanes() -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME, "doNotSuggest": true },
        "additionalProperties": reference("steps"),
        "minProperties": 1,
    })
}

fn steps() -> Json {
    json!({ "type": "array", "items": reference("step"), "minItems": 1 })
}

/// A step: an endpoint with its verb, or a word of its own with what stands beside it.
fn step() -> Json {
    let own = words::STEPS.iter();
    let alternatives: Vec<_> = own.map(step_of_its_own).chain([endpoint_step()]).collect();
    json!({ "anyOf": alternatives })
}

fn step_of_its_own(step: &StepWord) -> Json {
    let place = step.word.name;
    headed(key("step", &step.word), step.beside.iter().map(|beside| key(place, beside)))
}

fn endpoint_step() -> Json {
    json!({
        "title": "endpoint",
        "type": "object",
        "propertyNames": { "pattern": NAME, "not": { "enum": RESERVED }, "doNotSuggest": true },
        "additionalProperties": reference("call"),
        "minProperties": 1,
        "maxProperties": 1,
    })
}

fn verbs() -> impl Iterator<Item = &'static VerbWord> {
    words::VERBS.iter()
}

/// What stands after an endpoint: a bare verb, or a verb with what it takes and its modifiers.
fn call() -> Json {
    let bare = verbs().filter(|verb| verb.is_bare()).map(|verb| &verb.word);
    let mut call = values::object_or(&reference("verb"), values::words(bare));
    call["description"] = json!("An endpoint, and what it does: a verb, with what it takes and its modifiers.");
    call
}

fn verb() -> Json {
    let alternative = |verb: &'static VerbWord| {
        let modifiers = verb.modifiers();
        headed(key("verb", &verb.word), modifiers.map(|modifier| key(verb.word.name, modifier)))
    };
    json!({ "anyOf": verbs().map(alternative).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::model;

    fn validator(json: &str) -> jsonschema::Validator {
        let schema: Json = serde_json::from_str(json).expect("the schema is JSON");
        jsonschema::draft7::meta::validate(&schema).expect("the schema is draft-07");
        jsonschema::draft7::new(&schema).expect("the schema's references are there")
    }

    /// Makes a spec of an example.
    fn spec_with(place: &str, example: &str) -> String {
        let indented = |text: &str, by: &str| text.replace('\n', &format!("\n{by}"));
        let head = "about: An example.\nsteps:\n";
        match (place, example) {
            ("spec", own) if own.starts_with("about") => format!("{own}\nsteps: [{{a: close}}]\n"),
            ("spec", own) if own.starts_with("steps") => format!("about: An example.\n{own}\n"),
            ("spec" | "network" | "files" | "variable", own) => format!("{own}\n{head}  - a: close\n"),
            ("included", own) => format!("{own}\nsteps: [{{a: close}}]\n"),
            ("include", beside) => format!("{head}  - include: _more.yaml\n    {beside}\n"),
            ("repeat", beside) => format!("{head}  - repeat: 3\n    steps: [{{a: close}}]\n    {beside}\n"),
            (_, steps) if steps.starts_with("- ") => format!("{head}  {}\n", indented(steps, "  ")),
            (_, form) if form.starts_with('{') => {
                form.lines().fold(head.to_owned(), |spec, line| format!("{spec}  - a: {{recv: {line}}}\n"))
            }
            (_, form) => format!("{head}  - a:\n      recv:\n        {}\n", indented(form, "        ")),
        }
    }

    #[test]
    fn every_example_is_valid() {
        let (of_specs, of_included) = (validator(&json()), validator(&included()));
        for (place, word, example) in examples::EXAMPLES {
            let validator = if *place == "included" { &of_included } else { &of_specs };
            let text = spec_with(place, example);
            let spec: Json = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
            let errors: Vec<_> = validator.iter_errors(&spec).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "the example for `{word}`: {errors:#?}\n{text}");
        }
    }

    #[test]
    fn every_example_is_shown() {
        let shown = json() + &included();
        for (_, word, example) in examples::EXAMPLES {
            let escaped = json!(format!("```yaml\n{example}\n```")).to_string();
            assert!(shown.contains(escaped.trim_matches('"')), "the example for `{word}` is nowhere: {escaped}");
        }
    }

    #[test]
    fn every_word_is_explained() {
        let mut unexplained = Vec::new();
        for json in [json(), included(), of_catalogues()] {
            collect_unexplained(&serde_json::from_str(&json).unwrap(), "", &mut unexplained);
        }
        assert!(unexplained.is_empty(), "without a description: {unexplained:#?}");
    }

    /// Every key of every object that an editor offers.
    fn collect_unexplained(schema: &Json, path: &str, found: &mut Vec<String>) {
        match schema {
            Json::Object(map) => {
                let offered = map.get("properties").and_then(Json::as_object).into_iter().flatten();
                for (name, property) in offered.filter(|(_, property)| property.get("doNotSuggest").is_none()) {
                    let is_platform = model::platform::ALL.contains(&name.as_str());
                    if property.get("description").is_none() && !is_platform {
                        found.push(format!("{path}/{name}"));
                    }
                }
                for (name, inner) in map {
                    collect_unexplained(inner, &format!("{path}/{name}"), found);
                }
            }
            Json::Array(list) => list.iter().for_each(|inner| collect_unexplained(inner, path, found)),
            _ => {}
        }
    }
}
