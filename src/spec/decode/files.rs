//! `files`: what is written before the first step.

use super::form::bare_value;
use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::spec::ast::{File, FileContent};
use crate::spec::words::{FILE_KEYS, Value, find};

/// How many files a spec may write.
const MAX_FILES: usize = 1000;

/// What stands after the name of a file.
const A_FILE: &str = "a text, or a map such as `{text: \"…\", mode: 0600}`";

/// What stands after the name of a folder.
const A_FOLDER: &str = "nothing, or its mode: `{mode: 0700}`";

impl Decoder<'_> {
    /// A map of names to what is in the files.
    pub(super) fn files(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<File> {
        let Some(entries) = self.map(at, node, takes(Value::Files)) else {
            self.incomplete = true;
            return Vec::new();
        };
        if let Some(one_more) = entries.get(MAX_FILES) {
            let message = format!("a spec writes at most {MAX_FILES} files, and this is one more");
            self.error(Diagnostic::error("too-many", one_more.key.span, message).help("leave some out"));
            self.incomplete = true;
        }
        let mut files = Vec::with_capacity(entries.len().min(MAX_FILES));
        for entry in entries.iter().take(MAX_FILES) {
            match self.file(entry) {
                Some(file) => files.push(file),
                // What it uses is not known.
                None => self.incomplete = true,
            }
        }
        files
    }

    fn file(&mut self, entry: &Entry<'_>) -> Option<File> {
        let (at, node, name) = (At::from(&entry.key), &entry.value, entry.key.scalar());
        let is_folder = name.text.ends_with('/');
        let (content, mode) = match &node.kind {
            Kind::Mapping(keys) => self.file_map(at, is_folder, keys)?,
            Kind::Scalar(..) if node.is_null() && is_folder => (FileContent::Folder, None),
            _ => {
                let text = self.text_of_file(at, node, if is_folder { A_FOLDER } else { A_FILE })?;
                self.not_in_a_folder(at, is_folder, &text)?;
                (FileContent::Text(text), None)
            }
        };
        Some(File { name, content, mode })
    }

    fn file_map(&mut self, at: At<'_>, is_folder: bool, keys: &[Entry<'_>]) -> Option<(FileContent, Option<Scalar>)> {
        let (mut text, mut base64, mut mode) = (None, None, None);
        for entry in keys {
            let key = At::from(&entry.key);
            match (find(FILE_KEYS, key.name).map(|word| word.name), key.name) {
                (Some("text"), _) => text = Some(self.text_of_file(key, &entry.value, takes(Value::Text))?),
                (Some("base64"), _) => base64 = Some(self.scalar(key, &entry.value, takes(Value::Text))?),
                (Some(_), _) => mode = Some(self.scalar(key, &entry.value, takes(Value::Mode))?),
                (None, name) => {
                    let message = format!("a file has no `{name}`");
                    let finding = Diagnostic::error("unknown-key", key.span, message);
                    self.error(suggest(finding, name, names(FILE_KEYS.iter())));
                    return None;
                }
            }
        }
        let content = match (text, base64) {
            (Some(one), Some(other)) => {
                let (first, second) = if one.span < other.span { (one, other) } else { (other, one) };
                self.error(
                    Diagnostic::error("second-form", second.span, "a file has either a `text` or `base64`, not both")
                        .related(first.span, "the first")
                        .help("leave one of them out"),
                );
                return None;
            }
            (Some(text), None) => FileContent::Text(text),
            (None, Some(bytes)) => FileContent::Base64(bytes),
            (None, None) if is_folder => return Some((FileContent::Folder, mode)),
            (None, None) => {
                let message = format!("what is in the file `{}`?", at.name);
                self.error(
                    Diagnostic::error("missing-key", at.span, message)
                        .help("write `text: \"…\"` or `base64: \"…\"` in the braces; a folder's name ends in `/`"),
                );
                return None;
            }
        };
        let (FileContent::Text(written) | FileContent::Base64(written)) = &content else { return None };
        self.not_in_a_folder(at, is_folder, written)?;
        Some((content, mode))
    }

    /// A text as it is written: no type rule of YAML may change what is in a file.
    fn text_of_file(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Option<Scalar> {
        let text = self.scalar(at, node, what)?;
        match bare_value(&text) {
            Some(finding) => {
                self.error(finding);
                None
            }
            None => Some(text),
        }
    }

    fn not_in_a_folder(&mut self, at: At<'_>, is_folder: bool, written: &Scalar) -> Option<()> {
        if !is_folder {
            return Some(());
        }
        let message = format!("`{}` is a folder, since its name ends in `/`, and has no text", at.name);
        self.error(
            Diagnostic::error("text-of-a-folder", written.span, message)
                .help("leave the text out for an empty folder, or the `/` for a file"),
        );
        None
    }
}
