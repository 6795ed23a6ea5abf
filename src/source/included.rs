//! Files that are included: every place in them is a place of the file that was read first, as if
//! their texts followed its own.

use std::io;
use std::path::Path;
use std::sync::OnceLock;

use super::{SourceFile, Span};

/// A file that is included, and behind it the next.
#[derive(Debug, Clone)]
pub(super) struct Included {
    file: SourceFile,
    /// The place of its first byte.
    base: u32,
    /// The place where it is included.
    from: Span,
    next: OnceLock<Box<Included>>,
}

/// The file that a place is in.
#[derive(Debug, Clone, Copy)]
pub struct Part<'f> {
    /// The file.
    pub file: &'f SourceFile,
    /// The place of its first byte.
    pub base: u32,
    /// The place where it is included; `None` of the file that was read first.
    pub from: Option<Span>,
}

impl Included {
    fn part(&self) -> Part<'_> {
        Part { file: &self.file, base: self.base, from: Some(self.from) }
    }
}

impl SourceFile {
    /// Reads a file that is included at a place. What was read for that place before is not read
    /// again.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn include(&self, from: Span, path: &Path, name: String) -> io::Result<Part<'_>> {
        let mut end = self.text.len() as u32;
        let mut slot = &self.included;
        while let Some(known) = slot.get() {
            if known.from == from {
                return Ok(known.part());
            }
            end = known.base + known.file.text.len() as u32;
            slot = &known.next;
        }
        // The end of a file is a place of its own.
        let file = Self::read(path, name)?;
        let included = Included { file, base: end + 1, from, next: OnceLock::new() };
        Ok(slot.get_or_init(|| Box::new(included)).part())
    }

    /// The file that a place is in.
    pub fn part(&self, offset: u32) -> Part<'_> {
        let mut part = Part { file: self, base: 0, from: None };
        let mut slot = &self.included;
        while let Some(included) = slot.get().filter(|included| included.base <= offset) {
            part = included.part();
            slot = &included.next;
        }
        part
    }

    /// The files that it includes, and those that these include.
    pub fn included_paths(&self) -> impl Iterator<Item = &Path> {
        let first = self.included.get();
        std::iter::successors(first, |included| included.next.get()).map(|included| included.file.path.as_path())
    }

    /// How many bytes it has with all that it includes.
    pub fn total(&self) -> usize {
        let mut total = self.text.len();
        let mut slot = &self.included;
        while let Some(included) = slot.get() {
            total = included.base as usize + included.file.text.len();
            slot = &included.next;
        }
        total
    }

    /// The places at which the file of a place is included, and at which that one is, and so on; each
    /// as `name:line`.
    pub fn includes(&self, offset: u32) -> Vec<String> {
        let mut chain = Vec::new();
        let mut part = self.part(offset);
        while let Some(from) = part.from {
            chain.push(self.named(from.start));
            part = self.part(from.start);
        }
        chain
    }

    /// The name of the file that a place is in, where that is an included one.
    pub fn included_name(&self, offset: u32) -> Option<&str> {
        let part = self.part(offset);
        part.from.is_some().then_some(part.file.name.as_str())
    }

    /// The line of a place in words: `line 5`, `line 5 of specs/_login.yaml`.
    pub fn line_in_words(&self, offset: u32) -> String {
        let line = self.line(offset);
        match self.included_name(offset) {
            None => format!("line {line}"),
            Some(file) => format!("line {line} of {file}"),
        }
    }

    /// A place as `name:line`.
    pub fn named(&self, offset: u32) -> String {
        format!("{}:{}", self.part(offset).file.name, self.line(offset))
    }
}
