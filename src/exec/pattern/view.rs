//! The bytes that can be seen at one moment.

/// What comes after the bytes that are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// The end of the stream.
    Eof,
    /// ECONNRESET.
    Reset,
    /// The end of a connection with TLS, without close_notify.
    Truncated,
    /// The end of the datagram.
    Datagram,
    /// The end of what one call gave, of a stream.
    Read,
    /// The end of what a length measures; the matcher's own.
    Frame,
}

impl Boundary {
    /// That it was reached, as a message begins.
    pub(super) const fn reached(self) -> &'static str {
        match self {
            Self::Eof => "the stream ended",
            Self::Reset => "the connection was reset",
            Self::Truncated => "the connection ended without close_notify",
            Self::Datagram => "the datagram ended",
            Self::Read => "the read ended",
            Self::Frame => "the frame ended",
        }
    }
}

/// Bytes `base..limit` of what a pattern may take, and what comes after them.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) base: u64,
    pub(super) end: Option<Boundary>,
}

impl<'a> View<'a> {
    /// One past the last byte that is seen.
    pub(super) fn limit(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// The bytes from a position on.
    pub(super) fn from(&self, position: u64) -> &'a [u8] {
        self.slice(position, self.limit())
    }

    /// The bytes `start..end`.
    pub(super) fn slice(&self, start: u64, end: u64) -> &'a [u8] {
        &self.bytes[(start - self.base) as usize..(end - self.base) as usize]
    }

    /// The view of a frame that ends at `end`.
    pub(super) fn frame(self, end: u64) -> Self {
        if self.limit() < end {
            return Self { end: None, ..self };
        }
        Self { bytes: &self.bytes[..(end - self.base) as usize], base: self.base, end: Some(Boundary::Frame) }
    }
}
