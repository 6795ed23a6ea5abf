//! Whether what a call did is what its step allows.

use std::time::Duration;

use crate::exec::stop::Stop;
use crate::exec::verbs::expect::described;
use crate::model::alert::Fault;
use crate::model::duration;
use crate::model::platform;
use crate::plan::{Call, Verb};

use super::Done;

/// A call that came to nothing, with the error that its step was waiting for.
pub(super) fn unmet(call: &Call, stop: Stop) -> Stop {
    match &stop {
        Stop::Failed(failure) if failure.deadline.is_some() && !call.fails.is_empty() => {
            let wanted = any_of(&call.fails_words);
            stop.note(format!("the step was to fail with {wanted}"))
        }
        _ => stop,
    }
}

/// Compares what a call did with what its step allows.
pub(super) fn judge(call: &Call, done: &Done, took: Duration) -> Result<(), Stop> {
    let verb = verb(call);
    let who = call.endpoint.shown();
    let fault = done.fault();
    let allowed = match fault {
        None => call.fails.is_empty() || call.fails.contains(&None),
        fault => call.fails.contains(&fault),
    };
    let wanted = || any_of(&call.fails_words);
    match fault {
        None if !allowed => {
            let stop = Stop::failed(format!("{who}: {verb} succeeded, where {} was expected", wanted()));
            return Err(stop.label("succeeded").help("if success is right, remove `fails`, or add `none` to it"));
        }
        Some(fault) if !allowed => {
            let stop = match &call.verb {
                _ if !call.fails.is_empty() => {
                    Stop::failed(format!("{who}: {verb} failed with {fault}, where {} was expected", wanted()))
                }
                Verb::Expect { conditions, .. } => {
                    Stop::failed(format!("{who}: {fault} came, where {} was expected", described(conditions)))
                        .help(if_shown(call, fault))
                }
                _ => {
                    let stop = Stop::failed(format!("{who}: {verb} failed with {fault}{}", sent(call, done)));
                    let stop = done.hint.iter().fold(stop, Stop::help);
                    // A program that is not ready yet is nothing that a step shows.
                    let is_early = matches!(call.verb, Verb::Connect { .. }) && done.hint.is_some();
                    if is_early { stop } else { stop.help(if_shown(call, fault)) }
                }
            };
            let notes = done.trouble.iter().flat_map(|trouble| trouble.notes.iter().cloned());
            return Err(notes.fold(stop.label(fault.to_string()), Stop::note));
        }
        _ => {}
    }
    match call.after {
        Some(after) if took < after => Err(Stop::failed(format!(
            "{who}: {verb} completed after {}, earlier than {}",
            duration::show(Duration::from_millis(took.as_millis() as u64)),
            duration::show(after)
        ))
        .label("too early")),
        _ => Ok(()),
    }
}

/// How much of a send was sent before it failed: it has taken several calls, of which the spec says
/// nothing.
fn sent(call: &Call, done: &Done) -> String {
    match done.facts.pieces.iter().sum::<u64>() {
        _ if !matches!(call.verb, Verb::Send { .. }) => String::new(),
        0 => String::new(),
        1 => ", after 1 byte".to_owned(),
        taken => format!(", after {taken} bytes"),
    }
}

/// The verb of a call. The words of an `expect` begin with what it expects.
pub(crate) fn verb(call: &Call) -> &str {
    match &call.verb {
        Verb::Expect { .. } => "expect",
        _ => call.words.split(' ').next().unwrap_or_default(),
    }
}

fn if_shown(call: &Call, fault: Fault) -> String {
    if call.fails_elsewhere {
        let here = platform::CURRENT;
        return format!("if that is what this step shows on {here}, add `{here}: {fault}` to the map of `fails`");
    }
    format!("if that is what this step shows, write `fails: {fault}` beside it")
}

/// The words as a message lists alternatives: `EPIPE`, `EPIPE or ECONNRESET`.
fn any_of(words: &[String]) -> String {
    words.join(" or ")
}
