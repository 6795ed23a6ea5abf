//! Finds out which perturbation makes a test go another way, where that is not the order of its steps.

use std::time::Duration;

use crate::exec::{Ended, Options, Perturbation};
use crate::model::perturb::Perturb;
use crate::plan::Plan;
use crate::source::SourceFile;
use crate::suite::{Runner, Worker};
use crate::trace;

use super::budget::Budget;
use super::tally::Tally;

/// How many runs are made of seeds that went another way.
const RUNS: usize = 16;
/// How many of them must do so again: where it were all one whether a kind is left out, some would then,
/// too, nearly always (all but three in a thousand).
const ENOUGH: usize = 5;
/// For how long it is looked for.
const LOOKING: Duration = Duration::from_secs(10);

/// What makes a test go another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Without any one of these perturbations, seeds that go another way go the usual one.
    Perturbed(Vec<Kind>),
    /// The seeds go another way whatever is left out, or do not do so again: it is decided by somebody else
    /// than the steps of the spec.
    Elsewhere,
}

/// A kind of perturbation that a spec can turn off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sends arrive in pieces, or joined.
    Segments,
    /// Buffers are small.
    Buffers,
    /// Steps are delayed, and lanes resumed in another order.
    Schedule,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Segments, Self::Buffers, Self::Schedule];

    /// Its name in a spec.
    pub fn word(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Buffers => "buffers",
            Self::Schedule => "schedule",
        }
    }

    fn without(self, what: Perturb) -> Perturb {
        match self {
            Self::Segments => Perturb { segments: false, ..what },
            Self::Buffers => Perturb { buffers: false, ..what },
            Self::Schedule => Perturb { schedule: false, ..what },
        }
    }
}

/// How a cause is looked for.
pub(super) struct Search<'a> {
    pub(super) runner: &'a Runner,
    pub(super) source: &'a SourceFile,
    /// The longest that a step may take, where that is bounded.
    pub(super) longest: Option<Duration>,
    /// How much time is left for everything.
    pub(super) left: Duration,
}

impl Search<'_> {
    /// Runs seeds again that went another way, each time without one kind of perturbation. `None` where
    /// that cannot be done.
    pub(super) fn find(&self, plan: &Plan, tally: &Tally, worker: &mut Worker) -> Option<Cause> {
        let usual = tally.usual()?;
        let budget = Budget::new(LOOKING, self.left);
        let others = || tally.ways.iter().filter(|way| !way.is_usual);
        // Some of each way.
        let seeds: Vec<u64> =
            (0..RUNS).flat_map(|nth| others().filter_map(move |way| way.seeds.get(nth).copied())).collect();
        // In how many runs it goes another way, of which so many are enough to know.
        let mut differ = |without: Option<Kind>, enough: usize| -> Option<usize> {
            let mut count = 0;
            for seed in seeds.iter().cycle().take(RUNS) {
                if self.runner.cancel.is_cancelled() || budget.is_over() {
                    return None;
                }
                let mut perturb = Perturbation::of(plan, *seed);
                if let Some(kind) = without {
                    perturb = perturb.only(kind.without(perturb.what));
                }
                let (longest, cancel) = (self.longest, self.runner.cancel.clone());
                let options = Options { perturb: Some(perturb), longest, cancel, ..Options::default() };
                let run = worker.execute(plan, self.source, &options).ok()?;
                let ended = matches!(run.ended, Ended::Completed | Ended::Failed);
                count += usize::from(ended && !usual.is_of(&run.record, &trace::text_of(&run.record)));
                if count == enough {
                    break;
                }
            }
            Some(count)
        };
        if seeds.is_empty() {
            return None;
        }
        if differ(None, ENOUGH)? < ENOUGH {
            return Some(Cause::Elsewhere);
        }
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            if differ(Some(kind), 1)? == 0 {
                kinds.push(kind);
            }
        }
        Some(if kinds.is_empty() { Cause::Elsewhere } else { Cause::Perturbed(kinds) })
    }
}
