//! Where two ways of one test part.

use crate::trace::record::Record;
use crate::trace::{Placed, placed};

/// What begins the line that stands for the failure of a run.
pub const FAILED: &str = "failed: ";

/// Where two ways part, and what each shows from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The step at which they part, where one can be named: its line, from 1, and the file that it is in, where
    /// that is not the spec.
    pub step: Option<Step>,
    /// What both show before that, the last event of it.
    pub before: Option<String>,
    /// What the first shows from there on.
    pub one: Vec<String>,
    /// What the other shows.
    pub other: Vec<String>,
}

/// The line of a step, from 1, and the file that it is in, where that is not the spec.
pub type Step = (u32, Option<String>);

impl Difference {
    /// Finds where two ways part.
    pub fn between(one: &Record, other: &Record) -> Self {
        let (one_lines, other_lines) = (placed(one), placed(other));
        // Of a run that failed, it matters where; other lanes may have come less far, too.
        let failed = [other, one].into_iter().find_map(failed_at);
        let at = failed.as_ref().and_then(|step| at_step(&one_lines, &other_lines, step));
        let (one_at, other_at) = at.unwrap_or_else(|| {
            let same = one_lines.iter().zip(&other_lines).take_while(|(one, other)| one.text == other.text).count();
            (same, same)
        });
        let step = failed.or_else(|| step_of(&one_lines, one_at)).or_else(|| step_of(&other_lines, other_at));
        Self {
            step,
            before: one_at.checked_sub(1).map(|before| one_lines[before].text.clone()),
            one: rest(&one_lines, one_at, one),
            other: rest(&other_lines, other_at, other),
        }
    }
}

/// The first line of each that the other does not have; where it ends before, words for that.
pub fn first_lines(one: &Record, other: &Record) -> [String; 2] {
    let difference = Difference::between(one, other);
    [difference.one, difference.other]
        .map(|lines| lines.first().map_or("(nothing more)", |line| line.trim_start()).to_owned())
}

/// The step that failed.
fn failed_at(record: &Record) -> Option<Step> {
    let failure = record.failure.as_ref()?;
    Some((failure.line, failure.file.clone()))
}

/// Where the event of a step stands in both; where it is missing in one, where it would.
fn at_step(one: &[Placed], other: &[Placed], step: &Step) -> Option<(usize, usize)> {
    let find = |lines: &[Placed]| lines.iter().position(|placed| is_of(placed, step));
    let after = |lines: &[Placed], known: &[Placed], at: usize| {
        // The nearest event before it that both have.
        let before = known[..at].iter().rev().find_map(|event| lines.iter().position(|line| line.text == event.text));
        before.map_or(0, |before| before + 1)
    };
    match (find(one), find(other)) {
        (Some(one), Some(other)) => Some((one, other)),
        (Some(at), None) => Some((at, after(other, one, at))),
        (None, Some(at)) => Some((after(one, other, at), at)),
        (None, None) => None,
    }
}

fn is_of(placed: &Placed, step: &Step) -> bool {
    (placed.line, &placed.file) == (step.0, &step.1)
}

/// The step of the first event from there on that has one.
fn step_of(lines: &[Placed], at: usize) -> Option<Step> {
    let placed = lines.get(at).filter(|placed| placed.line > 0)?;
    Some((placed.line, placed.file.clone()))
}

/// The text from there on; the failure in its place.
fn rest(lines: &[Placed], at: usize, record: &Record) -> Vec<String> {
    let text = lines.get(at..).unwrap_or_default().iter().flat_map(|placed| placed.text.lines().map(str::to_owned));
    match &record.failure {
        Some(failure) => vec![format!("{FAILED}{}", failure.message)],
        None => text.collect(),
    }
}
