//! Expressions: what `let` computes, what `assert` wants, and what ends a `repeat`.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::bytes::escape;
use crate::model::name::{is_name, nearest};
use crate::model::value::Value;
use crate::plan::expression::{Evaluator, Expression, Lookup, Malformed, Type, Wrong};
use crate::plan::template::{Part, Template};
use crate::plan::{Action, Assertion, Assignment};
use crate::source::Span;
use crate::spec::ast::{Scalar, Step};

use super::scope::{Content, Scope};
use super::{Builder, later};

/// An expression that was understood.
pub(super) struct Prepared {
    /// With the values of the variables that are known.
    pub expression: Expression,
    /// As written.
    written: Expression,
    /// The type of its value, where that is certain.
    kind: Option<Type>,
}

impl Prepared {
    /// The type of its value, where that is certain.
    pub(super) fn kind(&self) -> Option<Type> {
        self.kind
    }
}

impl<'a> Builder<'a> {
    /// `let`: one variable after the other.
    pub(super) fn compute(&mut self, computed: &'a [(Scalar, Scalar)]) -> Option<Action> {
        let mut assignments = Vec::with_capacity(computed.len());
        let mut sound = true;
        for (name, expression) in computed {
            if let Some(assignment) = self.assignment(name, expression) {
                assignments.push(assignment);
            } else {
                self.scope.doubt(&name.text);
                sound = false;
            }
        }
        sound.then_some(Action::Let(assignments))
    }

    fn assignment(&mut self, name: &'a Scalar, written: &Scalar) -> Option<Assignment> {
        let prepared = self.expression(written);
        let own = self.new_name(name)?;
        let prepared = prepared?;
        let content = match self.known_value(&prepared, written)? {
            Some(content) => content,
            None => Content::Computed(prepared.kind),
        };
        if !self.set_variable(Cow::Borrowed(own), content, name.span) {
            return None;
        }
        self.computed.push(name);
        Some(Assignment {
            name: self.scope.outside.variable(own).into_owned(),
            expression: prepared.expression,
            span: written.span,
        })
    }

    /// What is computed of known values alone is known, too; nothing where that went wrong.
    #[expect(clippy::option_option, reason = "not known and wrong are different things")]
    pub(super) fn known_value(&mut self, prepared: &Prepared, written: &Scalar) -> Option<Option<Content>> {
        let mut open = false;
        prepared.expression.each(&mut |part| {
            open |= matches!(part, Expression::Variable { .. } | Expression::Column { .. });
        });
        if open {
            return Some(None);
        }
        match Evaluator::new(&Nobody, &self.iterations).value(&prepared.expression) {
            Ok(value) => {
                let hidden = self.is_hidden(&prepared.written);
                Some(Some(Content::Known { value, hidden }))
            }
            Err(reason) => {
                let message = format!("`{}` has no value: {reason}", written.text);
                let finding = Diagnostic::error("bad-expression", written.span, message);
                self.report(finding.help("everything in it is known before the spec runs: it would fail every time"));
                None
            }
        }
    }

    /// Whether a value in it must not be shown.
    fn is_hidden(&self, written: &Expression) -> bool {
        let mut any = false;
        written.each(&mut |part| {
            any |= match part {
                Expression::Variable { name, part: None } => {
                    let content = self.scope.variable(name).map(|variable| &variable.content);
                    matches!(content, Some(Content::Known { hidden: true, .. }))
                }
                Expression::Column { row, column } => {
                    let cells = self.scope.row(row).unwrap_or_default();
                    cells.iter().any(|cell| cell.name == *column && cell.hidden)
                }
                _ => false,
            };
        });
        any
    }

    /// `assert`: what must be true.
    pub(super) fn assertion(&mut self, written: &Scalar) -> Option<Action> {
        let prepared = self.expression(written)?;
        let mut names: Vec<(String, Expression)> = Vec::new();
        prepared.written.each(&mut |part| {
            if let Some(name) = said(part)
                && !names.iter().any(|(known, _)| *known == name)
            {
                names.push((name, resolved(part, &self.scope)));
            }
        });
        let (expression, text, span) = (prepared.expression, written.text.clone(), written.span);
        Some(Action::Assert(Assertion { expression, text, names, span }))
    }

