//! The forms that have no parts: exact bytes, so many bytes, numbers, delimiters, the rest.

use super::describe::{count, cut, quoted};
use super::mismatch::{AROUND, Misfit};
use super::node::{Exact, Kind, Node};
use super::show::{masked, show_ends, show_hex, show_mask, show_payload};
use super::state::{Context, Form, Progress, State, Step};
use super::view::Boundary;
use crate::plan::pattern::End;
use crate::plan::payload::Width;
use crate::trace::regex;

impl Node {
    /// A step of a form that has no parts.
    pub(super) fn advance_leaf(&self, state: &mut State, context: &mut Context<'_>) -> Step {
        let start = state.start;
        let settled = &mut state.settled;
        let done = match (&self.kind, &mut state.form) {
            (Kind::Exactly(exact), _) => exactly(exact, start, settled, context)?,
            (Kind::Hex(bytes), _) => hex(self, bytes, start, settled, context)?,
            (Kind::Bytes { count, .. }, _) => bytes(*count, start, settled, context),
            (Kind::Number { width, mask }, Form::Number(so_far)) => {
                number(*width, *mask, so_far, start, settled, context)?
            }
            (Kind::Until(delimiter), Form::Search(search)) => {
                let input = context.view.from(*settled);
                let end = search.find(delimiter, input);
                take(end.unwrap_or(input.len()), settled, context);
                end.is_some()
            }
            (Kind::UntilMatch { automaton, .. }, Form::Walk(walk)) => {
                let input = context.view.from(*settled);
                let end = walk.find(automaton, input);
                take(end.unwrap_or(input.len()), settled, context);
                end.is_some()
            }
            (Kind::Rest(ends), _) => rest(ends, start, settled, context)?,
            _ => unreachable!("a state is made by its own node"),
        };
        if done {
            return Ok(Progress::Done);
        }
        match context.reached() {
            // What ends the rest is the rest's own affair.
            Some(why) if !matches!(self.kind, Kind::Rest(_)) => {
                Err(self.cut(state, why, context.view.limit()).ended(context.view.end))
            }
            _ => Ok(Progress::More),
        }
    }

    /// What is missing when the bytes end at `at`; `why` says why they do.
    pub(super) fn cut(&self, state: &State, why: &str, at: u64) -> Misfit {
        match (&self.kind, &state.form) {
            (Kind::Sequence(nodes), Form::Sequence(index, part)) => {
                return match (part, nodes.get(*index)) {
                    (Some(part), Some(node)) => node.cut(part, why, at),
                    _ => self.cut_here(state.start, why, at),
                };
            }
            (Kind::Sized { of, .. }, Form::Sized(frame)) => {
                if let Some(content) = frame.content() {
                    return of.cut(content, why, at);
                }
            }
            (Kind::OneOf(nodes), Form::OneOf(choice)) => {
                if let Some((node, state)) = choice.only() {
                    return nodes[node].cut(state, why, at);
                }
            }
            (Kind::AnyOrder(nodes), Form::AnyOrder(any)) => {
                if let Some((node, state)) = any.choice.only() {
                    return nodes[node].cut(state, why, at);
                }
            }
            (Kind::UntilLast { members, .. }, Form::UntilLast(until)) => {
                if let Some((node, state)) = until.choice.only() {
                    return members[node].cut(state, why, at);
                }
            }
            (Kind::Deferred(_), Form::Deferred(Some(begun))) => return begun.0.cut(&begun.1, why, at),
            _ => {}
        }
        self.cut_here(state.start, why, at)
    }

    /// The same of a pattern that began at `start`, whose parts tell nothing more.
    pub(super) fn cut_here(&self, start: u64, why: &str, at: u64) -> Misfit {
        let came = at - start;
        let message = match &self.kind {
            _ if came == 0 => format!("{why} where {} was expected", self.describe()),
            Kind::Until(delimiter) => format!("{why} before {} came", cut(delimiter)),
            Kind::UntilMatch { source, .. } => format!("{why} before a match of {} came", regex(source)),
            Kind::Exactly(exact) => format!("{why} after {came} of {}", count(exact.bytes.len(), "byte")),
            Kind::Hex(bytes) => format!("{why} after {came} of {}", count(bytes.len() as u64, "byte")),
            Kind::Bytes { count: bytes, .. } => format!("{why} after {came} of {}", count(*bytes, "byte")),
            Kind::Number { width, .. } => {
                format!("{why} after {came} of the {} bytes of {}", width.bytes, width.name())
            }
            _ => format!("{why} after {}, where {} was expected", count(came, "byte"), self.describe()),
        };
        let mut misfit = Misfit::new(start, at, self.describe(), message);
        if let Kind::Exactly(exact) = &self.kind {
            misfit.expect_at(exact, start, at);
        }
        misfit.within(self.span, start)
    }
}

/// Takes bytes that are shown as they are.
fn take(bytes: usize, settled: &mut u64, context: &mut Context<'_>) {
    let end = *settled + bytes as u64;
    let taken = context.view.slice(*settled, end);
    context.show(taken);
    *settled = end;
}

