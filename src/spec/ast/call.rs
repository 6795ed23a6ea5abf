//! A verb of an endpoint with its modifiers.

use crate::source::Span;

use super::{Scalar, Verb};

/// A verb of an endpoint, with its modifiers.
#[derive(Debug, Clone)]
pub struct Call {
    /// The endpoint; may hold `${i}`.
    pub endpoint: Scalar,
    /// The verb with what it takes.
    pub verb: Verb,
    /// The place of the verb's word.
    pub verb_span: Span,
    /// The host that a new socket is created on.
    pub host: Option<Scalar>,
    /// This step's deadline.
    pub within: Option<Scalar>,
    /// It must not complete earlier than this.
    pub after: Option<Scalar>,
    /// `true`: as a blocking call.
    pub blocking: Option<Scalar>,
    /// `true`: one call, and what it says.
    pub nonblocking: Option<Scalar>,
    /// The errors that it may or must give.
    pub fails: Option<Fails>,
}

/// The errors that a step may give.
#[derive(Debug, Clone)]
pub enum Fails {
    /// One, or a list of allowed outcomes, `none` among them where success is allowed.
    Any(Vec<Scalar>),
    /// By platform.
    ByPlatform(Vec<(Scalar, Vec<Scalar>)>),
}
