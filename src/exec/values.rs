//! Values at run time: variables, the counters of `repeat`, and the parts of endpoints; and the
//! texts and numbers that are made of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::model::value::Value;
use crate::plan::Number;
use crate::plan::expression::Lookup;
use crate::plan::template::{Part, Piece, Template, bare};

/// The variables of a test, shared by its lanes, and the counters that one lane sees.
///
/// A clone sees the same variables; [`with`](Self::with) makes one that knows a counter besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    shared: Rc<RefCell<HashMap<String, Value>>>,
    local: Option<Rc<Local>>,
}

/// The counter of a `repeat`, inside which the others around it are known too.
#[derive(Debug)]
struct Local {
    name: String,
    value: Value,
    outer: Option<Rc<Local>>,
}

impl Values {
    /// The value of a variable or a counter; the innermost of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let mut local = self.local.as_ref();
        while let Some(inner) = local {
            if inner.name == name {
                return Some(inner.value.clone());
            }
            local = inner.outer.as_ref();
        }
        self.shared.borrow().get(name).cloned()
    }

    /// Sets a variable, for every lane.
    pub(crate) fn set(&self, name: impl Into<String>, value: Value) {
        self.shared.borrow_mut().insert(name.into(), value);
    }

    /// Gives a variable the value that it had before, or none.
    pub(crate) fn restore(&self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => self.set(name, value),
            None => drop(self.shared.borrow_mut().remove(name)),
        }
    }

    /// The same values with a counter besides, for the steps inside a `repeat`.
    #[must_use]
    pub(crate) fn with(&self, name: impl Into<String>, value: Value) -> Self {
        let local = Local { name: name.into(), value, outer: self.local.clone() };
        Self { shared: Rc::clone(&self.shared), local: Some(Rc::new(local)) }
    }
}

impl FromIterator<(String, Value)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(variables: I) -> Self {
        Self { shared: Rc::new(RefCell::new(variables.into_iter().collect())), local: None }
    }
}

/// Who knows the addresses of endpoints.
pub(crate) trait Endpoints {
    /// The part of that endpoint's address; `None` where there is no such endpoint, or where its
    /// address has no such part.
    fn lookup(&self, endpoint: &str, part: Part) -> Option<Value>;
}

/// No endpoint has an address.
#[cfg(test)]
pub(crate) struct NoEndpoints;

#[cfg(test)]
impl Endpoints for NoEndpoints {
    fn lookup(&self, _endpoint: &str, _part: Part) -> Option<Value> {
        None
    }
}

/// Everything that `${…}` can name at one moment. Errors are sentences for a failure's message.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// Variables and counters.
    pub(crate) values: &'a Values,
    /// The addresses of endpoints.
    pub(crate) endpoints: &'a dyn Endpoints,
}

impl Lookup for Scope<'_> {
    fn value(&self, name: &str, part: Option<Part>) -> Result<Value, String> {
        Scope::value(self, name, part)
    }
}

