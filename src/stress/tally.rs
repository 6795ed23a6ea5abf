//! What came of a test's runs: each way in which it went, once, with how often.

use std::time::Duration;

use crate::exec::{Ended, Execution};
use crate::trace;
use crate::trace::record::Record;

use super::cause::Cause;
use super::missing::Missing;
use super::orders::{Order, Orders};

/// How many ways are kept. A test that goes another way each time has shown enough by then.
const KEPT: usize = 16;
/// How many seeds are kept of each.
const SEEDS: usize = 8;
/// For how long a test is run on that has gone in more than one way, or failed: it may wait for a deadline
/// each time.
const ENOUGH: Duration = Duration::from_secs(20);

/// The runs of one test.
#[derive(Debug)]
pub struct Tally {
    /// The test's name.
    pub name: String,
    /// How many perturbed runs were made.
    pub runs: u32,
    /// The ways in which it went, in the order in which they were seen: first that of the run
    /// that was not perturbed.
    pub ways: Vec<Way>,
    /// How many runs went in ways that were not kept.
    pub others: u32,
    /// Why it cannot run here, or could not go on.
    pub trouble: Option<Trouble>,
    /// What came of the orders in which the steps of its lanes can begin, where it has lanes.
    pub orders: Option<Orders>,
    /// The ordering that it lacks, where that was found.
    pub missing: Option<Missing>,
    /// What makes it go another way, where that is not the order of its steps.
    pub cause: Option<Cause>,
    /// How long the run took that was not perturbed.
    pub(super) usual_took: Duration,
    /// How long its runs have taken since it was known to differ or to fail.
    pub(super) took: Duration,
}

/// One way in which a test went.
#[derive(Debug)]
pub struct Way {
    /// How many perturbed runs went so.
    pub count: u32,
    /// Whether the run went so that was not perturbed.
    pub is_usual: bool,
    /// The lowest seed of a perturbed run that went so.
    pub seed: Option<u64>,
    /// The lowest seeds, that one among them.
    pub(super) seeds: Vec<u64>,
    /// The first run that went so.
    pub record: Box<Record>,
    /// Its canonical trace.
    pub trace: String,
}

/// Why a test has no runs, or fewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The machine lacks something.
    Ignored(String),
    /// The runner could not do its work.
    CouldNotRun(String),
}

impl Way {
    /// Whether a step did otherwise than written.
    pub fn failed(&self) -> bool {
        self.record.failure.is_some()
    }

    /// Whether a run went so.
    pub fn is_of(&self, record: &Record, trace: &str) -> bool {
        is_same_way((&self.record, &self.trace), (record, trace))
    }
}

/// Whether two runs, each with its canonical trace, went the same way. Of runs that failed it counts at
/// which step: how far other lanes had come by then says nothing.
pub(super) fn is_same_way(one: (&Record, &str), other: (&Record, &str)) -> bool {
    match (&one.0.failure, &other.0.failure) {
        (None, None) => one.1 == other.1,
        (Some(one), Some(other)) => (one.line, &one.file) == (other.line, &other.file),
        _ => false,
    }
}

impl Tally {
    /// That of a test that has not run.
    pub fn new(name: String) -> Self {
        Self {
            name,
            runs: 0,
            ways: Vec::new(),
            others: 0,
            trouble: None,
            orders: None,
            missing: None,
            cause: None,
            usual_took: Duration::ZERO,
            took: Duration::ZERO,
        }
    }

    /// Whether the runs went in more than one way.
    pub fn differs(&self) -> bool {
        self.ways.len() > 1
    }

    /// Whether a run has shown already that not all is well.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.differs() || self.ways.iter().any(Way::failed)
    }

    /// Whether more runs of it would tell nothing new, and take their time.
    pub fn has_shown_enough(&self) -> bool {
        self.took >= ENOUGH
    }

    /// Whether it fails whatever is done to it, at the same step.
    pub fn fails(&self) -> bool {
        !self.differs() && self.ways.iter().any(Way::failed)
    }

    /// How the run went that was not perturbed.
    pub fn usual(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.is_usual)
    }

    /// The other way that came most often.
    pub fn other(&self) -> Option<&Way> {
        // Of ways that came equally often, the one that was seen first.
        self.ways.iter().filter(|way| !way.is_usual).rev().max_by_key(|way| way.count)
    }

    /// Adds a run: that of a seed, or the one that was not perturbed. One that was cancelled, or
    /// could not be made, says nothing.
    pub(super) fn add(&mut self, execution: Execution, seed: Option<u64>) {
        match execution.ended {
            Ended::Completed | Ended::Failed => {}
            Ended::CouldNotRun(reason) => {
                self.trouble = Some(Trouble::CouldNotRun(reason));
                return;
            }
            Ended::Cancelled { .. } => return,
        }
        self.count(execution.record, seed);
    }

    /// Adds what came of the orders of its steps. Where none of them goes the usual way, they were not
    /// those of an ordinary run, and say nothing.
    pub fn add_orders(&mut self, orders: Orders) {
        let Some(usual) = self.usual() else { return };
        if !orders.ways.iter().any(|way| usual.is_of(&way.shortest.record, &way.shortest.trace)) {
            return;
        }
        for Order { record, trace, .. } in orders.ways.iter().map(|way| &way.shortest) {
            if self.ways.len() < KEPT && !self.ways.iter().any(|way| way.is_of(record, trace)) {
                let (record, trace) = (record.clone(), trace.clone());
                self.ways.push(Way { count: 0, is_usual: false, seed: None, seeds: Vec::new(), record, trace });
            }
        }
        self.orders = Some(orders);
    }

    /// Counts the record of a run that went to its end, or to a step that failed.
    pub fn count(&mut self, record: Record, seed: Option<u64>) {
        let perturbed = u32::from(seed.is_some());
        self.runs += perturbed;
        let trace = trace::text_of(&record);
        match self.ways.iter().position(|way| way.is_of(&record, &trace)) {
            Some(known) => {
                let way = &mut self.ways[known];
                way.count += perturbed;
                way.is_usual |= seed.is_none();
                // Runs of one test may end in another order than that of their seeds.
                way.seeds.extend(seed);
                way.seeds.sort_unstable();
                way.seeds.truncate(SEEDS);
                way.seed = way.seeds.first().copied();
            }
            None if self.ways.len() >= KEPT => self.others += perturbed,
            None => {
                let (record, seeds) = (Box::new(record), seed.into_iter().collect());
                self.ways.push(Way { count: perturbed, is_usual: seed.is_none(), seed, seeds, record, trace });
            }
        }
    }
}
