//! The matcher: which bytes of a stream or a datagram a pattern takes, and whether they are as it
//! says, however they arrive.
//!
//! A [`Machine`] is fed what the kernel shows, from the first byte that it has not taken, and says
//! how many of these bytes are surely the pattern's. It keeps no byte that it does not need, goes
//! over none twice, and gives the same result for any way in which the bytes are cut.
//!
//! A compiled pattern is a tree of [`node::Node`]s, which never change, and beside it a tree of
//! [`state::State`]s, which do. Every position is counted from the pattern's first byte.
//!
//! What the language leaves open is decided so:
//! - The choice of a `one_of` is open while an earlier alternative may still fit. Once made it is
//!   final: nothing that comes later in a list, or at the end of a frame, reopens it.
//! - An alternative with a `match` beside `until`, `bytes` or another form without parts is given up
//!   at the first byte that its expression cannot take, not only when all its bytes are there.
//! - A `one_of`, an `any_order`, and an `until_last` in whose members anything varies are shown as
//!   groups, in which bytes that the spec does not say are `~`; another `until_last` is shown as it
//!   came.
//! - Where `as` and `match` stand together, the trace shows the name.
//! - `as` keeps all that was taken, an `until`'s delimiter included; `match` sees it without that.
//! - A part of a list may use what a part before it kept: `[{u16: any, as: n}, {bytes: "${n}"}]`.

mod ahead;
mod automaton;
mod choice;
mod compile;
mod defer;
mod describe;
mod leaf;
mod mismatch;
mod node;
mod search;
mod show;
mod sized;
mod state;
mod view;

pub(crate) use mismatch::Mismatch;
pub(crate) use view::Boundary;

use self::ahead::Ahead;
use self::mismatch::{Misfit, Recent};
use self::node::Node;
use self::state::{Context, Progress, State, Yield};
use self::view::View;
use super::shown::ShownBuilder;
use super::values::Scope;
use crate::model::value::Value;
use crate::plan::pattern::{End, Pattern};
use crate::trace::shown::Shown;

/// A pattern at work.
#[derive(Debug)]
pub(crate) struct Machine {
    node: Node,
    state: State,
    shown: ShownBuilder,
    yields: Yield,
    recent: Recent,
    /// How many bytes have been taken from the kernel.
    taken: u64,
    /// Whether a part may use what another kept.
    inherit: bool,
}

/// What one feeding came to.
#[derive(Debug)]
pub(crate) struct Fed {
    /// How many of the bytes are the pattern's, whatever comes. The next feeding begins after them.
    pub(crate) taken: usize,
    /// Whether that was all.
    pub(crate) outcome: Outcome,
}

/// How far a pattern is.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// More bytes are needed than were shown. Bytes that were shown and not taken are to be shown
    /// again, but nothing changes until there are more than these.
    More,
    /// The pattern has all its bytes; [`Machine::into_matched`] says what they were.
    Done,
    /// The bytes are not as the pattern says.
    Failed(Box<Mismatch>),
}

/// How the next bytes are best had from the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// So many bytes at least are taken whatever they are: they can be received directly, in
    /// pieces of any size, each of which is taken as a whole. `u64::MAX`: up to the end.
    Exact(u64),
    /// Only looking at the bytes tells how many are taken.
    Peek,
    /// No more bytes: the pattern ends here, and is to be fed once more with none. So it is with
    /// an empty pattern from the start.
    Nothing,
}

/// What a pattern took.
#[derive(Debug)]
pub(crate) struct Matched {
    /// The bytes, as a trace shows them.
    pub(crate) shown: Vec<Shown>,
    /// Variables, with `as` or as groups of a `match`, in the order in which they were set first.
    pub(crate) captures: Vec<(String, Value)>,
    /// How many bytes.
    #[cfg_attr(not(test), expect(dead_code, reason = "the runner counts what it takes"))]
    pub(crate) size: u64,
    /// The end of the stream, where the pattern went up to it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the runner has seen it itself"))]
    pub(crate) end: Option<End>,
}

impl Machine {
    /// Gives a pattern its values. An error is a sentence for the failure's message.
    pub(crate) fn new(pattern: &Pattern, scope: Scope<'_>) -> Result<Self, String> {
        let mut names = Vec::new();
        let node = compile::compile(pattern, scope, None, &mut names)?;
        Ok(Self {
            inherit: !names.is_empty(),
            state: node.begin(0),
            node,
            shown: ShownBuilder::default(),
            yields: Yield::default(),
            recent: Recent::default(),
            taken: 0,
        })
    }

    /// Feeds the bytes that come next, the first that was not taken first; `end` says what comes
    /// after them, where that is known. Not to be called again once it was done or has failed.
    pub(crate) fn feed(&mut self, input: &[u8], end: Option<Boundary>) -> Fed {
        let view = View { bytes: input, base: self.taken, end };
        let mut context = Context {
            view,
            shown: Some(&mut self.shown),
            yields: &mut self.yields,
            inherit: self.inherit,
            alternative: false,
        };
        let step = self.node.advance(&mut self.state, &mut context);
        let taken = (self.state.settled - self.taken) as usize;
        let step = match step {
            Ok(Progress::Done) if taken < input.len() => {
                let more = |what| Misfit::too_long(&self.node, self.state.settled, what, input.len() - taken);
                match end {
                    Some(Boundary::Datagram) => Err(more("datagram")),
                    Some(Boundary::Read) => Err(more("read")),
                    _ => step,
                }
            }
            step => step,
        };
        let outcome = match step {
            Ok(Progress::Done) => Outcome::Done,
            Ok(Progress::More) => {
                self.recent.push(&input[..taken]);
                self.taken += taken as u64;
                Outcome::More
            }
            Err(misfit) => Outcome::Failed(Box::new(misfit.seen_in(&self.recent, view))),
        };
        Fed { taken, outcome }
    }

    /// How the next bytes are best had.
    pub(crate) fn wants(&self) -> Want {
        match self.node.ahead(Some(&self.state)) {
            Ahead { bytes: 0, whole: true } => Want::Nothing,
            Ahead { bytes: 0, whole: false } => Want::Peek,
            Ahead { bytes, .. } => Want::Exact(bytes),
        }
    }

    /// What is missing, for a deadline that passed or a receive that failed: `why` begins the
    /// message (`the deadline passed`), and `unread` is what the kernel shows and was not taken.
    pub(crate) fn missing(&self, why: &str, unread: &[u8]) -> Mismatch {
        let view = View { bytes: unread, base: self.taken, end: None };
        self.node.cut(&self.state, why, view.limit()).seen_in(&self.recent, view)
    }

    /// What a pattern that is done took.
    pub(crate) fn into_matched(self) -> Matched {
        Matched {
            shown: self.shown.finish(),
            captures: self.yields.captures,
            size: self.state.settled,
            end: self.yields.end,
        }
    }
}

#[cfg(test)]
mod tests;
