//! How far a pattern is, and one step of it: everything that the bytes in view allow.

use std::sync::Arc;

use super::automaton::{self, Automaton, Walk};
use super::choice::{AnyOrder, Choice, UntilLast};
use super::describe::size_words;
use super::mismatch::Misfit;
use super::node::{Cover, Kind, Node, value_of};
use super::search::Search;
use super::sized::Frame;
use super::view::View;
use crate::exec::shown::ShownBuilder;
use crate::model::value::Value;
use crate::plan::pattern::{End, Matching};
use crate::trace::regex;

/// Whether a pattern has all its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// All that is in view has been gone over, and it is not known yet where the pattern ends.
    More,
    /// It ends where it is settled.
    Done,
}

/// What a step came to.
pub(super) type Step = Result<Progress, Misfit>;

/// How far a pattern is.
#[derive(Debug)]
pub(super) struct State {
    /// Where it began.
    pub(super) start: u64,
    /// All bytes before this are the pattern's, whatever comes.
    pub(super) settled: u64,
    /// The bytes so far, where `match` or `as` needs them.
    hold: Option<Vec<u8>>,
    /// How far the expression of a `match` has been followed through them.
    followed: Option<Box<Followed>>,
    pub(super) form: Form,
}

/// What a form has to know besides its place.
#[derive(Debug)]
pub(super) enum Form {
    /// Nothing.
    Place,
    /// The bytes of a number.
    Number([u8; 8]),
    /// Where the search for a delimiter stands.
    Search(Search),
    /// Where an expression stands.
    Walk(Box<Walk>),
    Sized(Box<Frame>),
    OneOf(Choice),
    AnyOrder(Box<AnyOrder>),
    UntilLast(Box<UntilLast>),
    /// The part of a list that is being taken.
    Sequence(usize, Option<Box<State>>),
    Deferred(Option<Box<(Node, State)>>),
}

/// A walk through the expression of a `match`.
#[derive(Debug)]
struct Followed {
    whole: Arc<Automaton>,
    walk: Walk,
    to: usize,
}

/// What a pattern gives besides its bytes. An alternative has its own until it is chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct Yield {
    pub(super) captures: Vec<(String, Value)>,
    /// The end of the stream, if it was taken.
    pub(super) end: Option<End>,
}

/// What a step sees and adds to.
pub(super) struct Context<'a> {
    pub(super) view: View<'a>,
    /// What the trace shows; `None` inside of what it shows in another way.
    pub(super) shown: Option<&'a mut ShownBuilder>,
    pub(super) yields: &'a mut Yield,
    /// Whether alternatives need what was kept before them.
    pub(super) inherit: bool,
    /// Whether this is an alternative, which is to be given up when it can no longer fit.
    pub(super) alternative: bool,
}

impl Yield {
    fn set(&mut self, name: &str, value: Value) {
        match self.captures.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.captures.push((name.to_owned(), value)),
        }
    }

    /// Takes over what an alternative gave.
    pub(super) fn adopt(&mut self, other: Self) {
        for (name, value) in other.captures {
            self.set(&name, value);
        }
        self.end = other.end.or(self.end);
    }
}

impl Context<'_> {
    /// Bytes that are shown as they are.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        if let Some(shown) = &mut self.shown {
            shown.bytes(bytes);
        }
    }

    /// Whether nothing comes after the bytes in view.
    pub(super) fn reached(&self) -> Option<&'static str> {
        self.view.end.map(super::Boundary::reached)
    }
}

impl Node {
    /// The state at the pattern's first byte.
    pub(super) fn begin(&self, at: u64) -> State {
        let form = match &self.kind {
            Kind::Number { .. } => Form::Number([0; 8]),
            Kind::Until(_) => Form::Search(Search::default()),
            Kind::UntilMatch { automaton, .. } => Form::Walk(Box::new(Walk::new(automaton))),
            Kind::Sized { .. } => Form::Sized(Box::default()),
            Kind::OneOf(nodes) => Form::OneOf(Choice::new(nodes.len())),
            Kind::AnyOrder(nodes) => Form::AnyOrder(Box::new(AnyOrder::new(nodes.len()))),
            Kind::UntilLast { .. } => Form::UntilLast(Box::default()),
            Kind::Sequence(_) => Form::Sequence(0, None),
            Kind::Deferred(_) => Form::Deferred(None),
            Kind::Exactly(..) | Kind::Hex(_) | Kind::Bytes { .. } | Kind::Rest(_) => Form::Place,
        };
        let hold = self.cover.as_ref().is_some_and(|cover| cover.holds()).then(Vec::new);
        State { start: at, settled: at, hold, followed: None, form }
    }

    /// Goes on as far as the bytes in view allow.
    pub(super) fn advance(&self, state: &mut State, context: &mut Context<'_>) -> Step {
        self.step(state, context).map_err(|misfit| misfit.within(self.span, state.start))
    }

    fn step(&self, state: &mut State, context: &mut Context<'_>) -> Step {
        let Some(cover) = &self.cover else {
            let mut step = self.advance_form(state, context);
            if self.limited {
                self.check_limit(state, &mut step)?;
            }
            return step;
        };
        let before = state.settled;
        let shown = context.shown.take();
        let mut step = self.advance_form(state, context);
        context.shown = shown;
        let limit = state.start.saturating_add(self.max);
        if let Some(hold) = &mut state.hold {
            hold.extend_from_slice(context.view.slice(before, state.settled.min(limit)));
        }
        let checked = if self.limited || cover.holds() { self.check_limit(state, &mut step) } else { Ok(()) };
        if checked.is_ok() && matches!(step, Ok(Progress::Done)) {
            self.finish(cover, state, context)?;
            return step;
        }
        if let Some(matching) = &cover.matching
            && self.is_followed(context)
        {
            self.follow(matching, state)?;
        }
        checked.and(step)
    }

