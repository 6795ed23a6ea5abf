//! A catalogue: behaviours, line by line, each with an id that specs name.

use super::ast::Scalar;
use super::{decode, document, unreadable};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// A catalogue, without what could not be read.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// What it is a catalogue of.
    pub title: Option<String>,
    /// What stands above the first section.
    pub about: Option<String>,
    /// The sections, in the order of the file.
    pub sections: Vec<Section>,
}

/// A section of a catalogue.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// Its lines, in the order of the file.
    pub lines: Vec<Line>,
}

/// A line: one behaviour.
#[derive(Debug, Clone)]
pub struct Line {
    /// What specs call it.
    pub id: Scalar,
    /// The behaviour.
    pub text: String,
    /// What is different elsewhere.
    pub notes: Vec<Note>,
    /// Why no spec can show it, with the place of its key.
    pub not_shown: Option<(String, Span)>,
}

/// What is different on another platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub platform: String,
    /// What.
    pub text: String,
    /// Where that is said.
    pub refs: Vec<String>,
    /// Whether it was seen on such a machine.
    pub confirmed: bool,
}

impl Catalogue {
    /// All lines, in the order of the file.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.sections.iter().flat_map(|section| &section.lines)
    }

    /// Reads a catalogue. Whatever is wrong is a diagnostic, and the rest is read all the same.
    pub fn parse(source: &SourceFile) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        if let Some(fault) = source.fault() {
            diagnostics.push(unreadable(fault));
            return (Self::default(), diagnostics);
        }
        let document = document::read(source.text(), &mut diagnostics);
        let catalogue = decode::catalogue(&document, source, &mut diagnostics);
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        (catalogue, diagnostics)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::diagnostic::{Format, Style, render};

    fn read(text: &str) -> (Catalogue, String) {
        let source = SourceFile::new("c.yaml", "c.yaml", text);
        let (catalogue, findings) = Catalogue::parse(&source);
        let short = findings.iter().map(|finding| render(&source, finding, Format::Short, Style::default()));
        (catalogue, short.collect())
    }

    /// A catalogue that is right.
    const RIGHT: &str = "\
title: All there is
about: Three lines.
sections:
  - title: First
    lines:
      1: A line.
      fin-after-rst:
        text: Another.
        notes:
          - {platform: macOS, text: Not there., refs: [somewhere], confirmed: true}
          - {platform: Windows, text: Nor there.}
  - title: Second
    lines:
      3: {text: A third., not_shown: It is not for us.}
