//! The schemas of single values: durations, sizes, names, networks, errors, states, options.

use serde_json::{Map, Value as Json, json};

use super::{Key, described, value};
use crate::model::network::Network;
use crate::model::option::{OPTIONS, SocketOption, ValueKind};
use crate::model::platform;
use crate::model::poll::PollEvents;
use crate::model::state::TcpState;
use crate::model::triple::Constant;
use crate::model::{alert, errno};
use crate::spec::words::{self, Word};

/// A name, in which `${i}` may stand.
pub(super) const NAME: &str = r"^([A-Za-z_]|\$\{[^}]+\})([A-Za-z0-9_-]|\$\{[^}]+\})*$";
/// A line of a catalogue.
pub(super) const ID: &str = "^[A-Za-z0-9][A-Za-z0-9._-]*$";
const COMPUTED: &str = r"\$\{[^}]+\}";
const DURATION: &str = r"^[0-9]+(\.[0-9]+)?\s*(us|µs|ms|s|m|min|h)$";
const NUMBER: &str = "^(0|[1-9][0-9]*|0x[0-9A-Fa-f]+)$";
/// An option by its level and its number.
const NUMBERED: &str = "^(SOL_SOCKET|IPPROTO_[A-Z0-9]+|[0-9]+):[0-9]+$";
const SIZE: &str = r"^(0|[1-9][0-9]*|0x[0-9A-Fa-f]+)\s*(B|KiB|MiB|GiB)?$";

/// The definitions that the rest refers to.
pub(super) fn definitions() -> Vec<(&'static str, Json)> {
    vec![
        ("computed", json!({ "type": "string", "pattern": COMPUTED })),
        ("name", json!({ "type": "string", "pattern": NAME })),
        ("id", json!({ "type": ["string", "number"], "pattern": ID })),
        ("scalar", json!({ "type": ["string", "boolean", "integer"] })),
        // What YAML takes for a number is a text all the same where only a text can stand.
        ("text", json!({ "type": ["string", "number"] })),
        ("flag", json!({ "type": ["boolean", "string"], "pattern": either("^(true|false)$") })),
        ("number", natural(NUMBER)),
        ("size", natural(SIZE)),
        ("duration", json!({ "type": "string", "pattern": either(DURATION) })),
        ("network", one_of_words(networks())),
        ("address", address()),
        ("target", any_of([("network", networks()), ("name or address", json!({ "type": "string", "minLength": 1 }))])),
        ("errno", one_of_words(json!({ "enum": errno_names() }))),
        ("errors", errors()),
        ("options", settings()),
        ("expectation", expectation()),
    ]
}

/// A reference to a definition.
pub(super) fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// One of these, each under a title of its own. Where an alternative has none, the YAML language
/// server takes it for another one, and shows the wrong text.
pub(super) fn any_of<const N: usize>(alternatives: [(&str, Json); N]) -> Json {
    let alternatives: Vec<_> = alternatives.into_iter().map(|(title, schema)| titled(title, schema)).collect();
    json!({ "anyOf": alternatives })
}

/// The schema with a title. What stands beside a reference is ignored, so a reference is wrapped.
pub(super) fn titled(title: &str, schema: Json) -> Json {
    let mut schema = if schema.get("$ref").is_some() { json!({ "allOf": [schema] }) } else { schema };
    schema["title"] = json!(title);
    schema
}

/// One of them, or a list of them of which any will do.
pub(super) fn one_or_list(schema: &Json) -> Json {
    any_of([("one", schema.clone()), ("any of", json!({ "type": "array", "items": schema, "minItems": 1 }))])
}

/// One of these words, or a text with `${name}` in it.
pub(super) fn one_of_words(words: Json) -> Json {
    any_of([("word", words), ("computed", reference("computed"))])
}

/// An object that begins with one word, and may have others beside it. The others are offered
/// once the first is there.
pub(super) fn headed((word, schema, _): Key, beside: impl Iterator<Item = Key>) -> Json {
    let mut required = vec![word];
    let mut known = Map::from_iter([(word.to_owned(), schema)]);
    let mut offered = Map::new();
    for (name, schema, is_required) in beside {
        required.extend(is_required.then_some(name));
        known.insert(name.to_owned(), json!({ "doNotSuggest": true }));
        offered.insert(name.to_owned(), schema);
    }
    json!({
        "title": word,
        "type": "object",
        "properties": known,
        "additionalProperties": false,
        "if": { "type": "object", "required": [word] },
        "then": { "properties": offered },
        "allOf": [{ "required": required }],
    })
}