impl Misfit {
    /// What was expected there: the bytes from where it is shown to a little beyond, and the form of
    /// a list that the wrong byte belongs to.
    fn expect_at(&mut self, exact: &Exact, start: u64, at: u64) {
        self.expected = Some(exact.bytes.copy(self.from - start, (at - start).saturating_add(AROUND)));
        self.part = exact.form_at(at - start).map(|(span, offset)| (span, start + offset));
    }
}

fn exactly(exact: &Exact, start: u64, settled: &mut u64, context: &mut Context<'_>) -> Result<bool, Misfit> {
    let bytes = &exact.bytes;
    let input = context.view.from(*settled);
    let offset = *settled - start;
    let left = bytes.len() - offset;
    let input = &input[..left.min(input.len() as u64) as usize];
    let same = bytes.matching(offset, input);
    *settled += same as u64;
    if same < input.len() {
        let at = *settled;
        let expected = bytes.copy(at - start, at - start + 1);
        let message =
            format!("byte {} is {}, where {} was expected", at + 1, quoted(&input[same..=same]), quoted(&expected));
        let mut misfit = Misfit::new(start, at, String::new(), message).seen(at + 1);
        misfit.words = None;
        misfit.expect_at(exact, start, at);
        return Err(misfit);
    }
    if (same as u64) < left {
        return Ok(false);
    }
    if let Some(shown) = &mut context.shown {
        show_payload(exact, shown);
    }
    Ok(true)
}

fn hex(
    node: &Node,
    bytes: &[Option<u8>],
    start: u64,
    settled: &mut u64,
    context: &mut Context<'_>,
) -> Result<bool, Misfit> {
    let left = &bytes[(*settled - start) as usize..];
    for (expected, got) in left.iter().zip(context.view.from(*settled)) {
        if expected.is_some_and(|expected| expected != *got) {
            let expected = expected.unwrap_or_default();
            let message = format!("byte {} is {got:02x}, where {expected:02x} was expected", *settled + 1);
            return Err(Misfit::new(start, *settled, node.describe(), message).seen(*settled + 1));
        }
        *settled += 1;
    }
    let done = *settled - start == bytes.len() as u64;
    if done && let Some(shown) = &mut context.shown {
        show_hex(bytes, shown);
    }
    Ok(done)
}

fn bytes(count: u64, start: u64, settled: &mut u64, context: &mut Context<'_>) -> bool {
    let left = count - (*settled - start);
    let input = context.view.from(*settled).len() as u64;
    take(left.min(input) as usize, settled, context);
    input >= left
}

fn number(
    width: Width,
    mask: Option<(u64, u64)>,
    so_far: &mut [u8; 8],
    start: u64,
    settled: &mut u64,
    context: &mut Context<'_>,
) -> Result<bool, Misfit> {
    let wanted = usize::from(width.bytes);
    for byte in context.view.from(*settled) {
        let have = (*settled - start) as usize;
        if have == wanted {
            break;
        }
        so_far[have] = *byte;
        *settled += 1;
    }
    if *settled - start < wanted as u64 {
        return Ok(false);
    }
    let Some((bits, is)) = mask else {
        context.show(&so_far[..wanted]);
        return Ok(true);
    };
    let number = width.decode(&so_far[..wanted]);
    if number & bits != is {
        let digits = wanted * 2;
        let message = format!(
            "{} is 0x{number:0digits$x}, of which the bits 0x{bits:0digits$x} are {}, where {is} was expected",
            width.name(),
            number & bits
        );
        return Err(Misfit::new(start, start, masked(width, (bits, is)), message).seen(*settled));
    }
    if let Some(shown) = &mut context.shown {
        shown.part(show_mask(width, (bits, is)));
    }
    Ok(true)
}

fn rest(ends: &[End], start: u64, settled: &mut u64, context: &mut Context<'_>) -> Result<bool, Misfit> {
    take(context.view.from(*settled).len(), settled, context);
    let end = match context.view.end {
        None => return Ok(false),
        Some(Boundary::Datagram | Boundary::Read | Boundary::Frame) => return Ok(true),
        Some(Boundary::Eof) => End::Eof,
        Some(Boundary::Reset) => End::Reset,
        Some(Boundary::Truncated) => End::Truncated,
    };
    let allowed = if ends.is_empty() { &[End::Eof][..] } else { ends };
    if !allowed.contains(&end) {
        let names: Vec<&str> = allowed.iter().map(|end| end.name()).collect();
        let words = format!("the rest, up to {}", names.join(" or "));
        let message = format!(
            "the stream ended by {} after {}, where {} was expected",
            end.name(),
            count(*settled - start, "byte"),
            names.join(" or ")
        );
        return Err(Misfit::new(start, *settled, words, message));
    }
    context.yields.end = Some(end);
    if let Some(shown) = &mut context.shown {
        show_ends(ends, shown);
    }
    Ok(true)
}
