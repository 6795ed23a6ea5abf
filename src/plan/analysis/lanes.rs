//! Lanes that run at once: what is recorded of them while they are built, and what is found when
//! they are complete.

use crate::diagnostic::Diagnostic;
use crate::plan::template::Template;
use crate::plan::{Barrier, Call, Verb};
use crate::source::Span;

use super::alike;
use super::barriers::{Schedule, schedule};
use super::endpoints::key;

/// Records what lanes do, for the blocks that are being built. Outside of lanes it does nothing.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    blocks: Vec<Block>,
}

/// A `parallel` that is being built.
#[derive(Debug)]
struct Block {
    lanes: Vec<Lane>,
    current: usize,
    /// The endpoints that were there before it.
    before: Vec<String>,
}

/// What a lane does, in order.
#[derive(Debug)]
pub(super) struct Lane {
    pub name: String,
    pub span: Span,
    pub events: Vec<Event>,
}

/// Something that a lane does.
#[derive(Debug)]
pub(super) struct Event {
    pub what: What,
    /// The name of what it is done to.
    pub name: String,
    pub span: Span,
}

/// What a lane does that others can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Waits at a barrier.
    Barrier,
    /// Sets a variable.
    Set,
    /// Uses a variable that only another lane sets.
    Uses,
    /// Creates an endpoint.
    Creates,
    /// Uses an endpoint.
    Names,
    /// Sends on an endpoint.
    Sends,
    /// Receives on an endpoint; of a program from its output or, apart from that, its error output.
    Receives { stderr: bool },
    /// Changes the link of a host.
    Links,
    /// What follows, up to the end, happens so often; certain unless `until` may end it.
    Repeat { count: u64, certain: bool },
    /// The end of what is repeated.
    EndRepeat,
}

impl Recorder {
    pub(crate) fn is_recording(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// A `parallel` begins.
    pub(crate) fn enter(&mut self, lanes: impl Iterator<Item = (String, Span)>, before: Vec<String>) {
        let lanes = lanes.map(|(name, span)| Lane { name, span, events: Vec::new() }).collect();
        self.blocks.push(Block { lanes, current: 0, before });
    }

    /// What follows is in the lane of that index.
    pub(crate) fn begin_lane(&mut self, index: usize) {
        if let Some(block) = self.blocks.last_mut() {
            block.current = index;
        }
    }

    fn record(&mut self, what: What, name: &str, span: Span) {
        for block in &mut self.blocks {
            block.push(what, name, span);
        }
    }

    /// A barrier; false outside of lanes. It belongs to the innermost block.
    pub(crate) fn barrier(&mut self, name: &str, span: Span) -> bool {
        match self.blocks.last_mut() {
            Some(block) => {
                block.push(What::Barrier, name, span);
                true
            }
            None => false,
        }
    }

    pub(crate) fn enter_repeat(&mut self, count: u64, until: bool) {
        self.record(What::Repeat { count, certain: !until }, "", Span::default());
    }

    pub(crate) fn leave_repeat(&mut self) {
        self.record(What::EndRepeat, "", Span::default());
    }

    pub(crate) fn set_variable(&mut self, name: &str, span: Span) {
        self.record(What::Set, name, span);
    }

    /// The use of a variable that only another lane sets.
    pub(crate) fn used_variable(&mut self, name: &str, span: Span) {
        self.record(What::Uses, name, span);
    }

    pub(crate) fn used_endpoint(&mut self, name: &str, span: Span) {
        self.record(What::Names, name, span);
    }

    pub(crate) fn created(&mut self, name: &Template) {
        if self.is_recording() {
            self.record(What::Creates, &key(name), name.span);
        }
    }

    /// The link of a host changes.
    pub(crate) fn changed_link(&mut self, host: &str, span: Span) {
        self.record(What::Links, host, span);
    }

    /// What a call does to its endpoints.
    pub(crate) fn called(&mut self, call: &Call) {
        if !self.is_recording() {
            return;
        }
        let name = key(&call.endpoint);
        let what = match &call.verb {
            Verb::Send { .. } => What::Sends,
            Verb::Recv { stderr, .. } => What::Receives { stderr: *stderr },
            Verb::Read { .. } => What::Receives { stderr: false },
            _ => What::Names,
        };
        self.record(what, &name, call.endpoint.span);
        let target = match &call.verb {
            Verb::Accept { listener, .. } => Some(listener),
            Verb::Dup(of) => Some(of),
            Verb::Connect { to: crate::plan::Target::Endpoint(name), .. }
            | Verb::Send { to: Some(crate::plan::Target::Endpoint(name)), .. } => Some(name),
            _ => None,
        };
        let passed = match &call.verb {
            Verb::Send { pass, .. } => pass.as_slice(),
            Verb::Run(run) => &run.pass,
            _ => &[],
        };
        for named in target.into_iter().chain(passed) {
            self.record(What::Names, &key(named), named.span);
        }
    }

    /// The `parallel` ends: its barriers, and what is found. Without certainty (a step could not be
    /// read) nothing is found.
    pub(crate) fn leave(&mut self, certain: bool, found: &mut Vec<Diagnostic>) -> Vec<Barrier> {
        let Some(block) = self.blocks.pop() else { return Vec::new() };
        let mut findings = Vec::new();
        let schedule = schedule(&block.lanes, &mut findings);
        block.unordered_uses(&schedule, What::Uses, What::Set, &mut findings);
        block.unordered_uses(&schedule, What::Names, What::Creates, &mut findings);
        block.races(&schedule, What::Sends, &mut findings);
        block.races(&schedule, What::Receives { stderr: false }, &mut findings);
        block.races(&schedule, What::Receives { stderr: true }, &mut findings);
        block.races(&schedule, What::Links, &mut findings);
        if certain {
            found.append(&mut findings);
        }
        schedule.barriers
    }
}

impl Block {
    fn push(&mut self, what: What, name: &str, span: Span) {
        if let Some(lane) = self.lanes.get_mut(self.current) {
            lane.events.push(Event { what, name: name.to_owned(), span });
        }
    }

