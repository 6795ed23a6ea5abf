//! Writes a script as a spec.

mod bits;
mod both;
mod long;
mod names;
mod pattern;
mod runs;
mod save;
mod side;
#[cfg(test)]
mod tests;
mod yaml;

use std::fmt::Write as _;
use std::time::Duration;

use crate::source::SourceFile;
use crate::spec::format;
use yaml::Node;

pub(super) use both::both;
pub use side::Program;
pub(super) use side::{Across, side};

/// The text of a spec, and the files that lie beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The spec.
    pub text: String,
    /// What is too long to stand in it: names of files, relative to the spec, and what is in them.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What a spec is to say about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The line for editors that stands first, with its line end; empty where there is none.
    pub schema_line: String,
    /// The sentence on what it shows.
    pub about: String,
    /// The name of the spec's file without its ending: files that lie beside it begin with it.
    pub stem: String,
}

/// The steps of a spec, as they are put together.
#[derive(Debug, Default)]
struct Steps {
    out: String,
}

impl Steps {
    /// Adds a step of an endpoint.
    fn add(&mut self, endpoint: &str, verb: &Node) {
        let start = format!("  - {endpoint}:");
        self.out.push_str(&start);
        verb.write(&mut self.out, start.len(), 6);
    }

    /// Adds a step without an endpoint.
    fn add_plain(&mut self, key: &str, value: &Node) {
        self.add(key, value);
    }

    /// Adds lanes, each of which has steps that were put together apart.
    fn parallel(&mut self, lanes: &[(&str, &str)]) {
        self.out.push_str("  - parallel:\n");
        for (name, steps) in lanes {
            let _ = writeln!(self.out, "      {name}:");
            for line in steps.lines() {
                let _ = writeln!(self.out, "      {line}");
            }
        }
    }

    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.out, "  # {text}");
    }
}

/// The whole text, as `sockspec fmt` has it.
fn formatted(text: String) -> String {
    let source = SourceFile::new("spec", "spec", text.clone());
    format::format(&source).unwrap_or(text)
}

/// A verb with its modifiers: `{recv: …, within: 9s}`, or the verb alone where it takes nothing.
fn verb(name: &str, value: Option<Node>, modifiers: Vec<(String, Node)>) -> Node {
    match (value, modifiers.is_empty()) {
        (None, true) => Node::word(name),
        (value, _) => {
            let mut entries = vec![(name.to_owned(), value.unwrap_or_else(|| Node::word("true")))];
            entries.extend(modifiers);
            Node::Map(entries)
        }
    }
}

/// The deadline of a step that takes long.
fn within(waited: Duration) -> Vec<(String, Node)> {
    let seconds = waited.as_secs() * 3 + 5;
    if waited < Duration::from_millis(1200) {
        Vec::new()
    } else {
        vec![("within".to_owned(), Node::word(format!("{seconds}s")))]
    }
}
