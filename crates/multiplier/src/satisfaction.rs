//! How often the constraint held lately.

use homeostat_signal::wilson_interval;
use serde::{Deserialize, Serialize};

/// How many measured steps the rate looks back. The design note's 1000.
const WINDOW: u32 = 1000;

/// Standard deviations of a two-sided 95 % interval.
const NORMAL_95: f64 = 1.959964;

/// How often the constraint held in the last 1000 measured steps, on the error as it was measured,
/// not smoothed.
///
/// A step counts where the loss was finite and the normalizer warm. It *holds* where the error is at
/// most the deadzone ε (for `eq`: its magnitude), and is *inside* where the magnitude is below ε.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Satisfaction {
    holds: BitRing,
    inside: BitRing,
}

impl Default for Satisfaction {
    fn default() -> Self {
        Self { holds: BitRing::new(WINDOW), inside: BitRing::new(WINDOW) }
    }
}

impl Satisfaction {
    pub(crate) fn push(&mut self, holds: bool, inside: bool) {
        self.holds.push(holds);
        self.inside.push(inside);
    }

    pub(crate) fn fits(&self) -> bool {
        self.holds.fits(WINDOW) && self.inside.fits(WINDOW)
    }

    /// How many steps the window holds.
    pub fn count(&self) -> u64 {
        u64::from(self.holds.length)
    }

    /// The share of steps in which the constraint held; `None` before the first.
    pub fn rate(&self) -> Option<f64> {
        self.holds.share()
    }

    /// The Wilson 95 % interval of the rate (Wilson 1927); `None` before the first step.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let (ones, count) = (u64::from(self.holds.ones), self.count());
        (count > 0).then(|| wilson_interval(ones, count, NORMAL_95))
    }

    /// The share of steps inside the deadzone; `None` before the first.
    pub fn inside_deadzone(&self) -> Option<f64> {
        self.inside.share()
    }
}

/// The newest bits, oldest overwritten first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BitRing {
    words: Vec<u64>,
    next: u32,
    length: u32,
    ones: u32,
}

impl BitRing {
    fn new(capacity: u32) -> Self {
        Self { words: vec![0; capacity.div_ceil(64) as usize], next: 0, length: 0, ones: 0 }
    }

    /// Whether a ring from a file is a ring of this capacity.
    fn fits(&self, capacity: u32) -> bool {
        let ones: u32 = self.words.iter().map(|word| word.count_ones()).sum();
        self.words.len() == capacity.div_ceil(64) as usize
            && self.length <= capacity
            && self.next < capacity
            && self.ones == ones
    }

    fn push(&mut self, bit: bool) {
        let (word, mask) = (self.next as usize / 64, 1 << (self.next % 64));
        if self.length == WINDOW {
            self.ones -= u32::from(self.words[word] & mask != 0);
        } else {
            self.length += 1;
        }
        if bit {
            self.words[word] |= mask;
            self.ones += 1;
        } else {
            self.words[word] &= !mask;
        }
        self.next = (self.next + 1) % WINDOW;
    }

    fn share(&self) -> Option<f64> {
        (self.length > 0).then(|| f64::from(self.ones) / f64::from(self.length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_hundred_of_a_thousand_have_the_published_interval() {
        let mut satisfaction = Satisfaction::default();
        assert_eq!(satisfaction.interval(), None);
        for step in 0..5000 {
            satisfaction.push(step % 5 != 0, step % 10 == 0);
        }
        assert_eq!((satisfaction.count(), satisfaction.rate()), (1000, Some(0.8)));
        let (low, high) = satisfaction.interval().expect("a thousand steps");
        assert!((low - 0.774).abs() < 5e-4 && (high - 0.824).abs() < 5e-4, "{low} {high}");
        assert_eq!(satisfaction.inside_deadzone(), Some(0.1));
        assert!(satisfaction.fits());
    }

    #[test]
    fn the_window_forgets_what_is_older_than_a_thousand_steps() {
        let mut satisfaction = Satisfaction::default();
        for step in 0..2500 {
            satisfaction.push(step < 1500 || step % 2 == 0, false);
        }
        assert_eq!(satisfaction.rate(), Some(0.5));
    }
}
