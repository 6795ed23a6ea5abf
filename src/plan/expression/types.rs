//! The types of expressions, as far as they are known before the spec runs.

use super::value::LIST_ALONE;
use super::{Expression, Filter, Operator};
use crate::model::value::Value;
use crate::plan::template::Part;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// A whole number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A text.
    Text,
    /// Raw bytes.
    Bytes,
}

/// What is certain to go wrong: a sentence, and the name that it is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The sentence.
    pub(crate) message: String,
    /// The name.
    pub(crate) name: Option<String>,
}

impl Type {
    /// The type of a value.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Number(_) => Self::Number,
            Value::Bool(_) => Self::Bool,
            Value::Text(_) => Self::Text,
            Value::Bytes(_) => Self::Bytes,
        }
    }

    /// The word for it, as the end of a sentence.
    pub(crate) const fn a(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Text => "a text",
            Self::Bytes => "bytes",
        }
    }

    const fn is_raw(self) -> bool {
        matches!(self, Self::Text | Self::Bytes)
    }
}

type Inferred = Result<Option<Type>, Wrong>;

impl Expression {
    /// The type of its value, where that is certain. `known` knows those of variables and columns.
    pub(crate) fn infer(&self, known: &dyn Fn(&Self) -> Option<Type>) -> Inferred {
        let infer = |of: &Self| of.infer(known);
        match self {
            Self::Value(value) => Ok(Some(Type::of(value))),
            Self::Variable { part, .. } => Ok(known(self).or(match part {
                Some(Part::Port) => Some(Type::Number),
                Some(_) => Some(Type::Text),
                None => None,
            })),
            Self::Column { .. } => Ok(known(self)),
            Self::Not(of) => infer(of).map(|_| Some(Type::Bool)),
            Self::Negative(of) => needs_number(of, infer(of)?, "-"),
            Self::List(_) => Err(Wrong { message: LIST_ALONE.to_owned(), name: None }),
            Self::Binary { operator, operands } => binary(*operator, operands, known),
            Self::Item(operands) => {
                let [of, at] = &**operands;
                let kind = infer(of)?;
                needs_number(at, infer(at)?, "[]")?;
                Ok(match can_be_cut(of, kind)? {
                    Some(Type::Bytes) => Some(Type::Number),
                    other => other,
                })
            }
            Self::Slice { of, start, end } => {
                let kind = infer(of)?;
                for limit in start.iter().chain(end) {
                    needs_number(limit, infer(limit)?, "[:]")?;
                }
                can_be_cut(of, kind)
            }
            Self::Filtered { filter, of, arguments } => filtered(*filter, of, arguments, known),
        }
    }

    /// How a message speaks of it.
    fn said(&self) -> String {
        match self {
            Self::Variable { name, part: None } => format!("`{name}`"),
            Self::Variable { name, part: Some(part) } => format!("`{name}.{}`", part.name()),
            Self::Column { row, column } => format!("`{row}.{column}`"),
            Self::Value(value) => super::value::shown(value),
            _ => "what stands there".to_owned(),
        }
    }

    fn wrong(&self, message: String) -> Wrong {
        let name = match self {
            Self::Variable { name, .. } => Some(name.clone()),
            Self::Column { row, .. } => Some(row.clone()),
            _ => None,
        };
        Wrong { message, name }
    }
}

fn needs_number(of: &Expression, kind: Option<Type>, operator: &str) -> Inferred {
    match kind {
        None | Some(Type::Number) => Ok(Some(Type::Number)),
        Some(other) => {
            let (said, kind) = (of.said(), other.a());
            let way_out = match of {
                Expression::Variable { .. } | Expression::Column { .. } => {
                    format!("{}|int`", said.trim_end_matches('`'))
                }
                _ => "`|int` after it".to_owned(),
            };
            let way_out =
                if other.is_raw() { format!(": write {way_out} if it holds a number") } else { String::new() };
            let way_out = match operator {
                "*" if other.is_raw() => {
                    format!("{way_out}; what repeats bytes is `{{fill: …, size: …}}`, in a payload")
                }
                _ => way_out,
            };
            Err(of.wrong(format!("`{operator}` needs numbers, and {said} is {kind}{way_out}")))
        }
    }
}

