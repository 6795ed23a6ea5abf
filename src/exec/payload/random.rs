//! `random`: bytes that a seed gives, the same on every machine.

use crate::model::splitmix;

/// Bytes of the sequence of a seed, from any offset: the outputs of SplitMix64 (Steele, Lea and
/// Flood 2014) that starts with the seed as its state, each as 8 bytes, the least significant
/// first.
pub(super) fn random(seed: u64, offset: u64, out: &mut [u8]) {
    let mut index = offset / 8;
    let skip = (offset % 8) as usize;
    let (head, body) = out.split_at_mut(((8 - skip) % 8).min(out.len()));
    if !head.is_empty() {
        head.copy_from_slice(&word(seed, index)[skip..skip + head.len()]);
        index += 1;
    }
    let mut words = body.chunks_exact_mut(8);
    for chunk in &mut words {
        chunk.copy_from_slice(&word(seed, index));
        index += 1;
    }
    let tail = words.into_remainder();
    let last = word(seed, index);
    tail.copy_from_slice(&last[..tail.len()]);
}

/// Eight bytes of the sequence.
pub(super) fn word(seed: u64, index: u64) -> [u8; 8] {
    splitmix::nth(seed, index).to_le_bytes()
}
