//! Compiling a pattern: every value is known, and what is the same in every run is worked out.

use std::sync::Arc;

use super::automaton;
use super::defer;
use super::node::{Cover, Exact, Kind, Node};
use crate::exec::payload::{Encoded, encode, written};
use crate::exec::values::Scope;
use crate::plan::Number;
use crate::plan::pattern::{DEFAULT_MAX, Form, Pattern};
use crate::plan::payload::{Payload, Place};

/// A delimiter longer than this is refused, since it is held in memory.
const DELIMITER_MAX: u64 = 64 << 10;

/// Compiles a pattern. `names` are those that the parts before it keep; its own are added. `max`
/// is what an outer pattern's `max` says, which holds where this one says nothing.
pub(super) fn compile(
    pattern: &Pattern,
    scope: Scope<'_>,
    max: Option<u64>,
    names: &mut Vec<String>,
) -> Result<Node, String> {
    let limited = pattern.max != DEFAULT_MAX;
    let max = if limited { Some(pattern.max) } else { max };
    let deferred = if names.is_empty() { None } else { defer::defer(pattern, scope, max, names) };
    let (kind, cover) = match deferred {
        Some(deferred) => (Kind::Deferred(Box::new(deferred)), None),
        None => (compile_form(&pattern.form, scope, max, names)?, Cover::of(pattern)),
    };
    defer::add_names(pattern, names);
    Ok(Node { span: pattern.span, kind, cover, max: max.unwrap_or(DEFAULT_MAX), limited })
}

fn compile_form(form: &Form, scope: Scope<'_>, max: Option<u64>, names: &mut Vec<String>) -> Result<Kind, String> {
    Ok(match form {
        Form::Exactly(payload) => exactly(payload, scope)?,
        Form::Hex(bytes) => Kind::Hex(Arc::clone(bytes)),
        Form::Bytes(number) => Kind::Bytes { count: scope.number(number)?, known: matches!(number, Number::Known(_)) },
        Form::Until(delimiter) => Kind::Until(compile_delimiter(delimiter, scope)?),
        Form::UntilMatch(source) => Kind::UntilMatch { source: source.clone(), automaton: automaton::search(source)? },
        Form::Rest(ends) => Kind::Rest(ends.clone()),
        Form::Number { width, mask } => Kind::Number { width: *width, mask: *mask },
        Form::Sized { size, of } => {
            let of = compile(of, scope, max, names)?;
            let varies = !of.shows_size();
            Kind::Sized { size: *size, of: Box::new(of), varies }
        }
        Form::OneOf(patterns) => Kind::OneOf(compile_each(patterns, scope, max, names)?),
        Form::AnyOrder(patterns) => Kind::AnyOrder(compile_each(patterns, scope, max, names)?),
        Form::UntilLast { last, each } => {
            // A row may use what the row before it kept, but the first has none before it.
            let members = Box::new([compile(last, scope, max, names)?, compile(each, scope, max, names)?]);
            let plain = members.iter().all(Node::is_plain);
            Kind::UntilLast { members, plain }
        }
        Form::Sequence(patterns) => compile_sequence(patterns, scope, max, names)?,
    })
}

fn compile_each(
    patterns: &[Pattern],
    scope: Scope<'_>,
    max: Option<u64>,
    names: &mut Vec<String>,
) -> Result<Vec<Node>, String> {
    patterns.iter().map(|pattern| compile(pattern, scope, max, names)).collect()
}

/// Neighbouring payloads are compiled as one, so that they are compared and shown as one.
fn compile_sequence(
    patterns: &[Pattern],
    scope: Scope<'_>,
    max: Option<u64>,
    names: &mut Vec<String>,
) -> Result<Kind, String> {
    let mut nodes = Vec::with_capacity(patterns.len());
    let mut rest = patterns;
    while let [first, tail @ ..] = rest {
        let run = rest.iter().take_while(|pattern| is_bare_payload(pattern, names)).count();
        if run < 2 {
            nodes.push(compile(first, scope, max, names)?);
            rest = tail;
            continue;
        }
        let (run, tail) = rest.split_at(run);
        let kind = exactly(&joined(run), scope)?;
        nodes.push(Node { span: first.span, kind, cover: None, max: max.unwrap_or(DEFAULT_MAX), limited: false });
        rest = tail;
    }
    Ok(Kind::Sequence(nodes))
}

/// Payloads as one.
fn joined(run: &[Pattern]) -> Payload {
    let (mut parts, mut places) = (Vec::new(), Vec::new());
    for pattern in run {
        if let Form::Exactly(payload) = &pattern.form {
            let before = parts.len();
            places.push(Place { part: before, byte: 0, span: pattern.span });
            places.extend(payload.places.iter().map(|place| Place { part: before + place.part, ..*place }));
            parts.extend(payload.parts.iter().cloned());
        }
    }
    Payload { parts, span: run[0].span, places: places.into() }
}

fn exactly(payload: &Payload, scope: Scope<'_>) -> Result<Kind, String> {
    let exact = if let Some(bytes) = written(payload) {
        Exact { bytes, shown: None, places: Arc::clone(&payload.places) }
    } else {
        let Encoded { bytes, shown, places } = encode(payload, scope)?;
        Exact { bytes, shown: Some(shown), places }
    };
    Ok(Kind::Exactly(exact))
}

fn is_bare_payload(pattern: &Pattern, names: &[String]) -> bool {
    matches!(pattern.form, Form::Exactly(_))
        && pattern.capture.is_none()
        && pattern.matching.is_none()
        && !pattern.vary
        && !defer::uses(pattern, names)
}

fn compile_delimiter(delimiter: &Payload, scope: Scope<'_>) -> Result<Vec<u8>, String> {
    let bytes = encode(delimiter, scope)?.bytes;
    match bytes.len() {
        0 => Err("the delimiter of `until` is empty".to_owned()),
        len if len > DELIMITER_MAX => {
            Err(format!("the delimiter of `until` has {len} bytes, and at most {DELIMITER_MAX} are allowed"))
        }
        len => Ok(bytes.copy(0, len)),
    }
}
