//! Finds racy specs: runs each test many times, every run perturbed from a seed of its own, and
//! compares the canonical traces of all runs with each other and with that of a run that was not
//! perturbed.
//!
//! `campaign` makes the runs, `load` keeps the machine busy meanwhile, `tally` counts what came
//! of them, `difference` finds where two ways part.

mod budget;
pub mod campaign;
pub mod cause;
pub mod difference;
mod load;
pub mod missing;
pub mod orders;
pub mod outcome;
pub mod repair;
pub mod tally;

pub use campaign::{Campaign, Progress, Settings};
pub use cause::Cause;
pub use difference::{Difference, Step};
pub use missing::{Missing, Repair, Side};
pub use orders::{Line, Order, OrderWay, Orders};
pub use outcome::{Ended, Place, Stressed, Totals};
pub use tally::{Tally, Way};
