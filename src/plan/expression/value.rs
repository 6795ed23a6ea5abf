//! Expressions with their values.

use std::cell::Cell;
use std::cmp::Ordering;

use super::{Expression, Operator, filter};
use crate::model::bytes::escape;
use crate::model::value::Value;
use crate::plan::template::Part;

/// Longer values are cut in messages.
const SHOWN: usize = 40;

/// How many bytes a value that is computed may have.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// How many iterations of a hash may be made for one expression, or for all that are known before
/// the spec runs.
pub(crate) const MOST_ITERATIONS: u64 = 10_000_000;

/// Who knows the values of names. An error is a sentence for a message.
pub(crate) trait Lookup {
    /// The value of a variable, or of an endpoint's part.
    fn value(&self, name: &str, part: Option<Part>) -> Result<Value, String>;
}

/// What gives expressions their values.
#[derive(Clone, Copy)]
pub(crate) struct Evaluator<'a> {
    scope: &'a dyn Lookup,
    /// How many iterations of a hash may still be made.
    pub(super) iterations: &'a Cell<u64>,
}

impl<'a> Evaluator<'a> {
    /// One that makes at most so many iterations of hashes.
    pub(crate) fn new(scope: &'a dyn Lookup, iterations: &'a Cell<u64>) -> Self {
        Self { scope, iterations }
    }

    /// Whether an expression is true: a boolean is what it is, a number is if it is not 0, a text
    /// and bytes if they are not empty. An error is a sentence for the failure's message.
    pub(crate) fn is_true(self, expression: &Expression) -> Result<bool, String> {
        Ok(truth(&self.value(expression)?))
    }

    /// The value of an expression.
    pub(crate) fn value(self, expression: &Expression) -> Result<Value, String> {
        match expression {
            Expression::Value(value) => Ok(value.clone()),
            Expression::Variable { name, part } => self.scope.value(name, *part),
            Expression::Column { row, column } => Err(format!("`{row}.{column}` has no value")),
            Expression::Not(of) => Ok(Value::Bool(!self.is_true(of)?)),
            Expression::Negative(of) => {
                let of = number(self.value(of)?, "-")?;
                of.checked_neg().map(Value::Number).ok_or_else(too_large)
            }
            Expression::Binary { operator, operands } => self.binary(*operator, operands),
            Expression::List(_) => Err(LIST_ALONE.to_owned()),
            Expression::Item(operands) => {
                let [of, at] = &**operands;
                item(self.value(of)?, number(self.value(at)?, "[]")?)
            }
            Expression::Slice { of, start, end } => {
                let limit = |limit: &Option<Box<Expression>>| {
                    limit.as_ref().map(|limit| number(self.value(limit)?, "[:]")).transpose()
                };
                slice(self.value(of)?, limit(start)?, limit(end)?)
            }
            Expression::Filtered { filter, of, arguments } => {
                let of = self.value(of)?;
                let arguments: Result<Vec<Value>, String> =
                    arguments.iter().map(|argument| self.value(argument)).collect();
                filter::apply(*filter, &of, &arguments?, self.iterations)
            }
        }
    }

    fn binary(self, operator: Operator, operands: &[Expression; 2]) -> Result<Value, String> {
        let [left, right] = operands;
        let left = self.value(left)?;
        match operator {
            Operator::Or | Operator::And => {
                let decided = truth(&left) == (operator == Operator::Or);
                return if decided { Ok(left) } else { self.value(right) };
            }
            Operator::In | Operator::NotIn => {
                let found = self.is_in(&left, right)?;
                return Ok(Value::Bool(found == (operator == Operator::In)));
            }
            _ => {}
        }
        let right = self.value(right)?;
        let is = |wanted: fn(Ordering) -> bool| Ok(Value::Bool(wanted(compare(&left, &right)?)));
        match operator {
            Operator::Equal => Ok(Value::Bool(equal(&left, &right)?)),
            Operator::NotEqual => Ok(Value::Bool(!equal(&left, &right)?)),
            Operator::Less => is(Ordering::is_lt),
            Operator::LessOrEqual => is(Ordering::is_le),
            Operator::Greater => is(Ordering::is_gt),
            Operator::GreaterOrEqual => is(Ordering::is_ge),
            Operator::Join => join(&left, &right),
            _ => arithmetic(operator, left, right),
        }
    }

    /// Whether a value is in a list, or in a text or bytes.
    fn is_in(self, wanted: &Value, container: &Expression) -> Result<bool, String> {
        if let Expression::List(items) = container {
            for item in items {
                if equal(wanted, &self.value(item)?)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let container = self.value(container)?;
        match (raw(wanted), raw(&container)) {
            (Some(wanted), Some(container)) => Ok(memchr::memmem::find(container, wanted).is_some()),
            _ => Err(format!("`in` looks for a text in a text, and {} is {}", shown(wanted), kind(wanted))),
        }
    }
}

/// What is said of a list that stands elsewhere.
pub(super) const LIST_ALONE: &str = "a list can only stand after `in`";

fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Number(number) => *number != 0,
        Value::Text(text) => !text.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
    }
}

