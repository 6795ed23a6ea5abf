//! The bytes of a payload, however many: in memory up to a chunk, piece by piece beyond that.

use std::sync::Arc;

use super::CHUNK;
use super::items::Item;
use super::random::random;
use super::source::Source;

/// The bytes of a payload: contiguous, or too many for that.
#[derive(Debug, Clone)]
pub(crate) struct PayloadBytes(Layout);

#[derive(Debug, Clone)]
enum Layout {
    /// The plan's own bytes.
    Shared(Arc<[u8]>),
    /// Put together for this step.
    Owned(Vec<u8>),
    /// More than [`CHUNK`], in segments that are not empty.
    Long { segments: Vec<Segment>, len: u64 },
}

/// Bytes `start..end` of a long payload.
#[derive(Debug, Clone)]
struct Segment {
    start: u64,
    end: u64,
    source: Source,
}

impl PayloadBytes {
    /// Bytes of the plan.
    pub(super) fn shared(bytes: &Arc<[u8]>) -> Self {
        Self(Layout::Shared(Arc::clone(bytes)))
    }

    /// The bytes of the items, of which there are so many in all.
    pub(super) fn new(items: Vec<Item>, len: u64) -> Self {
        if let [Item { source: Source::Shared(bytes), .. }] = items.as_slice() {
            return Self::shared(bytes);
        }
        if len <= CHUNK as u64 {
            let mut bytes = Vec::with_capacity(len as usize);
            for item in &items {
                item.source.append(0, item.len as usize, &mut bytes);
            }
            return Self(Layout::Owned(bytes));
        }
        let mut start = 0;
        let mut segments = Vec::with_capacity(items.len());
        for item in items.into_iter().filter(|item| item.len > 0) {
            let end = start + item.len;
            segments.push(Segment { start, end, source: item.source });
            start = end;
        }
        Self(Layout::Long { segments, len })
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> u64 {
        match &self.0 {
            Layout::Shared(bytes) => bytes.len() as u64,
            Layout::Owned(bytes) => bytes.len() as u64,
            Layout::Long { len, .. } => *len,
        }
    }

    /// All bytes, where they lie together in memory. Up to [`CHUNK`] they always do.
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        match &self.0 {
            Layout::Shared(bytes) => Some(bytes),
            Layout::Owned(bytes) => Some(bytes),
            Layout::Long { .. } => None,
        }
    }

    /// The next bytes from `offset` on, at most [`CHUNK`]; empty at the end. They are borrowed
    /// from where they lie if enough lie together there, and put together in `scratch` if not.
    pub(crate) fn chunk<'a>(&'a self, offset: u64, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let (segments, len) = match &self.0 {
            Layout::Shared(bytes) => return window(bytes, offset),
            Layout::Owned(bytes) => return window(bytes, offset),
            Layout::Long { segments, len } => (segments, *len),
        };
        if offset >= len {
            return &[];
        }
        let first = find(segments, offset);
        let most = (segments[first].end - offset).min(CHUNK as u64) as usize;
        if let Some(slice) = segments[first].source.slice(offset - segments[first].start, most)
            && (slice.len() == CHUNK || offset + slice.len() as u64 == len)
        {
            return slice;
        }
        scratch.clear();
        let mut at = offset;
        for segment in &segments[first..] {
            let room = CHUNK - scratch.len();
            let most = (segment.end - at).min(room as u64) as usize;
            segment.source.append(at - segment.start, most, scratch);
            at += most as u64;
            if scratch.len() == CHUNK {
                break;
            }
        }
        scratch
    }

    /// How many bytes of `input` are the bytes from `offset` on; `input` must not go beyond the
    /// end.
    pub(crate) fn matching(&self, offset: u64, input: &[u8]) -> usize {
        let segments = match &self.0 {
            Layout::Shared(bytes) => return common(&bytes[offset as usize..], input),
            Layout::Owned(bytes) => return common(&bytes[offset as usize..], input),
            Layout::Long { segments, .. } => segments,
        };
        let mut same = 0;
        let mut buffer = [0; 4096];
        for segment in segments.iter().skip(find(segments, offset)) {
            while same < input.len() && offset + (same as u64) < segment.end {
                let at = offset + same as u64;
                let most = (segment.end - at).min((input.len() - same) as u64) as usize;
                let expected = if let Source::Random { seed } = segment.source {
                    let most = most.min(buffer.len());
                    random(seed, at - segment.start, &mut buffer[..most]);
                    &buffer[..most]
                } else {
                    segment.source.slice(at - segment.start, most).unwrap_or_default()
                };
                let equal = common(expected, &input[same..]);
                same += equal;
                if equal < expected.len() {
                    return same;
                }
            }
        }
        same
    }

    /// A copy of the bytes `start..end`, as far as there are any.
    pub(crate) fn copy(&self, start: u64, end: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut scratch = Vec::new();
        let end = end.min(self.len());
        while start + (bytes.len() as u64) < end {
            let at = start + bytes.len() as u64;
            let chunk = self.chunk(at, &mut scratch);
            bytes.extend_from_slice(&chunk[..chunk.len().min((end - at) as usize)]);
        }
        bytes
    }
}

/// The segment that has the byte at `offset`.
fn find(segments: &[Segment], offset: u64) -> usize {
    segments.partition_point(|segment| segment.end <= offset)
}

fn window(bytes: &[u8], offset: u64) -> &[u8] {
    let start = offset.min(bytes.len() as u64) as usize;
    &bytes[start..bytes.len().min(start + CHUNK)]
}

/// How long the common prefix is, at most as long as the shorter.
fn common(a: &[u8], b: &[u8]) -> usize {
    let most = a.len().min(b.len());
    if a[..most] == b[..most] {
        return most;
    }
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
