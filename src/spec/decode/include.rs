//! Files that are included: found, read, and decoded where they are named.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::source::{Part, Span};
use crate::spec::ast::{Contents, Include, Scalar};
use crate::spec::document;
use crate::spec::unreadable;
use crate::spec::words::{INCLUDED, StepWord, TOP_LEVEL, Word, find};

/// How deeply files may include each other.
const MAX_DEPTH: usize = 16;

/// How many bytes all files of a spec may have together.
const MAX_TOTAL: usize = 16 << 20;

/// A file's path in the one form that it has, as far as it is there.
pub(super) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl<'s> Decoder<'s> {
    pub(super) fn include(
        &mut self,
        at: At<'_>,
        node: &Node<'_>,
        word: &StepWord,
        entries: &[Entry<'_>],
    ) -> Option<Include> {
        let [with, out, within] = word.beside else { return None };
        let mut beside = |word: &Word| {
            let entry = Self::entry(entries, word.name);
            entry.map_or_else(Vec::new, |entry| self.vars(At::from(&entry.key), &entry.value))
        };
        let (with, renamed) = (beside(with), beside(out));
        let within = self.optional(entries, within);
        let file = self.scalar(at, node, takes(word.word.value))?;
        let mut contents = self.contents(&file);
        if let Some(contents) = &mut contents {
            self.rename(contents, renamed);
        }
        // What the file hands back is missing without it.
        self.incomplete |= contents.as_ref().is_none_or(|contents| contents.incomplete);
        Some(Include { file, with, within, contents })
    }

    /// Gives what the file hands back the names that it has outside.
    fn rename(&mut self, contents: &mut Contents, renamed: Vec<(Scalar, Scalar)>) {
        for (inside, outside) in renamed {
            if let Some((_, known)) = contents.out.iter_mut().find(|(out, _)| out.text == inside.text) {
                *known = outside;
            } else if !contents.incomplete {
                let message = format!("the file hands back no `{}`", inside.text);
                let finding = Diagnostic::error("unknown-name", inside.span, message);
                self.error(if contents.out.is_empty() {
                    finding.help("`out: [NAME, …]` in the file lists what it hands back")
                } else {
                    suggest(finding, &inside.text, contents.out.iter().map(|(out, _)| out.text.as_str()))
                });
            }
        }
    }

    /// The names that the file hands back.
    fn handed_back(&mut self, at: At<'_>, node: &Node<'_>, word: &Word) -> Vec<(Scalar, Scalar)> {
        let names = self.scalars(at, node, takes(word.value)).unwrap_or_default();
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            if name.text.contains("${") {
                self.incomplete = true;
                let message = format!("`{}` is no name: `${{…}}` cannot stand in `out`", name.text);
                self.error(
                    Diagnostic::error("not-constant", name.span, message)
                        .help("write one name here, and others where it is included: `out: {client: anna}` beside it"),
                );
            } else {
                out.push((name.clone(), name));
            }
        }
        out
    }

    fn contents(&mut self, file: &Scalar) -> Option<Contents> {
        let part = self.open(file)?;
        let text = part.file.text();
        let mut found = Vec::new();
        let mut document = match part.file.fault() {
            None => document::read(text, &mut found),
            Some(fault) => {
                found.push(unreadable(fault));
                document::Document { root: None, incomplete: true }
            }
        };
        document.shift(part.base);
        for finding in &mut found {
            finding.span = finding.span.up(part.base);
            finding.related.iter_mut().for_each(|related| related.span = related.span.up(part.base));
        }
        let earlier = found.iter().map(|finding| finding.span).collect();
        // A step around it is not wrong because of what is wrong in the file.
        let outer = (std::mem::replace(&mut self.earlier, earlier), self.incomplete, self.faulty);
        self.incomplete = document.incomplete;
        for finding in found {
            self.error(finding);
        }
        self.files.push(canonical(part.file.path()));
        let mut contents = self.included(document.root.as_ref(), part);
        contents.incomplete = self.incomplete;
        self.files.pop();
        (self.earlier, self.incomplete, self.faulty) = outer;
        Some(contents)
    }

    /// Finds and reads the file, unless that would lead in a circle, or too deep.
    fn open(&mut self, file: &Scalar) -> Option<Part<'s>> {
        if self.files.is_empty() {
            self.files.push(canonical(self.source.path()));
        }
        let including = self.source.part(file.span.start).file;
        let beside = |path: &Path| path.parent().unwrap_or(Path::new("")).join(&file.text);
        let path = beside(including.path());
        let finding = if file.text.contains("${") {
            Diagnostic::error("not-constant", file.span, format!("`{}` is not the name of a file", file.text))
                .help("files are read before variables are known: write the name out, and give values by `with`")
        } else if self.files.contains(&canonical(&path)) {
            let message = format!("`{}` includes itself", file.text);
            let finding = Diagnostic::error("include-circle", file.span, message);
            finding.help("what happens again and again is written with `repeat` or `retry`")
        } else if self.files.len() > MAX_DEPTH {
            let message = format!("files include each other more than {MAX_DEPTH} deep");
            Diagnostic::error("include-depth", file.span, message).help("include them from the spec itself")
        } else if self.source.total() > MAX_TOTAL {
            let message = format!("the files of this spec have more than {} MiB", MAX_TOTAL >> 20);
            Diagnostic::error("too-long", file.span, message)
                .help("put long payloads into files: `{file: \"body.bin\"}`")
        } else {
            let name = plain(beside(Path::new(including.name())), &path);
            match self.source.include(file.span, &path, name.to_string_lossy().into_owned()) {
                Ok(part) => return Some(part),
                Err(error) => {
                    let message = format!("the file `{}` cannot be read: {}", file.text, reason(&error));
                    let help =
                        format!("a file is relative to the one that includes it; this one would be {}", name.display());
                    Diagnostic::error("unreadable-file", file.span, message).help(help)
                }
            }
        };
        self.error(finding);
        None
    }

    /// The keys of the file.
    fn included(&mut self, root: Option<&Node<'_>>, part: Part<'_>) -> Contents {
        let path = part.file.path();
        let mut contents = Contents {
            folder: path.parent().map_or_else(PathBuf::new, PathBuf::from),
            stem: path.file_stem().unwrap_or_default().to_string_lossy().trim_start_matches('_').to_owned(),
            vars: Vec::new(),
            out: Vec::new(),
            steps: Vec::new(),
            incomplete: false,
        };
        let start = Span::default().up(part.base);
        let entries = match root.filter(|root| !root.is_null()).map(|root| (root, &root.kind)) {
            Some((_, Kind::Mapping(entries))) => entries,
            Some((root, _)) => {
                self.no_contents(root);
                return contents;
            }
            None if self.incomplete => return contents,
            None => {
                self.incomplete = true;
                let finding = Diagnostic::error("empty-spec", start, "there are no steps in this file");
                self.error(finding.help("a file that is included has at least `steps`"));
                return contents;
            }
        };
        for entry in entries {
            self.included_key(&mut contents, entry);
        }
        if Self::entry(entries, "steps").is_none() && !self.incomplete {
            let first = entries.first().map_or(start, |entry| entry.key.span);
            let finding = Diagnostic::error("missing-key", first, "this file has no `steps`, and is included");
            self.error(finding.help("add `steps:`"));
        }
        contents
    }

    fn no_contents(&mut self, root: &Node<'_>) {
        self.incomplete = true;
        if root.is_invalid() || !self.earlier.is_empty() {
            return;
        }
        let message = format!("a file that is included is a map with `steps`, not {}", super::shape(root));
        self.error(Diagnostic::error("wrong-shape", root.span, message).help("put the list under `steps:`"));
    }

    fn included_key(&mut self, contents: &mut Contents, entry: &Entry<'_>) {
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Some(word) = find(INCLUDED, at.name) else {
            self.incomplete = true;
            let of_specs = find(TOP_LEVEL, at.name).is_some();
            let message = if of_specs {
                format!("`{}` is for specs, and this file is included in one", at.name)
            } else {
                format!("unknown key `{}`", at.name)
            };
            let finding = Diagnostic::error("unknown-key", at.span, message);
            self.error(if of_specs {
                finding.help("write it in the spec; a file that is included has `about`, `vars`, `out` and `steps`")
            } else {
                suggest(finding, at.name, names(INCLUDED.iter()))
            });
            return;
        };
        match word.name {
            "about" => drop(self.about(at, node, takes(word.value))),
            "vars" => contents.vars = self.vars(at, node),
            "out" => contents.out = self.handed_back(at, node, word),
            _ => contents.steps = self.steps(at, node),
        }
    }
}

/// The name without its `..`, where that still names the file of this path: a folder may be a link.
fn plain(name: PathBuf, path: &Path) -> PathBuf {
    if path.components().all(|part| part != Component::ParentDir) || canonical(&straight(path)) != canonical(path) {
        return name;
    }
    straight(&name)
}

/// The path without what `..` takes back.
fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        let is_name = matches!(straight.components().next_back(), Some(Component::Normal(_)));
        if part == Component::ParentDir && is_name {
            straight.pop();
        } else {
            straight.push(part);
        }
    }
    straight
}

fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "there is none",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::IsADirectory => "it is a folder",
        _ => "it is not a readable file",
    }
}
