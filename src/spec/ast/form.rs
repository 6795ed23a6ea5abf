//! Payloads and patterns.

use crate::source::Span;

use super::Scalar;

/// A payload or a pattern, with its place and what stands beside it.
#[derive(Debug, Clone)]
pub struct Form {
    /// The place.
    pub span: Span,
    /// Which form.
    pub kind: FormKind,
    /// `match`: a regular expression for the whole of what is taken.
    pub matching: Option<Scalar>,
    /// `as`: a variable to keep it in.
    pub capture: Option<Scalar>,
    /// `vary: true`.
    pub vary: Option<Scalar>,
    /// `max`: how much it may hold in memory.
    pub max: Option<Scalar>,
}

/// The forms of payloads and patterns. The decoder lets those that are patterns only stand in
/// patterns only.
#[derive(Debug, Clone)]
pub enum FormKind {
    /// A text.
    Text(Scalar),
    /// `hex`; `..` is any byte in a pattern.
    Hex(Scalar),
    /// `base64`
    Base64(Scalar),
    /// `file`, relative to the spec.
    File(Scalar),
    /// `fill` with `size`.
    Fill {
        /// The bytes that are repeated.
        fill: Scalar,
        /// How many in all.
        size: Scalar,
    },
    /// `random` with `seed`.
    Random {
        /// How many.
        size: Scalar,
        /// The seed, 0 if none.
        seed: Option<Scalar>,
    },
    /// `u8` … `u64le`.
    Number {
        /// The word for width and byte order.
        width: Scalar,
        /// A number, or `any` in a pattern.
        value: Scalar,
        /// Bits that count; a pattern only.
        mask: Option<Scalar>,
        /// What these bits must be; a pattern only.
        is: Option<Scalar>,
    },
    /// `size` with `of`.
    Sized {
        /// The word for the kind of length.
        kind: Scalar,
        /// What follows it.
        of: Box<Form>,
        /// Added to the length.
        plus: Option<Scalar>,
        /// A flag in the length.
        or: Option<Scalar>,
        /// Zero bytes up to a multiple of this.
        pad: Option<Scalar>,
    },
    /// One after the other.
    List(Vec<Form>),
    /// `bytes`: so many. A pattern only, as all below.
    Bytes(Scalar),
    /// `until`: up to and including a delimiter.
    Until(Box<Form>),
    /// `until: {match: …}`.
    UntilMatch(Scalar),
    /// `rest`, up to the end; with the ends that are allowed.
    Rest {
        /// `eof` and `reset`; empty where none is written.
        end: Vec<Scalar>,
    },
    /// `one_of`
    OneOf(Vec<Form>),
    /// `any_order`
    AnyOrder(Vec<Form>),
    /// `until_last` with `each`.
    UntilLast {
        /// The one that ends it, tried first.
        last: Box<Form>,
        /// The one that is taken again and again.
        each: Box<Form>,
    },
}
