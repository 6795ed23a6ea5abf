//! What is computed: `let`, and `assert`.

use std::cell::Cell;

use crate::model::value::Value;
use crate::plan::expression::{Evaluator, Expression, MOST_ITERATIONS, shown};
use crate::plan::template::bare;
use crate::plan::{Assertion, Assignment};

use super::Lane;
use crate::exec::stop::Stop;

impl Lane<'_> {
    /// Computes variables, one after the other.
    pub(crate) fn compute(&self, assignments: &[Assignment]) -> Result<(), Stop> {
        for Assignment { name, expression, span } in assignments {
            let value = self.value(expression).map_err(|reason| {
                Stop::failed(format!("`{}` cannot be computed: {reason}", bare(name))).at(*span).label("has no value")
            })?;
            self.values.set(name.as_str(), value);
        }
        Ok(())
    }

    /// Sees to it that an expression is true.
    pub(crate) fn assert(&self, assertion: &Assertion) -> Result<(), Stop> {
        let Assertion { expression, text, names, span } = assertion;
        let stop = match self.is_true(expression) {
            Ok(true) => return Ok(()),
            Ok(false) => Stop::failed(format!("`{text}` is not true")).label("not true"),
            Err(reason) => Stop::failed(format!("`{text}` cannot be computed: {reason}")).label("has no value"),
        };
        let stop = names.iter().fold(stop, |stop, (name, of)| match self.value(of) {
            Ok(value) => stop.note(format!("`{name}` is {}", shown(&value))),
            Err(_) => stop,
        });
        Err(stop.at(*span))
    }

    /// Whether an expression is true now.
    pub(crate) fn is_true(&self, expression: &Expression) -> Result<bool, String> {
        Evaluator::new(&self.scope(), &Cell::new(MOST_ITERATIONS)).is_true(expression)
    }

    fn value(&self, expression: &Expression) -> Result<Value, String> {
        Evaluator::new(&self.scope(), &Cell::new(MOST_ITERATIONS)).value(expression)
    }
}
