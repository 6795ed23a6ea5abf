//! Expressions, which stand in `until:` beside `repeat`: Jinja's arithmetic, comparisons, slices
//! and filters, on numbers, texts and bytes. A text is never taken for a number unless `int` says
//! so.

mod lexer;
mod parser;

use super::template::Part;
use crate::model::value::Value;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A value that is written, or that a variable is known to have.
    Value(Value),
    /// A variable, or an endpoint's part.
    Variable {
        /// Its name, or the endpoint's.
        name: String,
        /// The part of an endpoint.
        part: Option<Part>,
    },
    /// `not x`
    Not(Box<Self>),
    /// `-x`
    Negative(Box<Self>),
    /// Two operands.
    Binary {
        /// What is done with them.
        operator: Operator,
        /// The first, and the second.
        operands: Box<[Self; 2]>,
    },
    /// `[x, y]`, for `in`.
    List(Vec<Self>),
    /// `x[y]`
    Item(Box<[Self; 2]>),
    /// `x[y:z]`; either end may be left out.
    Slice {
        /// What is cut.
        of: Box<Self>,
        /// The first that is kept.
        start: Option<Box<Self>>,
        /// The first after that is not.
        end: Option<Box<Self>>,
    },
    /// `x|filter`
    Filtered(Filter, Box<Self>),
}

/// What is done with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `~`
    Join,
    /// `*`
    Multiply,
    /// `//`
    Divide,
    /// `%`
    Remainder,
}

/// What makes another value of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// How many characters a text has, or bytes.
    Length,
    /// The number that a text is.
    Int,
    /// The bytes as hex digits.
    Hex,
    /// The bytes that hex digits are.
    Unhex,
    /// The bytes in base64.
    Base64,
    /// The bytes that base64 is.
    Unbase64,
    /// The SHA-256 of the bytes, as bytes.
    Sha256,
}

impl Filter {
    const ALL: [(&'static str, Self); 7] = [
        ("length", Self::Length),
        ("int", Self::Int),
        ("hex", Self::Hex),
        ("unhex", Self::Unhex),
        ("base64", Self::Base64),
        ("unbase64", Self::Unbase64),
        ("sha256", Self::Sha256),
    ];

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, filter)| *filter)
    }
}

impl Expression {
    /// Reads an expression. An error says what is wrong, in words that can follow a colon.
    pub fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text)
    }

    /// Visits every name in it, with the part of an endpoint.
    pub fn names<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<Part>)) {
        match self {
            Self::Value(_) => {}
            Self::Variable { name, part } => visit(name, *part),
            Self::Not(of) | Self::Negative(of) | Self::Filtered(_, of) => of.names(visit),
            Self::Binary { operands, .. } | Self::Item(operands) => {
                operands.iter().for_each(|operand| operand.names(visit));
            }
            Self::List(items) => items.iter().for_each(|item| item.names(visit)),
            Self::Slice { of, start, end } => {
                of.names(visit);
                start.iter().chain(end).for_each(|limit| limit.names(visit));
            }
        }
    }
}