    /// An expression, whose names must be set and whose types must fit.
    pub(super) fn expression(&mut self, written: &Scalar) -> Option<Prepared> {
        let expression = match Expression::parse(&written.text) {
            Ok(expression) => expression,
            Err(malformed) => {
                self.no_expression(written, &malformed);
                return None;
            }
        };
        let mut names: Vec<&Expression> = Vec::new();
        expression.each(&mut |part| {
            if said(part).is_some() && !names.contains(&part) {
                names.push(part);
            }
        });
        let mut sound = true;
        for name in names {
            sound &= self.uses(name, written);
        }
        if !sound {
            return None;
        }
        let kind = |part: &Expression| kind_of(part, &self.scope);
        match expression.infer(&kind) {
            Ok(kind) => Some(Prepared { expression: resolved(&expression, &self.scope), written: expression, kind }),
            Err(wrong) => {
                self.wrong_type(wrong, written);
                None
            }
        }
    }

    /// A text that is no expression. The names in it are used, whatever is wrong around them.
    fn no_expression(&mut self, written: &Scalar, Malformed { reason, help, place }: &Malformed) {
        let names: Vec<&str> = names_in(&written.text).collect();
        for name in &names {
            self.mark_used(name);
            self.scope.outside.use_endpoint(name);
        }
        let message = format!("`{}` is not an expression: {reason}", escape(written.text.as_bytes()));
        let span = self.place_in(written, place.start, place.len());
        let finding = Diagnostic::error("bad-expression", span, message);
        self.report(if names.contains(&"if") {
            finding.help(
                "there is no `if … else`: give each case its own value, as a variable of `matrix` or a column of a \
                 table of `repeat`",
            )
        } else {
            finding.help(help)
        });
    }

    fn wrong_type(&mut self, Wrong { message, name }: Wrong, written: &Scalar) {
        let span = name.as_ref().map_or(written.span, |name| self.name_in(written, name));
        let set = name.and_then(|name| self.scope.variable(&name).map(|variable| variable.span));
        let finding = Diagnostic::error("wrong-type", span, message)
            .help("numbers are counted with, texts and bytes are compared, cut and joined with `~`");
        self.report(match set {
            Some(set) if set != span => finding.related(set, "set here"),
            _ => finding,
        });
    }

    /// Whether a name of an expression is there.
    fn uses(&mut self, part: &Expression, written: &Scalar) -> bool {
        match part {
            Expression::Variable { name, part: Some(part) } => self.uses_endpoint(name, *part, written),
            Expression::Column { row, column } => self.uses_column(row, column, written),
            Expression::Variable { name, part: None } => self.uses_variable(name, written),
            _ => true,
        }
    }

    fn uses_endpoint(&mut self, name: &str, part: Part, written: &Scalar) -> bool {
        self.uses_part(name, part.name(), written)
    }

    fn uses_column(&mut self, row: &str, column: &str, written: &Scalar) -> bool {
        self.uses_part(row, column, written)
    }

    fn uses_part(&mut self, name: &str, part: &str, written: &Scalar) -> bool {
        let (span, before) = (self.name_in(written, name), self.found.len());
        let known = self.endpoint_part(name, part, span).is_some();
        for help in self.found[before..].iter_mut().flat_map(|finding| &mut finding.help) {
            // Names stand bare in an expression.
            *help = help.replace("${", "").replace("}`", "`");
        }
        known
    }

