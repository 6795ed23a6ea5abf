//! Expressions with their values.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::values::Scope;
use crate::model::bytes::{escape, hex};
use crate::model::value::Value;
use crate::plan::expression::{Expression, Filter, Operator};

/// Longer values are cut in messages.
const SHOWN: usize = 40;

/// Whether an expression is true: a boolean is what it is, a number is if it is not 0, a text and
/// bytes if they are not empty. An error is a sentence for the failure's message.
pub(crate) fn is_true(expression: &Expression, scope: Scope<'_>) -> Result<bool, String> {
    Ok(truth(&value(expression, scope)?))
}

/// The value of an expression.
pub(crate) fn value(expression: &Expression, scope: Scope<'_>) -> Result<Value, String> {
    match expression {
        Expression::Value(value) => Ok(value.clone()),
        Expression::Variable { name, part } => scope.value(name, *part),
        Expression::Not(of) => Ok(Value::Bool(!is_true(of, scope)?)),
        Expression::Negative(of) => {
            let of = number(value(of, scope)?, "-")?;
            of.checked_neg().map(Value::Number).ok_or_else(too_large)
        }
        Expression::Binary { operator, operands } => binary(*operator, operands, scope),
        Expression::List(_) => Err("a list can only stand after `in`".to_owned()),
        Expression::Item(operands) => {
            let [of, at] = &**operands;
            item(value(of, scope)?, number(value(at, scope)?, "[]")?)
        }
        Expression::Slice { of, start, end } => {
            let limit = |limit: &Option<Box<Expression>>| {
                limit.as_ref().map(|limit| number(value(limit, scope)?, "[:]")).transpose()
            };
            slice(value(of, scope)?, limit(start)?, limit(end)?)
        }
        Expression::Filtered(filter, of) => filtered(*filter, &value(of, scope)?),
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Number(number) => *number != 0,
        Value::Text(text) => !text.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
    }
}

