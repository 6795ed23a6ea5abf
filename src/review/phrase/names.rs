//! Names in sentences: of endpoints, hosts, lanes and files. They stand in backticks, since they may
//! be any word: `a now passes l and m`.

use super::all_of;
use crate::trace::event::Event;

/// Who an event is about, as a sentence names it.
pub(in super::super) fn who(event: &Event) -> String {
    if event.endpoint == "link" { super::link::who(event) } else { quoted(&event.endpoint) }
}

/// A name, marked as one.
pub(in super::super) fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// An endpoint, or an address where that stands in its place: addresses read as what they are.
pub(in super::super) fn endpoint(name: &str) -> String {
    let is_address = name.contains(':') || name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '[' | '<'));
    if is_address { name.to_owned() } else { quoted(name) }
}

/// Names that stand with a blank between them: `` `a`, `b` and `c` ``.
pub(in super::super) fn several(names: &str) -> String {
    all_quoted(names.split(' '))
}

/// The same for a list of them.
pub(in super::super) fn all_quoted<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    all_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}
