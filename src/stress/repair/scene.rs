//! The two steps, where the way to one parts from that to the other, and what runs have shown.

use std::collections::HashMap;

use crate::model::name::is_name;
use crate::plan::Plan;
use crate::source::{SourceFile, Span};
use crate::spec::ast::{Call, Lane, Spec, Step, StepKind, Verb};
use crate::trace::event::What;
use crate::trace::record::{Entry, Failure, Happened, Record};

use super::Pair;
use super::edit::{List, Text};

/// All that a proposal is made of.
pub(super) struct Scene<'s> {
    pub(super) source: &'s SourceFile,
    pub(super) text: Text<'s>,
    pub(super) spec: &'s Spec,
    /// The two steps, as far as they are there.
    pub(super) pair: Vec<&'s Step>,
    /// Where they part; `None` where no lanes of this file do.
    pub(super) apart: Option<Apart<'s>>,
    /// The other end of each connection.
    pub(super) peers: HashMap<String, String>,
    /// How runs went, first that of the run that was not perturbed.
    pub(super) ways: Vec<Way<'s>>,
}

/// Two steps in two lanes of one `parallel`.
pub(super) struct Apart<'s> {
    /// The `parallel`.
    pub(super) parallel: &'s Step,
    /// The list that it is in, and its place there.
    pub(super) around: Spot<'s>,
    /// Its lanes.
    pub(super) lanes: &'s [Lane],
    /// The one that came first.
    pub(super) first: Side<'s>,
    /// The other.
    pub(super) second: Side<'s>,
}

/// One of two steps.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    /// The lane, by its index.
    pub(super) lane: usize,
    /// The lane's steps.
    pub(super) list: List<'s>,
    /// Which of the lane's steps it is, or is in.
    pub(super) index: usize,
    /// The step itself.
    pub(super) step: &'s Step,
    /// The list that it stands in, and its place there.
    pub(super) own: (List<'s>, usize),
    /// Whether it runs more than once.
    pub(super) repeats: bool,
}

impl<'s> Side<'s> {
    /// The lane's step that it is, or is in.
    pub(super) fn child(&self) -> &'s Step {
        &self.list.steps[self.index]
    }

    /// The call that it is.
    pub(super) fn call(&self) -> Option<&'s Call> {
        call(self.step)
    }
}

/// A step in a list of steps.
#[derive(Clone, Copy)]
pub(super) struct Spot<'s> {
    pub(super) list: List<'s>,
    pub(super) index: usize,
    /// The lane whose list it is, by its index.
    pub(super) lane: Option<usize>,
}

impl<'s> Spot<'s> {
    fn step(&self) -> &'s Step {
        &self.list.steps[self.index]
    }
}

/// The call that a step is.
pub(super) fn call(step: &Step) -> Option<&Call> {
    match &step.kind {
        StepKind::Call(call) => Some(call),
        _ => None,
    }
}

/// The steps of a lane.
pub(super) fn list(lane: &Lane) -> List<'_> {
    List { steps: &lane.steps, floor: lane.name.span.end }
}

/// The lists of steps in a block, with their lanes.
pub(super) fn inner(step: &Step) -> Vec<(Option<usize>, List<'_>)> {
    let plain = |steps| vec![(None, List { steps, floor: step.span.start })];
    match &step.kind {
        StepKind::Parallel { lanes, .. } => {
            lanes.iter().enumerate().map(|(index, lane)| (Some(index), list(lane))).collect()
        }
        StepKind::Repeat { steps, .. } | StepKind::Retry { steps, .. } => plain(steps),
        StepKind::Include(include) => {
            include.contents.iter().map(|contents| (None, List { steps: &contents.steps, floor: 0 })).collect()
        }
        _ => Vec::new(),
    }
}

