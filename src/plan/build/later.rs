//! Names that steps further on give, looked up where lanes begin and where something is not found.

use std::borrow::Cow;

use crate::source::Span;
use crate::spec::ast::{Call, Form, FormKind, Scalar, Step, StepKind, Verb};

/// Where an endpoint of that name is created.
pub(super) fn created(steps: &[Step], name: &str) -> Option<Span> {
    let mut found = None;
    each_created(steps, &mut |scalar| {
        if scalar.text == name && found.is_none() {
            found = Some(scalar.span);
        }
    });
    found
}

/// Where a variable of that name is captured.
pub(super) fn captured(steps: &[Step], name: &str) -> Option<Span> {
    let mut found = None;
    each_captured(steps, &mut |captured, span| {
        if captured == name && found.is_none() {
            found = Some(span);
        }
    });
    found
}

/// Every name that a step of these gives to an endpoint.
pub(super) fn each_created<'a>(steps: &'a [Step], found: &mut dyn FnMut(&'a Scalar)) {
    each_step(steps, &mut |step| match &step.kind {
        StepKind::Call(call) => created_by(call, found),
        StepKind::Include(include) => {
            let Some(contents) = &include.contents else { return };
            each_created(&contents.steps, &mut |name| {
                if let Some((_, outside)) = contents.out.iter().find(|(inside, _)| inside.text == name.text) {
                    // Where both names are the same, it is found where it is created.
                    found(if outside.text == name.text { name } else { outside });
                }
            });
        }
        _ => {}
    });
}

/// Every name that a call gives to an endpoint.
pub(super) fn created_by<'a>(call: &'a Call, found: &mut (impl FnMut(&'a Scalar) + ?Sized)) {
    match &call.verb {
        Verb::Socket { .. }
        | Verb::Bind { .. }
        | Verb::Listen { .. }
        | Verb::Accept { .. }
        | Verb::Connect { .. }
        | Verb::Dup { .. }
        | Verb::Open { .. }
        | Verb::Run(_) => {
            found(&call.endpoint);
        }
        Verb::Pair { other, .. } => {
            found(&call.endpoint);
            found(other);
        }
        Verb::Recv { sender, takes, .. } => sender.iter().chain(takes).for_each(found),
        _ => {}
    }
}

/// Every name that a step of these gives to a variable, with its place.
pub(in crate::plan) fn each_captured<'a>(steps: &'a [Step], found: &mut dyn FnMut(&'a str, Span)) {
    each_step(steps, &mut |step| match &step.kind {
        StepKind::Call(call) => captured_by(call, found),
        StepKind::Include(include) => {
            let Some(contents) = &include.contents else { return };
            each_captured(&contents.steps, &mut |name, span| {
                if let Some((_, outside)) = contents.out.iter().find(|(inside, _)| inside.text == name) {
                    found(&outside.text, span);
                }
            });
        }
        StepKind::Let(computed) => computed.iter().for_each(|(name, _)| found(&name.text, name.span)),
        _ => {}
    });
}

/// Every name that a call gives to a variable, with its place.
pub(super) fn captured_by<'a>(call: &'a Call, found: &mut (impl FnMut(&'a str, Span) + ?Sized)) {
    match &call.verb {
        Verb::Recv { pattern, .. } | Verb::Read { is: Some(pattern), .. } => in_form(pattern, found),
        _ => {}
    }
}

/// Whether this holds for any of the steps, or of those in them.
pub(in crate::plan) fn any(steps: &[Step], holds: &impl Fn(&Step) -> bool) -> bool {
    steps.iter().any(|step| {
        holds(step)
            || match &step.kind {
                StepKind::Parallel { lanes, .. } => lanes.iter().any(|lane| any(&lane.steps, holds)),
                StepKind::Repeat { steps, .. } | StepKind::Retry { steps, .. } => any(steps, holds),
                StepKind::Include(include) => {
                    include.contents.as_ref().is_none_or(|contents| any(&contents.steps, holds))
                }
                _ => false,
            }
    })
}

/// A name as a trace shows it: `client<i>` for `client${i}`.
pub(super) fn shown(name: &str) -> Cow<'_, str> {
    if name.contains("${") { Cow::Owned(name.replace("${", "<").replace('}', ">")) } else { Cow::Borrowed(name) }
}

/// Every step of these, and those in them, but not those of files that they include.
pub(in crate::plan) fn each_step<'a>(steps: &'a [Step], found: &mut dyn FnMut(&'a Step)) {
    for step in steps {
        found(step);
        match &step.kind {
            StepKind::Parallel { lanes, .. } => {
                for lane in lanes {
                    each_step(&lane.steps, found);
                }
            }
            StepKind::Repeat { steps, .. } | StepKind::Retry { steps, .. } => each_step(steps, found),
            StepKind::Call(_)
            | StepKind::Include(_)
            | StepKind::Barrier { .. }
            | StepKind::Link(_)
            | StepKind::Let(_)
            | StepKind::Assert(_)
            | StepKind::Pause(_)
            | StepKind::Broken { .. } => {}
        }
    }
}

fn in_form<'a>(form: &'a Form, found: &mut (impl FnMut(&'a str, Span) + ?Sized)) {
    if let Some(name) = &form.capture {
        found(&name.text, name.span);
    }
    if let Some(matching) = &form.matching {
        for name in group_names(&matching.text) {
            found(name, matching.span);
        }
    }
    match &form.kind {
        FormKind::List(forms) | FormKind::OneOf(forms) | FormKind::AnyOrder(forms) => {
            for form in forms {
                in_form(form, found);
            }
        }
        FormKind::Sized { of, .. } => in_form(of, found),
        FormKind::UntilLast { last, each } => {
            in_form(last, found);
            in_form(each, found);
        }
        _ => {}
    }
}

/// The names of a regular expression's groups, without compiling it.
pub(super) fn group_names(expression: &str) -> impl Iterator<Item = &str> {
    expression.match_indices("(?").filter_map(|(at, _)| {
        let rest = &expression[at + 2..];
        let rest = rest.strip_prefix('P').unwrap_or(rest).strip_prefix('<')?;
        rest.split_once('>').map(|(name, _)| name)
    })
}
