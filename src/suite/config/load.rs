//! Finds the file that counts, and reads it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Config, parse};
use crate::diagnostic::{Diagnostic, Format, Style, render};
use crate::source::{Fault, SourceFile, Span};

/// What the file is called.
pub const NAME: &str = "sockspec.toml";

/// What keeps a file from being used.
#[derive(Debug)]
pub enum ConfigError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is wrong.
    Invalid {
        /// The file.
        file: Box<SourceFile>,
        /// In what.
        findings: Vec<Diagnostic>,
    },
}

impl ConfigError {
    /// What to say about it. It ends in a line feed.
    pub fn text(&self, style: Style) -> String {
        match self {
            Self::Unreadable { file, error } => format!("error: cannot read {}: {error}\n", file.display()),
            Self::Invalid { file, findings } => {
                findings.iter().map(|finding| render(file, finding, Format::Full, style) + "\n").collect()
            }
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text(Style::default()).trim_end())
    }
}

impl std::error::Error for ConfigError {}

/// The nearest file in a folder or above it. A repository ends the search, since what is above its root
/// is no part of it.
pub fn nearest_file(from: &Path) -> Option<PathBuf> {
    for folder in from.ancestors() {
        let file = folder.join(NAME);
        if fs::symlink_metadata(&file).is_ok() {
            return Some(file);
        }
        if fs::symlink_metadata(folder.join(".git")).is_ok() {
            return None;
        }
    }
    None
}

/// The settings for a folder; `None` where no file counts.
///
/// # Errors
/// Where there is a file that cannot be read, or is wrong.
pub fn load(from: &Path) -> Result<Option<Config>, ConfigError> {
    nearest_file(from).map(|file| read(&file, from)).transpose()
}

fn faulty(fault: &Fault) -> Diagnostic {
    match fault {
        Fault::TooLong { size } => Diagnostic::error("too-long", Span::default(), format!("{size} bytes are too many")),
        Fault::NotUtf8 { span, byte } => Diagnostic::error("not-utf8", *span, format!("byte {byte:#04x} is no UTF-8")),
    }
}

/// The settings of a file, which messages call as it is called from a folder.
///
/// # Errors
/// Where it cannot be read, or is wrong.
pub fn read(file: &Path, from: &Path) -> Result<Config, ConfigError> {
    let unreadable = |error| ConfigError::Unreadable { file: file.to_owned(), error };
    let shown = file.strip_prefix(from).unwrap_or(file);
    let source = SourceFile::read(file, shown.to_string_lossy()).map_err(unreadable)?;
    let (config, findings) = match source.fault() {
        Some(fault) => (Config::default(), vec![faulty(fault)]),
        None => parse(&source),
    };
    if !findings.is_empty() {
        return Err(ConfigError::Invalid { file: Box::new(source), findings });
    }
    let folder = shown.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Config { file: from.join(file), folder, ..config })
}
