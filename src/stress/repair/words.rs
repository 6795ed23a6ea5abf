//! How steps are called in a proposal, and how what they need is written.

use crate::spec::ast::{Step, StepKind, Verb};

use super::edit::{List, Text};
use super::scene::{Scene, call};

/// The step in two words: `client: send`, `repeat`.
pub(super) fn step(text: Text<'_>, step: &Step) -> String {
    match call(step) {
        Some(call) => match text.slice(call.verb_span) {
            "" => format!("the step of `{}` in the included file", call.endpoint.text),
            verb => format!("`{}: {verb}`", call.endpoint.text),
        },
        None => format!("`{}`", block(&step.kind)),
    }
}

/// The place behind a step of a list: `after line 8`.
pub(super) fn behind(scene: &Scene<'_>, list: List<'_>, index: usize) -> String {
    let own = &list.steps[index];
    let line = scene.last_line(own);
    if scene.text.is_alone(list, index) {
        return format!("after line {line}");
    }
    format!("after {} in line {line}", step(scene.text, own))
}

/// The place before a step of a list: `before line 8`.
pub(super) fn ahead(scene: &Scene<'_>, list: List<'_>, index: usize) -> String {
    let own = &list.steps[index];
    let line = scene.line(own.span.start);
    if scene.text.is_alone(list, index) {
        return format!("before line {line}");
    }
    format!("before {} in line {line}", step(scene.text, own))
}

fn block(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Parallel { .. } => "parallel",
        StepKind::Barrier { .. } => "barrier",
        StepKind::Repeat { .. } => "repeat",
        StepKind::Let(_) => "let",
        StepKind::Assert(_) => "assert",
        StepKind::Retry { .. } => "retry",
        StepKind::Include(_) => "include",
        StepKind::Link(_) => "link",
        StepKind::Pause(_) => "pause",
        StepKind::Call(_) | StepKind::Broken { .. } => "step",
    }
}

/// What has happened when a step is over, as the name of a barrier behind it.
pub(super) fn done(step: &Step) -> &'static str {
    let Some(call) = call(step) else { return "done" };
    match &call.verb {
        Verb::Socket { .. } => "created",
        Verb::Bind { .. } => "bound",
        Verb::Listen { .. } => "listening",
        Verb::Accept { .. } => "accepted",
        Verb::Connect { .. } => "connected",
        Verb::Pair { .. } => "paired",
        Verb::Dup { .. } => "duplicated",
        Verb::Send { .. } => "sent",
        Verb::Recv { .. } | Verb::Read { .. } => "received",
        Verb::Expect { .. } => "seen",
        Verb::Shutdown { .. } => "shut",
        Verb::Close { .. } => "closed",
        Verb::Reset => "aborted",
        Verb::Disconnect => "disconnected",
        Verb::Set { .. } => "set",
        Verb::Tls(_) => "secured",
        Verb::Open { .. } => "opened",
        Verb::Run(_) => "started",
        Verb::Signal { .. } => "signalled",
    }
}

/// Bytes as a payload in one line, where they are a short text.
pub(super) fn quoted(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= 60)?;
    let mut out = String::from("\"");
    for (at, sign) in text.char_indices() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '$' if text[at..].starts_with("${") => out.push_str("$$"),
            _ if sign.is_control() => return None,
            _ => out.push(sign),
        }
    }
    out.push('"');
    Some(out)
}

/// Names as a sentence lists them: `a`, `b` and `c`.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
