//! A step: a call of a verb, a block of other steps, or what the runner does by itself.

use std::time::Duration;

use crate::model::topology::LinkState;
use crate::model::value::Value;
use crate::source::Span;

use super::Call;
use super::expression::Expression;
use super::template::Template;

/// A step with its place.
#[derive(Debug, Clone)]
pub struct Step {
    /// The place of the whole step.
    pub span: Span,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// A verb of an endpoint.
    Call(Box<Call>),
    /// Lanes that run at once.
    Parallel {
        /// The lanes, in the order of the spec.
        lanes: Vec<Lane>,
        /// The deadline of the whole block, if it has one.
        within: Option<Duration>,
        /// The barriers in it, with the lanes that name each.
        barriers: Vec<Barrier>,
    },
    /// Waits for the other lanes at the barrier of that name.
    Barrier {
        /// Its name.
        name: String,
        /// The deadline of the meeting.
        within: Duration,
    },
    /// Steps that run again and again.
    Repeat {
        /// How often.
        count: u64,
        /// The name of the counter, from 0.
        counter: Option<String>,
        /// An expression that ends it after the iteration in which it is true.
        until: Option<(Expression, Span)>,
        /// Whether the number of iterations is of no interest.
        vary: bool,
        /// The deadline of the whole block, if it has one.
        within: Option<Duration>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Steps that run once for each row of a table.
    Table {
        /// The rows, in order.
        rows: Vec<Row>,
        /// The deadline of the whole block, if it has one.
        within: Option<Duration>,
    },
    /// Steps that are tried again until they all do as written.
    Retry {
        /// For how long at most.
        time: Duration,
        /// The program that is ready when they do.
        ready: Option<Template>,
        /// The variables that they set.
        sets: Vec<String>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps of a file that is included.
    Include {
        /// What it is given.
        given: Vec<Assignment>,
        /// The deadline of all its steps, if they have one.
        within: Option<Duration>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Computes variables, one after the other.
    Let(Vec<Assignment>),
    /// An expression that must be true.
    Assert(Assertion),
    /// A sleep.
    Pause(Duration),
    /// Changes the links of hosts.
    Link {
        /// Each host, by its index in the topology, with what becomes of its link.
        changes: Vec<(usize, LinkState)>,
        /// How the trace shows it: `b down`.
        words: String,
    },
}

/// What happens for a row of a table; its values are in the steps.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where its values stand.
    pub span: Span,
    /// Its columns with their values, for messages.
    pub values: Vec<(String, Value)>,
    /// The steps.
    pub steps: Vec<Step>,
    /// An expression that ends the table after this row if it is true.
    pub until: Option<(Expression, Span)>,
}

/// A variable that is computed.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// What it is.
    pub expression: Expression,
    /// The place of the expression.
    pub span: Span,
}

/// What must be true.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The expression.
    pub expression: Expression,
    /// As written.
    pub text: String,
    /// The names in it, each with what gives its value.
    pub names: Vec<(String, Expression)>,
    /// The place of the expression.
    pub span: Span,
}

/// A lane of a `parallel`.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A barrier of a `parallel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// Its name.
    pub name: String,
    /// The lanes that name it, by their index.
    pub lanes: Vec<usize>,
}