impl Scope<'_> {
    /// The value of a variable, or of an endpoint's part.
    pub(crate) fn value(&self, name: &str, part: Option<Part>) -> Result<Value, String> {
        match part {
            None => self.values.get(name).ok_or_else(|| format!("`{}` has no value yet", bare(name))),
            Some(part) => {
                let value = self.endpoints.lookup(name, part);
                value.ok_or_else(|| format!("`{name}` has no {} (`${{{name}.{}}}`)", part.name(), part.name()))
            }
        }
    }

    /// The bytes of a text: numbers in decimal, texts in UTF-8, bytes as they are.
    pub(crate) fn bytes(&self, template: &Template) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for piece in &template.pieces {
            self.piece(piece, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// Appends the bytes of a piece.
    pub(crate) fn piece(&self, piece: &Piece, bytes: &mut Vec<u8>) -> Result<(), String> {
        match piece {
            Piece::Literal(text) | Piece::Hidden { text, .. } => bytes.extend_from_slice(text.as_bytes()),
            Piece::Bytes(raw) => bytes.extend_from_slice(raw),
            Piece::Variable { name, part } => match self.value(name, *part)? {
                Value::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Value::Bytes(raw) => bytes.extend_from_slice(&raw),
                other => bytes.extend_from_slice(&other.to_bytes()),
            },
        }
        Ok(())
    }

    /// A text.
    pub(crate) fn text(&self, template: &Template) -> Result<String, String> {
        if let [Piece::Literal(text)] = template.pieces.as_slice() {
            return Ok(text.clone());
        }
        String::from_utf8(self.bytes(template)?)
            .map_err(|_| format!("`{}` is not UTF-8, so it cannot stand in a name or an address", written(template)))
    }

    /// A number.
    pub(crate) fn number(&self, number: &Number) -> Result<u64, String> {
        let template = match number {
            Number::Known(number) => return Ok(*number),
            Number::Computed(template) => template,
        };
        let value = match template.pieces.as_slice() {
            [Piece::Variable { name, part }] => self.value(name, *part)?,
            _ => Value::Bytes(self.bytes(template)?),
        };
        let Some(number) = value.to_number() else {
            let shown = crate::model::bytes::escape(&value.to_bytes());
            return Err(format!("`{}` is \"{shown}\", which is not a number", written(template)));
        };
        u64::try_from(number)
            .map_err(|_| format!("`{}` is {number}, which is out of range: 0 to {}", written(template), u64::MAX))
    }
}

/// The template as its author wrote it.
fn written(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(_) | Piece::Bytes(_) => piece.shown(),
        Piece::Hidden { name, .. } | Piece::Variable { name, part: None } => format!("${{{}}}", bare(name)),
        Piece::Variable { name, part: Some(part) } => format!("${{{name}.{}}}", part.name()),
    };
    template.pieces.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::source::Span;

    struct Server;

    impl Endpoints for Server {
        fn lookup(&self, endpoint: &str, part: Part) -> Option<Value> {
            (endpoint == "server" && part == Part::Port).then_some(Value::Number(8080))
        }
    }

    fn template(pieces: Vec<Piece>) -> Template {
        Template { pieces, span: Span::default() }
    }

    fn variable(name: &str, part: Option<Part>) -> Piece {
        Piece::Variable { name: name.into(), part }
    }

    #[test]
    fn a_text_is_made_of_its_pieces() {
        let values = Values::default();
        values.set("id", Value::Bytes(vec![0xff, 0]));
        let scope = Scope { values: &values, endpoints: &Server };
        let text = template(vec![Piece::Literal("p=".into()), variable("server", Some(Part::Port))]);
        assert_eq!(scope.text(&text).unwrap(), "p=8080");
        let raw = template(vec![variable("id", None)]);
        assert_eq!(scope.bytes(&raw).unwrap(), [0xff, 0]);
        assert!(scope.text(&raw).unwrap_err().contains("`${id}` is not UTF-8"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let values = Values::default();
        let scope = Scope { values: &values, endpoints: &Server };
        let missing = scope.bytes(&template(vec![variable("id", None)])).unwrap_err();
        assert_eq!(missing, "`id` has no value yet");
        let path = scope.bytes(&template(vec![variable("server", Some(Part::Path))])).unwrap_err();
        assert_eq!(path, "`server` has no path (`${server.path}`)");
    }

    #[test]
    fn numbers_may_be_texts_that_are_one() {
        let values = Values::default();
        values.set("n", Value::Text("0x10".into()));
        values.set("t", Value::Text("ten".into()));
        values.set("m", Value::Number(-1));
        let scope = Scope { values: &values, endpoints: &NoEndpoints };
        let number = |name| scope.number(&Number::Computed(template(vec![variable(name, None)])));
        assert_eq!(number("n").unwrap(), 16);
        assert_eq!(number("t").unwrap_err(), "`${t}` is \"ten\", which is not a number");
        assert!(number("m").unwrap_err().contains("is -1, which is out of range"));
    }

    #[test]
    fn a_counter_is_known_inside_its_repeat_only() {
        let values = Values::default();
        let inside = values.with("i", Value::Number(3)).with("j", Value::Number(4));
        inside.set("x", Value::Number(5));
        assert_eq!(inside.get("i"), Some(Value::Number(3)));
        assert_eq!(inside.with("i", Value::Number(9)).get("i"), Some(Value::Number(9)));
        assert_eq!(values.get("i"), None);
        assert_eq!(values.get("x"), Some(Value::Number(5)));
    }
}
