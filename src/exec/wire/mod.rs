//! What crossed the wire: frames as they are captured, and which step caused each.

use std::cell::RefCell;

/// A frame that was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedFrame {
    /// When, in nanoseconds since 1970.
    pub nanos: u64,
    /// Where: `lo`, or the host that sent it.
    pub place: String,
    /// The frame from its Ethernet header on, cut to what was captured of it.
    pub bytes: Vec<u8>,
    /// How long the whole frame was.
    pub len: usize,
    /// The step that caused it, and between which endpoints it passed.
    pub comment: String,
}

/// Keeps frames for the end of the run.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// Whether the bytes are kept, too.
    whole: bool,
    frames: RefCell<Vec<(u64, usize, Vec<u8>, usize)>>,
}

impl Collector {
    /// One that keeps what a trace tells, or the frames as they were, too.
    pub(crate) fn new(whole: bool) -> Self {
        Self { whole, frames: RefCell::default() }
    }

    /// Whether it keeps the frames as they were.
    pub(crate) fn keeps_bytes(&self) -> bool {
        self.whole
    }

    /// Takes a frame: when it passed, in nanoseconds since 1970, the index of the host that sent it
    /// (0 without hosts), what was captured of it, and how long it was.
    pub(crate) fn push(&self, nanos: u64, host: usize, bytes: &[u8], len: usize) {
        self.frames.borrow_mut().push((nanos, host, bytes.to_vec(), len));
    }
}
