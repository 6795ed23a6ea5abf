//! `ports`: variables that hold numbers which are reserved while the test runs.

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::spec::ast::Scalar;

use super::Builder;
use super::files::TMP;
use super::scope::{Content, Type};

impl<'a> Builder<'a> {
    /// Declares what the runner gives: the variables of `ports`, and `tmp`. They come first: what has the same name is the mistake.
    pub(super) fn declare_ports(&mut self) {
        let spec = self.spec;
        for name in &spec.ports {
            if self.new_name(name).is_none() {
                self.scope.doubt(&name.text);
            } else if !self.is_a_port(name) {
                self.scope.declare(&name.text, name.span, Content::Given(Type::Number));
            }
        }
        self.scope.declare(TMP, Span::default(), Content::Given(Type::Text));
    }

    /// Whether a name that is declared is that of a port already; that is reported.
    pub(super) fn is_a_port(&mut self, name: &'a Scalar) -> bool {
        let Some(port) =
            self.scope.variable(&name.text).filter(|variable| matches!(variable.content, Content::Given(_)))
        else {
            return false;
        };
        let first = port.span;
        let message = format!("`{}` is the name of a port already", name.text);
        self.report(
            Diagnostic::error("name-collision", name.span, message)
                .related(first, "first used here")
                .help("a variable is declared once: take another name, or leave one of them out"),
        );
        true
    }
}
