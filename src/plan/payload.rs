//! Payloads: bytes to be sent, and bytes that a pattern wants exactly.

use std::sync::Arc;

use super::Number;
use super::template::Template;
use crate::source::Span;

/// Bytes, part by part.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// Where it stands in the spec.
    pub span: Span,
    /// Where the forms of a list begin in it, in order; empty where it is one form.
    pub places: Arc<[Place]>,
}

/// Where a form of a list begins among the bytes of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The part in which it begins.
    pub part: usize,
    /// Its first byte in that part; one past the last is where the next part begins.
    pub byte: u64,
    /// Where the form stands in the spec.
    pub span: Span,
}

/// A part of a payload.
#[derive(Debug, Clone)]
pub enum Part {
    /// Bytes that the spec writes out (text, hex, base64, known numbers).
    Bytes(Arc<[u8]>),
    /// Text with holes.
    Template(Template),
    /// A pattern over and over, up to the size.
    Fill {
        /// What is repeated; not empty.
        fill: Arc<[u8]>,
        /// How many bytes in all.
        size: u64,
    },
    /// Pseudo-random bytes, the same on every machine.
    Random {
        /// How many.
        size: u64,
        /// Where the sequence begins.
        seed: u64,
    },
    /// A file's contents, read when the plan was made.
    File {
        /// The name as written.
        name: String,
        /// The contents.
        bytes: Arc<[u8]>,
    },
    /// A number that is known at run time only.
    Number {
        /// How it is laid out.
        width: Width,
        /// The number.
        value: Number,
    },
    /// Bytes with their length before them.
    Sized {
        /// The layout of the length.
        size: Size,
        /// What follows.
        of: Box<Payload>,
    },
}

/// The layout of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    /// 1, 2, 4 or 8.
    pub bytes: u8,
    /// Least significant byte first; else network byte order.
    pub little: bool,
}

/// The layout of a length prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How the length is written.
    pub kind: SizeKind,
    /// Added to the length, e.g. 4 where it counts itself.
    pub plus: i64,
    /// Flag bits in the length.
    pub or: u64,
    /// Zero bytes up to a multiple of this follow, and are not counted; 0 or 1: none.
    pub pad: u64,
}

/// How a length is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeKind {
    /// A number of fixed width.
    Fixed(Width),
    /// MQTT's variable byte integer (version 5.0, section 1.5.5).
    Varint,
    /// ASN.1's definite length (X.690, section 8.1.3).
    Ber,
}

impl Width {
    /// The words for widths, in the order in which messages list them.
    pub const NAMES: [&'static str; 7] = ["u8", "u16", "u32", "u64", "u16le", "u32le", "u64le"];

    /// The width of that word.
    pub fn parse(word: &str) -> Option<Self> {
        let (number, little) = match word.strip_suffix("le") {
            Some(number) => (number, true),
            None => (word, false),
        };
        let bytes = match number {
            "u8" if !little => 1,
            "u16" => 2,
            "u32" => 4,
            "u64" => 8,
            _ => return None,
        };
        Some(Self { bytes, little })
    }

    /// The word for it.
    pub fn name(self) -> String {
        format!("u{}{}", u32::from(self.bytes) * 8, if self.little { "le" } else { "" })
    }

    /// The number in this layout; `None` where it does not fit.
    pub fn encode(self, number: u64) -> Option<Vec<u8>> {
        let bytes = usize::from(self.bytes);
        if bytes < 8 && number >> (bytes * 8) != 0 {
            return None;
        }
        Some(if self.little {
            number.to_le_bytes()[..bytes].to_vec()
        } else {
            number.to_be_bytes()[8 - bytes..].to_vec()
        })
    }

    /// The number that these bytes are; there must be as many as the width has.
    pub fn decode(self, bytes: &[u8]) -> u64 {
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) }
    }
}

impl SizeKind {
    /// The kind of that word: a width, `varint` or `ber`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "varint" => Some(Self::Varint),
            "ber" => Some(Self::Ber),
            _ => Width::parse(word).map(Self::Fixed),
        }
    }

    /// How many bytes the length itself has, where that does not depend on the length.
    pub fn width(self) -> Option<u64> {
        match self {
            Self::Fixed(width) => Some(u64::from(width.bytes)),
            Self::Varint | Self::Ber => None,
        }
    }

    /// The word for it.
    pub fn name(self) -> String {
        match self {
            Self::Fixed(width) => width.name(),
            Self::Varint => "varint".to_owned(),
            Self::Ber => "ber".to_owned(),
        }
    }
}
