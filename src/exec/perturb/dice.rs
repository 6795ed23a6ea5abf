//! The numbers that decide: each follows from the one before it, the first from the seed.

use std::time::Duration;

use crate::model::splitmix::{STEP, mixed};

use super::Delay;

/// Numbers that follow from one another.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below another, which is not 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// A few yields, or a sleep of less than so many milliseconds.
    pub(super) fn delay(&mut self, longest: u64) -> Delay {
        let yields = self.below(4) as u32;
        let micros = if longest > 0 && self.one_in(2) { self.below(longest * 1000) } else { 0 };
        Delay { yields, sleep: Duration::from_micros(micros) }
    }
}