    /// What one lane uses and only another makes, with nothing between them that orders the two.
    fn unordered_uses(&self, schedule: &Schedule, uses: What, makes: What, found: &mut Vec<Diagnostic>) {
        let mut reported: Vec<&str> = Vec::new();
        for (lane, (mine, segments)) in self.lanes.iter().zip(&schedule.segments).enumerate() {
            let mut received = false;
            for (event, segment) in mine.events.iter().zip(segments) {
                received |= matches!(event.what, What::Receives { .. });
                let matters = event.what == uses
                    || uses == What::Names && matches!(event.what, What::Sends | What::Receives { .. });
                if !matters || reported.contains(&event.name.as_str()) || self.is_own(lane, event, makes) {
                    continue;
                }
                // What came over a connection orders endpoints, too; of that nothing is known here.
                if uses == What::Names && received {
                    continue;
                }
                let mut made: Option<(usize, &Event)> = None;
                let ordered = self.lanes.iter().zip(&schedule.segments).enumerate().any(|(other, (theirs, when))| {
                    theirs.events.iter().zip(when).any(|(maker, maker_segment)| {
                        let same = other != lane && maker.what == makes && alike(&maker.name, &event.name);
                        if same {
                            made.get_or_insert((other, maker));
                        }
                        same && schedule.before((other, *maker_segment), (lane, *segment))
                    })
                });
                if let (Some((other, maker)), false) = (made, ordered) {
                    reported.push(&event.name);
                    found.push(self.unordered(event, maker, other, makes));
                }
            }
        }
    }

    /// Whether the name was there before the block, or the lane makes it itself.
    fn is_own(&self, lane: usize, event: &Event, makes: What) -> bool {
        let before = makes == What::Creates && self.before.iter().any(|known| alike(known, &event.name));
        before || self.lanes[lane].events.iter().any(|own| own.what == makes && alike(&own.name, &event.name))
    }

    fn unordered(&self, event: &Event, made: &Event, lane: usize, makes: What) -> Diagnostic {
        let (name, lane) = (&event.name, &self.lanes[lane].name);
        let (verb, label) = if makes == What::Set { ("set", "set here") } else { ("created", "created here") };
        let message = format!("`{name}` is {verb} in the lane `{lane}`, and nothing orders that before this step");
        Diagnostic::error("unordered-lanes", event.span, message)
            .related(made.span, label)
            .help("write the same `barrier` in both lanes: after that step there, and before this one here")
    }

    /// Two lanes that do the same on one endpoint with nothing between them that orders the two.
    fn races(&self, schedule: &Schedule, what: What, found: &mut Vec<Diagnostic>) {
        let mut reported: Vec<&str> = Vec::new();
        for (lane, mine) in self.lanes.iter().enumerate() {
            for (other, theirs) in self.lanes.iter().enumerate().skip(lane + 1) {
                let here = mine.events.iter().zip(&schedule.segments[lane]);
                for (first, first_segment) in here.filter(|(event, _)| event.what == what) {
                    if reported.contains(&first.name.as_str()) || first.name.contains('<') {
                        continue;
                    }
                    let there = theirs.events.iter().zip(&schedule.segments[other]);
                    let second = there.filter(|(event, _)| event.what == what && event.name == first.name).find(
                        |(_, segment)| {
                            !schedule.before((lane, *first_segment), (other, **segment))
                                && !schedule.before((other, **segment), (lane, *first_segment))
                        },
                    );
                    // Then each has an endpoint of its own; hosts are never created.
                    let both_create = what != What::Links
                        && [mine, theirs].iter().all(|lane| {
                            lane.events.iter().any(|event| event.what == What::Creates && event.name == first.name)
                        });
                    if let (Some((second, _)), false) = (second, both_create) {
                        reported.push(&first.name);
                        found.push(race(first, second, what, [&mine.name, &theirs.name]));
                    }
                }
            }
        }
    }
}

/// What to do about two lanes at one end of a connection.
const END_EACH: &str = "one lane may send and one may receive; put a `barrier` between the two, or do both in one lane";

fn race(first: &Event, second: &Event, what: What, lanes: [&str; 2]) -> Diagnostic {
    let name = &first.name;
    let (verb, help) = match what {
        What::Links => ("change the link of", "put a `barrier` between the two, or do both in one lane"),
        What::Sends => ("send on", END_EACH),
        What::Receives { stderr: true } => ("receive from stderr of", END_EACH),
        _ => ("receive on", END_EACH),
    };
    let message = format!("the lanes `{}` and `{}` both {verb} `{name}`, and nothing orders them", lanes[0], lanes[1]);
    Diagnostic::warning("race", second.span, message).related(first.span, "and here").help(help)
}
