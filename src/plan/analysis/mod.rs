//! What can be known of a plan before it runs: the order of steps, the kinds of endpoints, lanes.
//!
//! A finding here must be certain. Wherever what happens depends on a kernel, on a lane, or on a
//! step that may fail, nothing is said.

mod barriers;
mod beside;
pub(super) mod blocks;
mod descriptors;
mod endpoints;
mod files;
mod flow;
mod hosts;
pub(super) mod index;
pub(crate) mod lanes;
mod programs;
pub(super) mod readiness;
mod tls;
mod transfer;
mod verbs;
mod walk;

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::topology::Host;
use crate::source::{SourceFile, Span};

use super::Step;

/// What cannot be judged, because of mistakes that were reported already.
#[derive(Debug, Default)]
pub(super) struct Doubts<'a> {
    /// Names that may have been created, closed or captured.
    pub names: Vec<Cow<'a, str>>,
    /// The places of steps that are wrong.
    pub steps: Vec<Span>,
    /// Names may be missing from the spec.
    pub incomplete: bool,
}

impl Doubts<'_> {
    fn name(&self, name: &str) -> bool {
        self.names.iter().any(|known| alike(known, name))
    }

    fn step(&self, step: Span) -> bool {
        self.steps.contains(&step)
    }

    fn any(&self) -> bool {
        self.incomplete || !self.names.is_empty() || !self.steps.is_empty()
    }
}

/// Checks the order of the steps.
pub(super) fn check(
    steps: &[Step],
    hosts: &[Host],
    source: &SourceFile,
    doubts: &Doubts<'_>,
    found: &mut Vec<Diagnostic>,
) {
    walk::check(steps, hosts, source, doubts, found);
}

/// Whether two names of endpoints can be the same, where counters stand in them as `<i>`.
pub(super) fn alike(one: &str, other: &str) -> bool {
    match (one.contains('<'), other.contains('<')) {
        (false, false) => one == other,
        (true, false) => fits(one, other),
        (false, true) => fits(other, one),
        (true, true) => {
            let (one_start, one_end) = ends(one);
            let (other_start, other_end) = ends(other);
            (one_start.starts_with(other_start) || other_start.starts_with(one_start))
                && (one_end.ends_with(other_end) || other_end.ends_with(one_end))
        }
    }
}

/// Whether a name with a counter in it can be this name: a counter is digits.
fn fits(pattern: &str, name: &str) -> bool {
    let (start, end) = ends(pattern);
    let between = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    between.is_some_and(|between| {
        let digit = |byte: &u8| byte.is_ascii_digit();
        !between.is_empty() && (between.as_bytes().iter().all(digit) || pattern.matches('<').count() > 1)
    })
}

/// What stands before the first counter and after the last.
fn ends(pattern: &str) -> (&str, &str) {
    let start = pattern.find('<').map_or(pattern, |at| &pattern[..at]);
    let end = pattern.rfind('>').map_or("", |at| &pattern[at + 1..]);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn names_with_counters_can_be_others() {
        assert!(alike("client", "client"));
        assert!(alike("client<i>", "client12"));
        assert!(alike("client3", "client<i>"));
        assert!(alike("client<i>", "client<j>"));
        assert!(alike("a<i>b", "a1b"));
        assert!(alike("c<i>_<j>", "c1_2"));
        assert!(!alike("client<i>", "client"));
        assert!(!alike("c<i>", "code"));
        assert!(!alike("client<i>", "server1"));
        assert!(!alike("client<i>", "server<i>"));
    }
}