impl<'s> Scene<'s> {
    pub(super) fn new(source: &'s SourceFile, spec: &'s Spec, plan: &Plan, pair: Pair, ways: &[&'s Record]) -> Self {
        let top = List { steps: &spec.steps, floor: 0 };
        let paths = [path(top, pair.first), path(top, pair.second)];
        let apart = match &paths {
            [Some(first), Some(second)] => apart(first, second),
            _ => None,
        };
        // What is in an included file cannot be changed here.
        let apart = apart.filter(|apart| source.part(apart.parallel.span.start).from.is_none());
        let pair = paths.iter().flatten().filter_map(|path| path.last()).map(Spot::step).collect();
        let ways = ways.iter().map(|record| Way::new(record)).collect();
        let mut scene = Self { source, text: Text(source.text()), spec, pair, apart, peers: plan.peers(), ways };
        scene.learn_peers();
        scene
    }

    /// Whom the usual run accepted, where the spec leaves that open.
    fn learn_peers(&mut self) {
        for (step, call) in self.calls() {
            let Some(client) = self.accepted(0, step) else { continue };
            let name = call.endpoint.text.clone();
            if !self.peers.contains_key(&name) && !self.peers.contains_key(&client) {
                self.peers.insert(name.clone(), client.clone());
                self.peers.insert(client, name);
            }
        }
    }

    /// The client that an accept took in a way, where a trace names it.
    pub(super) fn accepted(&self, way: usize, step: &Step) -> Option<String> {
        let Verb::Accept { listener, .. } = &call(step)?.verb else { return None };
        let What::Words(words) = &self.happened(way, step)?.event.what else { return None };
        let client = words.strip_prefix("accept ")?.split(' ').next()?;
        (client != listener.text && is_name(client)).then(|| client.to_owned())
    }

    /// Every call of this file, in its order.
    pub(super) fn calls(&self) -> Vec<(&'s Step, &'s Call)> {
        let mut all = Vec::new();
        each(List { steps: &self.spec.steps, floor: 0 }, &mut |step| {
            if let Some(call) = call(step).filter(|_| self.source.part(step.span.start).from.is_none()) {
                all.push((step, call));
            }
        });
        all
    }

    /// The line of a place.
    pub(super) fn line(&self, at: u32) -> u32 {
        self.source.line(at)
    }

    /// The line that a step ends in.
    pub(super) fn last_line(&self, step: &Step) -> u32 {
        self.source.line((self.text.end(step) as u32).saturating_sub(1))
    }

    /// The names of all barriers.
    pub(super) fn barriers(&self) -> Vec<&'s str> {
        let mut names = Vec::new();
        each(List { steps: &self.spec.steps, floor: 0 }, &mut |step| names.extend(barrier(step)));
        names
    }

    /// A barrier's name that is not taken.
    pub(super) fn fresh(&self, word: &str, taken: &[&str]) -> String {
        let known = self.barriers();
        let is_free = |name: &String| !known.contains(&name.as_str()) && !taken.contains(&name.as_str());
        let numbered = (2..).map(|number| format!("{word}-{number}"));
        std::iter::once(word.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }

    /// What a step did in a way.
    pub(super) fn happened(&self, way: usize, step: &Step) -> Option<&'s Happened> {
        let call = call(step)?;
        let (line, endpoint) = (self.line(step.span.start), shown(&call.endpoint.text));
        let verb = self.text.slice(call.verb_span);
        let is_of = |happened: &&&Happened| {
            let at = happened.line == line && happened.file.is_none() && happened.event.endpoint == endpoint;
            // The words of an `expect` begin with what it expects.
            at && (verb == "expect" || word(happened) == verb)
        };
        self.ways.get(way)?.events.iter().find(is_of).copied()
    }

    /// How the run of a way failed, where it was at that step.
    pub(super) fn failure(&self, way: usize, step: &Step) -> Option<&'s Failure> {
        let failure = self.ways.get(way)?.record.failure.as_ref()?;
        (failure.start == step.span.start).then_some(failure)
    }
}