    /// Bytes beyond the limit count as not seen, however they arrived.
    fn check_limit(&self, state: &State, step: &mut Step) -> Result<(), Misfit> {
        let limit = state.start.saturating_add(self.max);
        let seen = match step {
            Ok(_) => state.settled,
            Err(misfit) => {
                if misfit.seen > limit {
                    misfit.refine();
                }
                misfit.seen
            }
        };
        if seen > limit { Err(self.too_much(state.start, limit)) } else { Ok(()) }
    }

    fn advance_form(&self, state: &mut State, context: &mut Context<'_>) -> Step {
        let State { start, settled, form, .. } = state;
        match (&self.kind, form) {
            (Kind::Sized { size, of, varies }, Form::Sized(frame)) => {
                frame.advance(self, (*size, &**of, *varies), *start, settled, context)
            }
            (Kind::OneOf(nodes), Form::OneOf(choice)) => choice.one_of((self, *start), nodes, settled, context),
            (Kind::AnyOrder(nodes), Form::AnyOrder(any)) => any.advance((self, *start), nodes, settled, context),
            (Kind::UntilLast { members, plain }, Form::UntilLast(until)) => {
                until.advance((self, *start), (members, *plain), settled, context)
            }
            (Kind::Sequence(nodes), Form::Sequence(index, part)) => sequence(nodes, index, part, settled, context),
            (Kind::Deferred(deferred), Form::Deferred(begun)) => deferred.advance(begun, *start, settled, context),
            _ => self.advance_leaf(state, context),
        }
    }

    /// Judges and keeps what was taken.
    fn finish(&self, cover: &Cover, state: &mut State, context: &mut Context<'_>) -> Result<(), Misfit> {
        let taken = state.hold.take().unwrap_or_default();
        if let Some(matching) = &cover.matching {
            let judged = match &self.kind {
                Kind::Until(delimiter) => &taken[..taken.len() - delimiter.len()],
                _ => &taken,
            };
            let Some(groups) = matching.regex.captures(judged) else {
                let judged = judged.to_vec();
                let misfit = self.no_match(matching, state.start, state.start, state.settled);
                return Err(misfit.unmatched(&matching.regex, judged, self.is_followed(context)));
            };
            for (group, name) in &matching.groups {
                // A group that took no part is empty, so that a later `${name}` has a value.
                let bytes = groups.name(group).map_or(&b""[..], |group| group.as_bytes());
                context.yields.set(name, text_or_bytes(bytes));
            }
        }
        if let Some(shown) = &mut context.shown {
            self.show_covered(cover, shown);
        }
        if let Some(name) = &cover.capture {
            context.yields.set(name, value_of(&self.kind, taken));
        }
        Ok(())
    }

    /// Whether a `match` beside it is followed byte by byte.
    fn is_followed(&self, context: &Context<'_>) -> bool {
        context.alternative && self.is_leaf()
    }

    /// Whether an alternative that is not complete can still match.
    fn follow(&self, matching: &Matching, state: &mut State) -> Result<(), Misfit> {
        if state.followed.is_none() {
            let Some(whole) = automaton::whole(&matching.regex) else { return Ok(()) };
            state.followed = Some(Box::new(Followed { walk: Walk::new(&whole), whole, to: 0 }));
        }
        let (Some(followed), Some(hold)) = (&mut state.followed, &state.hold) else { return Ok(()) };
        // What may be the delimiter is not judged.
        let to = hold.len() - if let Kind::Until(delimiter) = &self.kind { overlap(delimiter, hold) } else { 0 };
        let from = followed.to;
        let fresh = hold.get(from..to).unwrap_or_default();
        followed.to = from + fresh.len();
        match followed.walk.dies(&followed.whole, fresh) {
            Some(dead) => {
                let at = state.start + (from + dead) as u64;
                Err(self.no_match(matching, state.start, at, at + 1))
            }
            None => Ok(()),
        }
    }

    /// An expression does not match, from `at` on, as is seen when `seen` is.
    fn no_match(&self, matching: &Matching, start: u64, at: u64, seen: u64) -> Misfit {
        let source = regex(&matching.source);
        let what = match &self.kind {
            Kind::Until(_) => "what came before the delimiter",
            _ => "what came",
        };
        let message = format!("{what} does not match {source}");
        Misfit::new(start, at, source, message).seen(seen)
    }

    fn too_much(&self, start: u64, limit: u64) -> Misfit {
        let max = size_words(self.max);
        let message = format!("the pattern takes more than {max}; a larger `max` beside it allows more");
        Misfit::new(start, limit, format!("{}, in at most {max}", self.describe()), message).seen(limit + 1)
    }
}

/// The parts of a list, one after the other.
fn sequence(
    nodes: &[Node],
    index: &mut usize,
    part: &mut Option<Box<State>>,
    settled: &mut u64,
    context: &mut Context<'_>,
) -> Step {
    while let Some(node) = nodes.get(*index) {
        let state = part.get_or_insert_with(|| Box::new(node.begin(*settled)));
        let step = node.advance(state, context);
        *settled = state.settled;
        if step? == Progress::More {
            return Ok(Progress::More);
        }
        *part = None;
        *index += 1;
    }
    Ok(Progress::Done)
}

/// How many of the last bytes may be the beginning of the delimiter.
fn overlap(delimiter: &[u8], bytes: &[u8]) -> usize {
    let most = bytes.len().min(delimiter.len() - 1);
    (1..=most).rev().find(|len| bytes.ends_with(&delimiter[..*len])).unwrap_or(0)
}

/// What a group of an expression caught: a text, if it is one.
fn text_or_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}
