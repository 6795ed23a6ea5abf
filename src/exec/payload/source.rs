//! Where the bytes of a payload come from: memory, or a rule that makes them as they are asked for.

use std::sync::Arc;

use super::CHUNK;
use super::random::random;

/// Where bytes come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
    /// `period` bytes over and over; the tile holds them often enough for a chunk from any phase.
    Fill {
        tile: Arc<[u8]>,
        period: usize,
    },
    Random {
        seed: u64,
    },
}

impl Source {
    /// A tile of a `fill`: enough for a chunk from any phase of it, or all of it.
    pub(super) fn fill(fill: &Arc<[u8]>, size: u64) -> Self {
        let period = fill.len();
        let len = size.min((CHUNK + period) as u64) as usize;
        if period == 0 || len <= period {
            return Self::Fill { tile: Arc::clone(fill), period: period.max(1) };
        }
        let mut tile = fill.repeat(len.div_ceil(period));
        tile.truncate(len);
        Self::Fill { tile: tile.into(), period }
    }

    /// Its bytes, where they lie in memory.
    pub(super) fn plain(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
            Self::Fill { .. } | Self::Random { .. } => &[],
        }
    }

    /// Bytes from `offset` on that lie in memory; at most `most`, at least one.
    pub(super) fn slice(&self, offset: u64, most: usize) -> Option<&[u8]> {
        let rest = match self {
            Self::Owned(bytes) => &bytes[offset as usize..],
            Self::Shared(bytes) => &bytes[offset as usize..],
            Self::Fill { tile, period } => &tile[(offset % *period as u64) as usize..],
            Self::Random { .. } => return None,
        };
        Some(&rest[..most.min(rest.len())])
    }

    /// Appends the bytes `offset..offset + most`.
    pub(super) fn append(&self, mut offset: u64, mut most: usize, out: &mut Vec<u8>) {
        if let Self::Random { seed } = self {
            let start = out.len();
            out.resize(start + most, 0);
            return random(*seed, offset, &mut out[start..]);
        }
        while let Some(slice) = self.slice(offset, most).filter(|slice| !slice.is_empty()) {
            out.extend_from_slice(slice);
            offset += slice.len() as u64;
            most -= slice.len();
        }
    }
}
