//! Bytes as a trace shows them: as they are, by how they are made, or by what the spec says of
//! those that vary.

use serde::{Deserialize, Serialize};

/// A part of a payload, or of what a pattern took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// Bytes that are the same in every run.
    Bytes(#[serde(with = "super::record::escaped")] Vec<u8>),
    /// Bytes that are the same in every run, too many to keep: their length, their first 32, and
    /// their SHA-256 in hex.
    Digest {
        /// How many.
        size: u64,
        /// The first 32.
        #[serde(with = "super::record::escaped")]
        head: Vec<u8>,
        /// SHA-256 of all, in hex.
        sha256: String,
    },
    /// Bytes that the spec generates: `fill "ab"`, `random seed 7`, `file "body.bin"`.
    Generated {
        /// How many.
        size: u64,
        /// How, as the trace writes it.
        how: String,
    },
    /// Bytes that vary and have a name: a capture, a port, a counter. Written `<name>`.
    Named {
        /// The name.
        name: String,
        /// How many, where that never varies (`{bytes: 4, as: id}`).
        size: Option<u64>,
    },
    /// Bytes that a regular expression covers. Written `~/regex/`.
    Matched {
        /// The expression as written.
        regex: String,
        /// How many, where that never varies.
        size: Option<u64>,
    },
    /// Bytes that vary. Written `~`.
    Varying {
        /// How many, where that never varies.
        size: Option<u64>,
    },
    /// So many bytes of which any value will do. Written `..`, or `..{4}`.
    Wild(u64),
    /// A length prefix of something whose size may vary, `<size>`.
    Size {
        /// How many bytes the prefix has, where that never varies.
        width: Option<u64>,
    },
    /// Bits under a mask: `u16 & 0x0f = 0x03`.
    Masked {
        /// The words.
        text: String,
        /// The width in bytes.
        size: u64,
    },
    /// The set of which one came (`one_of`), all in any order (`any_order`), or repetitions
    /// (`until_last`): `one_of`, `any_order`, `until_last` and the members as the spec has them.
    Group {
        /// The word for it.
        word: String,
        /// The members, each shown as a pattern.
        members: Vec<Vec<Shown>>,
    },
    /// The end that came, or the set of ends that the spec allows, after `rest`: written
    /// `[eof, reset]`. It takes no byte.
    End(Vec<String>),
}

impl Shown {
    /// How many bytes it stands for, where that never varies.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Digest { size, .. } | Self::Generated { size, .. } | Self::Masked { size, .. } | Self::Wild(size) => {
                Some(*size)
            }
            Self::Named { size, .. } | Self::Matched { size, .. } | Self::Varying { size } => *size,
            Self::Size { width } => *width,
            Self::Group { .. } => None,
            Self::End(_) => Some(0),
        }
    }
}

/// How many bytes the parts stand for together, where that never varies.
pub fn total_size(parts: &[Shown]) -> Option<u64> {
    parts.iter().map(Shown::size).sum()
}