fn binary(operator: Operator, operands: &[Expression; 2], scope: Scope<'_>) -> Result<Value, String> {
    let [left, right] = operands;
    let left = value(left, scope)?;
    match operator {
        Operator::Or | Operator::And => {
            let decided = truth(&left) == (operator == Operator::Or);
            return if decided { Ok(left) } else { value(right, scope) };
        }
        Operator::In | Operator::NotIn => {
            let found = is_in(&left, right, scope)?;
            return Ok(Value::Bool(found == (operator == Operator::In)));
        }
        _ => {}
    }
    let right = value(right, scope)?;
    let is = |wanted: fn(Ordering) -> bool| Ok(Value::Bool(wanted(compare(&left, &right)?)));
    match operator {
        Operator::Equal => Ok(Value::Bool(equal(&left, &right)?)),
        Operator::NotEqual => Ok(Value::Bool(!equal(&left, &right)?)),
        Operator::Less => is(Ordering::is_lt),
        Operator::LessOrEqual => is(Ordering::is_le),
        Operator::Greater => is(Ordering::is_gt),
        Operator::GreaterOrEqual => is(Ordering::is_ge),
        Operator::Join => Ok(join(&left, &right)),
        _ => arithmetic(operator, left, right),
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

/// The number that an operator needs.
fn number(value: Value, operator: &str) -> Result<i128, String> {
    match value {
        Value::Number(number) => Ok(number),
        other => Err(format!(
            "`{operator}` needs numbers, and {} is {}: write `|int` after it if it holds a number",
            shown(&other),
            kind(&other)
        )),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    }
}

fn shown(value: &Value) -> String {
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
fn raw(value: &Value) -> Option<&[u8]> {
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
fn join(left: &Value, right: &Value) -> Value {
    let joined = [left.to_bytes(), right.to_bytes()].concat();
    if matches!(left, Value::Bytes(_)) || matches!(right, Value::Bytes(_)) {
        return Value::Bytes(joined);
    }
    match String::from_utf8(joined) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    }
}

/// Whether a value is in a list, or in a text or bytes.
fn is_in(wanted: &Value, container: &Expression, scope: Scope<'_>) -> Result<bool, String> {
    if let Expression::List(items) = container {
        for item in items {
            if equal(wanted, &value(item, scope)?)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let container = value(container, scope)?;
    match (raw(wanted), raw(&container)) {
        (Some(wanted), Some(container)) => Ok(memchr::memmem::find(container, wanted).is_some()),
        _ => Err(format!("`in` looks for a text in a text, and {} is {}", shown(wanted), kind(wanted))),
    }
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

fn filtered(filter: Filter, value: &Value) -> Result<Value, String> {
    let wrong = |what: &str| Err(format!("{} is {}, not {what}", shown(value), kind(value)));
    match filter {
        Filter::Length => match value {
            Value::Text(text) => Ok(Value::Number(text.chars().count() as i128)),
            Value::Bytes(bytes) => Ok(Value::Number(bytes.len() as i128)),
            _ => wrong("a text or bytes, which have a length"),
        },
        Filter::Int => match int(value) {
            Some(number) => Ok(Value::Number(number)),
            None => wrong("a whole number"),
        },
        Filter::Hex => Ok(Value::Text(hex(&value.to_bytes()))),
        Filter::Unhex => match unhex(&value.to_bytes()) {
            Some(bytes) => Ok(Value::Bytes(bytes)),
            None => wrong("hex digits"),
        },
        Filter::Base64 => Ok(Value::Text(STANDARD.encode(value.to_bytes()))),
        Filter::Unbase64 => match STANDARD.decode(value.to_bytes()) {
            Ok(bytes) => Ok(Value::Bytes(bytes)),
            Err(_) => wrong("base64"),
        },
        Filter::Sha256 => Ok(Value::Bytes(Sha256::digest(value.to_bytes()).to_vec())),
    }
}

/// The number that a text is: decimal, with a sign and zeros before it if it has them, or 0x.
fn int(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => return Some(*number),
        Value::Bool(truth) => return Some(i128::from(*truth)),
        Value::Text(_) | Value::Bytes(_) => {}
    }
    let text = std::str::from_utf8(raw(value)?).ok()?.trim();
    match text.strip_prefix("0x") {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok(),
        _ => text.parse().ok(),
    }
}

/// Pairs of digits, with white space between them.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::exec::values::{Endpoints, Values};
    use crate::plan::template::Part;

    struct Server;

    impl Endpoints for Server {
        fn lookup(&self, endpoint: &str, part: Part) -> Option<Value> {
            (endpoint == "server" && part == Part::Port).then_some(Value::Number(8080))
        }
    }

    fn eval(text: &str) -> Result<Value, String> {
        let values = Values::default();
        values.set("i", Value::Number(3));
        values.set("p1", Value::Text("31".into()));
        values.set("p2", Value::Bytes(b"07".to_vec()));
        values.set("line", Value::Text("250 höhe".into()));
        values.set("raw", Value::Bytes(b"\x01\xffh\xc3\xb6".to_vec()));
        values.set("done", Value::Bool(false));
        value(&Expression::parse(text)?, Scope { values: &values, endpoints: &Server })
    }

    #[track_caller]
    fn number(text: &str) -> i128 {
        match eval(text) {
            Ok(Value::Number(number)) => number,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn truth(text: &str) -> bool {
        match eval(text) {
            Ok(Value::Bool(truth)) => truth,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn arithmetic_is_jinjas() {
        assert_eq!(number("1 + 2 * 3 - -4"), 11);
        assert_eq!(number("(1 + 2) * 3"), 9);
        assert_eq!(number("p1|int * 256 + p2|int"), 31 * 256 + 7);
        assert_eq!(number("-7 // 2"), -4);
        assert_eq!(number("-7 % 3"), 2);
        assert_eq!(number("7 % -3"), -2);
        assert_eq!(number("0x10 + i"), 19);
        assert_eq!(number("server.port - 80"), 8000);
        assert!(eval("1 // 0").unwrap_err().contains("divides by 0"));
        assert!(eval("0x7fffffffffffffffffffffffffffffff + 1").unwrap_err().contains("too large"));
    }

    #[test]
    fn arithmetic_on_text_names_int() {
        let error = eval("p1 + 1").unwrap_err();
        assert_eq!(error, "`+` needs numbers, and \"31\" is a text: write `|int` after it if it holds a number");
        assert!(eval("'a' + 'b'").unwrap_err().contains("`|int`"));
        assert!(eval("p2 * 2").unwrap_err().contains("is bytes: write `|int`"));
        assert!(eval("i == '3'").unwrap_err().contains("cannot be compared: write `|int`"));
        assert!(eval("line|int").unwrap_err().contains("not a whole number"));
    }

    #[test]
    fn comparisons_are_of_numbers_and_of_bytes() {
        assert!(truth("i == 3 and not done"));
        assert!(truth("i != 4 or 1 // 0"));
        assert!(truth("1 < i and i <= 3"));
        assert!(truth("p2 == '07' and '07' == p2"));
        assert!(truth("raw[2:] == 'hö'"));
        assert!(truth("'höhe' in line and 'x' not in line"));
        assert!(truth("i in [1, 2, 3]"));
        assert!(truth("done == false"));
        assert!(truth("line > '220'"));
    }

    #[test]
    fn slices_of_bytes_are_bytes_and_of_texts_texts() {
        assert_eq!(eval("raw[1:3]").unwrap(), Value::Bytes(b"\xffh".to_vec()));
        assert_eq!(eval("raw[:-4]").unwrap(), Value::Bytes(b"\x01".to_vec()));
        assert_eq!(eval("line[4:6]").unwrap(), Value::Text("hö".into()));
        assert_eq!(eval("line[9:]").unwrap(), Value::Text(String::new()));
        assert_eq!(eval("line[-1]").unwrap(), Value::Text("e".into()));
        assert_eq!(number("raw[1]"), 255);
        assert_eq!(number("raw|length"), 5);
        assert_eq!(number("line|length"), 8);
        assert!(eval("raw[5]").unwrap_err().contains("has no item 5"));
        assert!(eval("i[0]").unwrap_err().contains("nothing can be cut"));
    }

    #[test]
    fn joining_makes_texts_or_bytes() {
        assert_eq!(eval("'a' ~ i ~ 'b'").unwrap(), Value::Text("a3b".into()));
        assert_eq!(eval("raw[:1] ~ 'b'").unwrap(), Value::Bytes(b"\x01b".to_vec()));
    }

    #[test]
    fn filters_make_other_values() {
        assert_eq!(eval("raw[:2]|hex").unwrap(), Value::Text("01ff".into()));
        assert_eq!(eval("'01 fF'|unhex").unwrap(), Value::Bytes(vec![1, 255]));
        assert_eq!(eval("'hi'|base64").unwrap(), Value::Text("aGk=".into()));
        assert_eq!(eval("'aGk='|unbase64").unwrap(), Value::Bytes(b"hi".to_vec()));
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(eval("'abc'|sha256|hex").unwrap(), Value::Text(sha256.into()));
        assert_eq!(number("' -042 '|int"), -42);
        assert_eq!(number("'0x1f'|int"), 31);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text: &str| Expression::parse(text).unwrap_err();
        assert_eq!(error("i = 3"), "`=` is no operator: write `==`");
        assert_eq!(error("i == "), "a value is missing at its end");
        assert_eq!(error("i|lenght"), "there is no filter `lenght`: write `length`");
        assert_eq!(error("${i} == 3"), "variables stand without `${}` here");
        assert_eq!(error("(i"), "`)` was expected before its end");
        assert_eq!(error("i 3"), "`3` was not expected");
        assert_eq!(error("'abc"), "the text after ' does not end");
        assert_eq!(error("i / 2"), "`/` makes fractions, which there are none of here: write `//`");
        assert_eq!(error("server.prot"), "`prot` is no part of an endpoint: write `port`, `host` or `path`");
        assert_eq!(error("1 < i < 3"), "comparisons cannot follow each other: write `a < b and b < c`");
        assert!(error(&"(".repeat(100_000)).contains("too deep"));
        assert!(error(&"1+".repeat(100_000)).contains("too long"));
        assert!(error(&"not ".repeat(100_000)).contains("too deep"));
        assert_eq!(eval("nobody").unwrap_err(), "`nobody` has no value yet");
    }

    #[test]
    fn the_names_in_it_are_known() {
        let expression = Expression::parse("not (i + server.port)|length in [n, -p[m:]]").unwrap();
        let mut names = Vec::new();
        expression.names(&mut |name, part| names.push((name.to_owned(), part)));
        let variable = |name: &str| (name.to_owned(), None);
        let port = ("server".to_owned(), Some(Part::Port));
        assert_eq!(names, [variable("i"), port, variable("n"), variable("p"), variable("m")]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[-i0-9a-c+*/%~|<>=!()\\[\\]:,.'\"\\\\ ñ]{0,30}|(i|raw|line| |\\||\\[|\\]|:|-|1|==|in|not|length|int|unhex){0,12}") {
            let _ = eval(&text);
        }
    }
}
