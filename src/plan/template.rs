//! Texts with `${name}` in them whose values are known at run time only.

use crate::source::Span;

/// A text with holes. Static variables are already replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The pieces, in order; neighbouring literals are one.
    pub pieces: Vec<Piece>,
    /// Where the text stands in the spec.
    pub span: Span,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Literal(String),
    /// The value of a static variable that is not UTF-8.
    Bytes(Vec<u8>),
    /// The value of a static variable that a trace must not show, since all cases of a matrix
    /// share one snapshot: its text, and the name that is shown for it.
    Hidden {
        /// The value.
        text: String,
        /// The name.
        name: String,
    },
    /// A variable that is known at run time.
    Variable {
        /// Its name, or the endpoint's.
        name: String,
        /// The part of an endpoint.
        part: Option<Part>,
    },
}

/// The part of an endpoint that `${server.port}` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The port that it is bound to: a number.
    Port,
    /// The IP address that it is bound to.
    Host,
    /// The path, or `@name`, that it is bound to.
    Path,
}

impl Part {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Host => "host",
            Self::Path => "path",
        }
    }
}

impl Template {
    /// A template without holes.
    pub fn literal(text: impl Into<String>, span: Span) -> Self {
        Self { pieces: vec![Piece::Literal(text.into())], span }
    }

    /// The text, where nothing in it is known at run time only.
    pub fn known(&self) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) | Piece::Hidden { text: literal, .. } => text.push_str(literal),
                Piece::Bytes(_) | Piece::Variable { .. } => return None,
            }
        }
        Some(text)
    }

    /// The text as a trace shows it: `client<i>`, `<net>`, `tcp://127.0.0.1:<server.port>`.
    pub fn shown(&self) -> String {
        self.pieces.iter().map(Piece::shown).collect()
    }
}

/// The name of a variable without the files that include each other around it.
pub(crate) fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Piece {
    /// The piece as a spec writes it: `${server.port}`.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Bytes(bytes) => crate::model::bytes::escape(bytes),
            Self::Hidden { name, .. } | Self::Variable { name, part: None } => format!("${{{}}}", bare(name)),
            Self::Variable { name, part: Some(part) } => format!("${{{}.{}}}", bare(name), part.name()),
        }
    }

    /// The piece as a trace shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Bytes(bytes) => crate::model::bytes::escape(bytes),
            Self::Hidden { name, .. } | Self::Variable { name, part: None } => format!("<{}>", bare(name)),
            Self::Variable { name, part: Some(part) } => format!("<{name}.{}>", part.name()),
        }
    }
}
