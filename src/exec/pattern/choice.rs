//! Alternatives that are followed side by side until one is chosen: `one_of`, `any_order` and
//! `until_last`.

use std::cmp::Reverse;

use super::mismatch::Misfit;
use super::node::Node;
use super::show::show_group;
use super::state::{Context, Progress, State, Step, Yield};
use super::view::View;

/// Alternatives from one place on, in the order in which they are tried.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// Which of the nodes they are.
    candidates: Vec<usize>,
    /// Where they begin.
    from: u64,
    branches: Vec<Branch>,
    /// Those that were given up, each with its misfit.
    given_up: Vec<(usize, Misfit)>,
}

/// An alternative that is still possible.
#[derive(Debug)]
struct Branch {
    node: usize,
    state: State,
    yields: Yield,
    done: bool,
}

/// The alternative that was chosen.
struct Chosen {
    node: usize,
    end: u64,
    yields: Yield,
}

impl Choice {
    /// A choice among the first `count` nodes.
    pub(super) fn new(count: usize) -> Self {
        Self { candidates: (0..count).collect(), ..Self::default() }
    }

    /// Follows every alternative as far as the bytes in view allow. The first that fits is chosen
    /// when those before it are given up. What all take is settled. They are of the form `node`, which
    /// began at `start`.
    fn choose(
        &mut self,
        (node, start): (&Node, u64),
        nodes: &[Node],
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Result<Option<Chosen>, Misfit> {
        if self.branches.is_empty() {
            self.begin(nodes, *settled, context);
        }
        let mut at = 0;
        while let Some(branch) = self.branches.get_mut(at) {
            if !branch.done {
                match branch.advance(nodes, context) {
                    Ok(Progress::More) => {}
                    Ok(Progress::Done) => branch.done = true,
                    Err(misfit) => {
                        let branch = self.branches.remove(at);
                        self.given_up.push((branch.node, misfit));
                        continue;
                    }
                }
            }
            at += 1;
            if self.branches[at - 1].done {
                // Those after one that fits can no longer be chosen.
                self.branches.truncate(at);
            }
        }
        let Some(least) = self.branches.iter().map(|branch| branch.state.settled).min() else {
            return Err(self.none_fits(node, start, *settled, context.view));
        };
        *settled = least;
        if !self.branches[0].done {
            return Ok(None);
        }
        let chosen = self.branches.swap_remove(0);
        self.branches.clear();
        self.given_up.clear();
        Ok(Some(Chosen { node: chosen.node, end: chosen.state.settled, yields: chosen.yields }))
    }

    fn begin(&mut self, nodes: &[Node], at: u64, context: &Context<'_>) {
        self.from = at;
        let inherited = || if context.inherit { context.yields.clone() } else { Yield::default() };
        self.branches.extend(self.candidates.iter().map(|node| Branch {
            node: *node,
            state: nodes[*node].begin(at),
            yields: inherited(),
            done: false,
        }));
    }

    /// The misfit of them all. Where bytes are only missing for some, it is the end of the bytes that
    /// is wrong.
    fn none_fits(&mut self, node: &Node, start: u64, at: u64, view: View<'_>) -> Misfit {
        let is_short = |misfit: &Misfit| misfit.end.is_some() && misfit.end == view.end && misfit.at == view.limit();
        let mut short = self.given_up.extract_if(.., |(_, misfit)| is_short(misfit));
        let (first, more) = (short.next(), short.count() > 0);
        match (first, view.end) {
            (Some((_, misfit)), _) if !more => misfit,
            (Some(_), Some(end)) => node.cut_here(start, end.reached(), view.limit()).ended(view.end),
            _ => none_fits(self.furthest(at), node, self.from),
        }
    }

    /// Of the alternatives that do not fit, the one that went furthest is the one that was meant,
    /// or the first of these.
    fn furthest(&mut self, at: u64) -> Misfit {
        self.given_up.iter_mut().for_each(|(_, misfit)| misfit.refine());
        let furthest = self.given_up.drain(..).max_by_key(|(node, misfit)| (misfit.seen, misfit.at, Reverse(*node)));
        let none = || Misfit::new(at, at, "an alternative", "there is no alternative");
        furthest.map_or_else(none, |(_, misfit)| misfit)
    }

    /// The `one_of` form.
    pub(super) fn one_of(
        &mut self,
        of: (&Node, u64),
        nodes: &[Node],
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Step {
        let Some(chosen) = self.choose(of, nodes, settled, context)? else { return Ok(Progress::More) };
        context.yields.adopt(chosen.yields);
        if let Some(shown) = &mut context.shown {
            shown.part(show_group("one_of", nodes));
        }
        Ok(Progress::Done)
    }

    /// The alternative that is left, where it is only one.
    pub(super) fn only(&self) -> Option<(usize, &State)> {
        match self.branches.as_slice() {
            [branch] if !branch.done => Some((branch.node, &branch.state)),
            _ => None,
        }
    }

    /// The alternatives that are still possible, with their states and whether they fit already.
    pub(super) fn alive(&self) -> impl Iterator<Item = (usize, Option<&State>, bool)> {
        let begun = self.branches.iter().map(|branch| (branch.node, Some(&branch.state), branch.done));
        let fresh = self.candidates.iter().filter(|_| self.branches.is_empty()).map(|node| (*node, None, false));
        begun.chain(fresh)
    }
}

/// The misfit of the alternative that went furthest, as one of all of them.
fn none_fits(mut misfit: Misfit, node: &Node, from: u64) -> Misfit {
    if misfit.at == from {
        // None was better than another.
        misfit.part = None;
        misfit.expected = None;
        misfit.words = Some(node.describe());
        misfit.message = "no alternative fits".into();
    } else if !misfit.message.starts_with(NONE_FITS) {
        misfit.message = format!("{NONE_FITS}: {}", misfit.message);
    }
    misfit
}

const NONE_FITS: &str = "no alternative fits; the one that went furthest";

impl Branch {
    fn advance(&mut self, nodes: &[Node], context: &mut Context<'_>) -> Step {
        let mut own = Context {
            view: context.view,
            shown: None,
            yields: &mut self.yields,
            inherit: context.inherit,
            alternative: true,
        };
        nodes[self.node].advance(&mut self.state, &mut own)
    }
}

/// The members of an `any_order` that have not come yet.
#[derive(Debug)]
pub(super) struct AnyOrder {
    pub(super) choice: Choice,
}

impl AnyOrder {
    pub(super) fn new(count: usize) -> Self {
        Self { choice: Choice::new(count) }
    }

    pub(super) fn advance(
        &mut self,
        of: (&Node, u64),
        nodes: &[Node],
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Step {
        while !self.choice.candidates.is_empty() {
            let Some(chosen) = self.choice.choose(of, nodes, settled, context)? else { return Ok(Progress::More) };
            *settled = chosen.end;
            context.yields.adopt(chosen.yields);
            self.choice.candidates.retain(|node| *node != chosen.node);
        }
        if let Some(shown) = &mut context.shown {
            shown.part(show_group("any_order", nodes));
        }
        Ok(Progress::Done)
    }
}

/// The repetition of an `until_last` that is being taken.
#[derive(Debug)]
pub(super) struct UntilLast {
    pub(super) choice: Choice,
}

impl Default for UntilLast {
    fn default() -> Self {
        Self { choice: Choice::new(2) }
    }
}

impl UntilLast {
    /// The first of the members is the last that comes.
    pub(super) fn advance(
        &mut self,
        of: (&Node, u64),
        (members, plain): (&[Node; 2], bool),
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Step {
        let before = *settled;
        let step = self.repeat(of, members, settled, context);
        if let Some(shown) = &mut context.shown {
            if plain {
                shown.bytes(context.view.slice(before, *settled));
            } else if matches!(step, Ok(Progress::Done)) {
                shown.part(show_group("until_last", members));
            }
        }
        step
    }

    fn repeat(&mut self, of: (&Node, u64), members: &[Node; 2], settled: &mut u64, context: &mut Context<'_>) -> Step {
        loop {
            let from = self.choice.branches.first().map_or(*settled, |branch| branch.state.start);
            let Some(chosen) = self.choice.choose(of, members, settled, context)? else { return Ok(Progress::More) };
            *settled = chosen.end;
            context.yields.adopt(chosen.yields);
            if chosen.node == 0 {
                return Ok(Progress::Done);
            }
            if chosen.end == from {
                let message = "`each` took no byte, so it would be repeated for ever";
                return Err(Misfit::new(from, from, members[1].describe(), message));
            }
        }
    }
}
