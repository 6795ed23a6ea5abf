//! Names that steps give, and names that are in doubt because of a mistake.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::name::is_name;
use crate::plan::template::Template;
use crate::source::Span;
use crate::spec::ast;

use super::scope::{Content, Type};
use super::{Builder, later};

impl<'a> Builder<'a> {
    /// A step with a mistake: what it creates, captures or closes is not judged further on.
    pub(super) fn doubt_call(&mut self, call: &'a ast::Call) {
        let scope = &mut self.scope;
        if matches!(call.verb, ast::Verb::Close { .. } | ast::Verb::Reset) {
            scope.doubt(later::shown(&call.endpoint.text));
        }
        later::created_by(call, &mut |name| scope.doubt(later::shown(&name.text)));
        later::captured_by(call, &mut |name, _| scope.doubt(name));
    }

    /// A word of a step that could not be read: the name of something, or a text that uses names.
    pub(super) fn doubt_word(&mut self, word: &'a ast::Scalar) {
        if is_name(&word.text) {
            self.scope.doubt(&word.text);
        }
        for name in later::group_names(&word.text) {
            self.scope.doubt(name);
        }
        for (at, _) in word.text.match_indices("${") {
            let rest = &word.text[at + 2..];
            let name = rest.split(['}', '.']).next().unwrap_or_default();
            self.mark_used(name);
        }
    }

    pub(super) fn mark_used(&mut self, name: &str) {
        if let Some(variable) = self.scope.variable_mut(name) {
            variable.used = true;
        }
    }

    /// Whether the name is taken, by an endpoint or by another variable; that is reported.
    pub(super) fn collides(&mut self, name: &str, span: Span) -> bool {
        let (taken, what) = match (self.scope.variable(name), self.scope.endpoint(name)) {
            (Some(variable), _) if !matches!(variable.content, Content::Elsewhere) => (variable.span, "a variable"),
            (_, Some(endpoint)) => (endpoint, "an endpoint"),
            _ => return false,
        };
        if self.is_doubtful(name) {
            return false;
        }
        self.taken(name, what, taken, span);
        true
    }

    fn taken(&mut self, name: &str, what: &str, first: Span, span: Span) {
        let message = format!("`{name}` is the name of {what} already");
        self.report(
            Diagnostic::error("name-collision", span, message)
                .related(first, "first used here")
                .help("endpoints and variables share one space of names: take another one"),
        );
    }

    /// A variable that a pattern sets.
    pub(super) fn capture(&mut self, name: Cow<'a, str>, kind: Type, span: Span) -> bool {
        self.set_variable(name, Content::Computed(Some(kind)), span)
    }

    /// A variable that a step sets, for the first time or again.
    pub(super) fn set_variable(&mut self, name: Cow<'a, str>, content: Content, span: Span) -> bool {
        if !self.check_name(&name, span) {
            return false;
        }
        let doubtful = self.is_doubtful(&name);
        if let Some(endpoint) = self.scope.endpoint(&name)
            && !doubtful
        {
            self.taken(&name, "an endpoint", endpoint, span);
            return false;
        }
        if let Some(port) = self.scope.variable(&name).filter(|variable| matches!(variable.content, Content::Given(_)))
        {
            self.taken(&name, "a port", port.span, span);
            return false;
        }
        self.lanes.set_variable(&self.scope.outside.variable(&name), span);
        let Some(variable) = self.scope.variable_mut(&name) else {
            self.scope.declare(name, span, content);
            return true;
        };
        let finding = match (&variable.content, variable.content.kind().zip(content.kind())) {
            (Content::Counter, _) => Some(format!("`{name}` is the counter of a `repeat`")),
            (_, Some((known, new))) if known != new => {
                Some(format!("`{name}` is {}, and this would make it {}", known.a(), new.a()))
            }
            _ => None,
        };
        let first = variable.span;
        if let Some(message) = finding
            && !doubtful
        {
            self.report(
                Diagnostic::error("type-change", span, message)
                    .related(first, "first set here")
                    .help("a variable keeps its type: take another name"),
            );
            return false;
        }
        variable.content = content;
        true
    }

    /// An endpoint that a step creates.
    pub(super) fn create(&mut self, written: &'a ast::Scalar, template: &Template) {
        let name = if is_name(&written.text) {
            Cow::Borrowed(written.text.as_str())
        } else {
            Cow::Owned(self.scope.inside(&template.shown()))
        };
        let variable = self.scope.variable(&name).map(|variable| variable.span);
        if let Some(first) = variable
            && !self.is_doubtful(&name)
        {
            self.taken(&name, "a variable", first, written.span);
        }
        self.scope.add_endpoint(name, written.span);
        self.lanes.created(template);
    }
}
