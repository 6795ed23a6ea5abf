//! Steps: verbs of endpoints, and the blocks around them.

use crate::diagnostic::Diagnostic;
use crate::plan::template::Template;
use crate::plan::{Action, Lane, Step};
use crate::source::Span;
use crate::spec::ast;

use super::scope::Content;
use super::{Builder, later};

impl<'a> Builder<'a> {
    /// The steps that could be understood; what could not be was reported.
    pub(super) fn steps(&mut self, steps: &'a [ast::Step]) -> Vec<Step> {
        let mut built = Vec::with_capacity(steps.len());
        for step in steps {
            self.built += 1;
            let before = self.found.len();
            let action = self.action(step);
            if step.faulty {
                // The decoder has said what is wrong with it; all else follows from that.
                self.found.truncate(before);
            }
            if step.faulty || action.is_none() {
                self.faulty.push(step.span);
            }
            if let Some(action) = action {
                built.push(Step { span: step.span, action });
            }
        }
        built
    }

    fn action(&mut self, step: &'a ast::Step) -> Option<Action> {
        match &step.kind {
            ast::StepKind::Call(call) => {
                let built = self.call(call);
                if built.is_none() {
                    self.doubt_call(call);
                }
                built.map(|call| Action::Call(Box::new(call)))
            }
            ast::StepKind::Parallel { lanes, within } => self.parallel(step.span, lanes, within.as_ref()),
            ast::StepKind::Barrier { name, within } => self.barrier(name, within.as_ref()),
            ast::StepKind::Repeat { .. } => self.repeat(step),
            ast::StepKind::Retry { time, ready, steps } => self.retry(step, time.as_ref(), ready.as_ref(), steps),
            ast::StepKind::Include(include) => self.include(include),
            ast::StepKind::Let(computed) => self.compute(computed),
            ast::StepKind::Assert(expression) => self.assertion(expression),
            ast::StepKind::Link(changes) => self.link(step.span, changes),
            ast::StepKind::Pause(duration) => self.pause(step.span, duration),
            ast::StepKind::Broken { words } => {
                for word in words {
                    self.doubt_word(word);
                }
                None
            }
        }
    }

    fn pause(&mut self, span: Span, duration: &'a ast::Scalar) -> Option<Action> {
        let time = self.duration(duration)?;
        let span = self.word_in(span, "pause");
        self.report(
            Diagnostic::warning("pause", span, "`pause` waits for time to pass, not for something to happen")
                .help("an `expect` that waits for the condition is nearly always what is meant"),
        );
        Some(Action::Pause(time))
    }

    fn barrier(&mut self, name: &'a ast::Scalar, within: Option<&ast::Scalar>) -> Option<Action> {
        let name_word = self.word(name)?;
        if !self.check_label(&name_word.text, name.span) {
            return None;
        }
        if !self.lanes.barrier(&name_word.text, name.span) {
            let message = format!("the barrier `{}` stands outside of `parallel`", name.text);
            self.report(
                Diagnostic::error("barrier-outside", name.span, message)
                    .help("steps run in written order; only lanes of `parallel` can wait for each other"),
            );
        }
        let within = self.optional(within, Self::deadline)?.unwrap_or(self.timeout);
        Some(Action::Barrier { name: name_word.text.into_owned(), within })
    }

    fn parallel(&mut self, span: Span, lanes: &'a [ast::Lane], within: Option<&ast::Scalar>) -> Option<Action> {
        let within = self.optional(within, Self::deadline);
        // What one lane sets, the others may see before or after.
        for lane in lanes {
            self.forget_values(&lane.steps);
        }
        let outside = |name: &str| self.scope.outside.endpoint(Template::literal(name, span)).shown();
        let before = self.scope.endpoints().map(outside).collect();
        for lane in lanes {
            later::each_created(&lane.steps, &mut |name| {
                self.scope.add_endpoint(later::shown(&name.text), name.span);
            });
        }
        self.lanes.enter(lanes.iter().map(|lane| (lane.name.text.clone(), lane.name.span)), before);
        let mut built = Vec::with_capacity(lanes.len());
        let mut captured = Vec::new();
        for (index, lane) in lanes.iter().enumerate() {
            self.lanes.begin_lane(index);
            let mark = self.scope.variables().len();
            built.push(self.lane(index, lane, lanes));
            // Other lanes see what this one captures as something that happens elsewhere.
            captured.extend(self.scope.take_from(mark));
        }
        self.scope.restore(captured);
        let broken = |steps: &[ast::Step]| later::any(steps, &|step| matches!(step.kind, ast::StepKind::Broken { .. }));
        let complete = !self.incomplete && !lanes.iter().any(|lane| broken(&lane.steps));
        let report = self.lanes.leave(complete, &mut self.found);
        if lanes.is_empty() {
            self.report(
                Diagnostic::error("empty-parallel", span, "`parallel` has no lanes")
                    .help("write lanes with their steps: `{reader: […], writer: […]}`"),
            );
        }
        Some(Action::Parallel { lanes: built, within: within?, barriers: report })
    }

    fn lane(&mut self, index: usize, lane: &'a ast::Lane, lanes: &'a [ast::Lane]) -> Lane {
        self.check_lane(lane);
        for (other, theirs) in lanes.iter().enumerate() {
            if other != index {
                later::each_captured(&theirs.steps, &mut |name, span| {
                    if self.scope.variable(name).is_none() {
                        self.scope.declare(name, span, Content::Elsewhere);
                    }
                });
            }
        }
        let steps = self.steps(&lane.steps);
        Lane { name: lane.name.text.clone(), steps }
    }

    fn check_lane(&mut self, lane: &ast::Lane) {
        let name = &lane.name;
        self.check_label(&name.text, name.span);
        if lane.steps.is_empty() && !self.incomplete {
            let message = format!("the lane `{}` has no steps", name.text);
            self.report(Diagnostic::error("empty-lane", name.span, message).help("write its steps, or leave it out"));
        }
    }
}
