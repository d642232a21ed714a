//! What every generator of the workspace shares, so that a seed means the same everywhere.
//!
//! No generator lives here: a crate that draws brings its own.

/// The key of a stream of random numbers under `seed`: what is drawn for one purpose never shifts what
/// is drawn for another, and `index` tells apart several streams of one purpose, such as epochs.
pub fn stream_key(seed: u64, purpose: u64, index: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose.to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    key
}

/// A number from 0 up to, not including, 1, from 64 random bits: the 53 upper ones are the most that an
/// `f64` below 1 can hold.
pub fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