fn can_be_cut(of: &Expression, kind: Option<Type>) -> Inferred {
    match kind {
        Some(other @ (Type::Number | Type::Bool)) => {
            Err(of.wrong(format!("{} is {}, of which nothing can be cut", of.said(), other.a())))
        }
        _ => Ok(kind),
    }
}

fn binary(operator: Operator, operands: &[Expression; 2], known: &dyn Fn(&Expression) -> Option<Type>) -> Inferred {
    let [left, right] = operands;
    let left_kind = left.infer(known)?;
    if let (Operator::In | Operator::NotIn, Expression::List(items)) = (operator, right) {
        for item in items {
            comparable(left, left_kind, item, item.infer(known)?, true)?;
        }
        return Ok(Some(Type::Bool));
    }
    let right_kind = right.infer(known)?;
    match operator {
        Operator::Or | Operator::And => Ok(left_kind.filter(|_| left_kind == right_kind)),
        Operator::In | Operator::NotIn => {
            for (operand, kind) in [(left, left_kind), (right, right_kind)] {
                if let Some(kind) = kind.filter(|kind| !kind.is_raw()) {
                    let message = format!("`in` looks for a text in a text, and {} is {}", operand.said(), kind.a());
                    return Err(operand.wrong(message));
                }
            }
            Ok(Some(Type::Bool))
        }
        Operator::Equal | Operator::NotEqual => comparable(left, left_kind, right, right_kind, true),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            comparable(left, left_kind, right, right_kind, false)
        }
        Operator::Join => Ok(match (left_kind, right_kind) {
            (Some(Type::Bytes), _) | (_, Some(Type::Bytes)) => Some(Type::Bytes),
            (Some(_), Some(_)) => Some(Type::Text),
            _ => None,
        }),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            needs_number(left, left_kind, operator.symbol())?;
            needs_number(right, right_kind, operator.symbol())
        }
    }
}

/// Numbers with numbers, and texts and bytes with each other; booleans can only be equal.
fn comparable(left: &Expression, one: Option<Type>, right: &Expression, other: Option<Type>, equal: bool) -> Inferred {
    let (Some(one), Some(other)) = (one, other) else { return Ok(Some(Type::Bool)) };
    let fits = match (one, other) {
        (Type::Number, Type::Number) => true,
        (Type::Bool, Type::Bool) => equal,
        _ => one.is_raw() && other.is_raw(),
    };
    if fits {
        return Ok(Some(Type::Bool));
    }
    let is_number = |kind: Type| kind == Type::Number;
    let text = if one.is_raw() { left } else { right };
    let way_out = if (is_number(one) && other.is_raw()) || (one.is_raw() && is_number(other)) {
        ": write `|int` after what holds a number"
    } else {
        ""
    };
    let (left, right) = ((left.said(), one.a()), (right.said(), other.a()));
    Err(text
        .wrong(format!("{} is {} and {} is {}, which cannot be compared{way_out}", left.0, left.1, right.0, right.1)))
}

fn filtered(
    filter: Filter,
    of: &Expression,
    arguments: &[Expression],
    known: &dyn Fn(&Expression) -> Option<Type>,
) -> Inferred {
    let kind = of.infer(known)?;
    for (index, argument) in arguments.iter().enumerate() {
        let kind = argument.infer(known)?;
        if matches!(filter, Filter::Pbkdf2(_)) && index > 0 {
            needs_number(argument, kind, filter.name())?;
        }
    }
    let wants = match filter {
        Filter::Length => Some("a text or bytes, which have a length"),
        Filter::Xor => Some("bytes"),
        _ => None,
    };
    if let (Some(wants), Some(kind)) = (wants, kind.filter(|kind| !kind.is_raw())) {
        return Err(of.wrong(format!("{} is {}, not {wants}", of.said(), kind.a())));
    }
    if let (Filter::Gunzip, Some(kind)) = (filter, kind.filter(|kind| *kind != Type::Bytes)) {
        return Err(of.wrong(format!("{} is {}, not bytes, which gzip makes", of.said(), kind.a())));
    }
    Ok(Some(match filter {
        Filter::Length | Filter::Int => Type::Number,
        Filter::Hex | Filter::Base64 => Type::Text,
        _ => Type::Bytes,
    }))
}

impl Operator {
    /// How an operator of numbers is written.
    const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "//",
            _ => "%",
        }
    }
}
