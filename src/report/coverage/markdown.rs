//! A page of Markdown. Its links go on from the folder of the catalogue, in which it is meant to lie.

use std::fmt::Write as _;
use std::path::Path;

use super::{standing, summary};
use crate::snapshot::place::{absolute, relative};
use crate::spec::catalogue::{Line, Note, Section};
use crate::suite::coverage::{Coverage, Shows};

/// The catalogue, each line with its specs and what they say of themselves.
pub fn markdown(coverage: &Coverage) -> String {
    let catalogue = &coverage.catalogue;
    let file = coverage.file.path();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut out = format!("# {}\n\n", catalogue.title.as_deref().unwrap_or("Coverage"));
    if let Some(about) = &catalogue.about {
        let _ = writeln!(out, "{}\n", about.trim());
    }
    let _ = writeln!(out, "{}.\n", summary(coverage));
    let _ = writeln!(out, "Made of [{name}]({name}) and the specs by `sockspec coverage --format markdown`.");
    contents(&mut out, &catalogue.sections);
    for section in &catalogue.sections {
        let _ = write!(out, "\n## {}\n", section.title);
        for line in &section.lines {
            draw(&mut out, coverage, line);
        }
    }
    out
}

/// The sections with the lines that each has, where there are several.
fn contents(out: &mut String, sections: &[Section]) {
    if sections.len() < 2 {
        return;
    }
    out.push_str("\n| section | lines |\n|---|---|\n");
    for section in sections {
        let (title, id) = (&section.title, |line: &Line| line.id.text.clone());
        let ids = match section.lines.as_slice() {
            [] => String::new(),
            [only] => id(only),
            [first, .., last] => format!("{} to {}", id(first), id(last)),
        };
        let _ = writeln!(out, "| [{title}](#{}) | {ids} |", anchor(title));
    }
}

/// What GitHub, and most others, make of a heading to link to it.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn draw(out: &mut String, coverage: &Coverage, line: &Line) {
    let _ = write!(out, "\n**{}** {}\n\n", line.id.text, line.text.trim());
    let folder = coverage.file.path().parent().unwrap_or(Path::new(""));
    let mut specs = coverage.specs_of(line).peekable();
    if specs.peek().is_none() && line.not_shown.is_none() {
        out.push_str("- **No spec shows it.**\n");
    }
    for spec in specs {
        let _ = writeln!(out, "- [{}]({}): {}", spec.name, link(folder, spec), plain(&spec.about));
    }
    if let Some((reason, _)) = &line.not_shown {
        let _ = writeln!(out, "- *Not shown*: {}", reason.trim());
    }
    for note in &line.notes {
        let _ = writeln!(out, "- *{}*: {} ({})", note.platform, note.text.trim(), linked(note));
    }
}

/// Where a spec lies, from a folder.
fn link(folder: &Path, spec: &Shows) -> String {
    match (absolute(folder), absolute(&spec.path)) {
        (Ok(folder), Ok(path)) => relative(&folder, &path),
        _ => spec.path.to_string_lossy().into_owned(),
    }
}

/// How far a note can be relied on, with links to issues of GitHub that are written as `owner/name#1`.
fn linked(note: &Note) -> String {
    let link = |part: &str| match issue(part) {
        Some((repository, number)) => format!("[{part}](https://github.com/{repository}/issues/{number})"),
        None => part.to_owned(),
    };
    standing(note).split("; ").map(link).collect::<Vec<_>>().join("; ")
}

/// The repository and the number of an issue.
fn issue(text: &str) -> Option<(&str, &str)> {
    let (repository, number) = text.split_once('#')?;
    let (owner, name) = repository.split_once('/')?;
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (is_word(owner) && is_word(name) && is_number).then_some((repository, number))
}

/// The text with nothing in it that Markdown would take for markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Within a word, as in SO_LINGER, an underscore means nothing.
        let is_markup = match c {
            '_' => !out.ends_with(char::is_alphanumeric),
            c => matches!(c, '\\' | '*' | '[' | ']' | '`'),
        };
        if is_markup {
            out.push('\\');
        }
        match c {
            '<' => out.push_str("&lt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_specs_say_is_no_markup() {
        assert_eq!(plain("a [b](c) <d> *e* `f` _g_ SO_X"), "a \\[b\\](c) &lt;d> \\*e\\* \\`f\\` \\_g_ SO_X");
    }

    #[test]
    fn headings_are_linked_as_they_are_on_github() {
        assert_eq!(anchor("Signals, wake-ups and duplicates"), "signals-wake-ups-and-duplicates");
        assert_eq!(anchor("Routes & time-outs (IPv6)"), "routes--time-outs-ipv6");
    }

    #[test]
    fn issues_are_links() {
        assert_eq!(issue("tokio-rs/tokio#4665"), Some(("tokio-rs/tokio", "4665")));
        for other in ["tokio#4665", "a/b#", "a b/c#1", "https://a/b#1", "RFC 9293"] {
            assert_eq!(issue(other), None, "{other}");
        }
    }
}
