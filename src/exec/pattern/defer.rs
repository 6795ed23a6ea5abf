//! Patterns whose values another part of the same pattern keeps: they are compiled when the
//! matcher comes to them.

use super::compile::compile;
use super::mismatch::Misfit;
use super::node::Node;
use super::state::{Context, Progress, State, Step};
use crate::exec::values::{Endpoints, Scope, Values};
use crate::model::value::Value;
use crate::plan::Number;
use crate::plan::pattern::{Form, Pattern};
use crate::plan::payload::{Part, Payload};
use crate::plan::template::{self, Piece, Template};

/// A pattern to be compiled later, with the values that it may need.
#[derive(Debug)]
pub(super) struct Deferred {
    pattern: Pattern,
    max: Option<u64>,
    variables: Vec<(String, Value)>,
    parts: Parts,
    /// The same with other values: the trace shows the names of those that are not known yet.
    outline: Option<Box<Node>>,
}

/// The parts of endpoints, as they were when the receive began.
#[derive(Debug, Default)]
struct Parts(Vec<(String, template::Part, Value)>);

impl Endpoints for Parts {
    fn lookup(&self, endpoint: &str, part: template::Part) -> Option<Value> {
        self.0.iter().find(|(name, of, _)| name == endpoint && *of == part).map(|(_, _, value)| value.clone())
    }
}

/// The pattern for later, if it uses one of the names. One with parts is compiled at once; of its
/// parts only those are left for later that use a name themselves.
pub(super) fn defer(pattern: &Pattern, scope: Scope<'_>, max: Option<u64>, names: &[String]) -> Option<Deferred> {
    if !uses(pattern, names) {
        return None;
    }
    let mut variables = Vec::new();
    let mut parts = Parts::default();
    let stand_in = Values::default();
    pieces(pattern, &mut |piece| {
        let Piece::Variable { name, part } = piece else { return };
        match (part, scope.value(name, *part)) {
            (None, value) => {
                // A number fits wherever a value may stand.
                stand_in.set(name.as_str(), Value::Number(0));
                variables.extend(value.ok().map(|value| (name.clone(), value)));
            }
            (Some(part), value) => parts.0.extend(value.ok().map(|value| (name.clone(), *part, value))),
        }
    });
    let scope = Scope { values: &stand_in, endpoints: &parts };
    let outline = compile(pattern, scope, max, &mut Vec::new()).ok().map(Box::new);
    Some(Deferred { pattern: pattern.clone(), max, variables, parts, outline })
}

/// Whether a value in the pattern itself has one of the names.
pub(super) fn uses(pattern: &Pattern, names: &[String]) -> bool {
    let mut found = false;
    if !names.is_empty() {
        pieces(pattern, &mut |piece| {
            found |= matches!(piece, Piece::Variable { name, part: None } if names.contains(name));
        });
    }
    found
}

/// Adds the names that a pattern keeps: its own, and those of its parts.
pub(super) fn add_names(pattern: &Pattern, names: &mut Vec<String>) {
    let mut add = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    if let Some(name) = &pattern.capture {
        add(name);
    }
    if let Some(matching) = &pattern.matching {
        matching.groups.iter().for_each(|(_, name)| add(name));
    }
    for part in parts_of(&pattern.form) {
        add_names(part, names);
    }
}

fn parts_of(form: &Form) -> Vec<&Pattern> {
    match form {
        Form::Sized { of, .. } => vec![of],
        Form::OneOf(patterns) | Form::AnyOrder(patterns) | Form::Sequence(patterns) => patterns.iter().collect(),
        Form::UntilLast { last, each } => vec![last, each],
        Form::Exactly(_)
        | Form::Hex(_)
        | Form::Bytes(_)
        | Form::Until(_)
        | Form::UntilMatch(_)
        | Form::Rest(_)
        | Form::Number { .. } => Vec::new(),
    }
}

/// Visits every piece of every text in a pattern, but those in its parts.
fn pieces<'p>(pattern: &'p Pattern, visit: &mut dyn FnMut(&'p Piece)) {
    match &pattern.form {
        Form::Exactly(payload) | Form::Until(payload) => payload_pieces(payload, visit),
        Form::Bytes(Number::Computed(template)) => template_pieces(template, visit),
        _ => {}
    }
}

fn payload_pieces<'p>(payload: &'p Payload, visit: &mut dyn FnMut(&'p Piece)) {
    for part in &payload.parts {
        match part {
            Part::Template(template) | Part::Number { value: Number::Computed(template), .. } => {
                template_pieces(template, visit);
            }
            Part::Sized { of, .. } => payload_pieces(of, visit),
            Part::Bytes(_) | Part::Fill { .. } | Part::Random { .. } | Part::File { .. } | Part::Number { .. } => {}
        }
    }
}

fn template_pieces<'p>(template: &'p Template, visit: &mut dyn FnMut(&'p Piece)) {
    template.pieces.iter().for_each(visit);
}

impl Deferred {
    /// The pattern as far as it is known.
    pub(super) fn outline(&self) -> Option<&Node> {
        self.outline.as_deref()
    }

    /// Compiles the pattern if that is not done, and goes on with it.
    pub(super) fn advance(
        &self,
        begun: &mut Option<Box<(Node, State)>>,
        start: u64,
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Step {
        if begun.is_none() {
            let node = self.compile(context).map_err(|error| Misfit::new(start, start, error.clone(), error))?;
            let state = node.begin(start);
            *begun = Some(Box::new((node, state)));
        }
        let Some(begun) = begun else { return Ok(Progress::More) };
        let (node, state) = &mut **begun;
        let step = node.advance(state, context);
        *settled = state.settled;
        step
    }

    fn compile(&self, context: &Context<'_>) -> Result<Node, String> {
        let values = Values::default();
        for (name, value) in self.variables.iter().chain(&context.yields.captures) {
            values.set(name.as_str(), value.clone());
        }
        let scope = Scope { values: &values, endpoints: &self.parts };
        compile(&self.pattern, scope, self.max, &mut Vec::new())
    }
}
