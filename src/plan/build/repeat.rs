//! Steps that run again: so many times, once for each row of a table, or until they do as written.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::model::value::Value;
use crate::plan::expression::Expression;
use crate::plan::{Action, Row, constant};
use crate::source::Span;
use crate::spec::ast::{self, Scalar, Step, Times};

use super::scope::{Cell, Content};
use super::{Builder, later, merge_of};

/// How often a `repeat` may run its steps.
const MOST_ITERATIONS: u64 = 10_000_000;

/// How many steps a spec may have when those of its tables are written out for each row.
const MOST_WRITTEN_OUT: usize = 20_000;

impl<'a> Builder<'a> {
    pub(super) fn repeat(&mut self, step: &'a Step) -> Option<Action> {
        let ast::StepKind::Repeat { times, name, until, vary, within, steps } = &step.kind else { return None };
        let within = self.optional(within.as_ref(), Self::deadline);
        if steps.is_empty() && !step.faulty {
            let message = "`repeat` has no steps";
            self.report(Diagnostic::error("empty-repeat", step.span, message).help("write them in `steps:` beside it"));
        }
        let vary = vary.as_ref().map_or(Some(false), |vary| self.varying(vary, times, until.is_some()));
        match times {
            Times::Count(count) => {
                let (count, counter, until, steps) = self.counted(count, name.as_ref(), until.as_ref(), steps);
                Some(Action::Repeat { count: count?, counter, until: until?, vary: vary?, within: within?, steps })
            }
            Times::Rows(rows) => {
                let rows = self.table(step.span, rows, name.as_ref()?, until.as_ref(), steps);
                vary.and(Some(Action::Table { rows: rows?, within: within? }))
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "the parts of one action, some of which may be wrong")]
    fn counted(
        &mut self,
        count: &Scalar,
        counter: Option<&'a Scalar>,
        until: Option<&Scalar>,
        steps: &'a [Step],
    ) -> (Option<u64>, Option<String>, Option<Option<(Expression, Span)>>, Vec<crate::plan::Step>) {
        let count = self.iterations(count);
        let name = counter.and_then(|counter| self.declare_inner(counter, Content::Counter));
        self.forget_values(steps);
        self.lanes.enter_repeat(count.unwrap_or(1), until.is_some());
        let built = self.steps(steps);
        let until = self.optional(until, Self::ending);
        self.lanes.leave_repeat();
        self.forget_inner(name.as_deref());
        let outside = name.map(|name| self.scope.outside.variable(&name).into_owned());
        (count, outside, until, built)
    }

    /// Whether the number of iterations is of no interest: only `until` lets it vary.
    fn varying(&mut self, vary: &Scalar, times: &Times, has_until: bool) -> Option<bool> {
        let is_set = self.flag(Some(vary))?;
        let (message, help) = match times {
            _ if !is_set => return Some(false),
            Times::Rows(_) => {
                ("the rows of a table do not vary", "leave `vary` out: the trace shows each row with its values")
            }
            Times::Count(_) if has_until => return Some(true),
            Times::Count(_) => (
                "a `repeat` without `until` does not vary",
                "write `until: EXPRESSION` beside it, which ends it sooner or later, or leave `vary` out",
            ),
        };
        self.report(Diagnostic::error("cannot-vary", vary.span, message).help(help));
        None
    }

    /// The condition that ends a `repeat`.
    fn ending(&mut self, until: &Scalar) -> Option<(Expression, Span)> {
        Some((self.expression(until)?.expression, until.span))
    }

    /// A table: the steps are written out for each row, with its values in them.
    fn table(
        &mut self,
        span: Span,
        rows: &'a [ast::Row],
        name: &'a Scalar,
        until: Option<&Scalar>,
        steps: &'a [Step],
    ) -> Option<Vec<Row>> {
        let cells: Vec<Vec<Cell>> = rows.iter().map(|row| self.cells(row)).collect();
        let declared = self.declare_inner(name, Content::Row(Vec::new()));
        let Some(declared) = declared else {
            // What its steps do is not known then.
            self.scope.doubt(&name.text);
            later::each_created(steps, &mut |created| self.scope.doubt(later::shown(&created.text)));
            later::each_captured(steps, &mut |captured, _| self.scope.doubt(captured));
            return None;
        };
        if until.is_some() {
            self.lanes.enter_repeat(1, true);
        }
        let faulty = self.faulty.len();
        let mut built = Vec::with_capacity(rows.len());
        let mut per_row = Vec::with_capacity(rows.len());
        for (row, cells) in rows.iter().zip(cells) {
            let outer = std::mem::take(&mut self.found);
            let values = cells.iter().map(|cell| (cell.name.clone(), cell.value.clone())).collect();
            self.fill_row(&declared, cells);
            let steps = self.steps(steps);
            let until = self.optional(until, Self::ending);
            built.push(until.map(|until| Row { span: row.span, values, steps, until }));
            per_row.push((
                format!("in {}", self.source.line_in_words(row.span.start)),
                std::mem::replace(&mut self.found, outer),
            ));
            if self.is_written_out_too_often(span) {
                break;
            }
        }
        // Each row has the same steps.
        let mut again = self.faulty.split_off(faulty);
        again.sort_unstable();
        again.dedup();
        self.faulty.append(&mut again);
        self.found.extend(merge_of(&per_row, "row"));
        if until.is_some() {
            self.lanes.leave_repeat();
            // Which row was the last is not known.
            self.forget_values(steps);
        }
        self.forget_inner(Some(&declared));
        built.into_iter().collect()
    }

    fn cells(&mut self, row: &ast::Row) -> Vec<Cell> {
        let cell = |(column, written): &(Scalar, Scalar)| {
            self.check_label(&column.text, column.span);
            let read = match constant::read(written) {
                Ok(value) => self.constant(written, value),
                Err(finding) => {
                    self.report(*finding);
                    None
                }
            };
            let (value, hidden) = read.unwrap_or_else(|| (Value::Text(written.text.clone()), false));
            Cell { name: column.text.clone(), value, hidden }
        };
        row.values.iter().map(cell).collect()
    }

    fn fill_row(&mut self, name: &str, cells: Vec<Cell>) {
        if let Some(variable) = self.scope.variable_mut(name) {
            variable.content = Content::Row(cells);
        }
    }

    fn is_written_out_too_often(&mut self, span: Span) -> bool {
        if self.built <= MOST_WRITTEN_OUT {
            return false;
        }
        let place = self.word_in(span, "repeat");
        let message = format!("written out for each row, this spec has more than {MOST_WRITTEN_OUT} steps");
        if !self.found.iter().any(|finding| finding.code == "too-many-steps") {
            let finding = Diagnostic::error("too-many-steps", place, message);
            self.report(finding.help("leave out rows, or steps; tables inside of each other multiply"));
        }
        true
    }

    /// `retry`: the steps again and again, until they do as written.
    pub(super) fn retry(
        &mut self,
        step: &'a Step,
        time: Option<&Scalar>,
        ready: Option<&'a Scalar>,
        steps: &'a [Step],
    ) -> Option<Action> {
        let written = self.optional(time, Self::deadline);
        let ready = self.optional(ready, Self::endpoint_name);
        if let (Some(time), Some(Some(Duration::ZERO))) = (time, written) {
            let finding = Diagnostic::error("bad-duration", time.span, "`retry` has no time to try anything");
            self.report(finding.help("write for how long it may try, such as `2s`"));
        }
        if steps.is_empty() && !step.faulty {
            let message = "`retry` has no steps";
            self.report(Diagnostic::error("empty-repeat", step.span, message).help("write them in `steps:` beside it"));
        }
        self.lanes.enter_repeat(1, true);
        let built = self.steps(steps);
        self.lanes.leave_repeat();
        let mut sets: Vec<String> = Vec::new();
        later::each_captured(steps, &mut |name, _| sets.push(self.scope.outside.variable(name).into_owned()));
        sets.sort();
        sets.dedup();
        Some(Action::Retry { time: written?.unwrap_or(self.timeout), ready: ready?, sets, steps: built })
    }

    /// A name that is known inside of a block only.
    fn declare_inner(&mut self, written: &'a Scalar, content: Content) -> Option<String> {
        let name = self.new_name(written)?;
        if self.collides(name, written.span) {
            return None;
        }
        self.scope.declare(name, written.span, content);
        self.mark_used(name);
        Some(name.to_owned())
    }

    fn forget_inner(&mut self, name: Option<&str>) {
        let Some(name) = name else { return };
        let is_inner = |content: &Content| matches!(content, Content::Counter | Content::Row(_));
        self.scope.retain(|variable| variable.name != *name || !is_inner(&variable.content));
    }

    fn iterations(&mut self, count: &Scalar) -> Option<u64> {
        let word = self.word(count)?;
        let number = constant::number(&word.text);
        let message = match number {
            None => format!("`{}` is not a number of iterations", word.text),
            Some(number) if number <= 0 => format!("`repeat` with `{}` never runs its steps", word.text),
            Some(number) if number > i128::from(MOST_ITERATIONS) => {
                format!("`{}` iterations are more than `repeat` allows", word.text)
            }
            Some(number) => return u64::try_from(number).ok(),
        };
        let finding = Diagnostic::error("bad-count", count.span, message);
        self.report(if self.scope.variable(&word.text).is_some() {
            finding.help(format!("write `${{{}}}` for the value of the variable", word.text))
        } else {
            finding.help(format!("write a number from 1 to {MOST_ITERATIONS}, or a value of `vars` or `matrix`"))
        });
        None
    }
}
