//! The values of `vars`, `matrix` and `--var`: strings, booleans, plain decimal and 0x numbers.
//! Whatever else YAML would make something of is refused, so that no type rule of YAML ever
//! changes what a spec says.

use super::given::Given;
use crate::diagnostic::Diagnostic;
use crate::model::size::parse_number;
use crate::model::value::Value;
use crate::model::yaml_type;
use crate::spec::ast::{Scalar, Style};

/// Boxed, since most values are in order.
type Finding = Box<Diagnostic>;

/// The value that was written.
pub(crate) fn read(written: &Scalar) -> Result<Value, Finding> {
    let text = written.text.as_str();
    if written.style != Style::Plain {
        return Ok(Value::Text(text.to_owned()));
    }
    if let Some(value) = plain(text) {
        return Ok(value);
    }
    // `y` and `n` are booleans in the letter of YAML 1.1, and texts to every reader in use.
    let Some(what) = yaml_type::of(text).filter(|_| !matches!(text, "y" | "n" | "Y" | "N")) else {
        return Ok(Value::Text(text.to_owned()));
    };
    let message = format!("`{text}` is {what} to some readers of YAML, and a text to others");
    let mut finding = Diagnostic::error("ambiguous-value", written.span, message)
        .label("must be quoted")
        .help(format!("write `\"{text}\"` for the text"));
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" => finding = finding.help("write `true` for the boolean"),
        "no" | "off" => finding = finding.help("write `false` for the boolean"),
        _ => {}
    }
    Err(Box::new(finding))
}

/// The value that a variable is given, in the type of the value that it replaces.
pub(crate) fn replaced(name: &Scalar, declared: Option<&Value>, given: Given<'_>) -> Result<Value, Finding> {
    let text = given.text;
    let value = match declared {
        Some(Value::Number(_)) => number(text).map(Value::Number),
        Some(Value::Bool(_)) => text.parse().ok().map(Value::Bool),
        _ => Some(Value::Text(text.to_owned())),
    };
    value.ok_or_else(|| {
        let kind = declared.map_or("text", Value::type_name);
        let message = format!("{}: `{text}` is not a {kind}", given.said(&name.text));
        let finding = Diagnostic::error("wrong-type", name.span, message)
            .label(format!("declared as a {kind}"))
            .help(format!("give `{}` a {kind}, or declare it in quotes", name.text));
        Box::new(finding)
    })
}

/// A boolean or a number that every reader of YAML agrees on.
fn plain(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => number(text).map(Value::Number),
    }
}

/// A plain decimal number, which may be negative, or a 0x number.
pub(crate) fn number(text: &str) -> Option<i128> {
    match text.strip_prefix('-') {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) && digits != "0" => {
            if digits.starts_with("0x") { None } else { parse_number(digits).map(|number| -number) }
        }
        Some(_) => None,
        None if text.is_empty() => None,
        None => parse_number(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::Span;

    fn scalar(text: &str, style: Style) -> Scalar {
        Scalar { text: text.to_owned(), style, span: Span::new(0, text.len()) }
    }

    #[test]
    fn values_that_all_readers_agree_on_are_read() {
        for (text, value) in [
            ("12", Value::Number(12)),
            ("0x1f", Value::Number(31)),
            ("-1", Value::Number(-1)),
            ("0", Value::Number(0)),
            ("true", Value::Bool(true)),
            ("tcp6", Value::Text("tcp6".to_owned())),
            ("127.0.0.1", Value::Text("127.0.0.1".to_owned())),
            ("64KiB", Value::Text("64KiB".to_owned())),
            ("200ms", Value::Text("200ms".to_owned())),
            ("::1", Value::Text("::1".to_owned())),
            ("1-2", Value::Text("1-2".to_owned())),
        ] {
            assert_eq!(read(&scalar(text, Style::Plain)).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn what_yaml_would_make_something_of_must_be_quoted() {
        for text in [
            "1.10",
            "007",
            "12:30",
            "12:30:45",
            "0o17",
            "0b1",
            "1e3",
            ".5",
            "+1",
            "1_000",
            "2024-01-31",
            "2024-01-31T12:00:00Z",
            "no",
            "Yes",
            "on",
            "OFF",
            "~",
            "null",
            "",
            ".inf",
            "TRUE",
            "-0",
        ] {
            assert!(read(&scalar(text, Style::Plain)).is_err(), "{text}");
            assert_eq!(read(&scalar(text, Style::Double)).unwrap(), Value::Text(text.to_owned()));
        }
    }

    #[test]
    fn an_override_has_the_type_of_the_declared_value() {
        let name = scalar("n", Style::Plain);
        let replaced = |name, declared, text| replaced(name, declared, Given::from(text));
        assert_eq!(replaced(&name, Some(&Value::Number(1)), "0x10").unwrap(), Value::Number(16));
        assert!(replaced(&name, Some(&Value::Number(1)), "many").is_err());
        assert_eq!(replaced(&name, Some(&Value::Bool(true)), "false").unwrap(), Value::Bool(false));
        assert!(replaced(&name, Some(&Value::Bool(true)), "1").is_err());
        assert_eq!(replaced(&name, Some(&Value::Text(String::new())), "1").unwrap(), Value::Text("1".to_owned()));
    }
}
