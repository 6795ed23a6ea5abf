//! The paths of other files in a spec, relative to it, for whoever moves files.

use super::document::{self, Kind, Node};
use crate::source::{SourceFile, Span};

/// The keys whose value may be the path of a file.
const KEYS: [&str; 5] = ["include", "file", "cert", "key", "verify"];
/// What stands before the path of the schema in a comment for editors.
const SCHEMA: &str = "# yaml-language-server: $schema=";

/// A word that may be a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathWord {
    /// The path.
    pub text: String,
    /// Where it stands, with the quotes round it.
    pub span: Span,
}

/// All words of a spec, or of a file that is included, that may be paths of other files.
pub fn paths(source: &SourceFile) -> Vec<PathWord> {
    let text = source.text();
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix(SCHEMA).map(str::trim_end).filter(|path| !path.contains("://")) {
            let start = at + SCHEMA.len();
            found.push(PathWord { text: path.to_owned(), span: Span::new(start, start + path.len()) });
        }
        at += line.len();
    }
    if let Some(root) = &document::read(text, &mut Vec::new()).root {
        walk(root, &mut found);
    }
    found
}

fn walk(node: &Node<'_>, found: &mut Vec<PathWord>) {
    match &node.kind {
        Kind::Scalar(..) => {}
        Kind::Sequence(nodes) | Kind::Invalid(nodes) => nodes.iter().for_each(|node| walk(node, found)),
        Kind::Mapping(entries) => {
            for entry in entries {
                match (entry.key.text.as_ref(), &entry.value.kind) {
                    (key, Kind::Scalar(..)) if KEYS.contains(&key) => push(&entry.value, found),
                    // A program without a slash is looked up in PATH.
                    ("run", Kind::Sequence(words)) => {
                        let program = words
                            .first()
                            .filter(|word| matches!(&word.kind, Kind::Scalar(text, _) if text.contains('/')));
                        if let Some(program) = program {
                            push(program, found);
                        }
                    }
                    _ => {}
                }
                walk(&entry.value, found);
            }
        }
    }
}

fn push(node: &Node<'_>, found: &mut Vec<PathWord>) {
    if let Kind::Scalar(text, _) = &node.kind {
        found.push(PathWord { text: text.as_ref().to_owned(), span: node.span });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_may_be_paths_are_found() {
        let text = "# yaml-language-server: $schema=../s.json\nabout: x\nsteps:\n  - include: \"_a.yaml\"\n  - a: {send: {file: b.bin}}\n  - b: {run: [./c, d/e]}\n  - c: {run: [sh]}\n  - a: {tls: server, cert: x.pem, key: y.pem}\n";
        let source = SourceFile::new("x", "x", text);
        let found = paths(&source);
        let texts: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["../s.json", "_a.yaml", "b.bin", "./c", "x.pem", "y.pem"]);
        assert_eq!(source.slice(found[1].span), "\"_a.yaml\"");
        assert_eq!(source.slice(found[0].span), "../s.json");
    }
}
