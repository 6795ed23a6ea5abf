//! How what crossed the wire differs.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::align::verb;
use super::finding::{Finding, Weight};
use super::phrase::{self, endpoint, who};
use crate::trace::TraceText;
use crate::trace::event::{Event, Segment};

/// A segment that is gone, or new, with the event that it stood under.
#[derive(Debug, Clone)]
pub(super) struct Crossed<'n> {
    segment: Segment,
    under: &'n Event,
    line: u32,
}

/// What differs on the wire, gathered over all events, since a segment may stand under another one now.
#[derive(Debug, Default)]
pub(super) struct Wire<'n> {
    gone: Vec<Crossed<'n>>,
    come: Vec<Crossed<'n>>,
    /// Those of events that are gone, or new.
    with_gone: Vec<Crossed<'n>>,
    with_new: Vec<Crossed<'n>>,
    found: Vec<Finding>,
    /// How many segments the traces have.
    segments: (usize, usize),
}

impl<'n> Wire<'n> {
    /// For two traces that have so many segments. Where only one has any, the specs differ in whether
    /// they ask for them.
    pub(super) fn new(old: &TraceText, new: &TraceText) -> Self {
        let segments = |trace: &TraceText| {
            let events = trace.events();
            events.iter().filter_map(|node| node.event()).map(|event| event.wire.len()).sum::<usize>()
        };
        Self { segments: (segments(old), segments(new)), ..Self::default() }
    }

    /// Compares the segments of two events that are the same one.
    pub(super) fn compare(&mut self, old: (u32, &'n Event), new: (u32, &'n Event)) {
        let (was, is) = (&old.1.wire, &new.1.wire);
        for op in capture_diff_slices(Algorithm::Myers, was, is) {
            if let DiffOp::Equal { .. } = op {
                continue;
            }
            let (gone, come) = (&was[op.old_range()], &is[op.new_range()]);
            let paired = gone.iter().zip(come).take_while(|(one, other)| one.from == other.from).count();
            for (one, other) in gone.iter().zip(come).take(paired) {
                self.replaced(one, other, old, new);
            }
            // Where no SYN ACK comes, nothing can follow it.
            let ends = gone[..paired].iter().any(|segment| segment.what == "SYN ACK");
            self.gone(if ends { &[] } else { &gone[paired..] }, old);
            self.come(&come[paired..], new);
        }
    }

    /// Notes the segments of an event that is in one trace only: they follow from it, unless the same
    /// segment now crosses under another one.
    pub(super) fn single(&mut self, line: u32, under: &'n Event, is_new: bool) {
        let singles = if is_new { &mut self.with_new } else { &mut self.with_gone };
        singles.extend(under.wire.iter().map(|segment| Crossed { segment: segment.clone(), under, line }));
    }

    fn gone(&mut self, segments: &[Segment], (line, under): (u32, &'n Event)) {
        self.gone.extend(segments.iter().map(|segment| Crossed { segment: segment.clone(), under, line }));
    }

    fn come(&mut self, segments: &[Segment], (line, under): (u32, &'n Event)) {
        self.come.extend(segments.iter().map(|segment| Crossed { segment: segment.clone(), under, line }));
    }

    /// One segment in place of another one of the same sender.
    fn replaced(&mut self, was: &Segment, is: &Segment, old: (u32, &Event), new: (u32, &Event)) {
        let counts = |segment: &Segment| segment.what.starts_with("DATA") || segment.what.starts_with("UDP");
        if counts(was) && counts(is) && old.1.what != new.1.what {
            // The bytes differ, which is told.
            return;
        }
        let is_handshake = verb(new.1) == "connect" && was.what == "SYN ACK";
        let text = match (is_handshake, was.to == is.to) {
            (true, _) => {
                format!("the handshake of {} now ends in {} where SYN ACK came", who(new.1), is.what)
            }
            (_, true) => format!(
                "on the wire, {} now sends {} to {} where it sent {}, when {} {}",
                endpoint(&is.from),
                is.what,
                endpoint(&is.to),
                was.what,
                who(new.1),
                phrase::of(new.1).now
            ),
            _ => format!(
                "on the wire, {} now sends {} to {} where it went to {}",
                endpoint(&is.from),
                is.what,
                endpoint(&is.to),
                endpoint(&was.to)
            ),
        };
        self.found.push(Finding::plain(Weight::Wire, text).at(old.0, new.0));
    }

    /// All that differs.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        match self.segments {
            (2.., 0) => return vec![Finding::plain(Weight::Wire, "what crosses the wire is not shown any more")],
            (0, 2..) => return vec![Finding::plain(Weight::Wire, "what crosses the wire is shown now")],
            _ => {}
        }
        let mut come = std::mem::take(&mut self.come);
        let mut with_gone = std::mem::take(&mut self.with_gone);
        let mut with_new = std::mem::take(&mut self.with_new);
        for gone in &self.gone {
            let finding = match gone.taken_from(&mut come).or_else(|| gone.taken_from(&mut with_new)) {
                Some(now) => gone.now(&now),
                None => Finding { old: Some(gone.line), ..Finding::plain(Weight::Wire, gone.told("no longer sends")) },
            };
            self.found.push(finding);
        }
        for now in come {
            if let Some(gone) = now.taken_from(&mut with_gone) {
                self.found.push(gone.now(&now));
                continue;
            }
            self.found.push(Finding { new: Some(now.line), ..Finding::plain(Weight::Wire, now.told("now sends")) });
        }
        self.found
    }
}

impl Crossed<'_> {
    /// The first of some that is the same segment, which is no longer among them then.
    fn taken_from<'n>(&self, list: &mut Vec<Crossed<'n>>) -> Option<Crossed<'n>> {
        let at = list.iter().position(|other| other.segment == self.segment)?;
        Some(list.remove(at))
    }

    /// That it crosses under another event now.
    fn now(&self, now: &Crossed<'_>) -> Finding {
        let text = format!(
            "on the wire, {} of {} now crosses when {} {}; before, when {} {}",
            self.segment.what,
            endpoint(&self.segment.from),
            who(now.under),
            phrase::of(now.under).now,
            who(self.under),
            phrase::of(self.under).past
        );
        Finding::plain(Weight::Wire, text).at(self.line, now.line)
    }

    fn told(&self, sends: &str) -> String {
        let Segment { from, to, what } = &self.segment;
        let (from, to, who) = (endpoint(from), endpoint(to), who(self.under));
        let who = if who == from { "it" } else { &who };
        format!("on the wire, {from} {sends} {what} to {to} when {who} {}", phrase::of(self.under).now)
    }
}
