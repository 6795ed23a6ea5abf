//! The option by which several machines share the tests.

use clap::Args;

use super::Exit;
use super::output::Output;
use crate::suite::{Found, Partition, Runner};

/// Which share of the tests.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Share {
    /// Take one share of the selected tests, `count:K/N` or `hash:K/N`: the K-th of N, for N machines
    #[arg(long, value_name = "SHARE")]
    partition: Option<Partition>,
}

impl Share {
    /// Keeps the tests of the share. Gives the exit code where it has none, though others have some:
    /// with more machines than tests, one with nothing to do has done it.
    pub(super) fn keep(self, runner: &mut Runner, found: &mut Vec<Found>, output: &mut Output) -> Result<(), Exit> {
        let Some(partition) = self.partition else { return Ok(()) };
        let all = runner.keep_partition(partition, found);
        if found.is_empty() && all > 0 {
            let tests = if all == 1 { "is one test" } else { "are tests" };
            output.note(format!("partition {partition} has no test: there {tests} in the others"));
            return Err(Exit::Success);
        }
        Ok(())
    }
}
