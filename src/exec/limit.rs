//! How many descriptors this process may have.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::stop::Stop;
use crate::plan::Plan;

/// What the runner has open beside the sockets of a test.
const OWN: u64 = 16;

/// So many are there on every machine, so that it need not be asked.
const USUAL: u64 = 256;

/// The limit that this process was started with, where it was raised.
static STARTED_WITH: OnceLock<Rlimit> = OnceLock::new();

/// Raises the limit of this process as far as it may. The programs that it starts have the one that it was
/// started with: select(2) goes no further than 1024.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_ok()
    {
        let _ = STARTED_WITH.set(limit);
    }
}

/// The limit that programs are to have, where it is not that of this process.
pub(super) fn of_programs() -> Option<libc::rlimit> {
    let number = |limit: Option<u64>| limit.unwrap_or(libc::RLIM_INFINITY);
    STARTED_WITH.get().map(|limit| libc::rlimit { rlim_cur: number(limit.current), rlim_max: number(limit.maximum) })
}

/// Tells before it runs that a test needs more descriptors than there can be.
pub(super) fn suffices(plan: &Plan) -> Result<(), Stop> {
    if plan.has_at_most(USUAL - OWN) {
        return Ok(());
    }
    let Some(most) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    let needed = plan.open_at_once() + OWN;
    if needed <= most {
        return Ok(());
    }
    Err(Stop::CouldNotRun(format!(
        "it needs {needed} descriptors at once, and this process may have {most}: raise the limit, e.g. by \
         `ulimit -Hn {needed}` as root"
    )))
}
