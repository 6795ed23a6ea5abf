//! A message about a spec: what is wrong, where, and what to write instead.
//!
//! Rendering is apart, in [`render`](mod@render).

pub(crate) mod full;
mod local;
mod place;
pub mod render;

pub use render::{Format, Style, render};

use crate::source::Span;

/// How grave a diagnostic is. An error keeps the spec from running, a warning does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The spec is wrong and does not run.
    Error,
    /// The spec runs, but probably does not say what was meant.
    Warning,
}

/// A second place that belongs to a message, with a word on why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub span: Span,
    /// What is there, e.g. "first defined here".
    pub label: String,
}

/// One finding: a message with its place and a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable kebab-case word for tools, e.g. `unknown-verb`.
    pub code: &'static str,
    /// One line: what is wrong, naming the word in question.
    pub message: String,
    /// The place.
    pub span: Span,
    /// A few words under the underlined place; may be empty.
    pub label: String,
    /// Other places that belong to it.
    pub related: Vec<Related>,
    /// What to write instead; each a sentence.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// With a few words under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With a second place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// With a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}