fn arithmetic(operator: Operator, left: Value, right: Value) -> Result<Value, String> {
    type Checked = fn(i128, i128) -> Option<i128>;
    let (symbol, checked): (_, Checked) = match operator {
        Operator::Add => ("+", i128::checked_add),
        Operator::Subtract => ("-", i128::checked_sub),
        Operator::Multiply => ("*", i128::checked_mul),
        Operator::Divide => ("//", floor_div),
        _ => ("%", floor_rem),
    };
    let (left, right) = (number(left, symbol)?, number(right, symbol)?);
    if right == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Err(format!("`{left} {symbol} 0` divides by 0"));
    }
    checked(left, right).map(Value::Number).ok_or_else(too_large)
}

/// Rounded down, as Jinja has it.
fn floor_div(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let down = left % right != 0 && (left < 0) != (right < 0);
    Some(quotient - i128::from(down))
}

/// What is left after that.
fn floor_rem(left: i128, right: i128) -> Option<i128> {
    let remainder = left.checked_rem(right)?;
    let other_sign = remainder != 0 && (remainder < 0) != (right < 0);
    Some(if other_sign { remainder + right } else { remainder })
}

fn too_large() -> String {
    "the number is too large".to_owned()
}

/// What is said of a value that does not fit into memory in good order.
pub(super) fn too_long() -> String {
    format!("the value has more than {} MiB", MOST_BYTES >> 20)
}

/// The number that an operator needs.
pub(super) fn number(value: Value, operator: &str) -> Result<i128, String> {
    match value {
        Value::Number(number) => Ok(number),
        other => Err(format!(
            "`{operator}` needs numbers, and {} is {}: write `|int` after it if it holds a number",
            shown(&other),
            kind(&other)
        )),
    }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    }
}

/// The value as messages show it, cut where it is long.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Number(_) | Value::Bool(_) => value.to_text().unwrap_or_default(),
        Value::Text(_) | Value::Bytes(_) => {
            let bytes = value.to_bytes();
            let more = if bytes.len() > SHOWN { "…" } else { "" };
            format!("\"{}\"{more}", escape(&bytes[..bytes.len().min(SHOWN)]))
        }
    }
}

/// The bytes of a text or of bytes.
pub(super) fn raw(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Text(text) => Some(text.as_bytes()),
        Value::Bytes(bytes) => Some(bytes),
        Value::Number(_) | Value::Bool(_) => None,
    }
}

/// Whether two values are equal; a text and bytes are when the text's UTF-8 is. A number and a
/// text never are, so comparing them is a mistake.
fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        _ => Ok(compare(left, right)?.is_eq()),
    }
}

fn compare(left: &Value, right: &Value) -> Result<Ordering, String> {
    if let (Value::Number(left), Value::Number(right)) = (left, right) {
        return Ok(left.cmp(right));
    }
    if let (Some(left), Some(right)) = (raw(left), raw(right)) {
        return Ok(left.cmp(right));
    }
    let help = match (left, right) {
        (Value::Number(_), Value::Text(_) | Value::Bytes(_)) | (Value::Text(_) | Value::Bytes(_), Value::Number(_)) => {
            ": write `|int` after what holds a number"
        }
        _ => "",
    };
    let (left, right) = ((shown(left), kind(left)), (shown(right), kind(right)));
    Err(format!("{} is {} and {} is {}, which cannot be compared{help}", left.0, left.1, right.0, right.1))
}

/// Bytes where one of them is; else a text.
fn join(left: &Value, right: &Value) -> Result<Value, String> {
    let joined = [left.to_bytes(), right.to_bytes()].concat();
    if joined.len() > MOST_BYTES {
        return Err(too_long());
    }
    if matches!(left, Value::Bytes(_)) || matches!(right, Value::Bytes(_)) {
        return Ok(Value::Bytes(joined));
    }
    Ok(match String::from_utf8(joined) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    })
}

/// The place that is counted from the beginning, or from the end if it is negative.
fn place(at: i128, len: usize) -> usize {
    let from_start = if at < 0 { at.saturating_add(len as i128) } else { at };
    usize::try_from(from_start.max(0)).map_or(len, |at| at.min(len))
}

/// `x[y:z]`: of a text characters, of bytes bytes.
fn slice(value: Value, start: Option<i128>, end: Option<i128>) -> Result<Value, String> {
    let range = |len: usize| {
        let start = start.map_or(0, |start| place(start, len));
        let end = end.map_or(len, |end| place(end, len));
        start..end.max(start)
    };
    match value {
        Value::Text(text) => {
            let range = range(text.chars().count());
            Ok(Value::Text(text.chars().skip(range.start).take(range.len()).collect()))
        }
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes[range(bytes.len())].to_vec())),
        other => Err(format!("{} is {}, of which nothing can be cut", shown(&other), kind(&other))),
    }
}

/// `x[y]`: a text's character, or the number that a byte is.
fn item(value: Value, at: i128) -> Result<Value, String> {
    let end = if at == -1 { None } else { Some(at.saturating_add(1)) };
    let missing = format!("{} has no item {at}", shown(&value));
    match slice(value, Some(at), end)? {
        Value::Text(text) if !text.is_empty() => Ok(Value::Text(text)),
        Value::Bytes(bytes) => bytes.first().map(|byte| Value::Number(i128::from(*byte))).ok_or(missing),
        _ => Err(missing),
    }
}
