//! The schemas of programs: when one is ready, signals, and how one may end.

use serde_json::{Value as Json, json};

use super::key;
use super::values::{any_of, object, one_of_words, one_or_list, reference};
use crate::model::signal::{NAMES, Signal};
use crate::spec::words::READY;

/// A line of output, or an address.
pub(super) fn ready() -> Json {
    let mut line = object(READY.iter().map(|word| key("ready", word)));
    line["minProperties"] = json!(1);
    line["maxProperties"] = json!(1);
    any_of([("line", line), ("address", reference("target"))])
}

/// The name of a signal.
pub(super) fn signal() -> Json {
    one_of_words(json!({ "enum": Signal::short_names().collect::<Vec<_>>() }))
}

/// A number or a signal, or a list of them.
pub(super) fn statuses() -> Json {
    let signals: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
    one_or_list(&any_of([("status", reference("number")), ("signal", one_of_words(json!({ "enum": signals })))]))
}