    fn uses_variable(&mut self, name: &str, written: &Scalar) -> bool {
        let span = self.name_in(written, name);
        if self.scope.row(name).is_some() {
            return self.value_of(name, span).is_some();
        }
        if let Some(variable) = self.scope.variable_mut(name) {
            variable.used = true;
            if matches!(variable.content, Content::Elsewhere) {
                self.lanes.used_variable(&self.scope.outside.variable(name), span);
            }
            return true;
        }
        if self.is_doubtful(name) {
            return true;
        }
        let finding = Diagnostic::error("unset-variable", span, format!("the variable `{name}` is not set"));
        let names = self.scope.variables().iter().map(|variable| variable.name.as_ref());
        let finding = if self.scope.endpoint(name).is_some() {
            finding.help(format!("`{name}` is an endpoint: write `{name}.port`, `.host` or `.path`"))
        } else if let Some(later) = self.captured_later(name) {
            finding.related(later, "set here, later").help("a variable can be used after the step that sets it")
        } else if let Some(near) = nearest(name, names) {
            finding.help(format!("write `{near}`"))
        } else {
            finding.help(format!("for the text write quotes inside of the quotes: `\"'{name}'\"`"))
        };
        self.report(finding);
        // Once is enough: the other uses are the same mistake.
        self.scope.doubt(name.to_owned());
        false
    }

    /// The place of a name in an expression; the expression's own where it is not found.
    fn name_in(&self, written: &Scalar, name: &str) -> Span {
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let text = &written.text;
        let whole = |at: &usize| !text[..*at].ends_with(in_name) && !text[at + name.len()..].starts_with(in_name);
        let at = text.match_indices(name).map(|(at, _)| at).find(whole);
        at.map_or(written.span, |at| self.place_in(written, at, name.len()))
    }

    /// From here on, what these steps set is not known before the spec runs: some of it may have
    /// happened.
    pub(super) fn forget_values(&mut self, steps: &'a [Step]) {
        later::each_captured(steps, &mut |name, _| self.scope.forget_value(name));
    }
}

/// How the values of names are asked for where there are none.
struct Nobody;

impl Lookup for Nobody {
    fn value(&self, name: &str, _part: Option<Part>) -> Result<Value, String> {
        Err(format!("`{name}` has no value yet"))
    }
}

/// What looks like a name in a text that is no expression.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| is_name(word))
}

/// A variable, an endpoint's part or a column, as it is written.
fn said(part: &Expression) -> Option<String> {
    match part {
        Expression::Variable { name, part: None } => Some(name.clone()),
        Expression::Variable { name, part: Some(part) } => Some(format!("{name}.{}", part.name())),
        Expression::Column { row, column } => Some(format!("{row}.{column}")),
        _ => None,
    }
}

fn kind_of(part: &Expression, scope: &Scope<'_>) -> Option<Type> {
    match part {
        Expression::Variable { name, part: None } => scope.variable(name).and_then(|variable| variable.content.kind()),
        _ => cell(part, scope).map(Type::of),
    }
}

/// The value of a column, where that is what stands there. A column may have the name of a part.
fn cell<'s>(part: &Expression, scope: &'s Scope<'_>) -> Option<&'s Value> {
    let (row, column) = match part {
        Expression::Variable { name, part: Some(part) } => (name, part.name()),
        Expression::Column { row, column } => (row, column.as_str()),
        _ => return None,
    };
    scope.row(row)?.iter().find(|cell| cell.name == column).map(|cell| &cell.value)
}

/// The expression with what is known in it, and the names that the others have outside.
fn resolved(expression: &Expression, scope: &Scope<'_>) -> Expression {
    expression.resolved(&|part| match part {
        Expression::Variable { name, part: None } => {
            Some(match scope.variable(name).map(|variable| &variable.content) {
                Some(Content::Known { value, .. }) => Expression::Value(value.clone()),
                _ => Expression::Variable { name: scope.outside.variable(name).into_owned(), part: None },
            })
        }
        other => match (cell(other, scope), other) {
            (Some(value), _) => Some(Expression::Value(value.clone())),
            (None, Expression::Variable { name, part }) => {
                let outside = scope.outside.endpoint(Template::literal(name, Span::default()));
                Some(Expression::Variable { name: outside.known()?, part: *part })
            }
            _ => None,
        },
    })
}