/// The name of a barrier, where a step is one.
pub(super) fn barrier(step: &Step) -> Option<&str> {
    match &step.kind {
        StepKind::Barrier { name, .. } => Some(&name.text),
        _ => None,
    }
}

/// Whether a list of steps names a barrier.
pub(super) fn names(list: List<'_>, name: &str) -> bool {
    let mut found = false;
    each(list, &mut |step| found |= barrier(step) == Some(name));
    found
}

/// Goes through all steps, those of blocks behind the block.
pub(super) fn each<'s>(list: List<'s>, with: &mut impl FnMut(&'s Step)) {
    for step in list.steps {
        with(step);
        for (_, list) in inner(step) {
            each(list, with);
        }
    }
}

/// An endpoint's name as a trace shows it.
fn shown(name: &str) -> String {
    name.replace("${", "<").replace('}', ">")
}

/// The first word of what an event tells.
fn word(happened: &Happened) -> &str {
    let (What::Words(words) | What::Data { verb: words, .. }) = &happened.event.what;
    words.split(' ').next().unwrap_or_default()
}

/// The way from the first list of steps to the one with that step in it.
fn path(list: List<'_>, start: u32) -> Option<Vec<Spot<'_>>> {
    let mut path = Vec::new();
    find(list, None, start, &mut path).then_some(path)
}

fn find<'s>(list: List<'s>, lane: Option<usize>, start: u32, path: &mut Vec<Spot<'s>>) -> bool {
    for (index, step) in list.steps.iter().enumerate() {
        path.push(Spot { list, index, lane });
        if inner(step).into_iter().any(|(lane, list)| find(list, lane, start, path)) || step.span.start == start {
            return true;
        }
        path.pop();
    }
    false
}

/// Where two ways part: the innermost `parallel` that has both steps, in two lanes.
fn apart<'s>(first: &[Spot<'s>], second: &[Spot<'s>]) -> Option<Apart<'s>> {
    let same = |one: &Spot<'_>, other: &Spot<'_>| std::ptr::eq(one.step(), other.step());
    let common = first.iter().zip(second).take_while(|(one, other)| same(one, other)).count();
    let around = first[..common].last()?;
    let StepKind::Parallel { lanes, .. } = &around.step().kind else { return None };
    let side = |path: &[Spot<'s>]| {
        let (spot, inside) = (path.get(common)?, path.get(common..)?);
        let repeats = inside.iter().take(inside.len() - 1).any(|spot| super::edit::is_loop(spot.step()));
        let last = path.last()?;
        let (step, own) = (last.step(), (last.list, last.index));
        Some(Side { lane: spot.lane?, list: spot.list, index: spot.index, step, own, repeats })
    };
    let (first, second) = (side(first)?, side(second)?);
    (first.lane != second.lane).then_some(Apart { parallel: around.step(), around: *around, lanes, first, second })
}

/// How a run went.
pub(super) struct Way<'s> {
    pub(super) record: &'s Record,
    /// Its events, in the order of the spec.
    events: Vec<&'s Happened>,
}

impl<'s> Way<'s> {
    fn new(record: &'s Record) -> Self {
        let mut events = Vec::new();
        flatten(&record.entries, &mut events);
        Self { record, events }
    }

    /// When the first event within these lines happened, and that of none other: the how-manieth step.
    pub(super) fn began(&self, lines: std::ops::RangeInclusive<u32>) -> Option<u64> {
        let own = self.events.iter().filter(|happened| happened.file.is_none() && lines.contains(&happened.line));
        own.map(|happened| happened.order).min()
    }
}

fn flatten<'s>(entries: &'s [Entry], into: &mut Vec<&'s Happened>) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => into.push(happened),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| flatten(&lane.entries, into)),
            Entry::Repeat(groups) => groups.iter().for_each(|group| flatten(&group.entries, into)),
            Entry::Retry(entries) => flatten(entries, into),
        }
    }
}

/// Whether one place is inside of another.
pub(super) fn is_inside(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
