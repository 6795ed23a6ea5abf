//! What happened, in a form that is the same every time the same thing happens.
//!
//! [`event`] has the events, [`shown`] the bytes in them as a trace shows them, [`record`] the
//! record of one run with everything that a trace leaves out, [`scene`] what was seen on both sides when
//! a step failed, [`canonical`] the trace that is made of a record, [`text`] the form in which it is
//! compared and reviewed, and [`read`] that form read back.

pub mod canonical;
pub mod event;
mod payload;
mod placed;
pub mod read;
pub mod record;
pub mod scene;
pub mod shown;
pub mod text;

pub use canonical::{Trace, same_events};
pub(crate) use payload::regex;
pub use payload::sha256;
pub use placed::{Placed, placed};
pub use read::TraceText;
pub use text::text_of;
