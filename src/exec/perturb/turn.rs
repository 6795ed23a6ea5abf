//! Where a step stands in the loops around it.

use crate::exec::steer::LaneId;
use crate::model::splitmix::mixed;

/// Where a step stands in the loops around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Tells the iterations apart.
    pub(super) path: u64,
    /// How often it runs in all.
    pub(super) times: u64,
}

impl Turn {
    /// Outside of all loops.
    pub(crate) const ONCE: Self = Self { path: 0, times: 1 };

    /// A number for a lane that begins here: another one for each, the same in every run.
    pub(crate) fn lane(self, outer: LaneId, step: u32, index: usize) -> LaneId {
        LaneId(mixed(outer.0 ^ mixed(self.path ^ mixed(u64::from(step) << 32 ^ index as u64))))
    }

    /// In an iteration of a loop that makes so many.
    pub(crate) fn iteration(self, step: u32, iteration: u64, count: u64) -> Self {
        let path = mixed(self.path ^ mixed(u64::from(step) << 32 ^ iteration));
        Self { path, times: self.times.saturating_mul(count.max(1)) }
    }
}
