//! What happened, in a form that is the same every time the same thing happens.
//!
//! [`event`] has the events, [`shown`] the bytes in them as a trace shows them, [`record`] the
//! record of one run with everything that a trace leaves out, [`Trace`] the canonical trace and
//! its text form.

pub mod event;
pub mod record;
pub mod shown;
