//! A [`Plan`] is what can be executed: one case of a spec with every word understood, every static
//! variable replaced, and every static check passed.
//!
//! A plan has steps (`step`), most of which are calls (`call`) of a verb (`verb`). `build` makes plans
//! of specs, `analysis` finds what cannot work before it runs.

mod analysis;
pub mod build;
mod call;
pub mod case;
mod constant;
mod descriptors;
mod expect;
pub mod expression;
pub mod file;
mod fixed;
pub mod given;
mod option;
pub mod pattern;
pub mod payload;
mod portable;
pub mod program;
pub mod receive;
mod room;
mod step;
pub mod template;
#[cfg(test)]
mod tests;
pub mod tls;
mod verb;
mod walk;

pub use build::{build, check};
pub use call::{Call, Mode};
pub use case::{Case, cases};
pub use expect::{Attribute, AttributeCheck, Condition};
pub use given::{Configured, Origin, Settings};
pub use option::OptionValue;
pub use portable::{linux_only, needs_linux};
pub use room::Room;
pub use step::{Action, Assertion, Assignment, Barrier, Lane, Row, Step};
pub use verb::{Number, Raises, Target, Verb};

use crate::model::perturb::Perturb;
use crate::model::topology::Topology;
use crate::model::value::Value;

/// One case of a spec, ready to be executed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The test's name: the spec's path without `.yaml`, and the case: `tcp/echo[net=tcp6]`.
    pub test: String,
    /// The spec's `about`.
    pub about: String,
    /// The variables that are known before the spec runs, for expressions.
    pub constants: Vec<(String, Value)>,
    /// The variables that hold reserved ports.
    pub ports: Vec<String>,
    /// What is written into the temporary folder before the first step.
    pub files: Vec<file::File>,
    /// Whether something names that folder.
    pub tmp: bool,
    /// Whether addresses outside the loopback range are allowed.
    pub allow_net: bool,
    /// The isolated network that it runs in; `None` where it runs in that of the machine.
    pub topology: Option<Topology>,
    /// Whether the segments on that network are part of the trace.
    pub wire: bool,
    /// How `sockspec stress` may perturb it.
    pub perturb: Perturb,
    /// The steps.
    pub steps: Vec<Step>,
}
