//! SplitMix64 (Steele, Lea and Flood 2014): numbers that follow from a seed, the same on every machine.

/// What its state grows by from one number to the next.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number after a state: every bit of it depends on every bit of the state.
pub(crate) fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The number at an index of the sequence of a seed. The state only counts, so any of them can be had at once.
pub(crate) fn nth(seed: u64, index: u64) -> u64 {
    mixed(seed.wrapping_add(index.wrapping_mul(STEP)))
}
