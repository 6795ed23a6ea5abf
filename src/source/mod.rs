//! A file's text, and places in it: byte spans, lines and columns.

mod included;
mod path;
mod read;

pub use included::Part;
pub use path::{plain, relative};
pub use read::bytes;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use included::Included;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A range of bytes in a [`SourceFile`], `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span `start..end`, in bytes.
    pub fn new(start: usize, end: usize) -> Self {
        let start = start as u32;
        Self { start, end: (end as u32).max(start) }
    }

    /// The same in a file whose first byte is there.
    #[must_use]
    pub fn up(self, base: u32) -> Self {
        Self { start: self.start + base, end: self.end + base }
    }

    /// The same in the file itself.
    #[must_use]
    pub fn down(self, base: u32) -> Self {
        Self { start: self.start.saturating_sub(base), end: self.end.saturating_sub(base) }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A place as people name it: line and column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The most that a spec may hold. What is longer is not read.
pub const MAX_SIZE: u64 = 1 << 20;

/// What keeps a file's bytes from being a text, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// More than [`MAX_SIZE`] bytes; the text is left empty.
    TooLong {
        /// How many.
        size: u64,
    },
    /// A byte that is not UTF-8; in the text, U+FFFD stands for it.
    NotUtf8 {
        /// Where.
        span: Span,
        /// The byte.
        byte: u8,
    },
}

/// A file that was read: its name as it is shown, its path, and its text; and the files that it
/// includes, whose bytes are counted on after its own.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    path: PathBuf,
    text: String,
    fault: Option<Fault>,
    /// Where each line begins; found out when the first place is asked for.
    lines: OnceLock<Vec<u32>>,
    /// The first file that it includes, behind which are the others.
    included: OnceLock<Box<Included>>,
}

impl SourceFile {
    /// A file whose text is already in memory. `name` is how messages call it. A byte-order mark
    /// is no part of the text.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        Self {
            name: name.into(),
            path: path.into(),
            text,
            fault: None,
            lines: OnceLock::new(),
            included: OnceLock::new(),
        }
    }

    /// Reads a file. A text that is too long or not UTF-8 is a [`Fault`] of the file, which is
    /// reported with its place like every other mistake in it; an error is only what keeps the
    /// file from being read at all.
    pub fn read(path: &Path, name: impl Into<String>) -> io::Result<Self> {
        let (bytes, size) = bytes(path, MAX_SIZE)?;
        Ok(Self::decoded(name, path, bytes, size))
    }

    /// A text that was read from somewhere else than a file.
    pub fn of_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u64;
        Self::decoded(name, Path::new(""), bytes, size)
    }

    fn decoded(name: impl Into<String>, path: &Path, bytes: Vec<u8>, size: u64) -> Self {
        let too_long = size > MAX_SIZE;
        let (text, fault) = if too_long { (String::new(), Some(Fault::TooLong { size })) } else { read::decode(bytes) };
        Self { fault, ..Self::new(name, path, text) }
    }

    /// How messages call the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text, without a byte-order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What keeps its bytes from being a text.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The text of a span, cut to the file where the span goes beyond it.
    pub fn slice(&self, span: Span) -> &str {
        let Part { file, base, .. } = self.part(span.start);
        file.own_slice(span.down(base))
    }

    fn own_slice(&self, span: Span) -> &str {
        let start = self.floor(span.start as usize);
        let end = self.floor(span.end as usize).max(start);
        &self.text[start..end]
    }

    /// The line of a byte offset in its file, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        let Part { file, base, .. } = self.part(offset);
        file.own_line(offset - base)
    }

    fn own_line(&self, offset: u32) -> u32 {
        self.line_starts().partition_point(|start| *start <= offset) as u32
    }

    /// Line and column of a byte offset in its file. The break at the end of a line, CRLF too, is one
    /// column past its last character.
    pub fn location(&self, offset: u32) -> Location {
        let Part { file, base, .. } = self.part(offset);
        file.own_location(offset - base)
    }

    fn own_location(&self, offset: u32) -> Location {
        let offset = self.floor(offset as usize);
        let line = self.own_line(offset as u32);
        let start = self.line_starts()[line as usize - 1] as usize;
        let before = &self.text[start..offset];
        // Between the two characters of a CRLF is no column of its own.
        let before = before.strip_suffix('\r').filter(|_| self.text[offset..].starts_with('\n')).unwrap_or(before);
        Location { line: line as usize, column: before.chars().count() + 1 }
    }

    /// Where each line begins, the first at 0.
    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(breaks.map(|at| at as u32 + 1)).collect()
        })
    }

    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

#[cfg(test)]
mod tests;
