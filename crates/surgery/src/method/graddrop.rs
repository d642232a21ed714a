//! GradDrop, the one method that decides coordinate by coordinate.

use homeostat_core::ConfigError;
use homeostat_core::random::stream_key;
use serde::{Deserialize, Serialize};

use crate::SurgeryError;

/// The purpose of the random numbers among the streams of a seed.
const PURPOSE: u64 = u64::from_le_bytes(*b"graddrop");

/// GradDrop (Chen et al. 2020, "Just pick a sign", algorithm 1, on parameters): in each coordinate the sign
/// is drawn, `P = ½·(1 + Σg/Σ|g|)` for plus, and entries of the other sign are dropped:
/// `d = Σ (l_i + (1 − l_i)·mask_i)·g_i`.
///
/// The Gramian cannot tell: the step is carried out by [`Graddrop::combine`] on the gradients themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraddropConfig {
    /// l, one number in [0, 1] for each gradient: the share that is never dropped. Default 0 each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leak: Option<Vec<f64>>,
    /// Of the random signs. Default 0.
    pub seed: u64,
}

impl GraddropConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for value in self.leak.iter().flatten() {
            let legal = (0.0..=1.0).contains(value);
            ConfigError::unless(legal, "method.graddrop.leak", "must lie in [0, 1]", value)?;
        }
        Ok(())
    }
}

/// GradDrop in one step of one group: what is drawn depends on seed, group, step and coordinate only, and not
/// on how the coordinates are cut into slices or shared among threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graddrop {
    key: u64,
}

impl Graddrop {
    pub(crate) fn new(seed: u64, group: u64, step: u64) -> Self {
        let key = stream_key(seed, PURPOSE, group);
        let words = key.chunks_exact(8).map(|word| {
            word.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        });
        Self { key: words.chain([step]).fold(0, |key, word| scramble(key ^ word)) }
    }

    /// The uniform number in (0, 1) of a coordinate.
    #[inline(always)]
    pub fn uniform(&self, coordinate: u64) -> f32 {
        let bits = scramble(self.key.wrapping_add(coordinate.wrapping_mul(GOLDEN)));
        // 23 bits and a half: both the smallest and the largest are exact in f32. By way of i32, because
        // registers convert no u64.
        ((bits >> 41) as i32 as f32 + 0.5) * (1.0 / (1_u32 << 23) as f32)
    }

    /// Combines one slice of coordinates. `rows` are slices of the gradients, `weights` what each row is
    /// multiplied by beforehand (as [`Surgery::decide`](crate::Surgery::decide) gave it; rows of weight 0
    /// take no part and may hold anything), `leaks` the shares that are never dropped (empty: none), `offset` the
    /// number of the first coordinate among all of the group.
    ///
    /// Written in short loops over blocks, so that a compiler that is allowed wide registers uses them; it is
    /// made part of its caller for that.
    ///
    /// Refused where lengths differ.
    #[inline(always)]
    pub fn combine(
        &self,
        rows: &[&[f32]],
        weights: &[f64],
        leaks: &[f64],
        offset: u64,
        combined: &mut [f32],
    ) -> Result<(), SurgeryError> {
        let refuse = |what, expected, found| match expected == found {
            true => Ok(()),
            false => Err(SurgeryError::Length { what, expected, found }),
        };
        refuse("the weights", rows.len(), weights.len())?;
        if !leaks.is_empty() {
            refuse("the leaks", rows.len(), leaks.len())?;
        }
        for row in rows {
            refuse("a slice of a gradient", combined.len(), row.len())?;
        }
        let mut start = 0;
        for out in combined.chunks_mut(BLOCK) {
            let (offset, end) = (offset.wrapping_add(start as u64), start + out.len());
            let rows = rows.iter().zip(weights).enumerate().filter(|(_, (_, w))| **w != 0.0);
            let rows = rows.map(|(row, (entries, weight))| {
                let leak = leaks.get(row).map_or(0.0, |leak| *leak as f32);
                (&entries[start..end], *weight as f32, leak)
            });
            self.block(rows, offset, out);
            start = end;
        }
        Ok(())
    }

    /// The same for up to a block of coordinates: of each row its entries, weight and leak.
    #[inline(always)]
    fn block<'a>(
        &self,
        rows: impl Iterator<Item = (&'a [f32], f32, f32)> + Clone,
        offset: u64,
        out: &mut [f32],
    ) {
        let count = out.len();
        let (mut sums, mut sizes) = ([0.0_f32; BLOCK], [0.0_f32; BLOCK]);
        for (entries, weight, _) in rows.clone() {
            for ((entry, sum), size) in entries.iter().zip(&mut sums).zip(&mut sizes) {
                let x = weight * entry;
                *sum += x;
                *size += x.abs();
            }
        }
        let mut plus = [0_u32; BLOCK];
        for (place, ((sum, size), plus)) in
            sums[..count].iter().zip(&sizes).zip(&mut plus).enumerate()
        {
            let positive = if *size > 0.0 { 0.5 * (1.0 + sum / size) } else { 0.5 };
            *plus = u32::from(positive > self.uniform(offset.wrapping_add(place as u64)));
        }
        out.fill(0.0);
        for (entries, weight, leak) in rows {
            for ((entry, plus), out) in entries.iter().zip(&plus).zip(&mut *out) {
                let x = weight * entry;
                *out += if u32::from(x > 0.0) == *plus { x } else { leak * x };
            }
        }
    }
}

/// Coordinates that are combined at a time; what is known of them stays in the first cache.
const BLOCK: usize = 512;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea and Flood 2014).
#[inline(always)]
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(GOLDEN);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
