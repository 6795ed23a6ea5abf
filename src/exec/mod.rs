//! Runs a [`Plan`] on real sockets and gives the [`Record`] of what happened.
//!
//! A spec runs in one thread: its lanes are futures of one task on a current-thread runtime, which
//! is made once for each worker thread and used again. A call is tried first and waited for only
//! where it would block, so an ordinary exchange costs little more than its system calls.
//!
//! `test/` prepares a run and ends it; `lane/` runs its steps, one after the other or in several lanes at
//! once; `verbs/` has one file a verb, `endpoint/` what the runner knows of the sockets that they work on;
//! `settle` waits until the effect of a step has arrived; `net/` is the seam to the sockets.

mod cancel;
mod endpoint;
mod lane;
mod limit;
pub(crate) mod net;
pub(crate) mod pattern;
pub(crate) mod payload;
mod perturb;
pub(crate) mod platform;
mod program;
mod settle;
mod shown;
mod starved;
mod steer;
mod stop;
mod test;
#[cfg(test)]
mod tests;
pub(crate) mod values;
mod verbs;
mod wire;
mod witness;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime as Tokio};

use crate::plan::Plan;
use crate::source::SourceFile;
use crate::trace::record::{Record, VERSION};

pub use cancel::Cancel;
pub use limit::raise_open_files;
pub use perturb::Perturbation;
use platform::diag::Diag;
use platform::isolation::{self, Net};
pub use platform::isolation::{can_isolate, may_isolate, prepare_isolation};
pub use program::{find_program, prepare_programs};
pub use starved::starved;
pub use steer::{Begun, LaneId, Script, Split, Turns};
use test::Test;
pub use test::own_folder;
pub use wire::CapturedFrame;
use wire::Collector;

/// What a worker thread needs to run specs, made once: the runtime, and what tests share.
#[derive(Debug)]
pub struct Runtime {
    tokio: Tokio,
    shared: Shared,
}

/// What the tests of one worker share. Nothing in it can be seen in a trace.
#[derive(Debug, Default)]
struct Shared {
    /// The netlink socket for questions about sockets; opened when first asked.
    diag: std::cell::OnceCell<Option<Diag>>,
    /// Buffers to receive into.
    buffers: std::cell::RefCell<Vec<Vec<u8>>>,
}

/// How a plan is executed.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the record keeps every iteration of a `repeat`, also those that are like the one
    /// before.
    pub keep_all: bool,
    /// Whether the frames that cross an isolated network are kept, for a capture file.
    pub keep_frames: bool,
    /// How the run is perturbed, if it is.
    pub perturb: Option<Perturbation>,
    /// In which order the steps of lanes begin; however they come where there is none.
    pub script: Option<Script>,
    /// The longest time that a step may take, whatever the spec says.
    pub longest: Option<Duration>,
    /// Ends the run early.
    pub cancel: Cancel,
}

/// What came of it.
#[derive(Debug)]
pub struct Execution {
    /// What happened, up to the end or to the step that failed.
    pub record: Record,
    /// How it ended.
    pub ended: Ended,
    /// The frames that crossed its isolated network, in order, where they were to be kept.
    pub frames: Vec<CapturedFrame>,
    /// The turns that lanes took, where the run had a script for them.
    pub turns: Turns,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Every step did as written.
    Completed,
    /// A step did otherwise; the record's `failure` says which and how.
    Failed,
    /// The runner could not do its work; with the reason.
    CouldNotRun(String),
    /// The run was cancelled.
    Cancelled {
        /// The line of the step that ran, from 1; 0 where none did.
        line: u32,
        /// The file that the step is in, where that is not the spec.
        file: Option<String>,
    },
}

impl Runtime {
    /// A runtime for one worker thread.
    ///
    /// # Errors
    /// When the kernel gives no epoll descriptor.
    pub fn new() -> io::Result<Self> {
        // Before anything is opened that a program must not have.
        prepare_programs();
        let tokio = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { tokio, shared: Shared::default() })
    }

    /// Runs one plan to its end. When it returns, however the run ended, every socket of it is
    /// closed and its temporary folder is gone.
    pub fn execute(&mut self, plan: &Plan, source: &SourceFile, options: &Options) -> Execution {
        match &plan.topology {
            None => self.execute_in(None, None, plan, source, options),
            Some(topology) => isolation::on_thread(|| {
                let wanted = plan.wire || options.keep_frames;
                let wire = wanted.then(|| Rc::new(Collector::new(options.keep_frames)));
                let net = Net::create(topology, wire.as_ref())?;
                let execution = Self::new()?.execute_in(Some(net), wire, plan, source, options);
                Ok((execution, starved()))
            })
            .map_or_else(
                |error| could_not_run(plan, &format!("no isolated network: {error}")),
                |(execution, waited)| {
                    starved::count(waited);
                    execution
                },
            ),
        }
    }

    fn execute_in(
        &mut self,
        net: Option<Net>,
        wire: Option<Rc<Collector>>,
        plan: &Plan,
        source: &SourceFile,
        options: &Options,
    ) -> Execution {
        let test = Test::new(plan, source, options, &self.shared, net, wire);
        self.tokio.block_on(test.run())
    }
}

/// A run that did not begin.
fn could_not_run(plan: &Plan, reason: &str) -> Execution {
    let record =
        Record { version: VERSION, test: plan.test.clone(), entries: Vec::new(), end: Vec::new(), failure: None };
    let ended = Ended::CouldNotRun(reason.to_owned());
    Execution { record, ended, frames: Vec::new(), turns: Turns::default() }
}
