//! Programs: what is run, when it is ready, and what the spec does with it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::source::Span;

use super::template::Template;
use super::{Condition, Step, Target, Verb, analysis};

/// A program that is started.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name: with a slash a path relative to `home`, without one it is looked up in PATH.
    pub program: Template,
    /// The folder of the file that the step stands in.
    pub home: PathBuf,
    /// Its arguments.
    pub arguments: Vec<Template>,
    /// Variables of its environment, beside those of the runner.
    pub env: Vec<(String, Template)>,
    /// The folder that it starts in, relative to the spec's temporary folder.
    pub dir: Option<Template>,
    /// When the step completes; at once, if nothing is said.
    pub ready: Option<Ready>,
    /// The endpoints whose sockets it gets, in order.
    pub pass: Vec<Template>,
}

/// What tells that a program is ready.
#[derive(Debug, Clone)]
pub enum Ready {
    /// A line of its output that matches.
    Line {
        /// Whether it is a line of the error output.
        stderr: bool,
        /// The expression as written.
        source: String,
        /// The expression.
        regex: Arc<regex::bytes::Regex>,
    },
    /// An address that accepts a connection.
    Address {
        /// The address.
        target: Target,
        /// As written.
        source: String,
        /// Its place.
        span: Span,
    },
}

/// What a spec does with a program. What nobody uses need not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four questions that have nothing to do with each other")]
pub struct Uses {
    /// It sends to its input, or closes it.
    pub feeds: bool,
    /// It looks at its output.
    pub receives: bool,
    /// It looks at its error output.
    pub receives_errors: bool,
    /// It expects it to end.
    pub exits: bool,
}

impl Uses {
    /// What the steps do with the endpoints that a trace calls so.
    pub fn of(steps: &[Step], shown: &str) -> Self {
        let mut uses = Self::default();
        analysis::blocks::each_call(steps, &mut |call| {
            if analysis::alike(&call.endpoint.shown(), shown) {
                uses.add(&call.verb);
            }
        });
        uses
    }

    fn add(&mut self, verb: &Verb) {
        match verb {
            Verb::Send { .. } | Verb::Close { .. } => self.feeds = true,
            Verb::Recv { stderr: true, .. } => self.receives_errors = true,
            Verb::Recv { .. } | Verb::Read { .. } => self.receives = true,
            Verb::Expect { conditions, stderr, .. } => {
                self.exits |= conditions.contains(&Condition::Exit);
                let looks = conditions.iter().any(|condition| *condition != Condition::Exit);
                self.receives |= looks && !stderr;
                self.receives_errors |= looks && *stderr;
            }
            _ => {}
        }
    }
}
