//! The few forms of YAML that a spec is made of, written as people write them: in one line where that
//! is short, else part by part below each other.

use std::fmt::Write as _;

/// The longest line that is still read at a glance.
const WIDTH: usize = 100;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A word or a text, already quoted where it has to be.
    Scalar(String),
    /// Lines of hex digits with their legend.
    Block(Vec<String>),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A word that needs no quotes.
    pub(super) fn word(word: impl Into<String>) -> Self {
        Self::Scalar(word.into())
    }

    /// A map of one key.
    pub(super) fn one(key: &str, value: Self) -> Self {
        Self::Map(vec![(key.to_owned(), value)])
    }

    /// In one line; `None` where it has several.
    fn flow(&self) -> Option<String> {
        Some(match self {
            Self::Scalar(text) => text.clone(),
            Self::Block(_) => return None,
            Self::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(Self::flow).collect();
                format!("[{}]", items?.join(", "))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| Some(format!("{key}: {}", value.flow()?));
                let entries: Option<Vec<String>> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries?.join(", "))
            }
        })
    }

    /// Appends the value after its key or hyphen, which end at the column `at`. What is below stands `indent` in.
    pub(super) fn write(&self, out: &mut String, at: usize, indent: usize) {
        let flow = self.flow();
        match (self, flow) {
            // A list of lines is read line by line.
            (Self::List(items), _) if items.len() > 1 && items.iter().any(Self::is_line) => self.below(out, indent),
            (_, Some(flow)) if at + 1 + flow.chars().count() <= WIDTH => {
                let _ = writeln!(out, " {flow}");
            }
            (Self::Scalar(text), _) => {
                let _ = writeln!(out, " {text}");
            }
            _ => self.below(out, indent),
        }
    }

    fn below(&self, out: &mut String, indent: usize) {
        let margin = " ".repeat(indent);
        match self {
            Self::Scalar(text) => {
                let _ = writeln!(out, " {text}");
            }
            Self::Block(lines) => {
                out.push_str(" |\n");
                for line in lines {
                    let _ = writeln!(out, "{margin}{line}");
                }
            }
            Self::List(items) => {
                out.push('\n');
                for item in items {
                    let _ = write!(out, "{margin}-");
                    item.item(out, indent);
                }
            }
            Self::Map(entries) => {
                out.push('\n');
                for (key, value) in entries {
                    let _ = write!(out, "{margin}{key}:");
                    value.write(out, indent + key.len() + 1, indent + 2);
                }
            }
        }
    }

    /// Appends an item behind its hyphen, which stands at the column `indent`.
    fn item(&self, out: &mut String, indent: usize) {
        let flow = self.flow().filter(|flow| indent + 2 + flow.chars().count() <= WIDTH);
        match (self, flow) {
            (Self::Map(entries), None) => {
                for (nth, (key, value)) in entries.iter().enumerate() {
                    let margin = if nth == 0 { " ".to_owned() } else { " ".repeat(indent + 2) };
                    let _ = write!(out, "{margin}{key}:");
                    value.write(out, indent + 2 + key.len() + 1, indent + 4);
                }
            }
            (_, Some(flow)) => {
                let _ = writeln!(out, " {flow}");
            }
            _ => self.write(out, indent + 1, indent + 2),
        }
    }

    /// Whether it is a text that ends in a line feed, of which each has its own line.
    fn is_line(&self) -> bool {
        matches!(self, Self::Scalar(text) if text.ends_with("\\n\""))
    }
}

/// A text in double quotes that has no variables in it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// A text for within double quotes that has no variables in it.
pub(super) fn escaped(text: &str) -> String {
    escaped_for_yaml(text).replace("${", "$${")
}

/// A text in double quotes, of a key whose values have no variables.
pub(super) fn quoted_as_it_is(text: &str) -> String {
    format!("\"{}\"", escaped_for_yaml(text))
}

/// Whether it may stand without quotes, as a sentence does.
pub(super) fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.contains(' ')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && escaped_for_yaml(text) == text
}

fn escaped_for_yaml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\0' if letters.peek().is_some_and(char::is_ascii_digit) => out.push_str("\\x00"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            '\u{1b}' => out.push_str("\\e"),
            letter if letter < ' ' || letter == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(letter));
            }
            // Characters that YAML would break a line at, or that nobody sees.
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}

/// An expression in single quotes.
pub(super) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stands_in_one_line() {
        let lines = |count| Node::List(vec![Node::word("\"a\\n\""); count]);
        let mut out = String::from("x:");
        Node::one("recv", lines(1)).write(&mut out, 2, 2);
        assert_eq!(out, "x: {recv: [\"a\\n\"]}\n");
        out = String::from("recv:");
        lines(2).write(&mut out, 5, 2);
        assert_eq!(out, "recv:\n  - \"a\\n\"\n  - \"a\\n\"\n");
    }

    #[test]
    fn what_is_long_stands_part_by_part() {
        let long = || Node::word("x".repeat(60));
        let mut out = String::from("a:");
        Node::Map(vec![(
            "recv".to_owned(),
            Node::List(vec![long(), Node::Map(vec![("until".to_owned(), long()), ("match".to_owned(), long())])]),
        )])
        .write(&mut out, 2, 2);
        let x = "x".repeat(60);
        assert_eq!(out, format!("a:\n  recv:\n    - {x}\n    - until: {x}\n      match: {x}\n"));
    }

    #[test]
    fn nothing_in_quotes_is_invisible_or_a_variable() {
        assert_eq!(quoted("a\r\n\"\\${x}\0\u{1}é\u{feff}"), "\"a\\r\\n\\\"\\\\$${x}\\0\\x01é\\ufeff\"");
        assert_eq!(single_quoted("it's"), "'it''s'");
    }
}