/// An object of these keys and no others.
pub(super) fn object(keys: impl Iterator<Item = Key>) -> Json {
    let mut required = Vec::new();
    let mut properties = Map::new();
    for (name, schema, is_required) in keys {
        required.extend(is_required.then_some(name));
        properties.insert(name.to_owned(), schema);
    }
    let rest = json!([{ "required": required }]);
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "allOf": rest })
}

/// An object of some of these keys, but at least one.
fn object_of_some(properties: &Map<String, Json>) -> Json {
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1 })
}

/// `object` where there is a map, else `other`. What is not a map is checked in an `anyOf`, since
/// the YAML language server looks there for values to offer, and not into `else`.
pub(super) fn object_or(object: &Json, other: Json) -> Json {
    json!({
        "allOf": [{ "if": { "type": "object" }, "then": object }],
        "anyOf": [titled("word", other), titled("map", json!({ "type": "object" }))],
    })
}

/// A value, or a map that says more of it.
pub(super) fn variable() -> Json {
    let key = |word: &'static Word| {
        let schema = if word.name == "value" { reference("scalar") } else { value(word.value) };
        (word.name, described("variable", word, schema), word.required)
    };
    any_of([("value", reference("scalar")), ("map", object(words::VARIABLE_KEYS.iter().map(key)))])
}

/// A map of names to such values.
pub(super) fn variables(value: &Json) -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME, "doNotSuggest": true },
        "additionalProperties": value,
    })
}

/// The same, of which there is at least one.
pub(super) fn some_variables(value: &Json) -> Json {
    let mut map = variables(value);
    map["minProperties"] = json!(1);
    map
}

/// How often steps run: a number, or a row for each time.
pub(super) fn times() -> Json {
    let rows = json!({ "type": "array", "items": some_variables(&reference("scalar")), "minItems": 1 });
    any_of([("number", reference("number")), ("rows", rows)])
}

/// One of these words, each with what it means.
pub(super) fn words<'w>(words: impl Iterator<Item = &'w Word>) -> Json {
    let (names, docs): (Vec<_>, Vec<_>) = words.map(|word| (word.name, word.doc)).unzip();
    json!({ "enum": names, "enumDescriptions": docs })
}

/// One of these constants, or a number.
pub(super) fn constant(constants: &[Constant]) -> Json {
    let names: Vec<_> = constants.iter().map(|(name, _)| *name).collect();
    any_of([("constant", json!({ "enum": names })), ("number", reference("number"))])
}

/// What `requires` may list.
pub(super) fn requirement() -> Json {
    let command = json!({ "type": "string", "pattern": "^command:.+$" });
    any_of([("word", json!({ "enum": words::REQUIREMENTS })), ("command", command)])
}

/// The pattern, or a text with `${name}` in it.
fn either(pattern: &str) -> String {
    format!("{pattern}|{COMPUTED}")
}

/// A number that is not negative, bare or as a text of that pattern.
fn natural(pattern: &str) -> Json {
    json!({ "type": ["integer", "string"], "minimum": 0, "pattern": either(pattern) })
}

fn networks() -> Json {
    json!({ "enum": Network::ALL.map(Network::name) })
}

/// A network, an address that begins with one, or the endpoint that has the address.
fn address() -> Json {
    let written = either(&format!("^({}):.+$", Network::ALL.map(Network::name).join("|")));
    any_of([
        ("network", networks()),
        ("address", json!({ "type": "string", "pattern": written })),
        ("endpoint", reference("name")),
    ])
}

fn errno_names() -> Vec<&'static str> {
    let aliases = ["EWOULDBLOCK", "ENOTSUP"];
    let mut names: Vec<_> = errno::NAMES.iter().map(|(name, _)| *name).chain(aliases).collect();
    names.sort_unstable();
    // An alert of TLS is an error, too; `close_notify` is none.
    names.extend(alert::NAMES.iter().filter(|(_, number)| *number != 0).map(|(name, _)| *name));
    names
}

/// An error, a list of outcomes, or either by platform.
fn errors() -> Json {
    let success = || ("success", json!({ "const": "none" }));
    let outcomes = one_or_list(&any_of([("error", reference("errno")), success()]));
    let on = |name: &str| match errno::only_on(name) {
        [] => outcomes.clone(),
        own => one_or_list(&any_of([("error", reference("errno")), ("own", json!({ "enum": own })), success()])),
    };
    let by_platform: Map<_, _> = platform::ALL.iter().map(|name| ((*name).to_owned(), on(name))).collect();
    object_or(&object_of_some(&by_platform), outcomes)
}

