//! YAML to a [`Spec`](ast::Spec) in which every node knows its span and nothing is resolved.

pub mod ast;
pub mod catalogue;
mod decode;
mod document;
pub mod format;
pub mod paths;
pub mod schema;
#[cfg(test)]
mod tests;
pub mod words;

use crate::diagnostic::Diagnostic;
use crate::source::{Fault, MAX_SIZE, SourceFile, Span};

/// What was read of a file.
#[derive(Debug)]
pub struct Parsed {
    /// The spec, without what could not be read.
    pub spec: ast::Spec,
    /// What is wrong with it, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a spec. Whatever is wrong is a diagnostic, and the rest is read all the same.
pub fn parse(source: &SourceFile) -> Parsed {
    let mut diagnostics = Vec::new();
    if let Some(fault) = source.fault() {
        diagnostics.push(unreadable(fault));
        return Parsed { spec: ast::Spec { incomplete: true, ..ast::Spec::default() }, diagnostics };
    }
    let document = document::read(source.text(), &mut diagnostics);
    let spec = decode::decode(&document, source, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    Parsed { spec, diagnostics }
}

/// The finding about a file whose bytes are no text.
fn unreadable(fault: &Fault) -> Diagnostic {
    match fault {
        Fault::TooLong { size } => Diagnostic::error(
            "too-long",
            Span::default(),
            format!("the file has {size} bytes, and a spec at most {} KiB", MAX_SIZE >> 10),
        )
        .help("put long payloads into files of their own: `{file: \"body.bin\"}`"),
        Fault::NotUtf8 { span, byte } => {
            Diagnostic::error("not-utf8", *span, format!("the byte 0x{byte:02x} is not UTF-8"))
                .help("save the file as UTF-8; write bytes that are no text with `{hex: …}`")
        }
    }
}
