//! Expressions, which stand in `let`, in `assert`, and in `until:` beside `repeat`: Jinja's
//! arithmetic, comparisons, slices and filters, on numbers, texts and bytes. A text is never taken
//! for a number unless `int` says so.

mod filter;
mod hash;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use filter::Filter;
pub(crate) use types::{Type, Wrong};
pub(crate) use value::{Evaluator, Lookup, MOST_ITERATIONS, shown};

use std::ops::Range;

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
    /// A column of the row of a `repeat`: `row.request`.
    Column {
        /// The name of the row.
        row: String,
        /// The column.
        column: String,
    },
    /// `x|filter`, `x|filter(y)`
    Filtered {
        /// The filter.
        filter: Filter,
        /// What it is applied to.
        of: Box<Self>,
        /// What stands in its parentheses.
        arguments: Vec<Self>,
    },
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

/// What is wrong with a text that is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong, in words that can follow a colon.
    pub reason: String,
    /// What to write instead.
    pub help: String,
    /// The bytes of the text that are wrong.
    pub place: Range<usize>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        parser::parse(text)
    }

    /// Visits every part of it, itself first.
    pub(crate) fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Value(_) | Self::Variable { .. } | Self::Column { .. } => {}
            Self::Not(of) | Self::Negative(of) => of.each(visit),
            Self::Binary { operands, .. } | Self::Item(operands) => {
                operands.iter().for_each(|operand| operand.each(visit));
            }
            Self::List(items) => items.iter().for_each(|item| item.each(visit)),
            Self::Slice { of, start, end } => {
                of.each(visit);
                start.iter().chain(end).for_each(|limit| limit.each(visit));
            }
            Self::Filtered { of, arguments, .. } => {
                of.each(visit);
                for argument in arguments {
                    argument.each(visit);
                }
            }
        }
    }

    /// The same with every variable and column replaced of which `known` knows better.
    #[must_use]
    pub(crate) fn resolved(&self, known: &dyn Fn(&Self) -> Option<Self>) -> Self {
        let one = |of: &Self| of.resolved(known);
        let boxed = |of: &Self| Box::new(one(of));
        match self {
            Self::Variable { .. } | Self::Column { .. } => known(self).unwrap_or_else(|| self.clone()),
            Self::Value(_) => self.clone(),
            Self::Not(of) => Self::Not(boxed(of)),
            Self::Negative(of) => Self::Negative(boxed(of)),
            Self::Binary { operator, operands } => {
                Self::Binary { operator: *operator, operands: Box::new([one(&operands[0]), one(&operands[1])]) }
            }
            Self::Item(operands) => Self::Item(Box::new([one(&operands[0]), one(&operands[1])])),
            Self::List(items) => Self::List(items.iter().map(one).collect()),
            Self::Slice { of, start, end } => {
                Self::Slice { of: boxed(of), start: start.as_deref().map(boxed), end: end.as_deref().map(boxed) }
            }
            Self::Filtered { filter, of, arguments } => {
                Self::Filtered { filter: *filter, of: boxed(of), arguments: arguments.iter().map(one).collect() }
            }
        }
    }
}