/// Conditions, or attributes each with the value or values that will do.
fn expectation() -> Json {
    let conditions = words(words::CONDITIONS.iter());
    let mut attributes = options(|value| one_or_list(&value));
    for word in words::ATTRIBUTES {
        let schema = match word.name {
            "state" => one_or_list(&states()),
            "tls" => agreed(),
            // The values of this one are a set, of which none will do, too.
            "poll" => any_of([
                ("one", poll_events()),
                ("set", json!({ "type": "array", "items": poll_events(), "uniqueItems": true })),
            ]),
            _ => one_or_list(&value(word.value)),
        };
        attributes.insert(word.name.to_owned(), described("expect", word, schema));
    }
    let mut attributes = object_of_some(&attributes);
    attributes["patternProperties"] = json!({ NUMBERED: one_or_list(&reference("number")) });
    object_or(&attributes, one_or_list(&conditions))
}

/// What was agreed for TLS, each with the value or values that will do.
pub(super) fn agreed() -> Json {
    let key = |word: &Word| (word.name.to_owned(), described("agreed", word, one_or_list(&value(word.value))));
    object_of_some(&words::AGREED.iter().map(key).collect())
}

/// A version of TLS. What YAML takes for a number is a text all the same.
pub(super) fn tls_version() -> Json {
    one_of_words(json!({ "enum": ["1.2", "1.3", 1.2, 1.3] }))
}

fn poll_events() -> Json {
    let names: Vec<&str> = PollEvents::names().chain(["none"]).collect();
    one_of_words(json!({ "enum": names }))
}

fn states() -> Json {
    one_of_words(json!({ "enum": TcpState::ALL.map(TcpState::name) }))
}

/// Options with what they are set to: a value, or bytes. An option that has no name here is written by
/// its level and its number.
fn settings() -> Json {
    let bytes = || {
        let hex = json!({ "type": "string", "description": "The bytes that setsockopt(2) gets, in hex digits." });
        json!({ "type": "object", "properties": { "hex": hex }, "required": ["hex"], "additionalProperties": false })
    };
    let mut settings = object_of_some(&options(|value| any_of([("value", value), ("bytes", bytes())])));
    let numbered = any_of([("value", reference("number")), ("bytes", bytes())]);
    settings["patternProperties"] = json!({ NUMBERED: numbered });
    settings
}

/// Every option with its value, of which `values` makes what may stand there.
fn options(values: impl Fn(Json) -> Json) -> Map<String, Json> {
    let key = |option: &SocketOption| {
        let mut schema = json!({ "allOf": [values(option_value(option.kind))], "description": option_doc(option) });
        schema["type"] = json!(["string", "boolean", "integer", "array", "object"]);
        (option.name.to_owned(), schema)
    };
    OPTIONS.iter().map(key).collect()
}

fn option_value(kind: ValueKind) -> Json {
    match kind {
        ValueKind::Bool => json!({ "type": ["boolean", "integer", "string"], "pattern": either("^(true|false|0|1)$") }),
        ValueKind::Int => json!({ "type": ["integer", "string"], "pattern": either("^-?[0-9]+$") }),
        ValueKind::Time => reference("duration"),
        ValueKind::Linger => any_of([("off", json!({ "const": false })), ("seconds", reference("number"))]),
        ValueKind::Credentials => credentials(),
        ValueKind::Text | ValueKind::Address | ValueKind::Group => json!({ "type": "string" }),
        ValueKind::Errno => any_of([("none", json!({ "const": 0 })), ("error", reference("errno"))]),
    }
}

/// Those of this process, or of a program.
pub(super) fn credentials() -> Json {
    any_of([("own", json!({ "const": "self" })), ("program", reference("name"))])
}

fn option_doc(option: &SocketOption) -> String {
    let page = match option.name.split_once('_').map_or("", |(level, _)| level) {
        "TCP" => "tcp(7)",
        "IP" => "ip(7)",
        "IPV6" => "ipv6(7)",
        "UDP" => "udp(7)",
        _ => "socket(7)",
    };
    let value = match option.kind {
        ValueKind::Bool => "True or false",
        ValueKind::Int => "A number",
        ValueKind::Time => "A duration, e.g. 200ms",
        ValueKind::Linger => "A number of seconds (0 resets), or false",
        ValueKind::Text => "A text",
        ValueKind::Address => "An IPv4 address",
        ValueKind::Group => "A group, or group%device",
        ValueKind::Errno => "The name of an error, or 0",
        ValueKind::Credentials => "`self`, for those of this process, or a program",
    };
    format!("{value}; see {page}.")
}
