//! Finds specs, selects among them, and runs each through every stage: read, understood, planned,
//! executed, its trace compared with the snapshot.

pub mod captures;
pub mod config;
pub mod coverage;
pub mod dependencies;
pub mod doctor;
pub mod find;
mod glance;
pub mod last;
pub mod lines;
pub mod list;
pub mod load;
pub mod outcome;
pub mod partition;
pub mod parts;
mod planned;
pub mod pool;
mod prepare;
pub mod records;
pub mod relocate;
pub mod require;
pub mod run;
pub mod select;
pub mod stop;
pub mod tags;
mod test;
pub mod tries;
pub mod waiting;
pub mod watch;

pub use captures::Captures;
pub use config::Config;
pub use find::{FindError, Found, Layout};
pub use last::Last;
pub use list::Listed;
pub use load::Loaded;
pub use outcome::{Change, Detail, Details, Outcome, SpecResult, TestResult, Totals, Tries, Try, Way};
pub use partition::Partition;
pub use planned::{Planned, PlannedTest};
pub use records::Records;
pub use run::{Runner, Worker};
pub use select::Selection;
pub use stop::Stop;
pub use tries::Again;
pub use watch::Watch;
