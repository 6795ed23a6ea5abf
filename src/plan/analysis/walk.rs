//! One pass over the steps, in their order, with what is known of the endpoints at each of them.

use crate::diagnostic::Diagnostic;
use crate::model::topology::Host;
use crate::plan::template::Template;
use crate::plan::{Action, AttributeCheck, Call, Mode, Step, Target, Verb};
use crate::source::{SourceFile, Span};

use super::Doubts;
use super::endpoints::{Endpoint, key};
use super::flow::Flow;
use super::index::Index;

/// Checks the steps in order.
pub(super) fn check(
    steps: &[Step],
    hosts: &[Host],
    source: &SourceFile,
    doubts: &Doubts<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let certain = !doubts.any();
    let mut walk = Walk {
        all: steps,
        hosts,
        source,
        doubts,
        found,
        endpoints: Vec::with_capacity(8),
        index: Index::default(),
        flow: Flow::new(certain),
        sockets: 0,
        lanes: 0,
        reported: Vec::new(),
        step: Span::default(),
    };
    walk.steps(steps);
}

/// One pass over the steps.
pub(super) struct Walk<'p, 'd> {
    pub(super) all: &'p [Step],
    /// The hosts of the network, where there are any and they are certain.
    pub(super) hosts: &'d [Host],
    source: &'d SourceFile,
    pub(super) doubts: &'d Doubts<'d>,
    pub(super) found: &'d mut Vec<Diagnostic>,
    pub(super) endpoints: Vec<Endpoint<'p>>,
    /// Where they stand there.
    pub(super) index: Index<'p>,
    pub(super) flow: Flow<'p>,
    pub(super) sockets: usize,
    /// In how many lanes, one inside the other, the walk is.
    pub(super) lanes: usize,
    /// Names that were reported as missing: once is enough.
    pub(super) reported: Vec<String>,
    /// The step that is looked at.
    step: Span,
}

/// How certain it is that a call does what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It must succeed.
    Succeeds,
    /// It must fail.
    Fails,
    /// It may do either.
    Either,
}

impl<'p> Walk<'p, '_> {
    pub(super) fn steps(&mut self, steps: &'p [Step]) {
        for step in steps {
            let before = self.found.len();
            match &step.action {
                Action::Call(call) => {
                    self.step = step.span;
                    let doubtful = self.doubts.step(step.span);
                    self.call(call, doubtful);
                    if doubtful {
                        self.found.truncate(before);
                    }
                }
                Action::Parallel { lanes, .. } => {
                    let lanes: Vec<&'p [Step]> = lanes.iter().map(|lane| lane.steps.as_slice()).collect();
                    self.parallel(&lanes);
                }
                Action::Repeat { count, counter, until, steps, .. } => {
                    self.repeat(steps, *count, counter.as_deref(), until.is_some());
                }
                Action::Include { steps, .. } => self.steps(steps),
                Action::Table { rows, .. } => self.table(rows),
                Action::Retry { steps, .. } => {
                    self.flow.give_up();
                    self.steps(steps);
                    self.flow.give_up();
                }
                // What is on its way may be lost from here on, or come later.
                Action::Link { .. } => self.flow.give_up(),
                Action::Barrier { .. } | Action::Let(_) | Action::Assert(_) | Action::Pause(_) => {}
            }
        }
    }

    fn call(&mut self, call: &'p Call, doubtful: bool) {
        let outcome =
            if doubtful || call.mode == Mode::Nonblocking && !call.fails.is_empty() || call.fails.contains(&None) {
                Outcome::Either
            } else if call.fails.is_empty() {
                Outcome::Succeeds
            } else {
                Outcome::Fails
            };
        self.check_uses(call);
        self.check_host(call);
        self.check_layer(call, outcome);
        self.verb(call, outcome);
    }

    /// The other endpoints that a call names.
    fn check_uses(&mut self, call: &'p Call) {
        let mut targets: [Option<&'p Target>; 2] = [None, None];
        if let Verb::Recv { beside, .. } = &call.verb {
            self.check_named_beside(call, beside);
        }
        match &call.verb {
            Verb::Accept { from: Some(from), .. } | Verb::Recv { from: Some(from), .. } => self.known(from),
            Verb::Bind(address) => targets[0] = Some(address),
            Verb::Listen { address, .. } => targets[0] = address.as_ref(),
            Verb::Connect { to, from } => targets = [Some(to), from.as_ref()],
            Verb::Send { to, .. } => targets[0] = to.as_ref(),
            Verb::ExpectAttributes(attributes) => {
                for attribute in attributes {
                    match &attribute.check {
                        AttributeCheck::Local(values) | AttributeCheck::Peer(values) => {
                            for value in values {
                                self.known_target(value);
                            }
                        }
                        AttributeCheck::PeerCredentials(values) => {
                            for whose in values {
                                self.check_whose(call, whose);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        for target in targets.into_iter().flatten() {
            self.known_target(target);
        }
    }

    fn known_target(&mut self, target: &'p Target) {
        if let Target::Endpoint(name) = target {
            self.known(name);
            self.no_address(&key(name), name.span);
        }
    }

    /// An endpoint that is named for its address: it may be closed, but it must have been there.
    pub(super) fn known(&mut self, name: &'p Template) {
        let key = key(name);
        if self.find(&key).is_none() {
            self.missing(&key, name.span);
        }
    }

    /// The place of a word of this step, after its verb.
    pub(super) fn word(&self, verb: Span, word: &str) -> Span {
        let after = Span { start: verb.end, end: self.step.end };
        match self.source.slice(after).find(word) {
            Some(at) => Span::new(after.start as usize + at, after.start as usize + at + word.len()),
            None => verb,
        }
    }

    /// The place of a key of this step; the other place where it is not found.
    pub(super) fn key_of_step(&self, key: &str, otherwise: Span) -> Span {
        let text = self.source.slice(self.step);
        let is_key = |at: &usize| {
            text[..*at].ends_with([' ', '{', ',', '\n']) && text[at + key.len()..].trim_start().starts_with(':')
        };
        let place = |at: usize| Span::new(self.step.start as usize + at, self.step.start as usize + at + key.len());
        text.match_indices(key).map(|(at, _)| at).find(is_key).map_or(otherwise, place)
    }

    /// Whether the steps are in a lane.
    pub(super) fn in_lane(&self) -> bool {
        self.lanes > 0
    }
}