";

    #[test]
    fn lines_are_read_with_all_that_they_say() {
        let (catalogue, findings) = read(RIGHT);
        assert_eq!(findings, "");
        assert_eq!(
            (catalogue.title.as_deref(), catalogue.about.as_deref()),
            (Some("All there is"), Some("Three lines."))
        );
        let titles: Vec<_> = catalogue.sections.iter().map(|section| section.title.as_str()).collect();
        assert_eq!(titles, ["First", "Second"]);
        let lines: Vec<_> = catalogue.lines().map(|line| (line.id.text.as_str(), line.text.as_str())).collect();
        assert_eq!(lines, [("1", "A line."), ("fin-after-rst", "Another."), ("3", "A third.")]);
        let notes = &catalogue.sections[0].lines[1].notes;
        assert_eq!((notes[0].confirmed, notes[1].confirmed), (true, false));
        assert_eq!((notes[0].platform.as_str(), notes[0].refs.as_slice()), ("macOS", &["somewhere".to_owned()][..]));
        let (reason, _) = catalogue.sections[1].lines[0].not_shown.clone().unwrap();
        assert_eq!(reason, "It is not for us.");
    }

    /// What is found when a part of the right catalogue is replaced.
    fn with(part: &str, other: &str) -> String {
        assert!(RIGHT.contains(part), "{part}");
        read(&RIGHT.replacen(part, other, 1)).1
    }

    #[test]
    fn what_the_help_says_is_right() {
        let help = |text: &str| {
            let source = SourceFile::new("c.yaml", "c.yaml", text);
            let findings = Catalogue::parse(&source).1;
            findings.iter().flat_map(|finding| finding.help.clone()).collect::<Vec<_>>().join("\n")
        };
        let notes = |notes: &str| {
            help(&RIGHT.replacen("1: A line.", &format!("1:\n        text: A line.\n        notes: {notes}"), 1))
        };
        assert_eq!(notes("macOS does otherwise"), "write `notes: [{platform: …, text: …}]`");
        assert_eq!(notes("[macOS does otherwise]"), "write `{platform: …, text: …}`");
        assert_eq!(notes("{platform: macOS, text: It is otherwise.}"), "write `notes: [{platform: …, text: …}]`");
        assert_eq!(notes("[]"), "write `[{platform: …, text: …}]`, or leave the key out");
        assert_eq!(notes("[{platform: macOS, text: It is otherwise.}]"), "");
        assert_eq!(help("sections: []"), "write `[{title: …, lines: …}]`");
        assert_eq!(help("sections: First"), "write `sections: [{title: …, lines: …}]`");
        assert_eq!(help("sections: [{title: First, lines: {1: A line.}}]"), "");
        assert_eq!(help("sections: [{title: \"\", lines: {1: A line.}}]"), "write a sentence");
        let id = help(&RIGHT.replacen("fin-after-rst", "\"f d\"", 1));
        assert!(id.starts_with("an id is a word or a number"), "{id}");
    }

    #[test]
    fn every_mistake_has_its_place_and_a_way_out() {
        let cases = [
            ("title: All", "titel: All", "1:1: error[unknown-key]: unknown key `titel`; did you mean `title`?"),
            ("fin-after-rst", "two words", "7:7: error[bad-id]: `two words` is no id"),
            ("      3:", "      1:", "14:7: error[duplicate-id]: the id `1` stands here twice"),
            ("fin-after-rst:", "1:", "7:7: error[duplicate-key]"),
            (
                "        text: Another.\n",
                "",
                "7:7: error[missing-key]: this line has no `text`; write `fin-after-rst: {text: …}`",
            ),
            ("1: A line.", "1:", "6:7: error[missing-value]: nothing stands after `1`"),
            (
                "1: A line.",
                "1: [A line.]",
                "6:10: error[wrong-shape]: `1` takes a text, or a map with `text`, not a list",
            ),
            ("1: A line.", "1: \" \"", "6:10: error[empty-text]: `1` says nothing"),
            ("It is not for us.", "\"\"", "14:38: error[empty-text]: `not_shown` says nothing"),
            (
                "not_shown: It",
                "not_show: It",
                "14:27: error[unknown-key]: unknown key `not_show`; did you mean `not_shown`?",
            ),
            ("confirmed: true", "confirmed: maybe", "10:79: error[bad-boolean]: `maybe` is neither `true` nor `false`"),
            (", text: Nor there.", "", "11:13: error[missing-key]: this note has no `text`; write `text: …`"),
            (
                "  - title: First\n    lines",
                "  - lines",
                "4:5: error[missing-key]: this section has no `title`; write `title: …`",
            ),
            (
                "lines:\n      3: {text: A third., not_shown: It is not for us.}",
                "lines: {}",
                "13:12: error[empty-map]: there is no line in this section",
            ),
        ];
        for (part, other, expected) in cases {
            let found = with(part, other);
            assert!(found.starts_with(&format!("c.yaml:{expected}")), "{other}: {found}");
            assert_eq!(found.lines().count(), 1, "{other}: {found}");
        }
        assert!(read("").1.contains("there is no catalogue in this file"));
        assert!(read("- a").1.contains("a catalogue is a map with `sections`, not a list"));
        assert!(read("title: x").1.contains("1:1: error[missing-key]: this catalogue has no `sections`"));
        assert!(read("sections: []").1.contains("1:11: error[empty-list]"));
    }
}
