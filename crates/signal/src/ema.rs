//! Exponential moving average.

use serde::{Deserialize, Serialize};

/// What an average says before it has seen much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmaStart {
    /// m₁ = x₁, then mₜ = d·mₜ₋₁ + (1 − d)·xₜ: the first value keeps weight dᵗ⁻¹.
    #[default]
    FirstValue,
    /// m̂ₜ = (1 − d)·Σ dᵗ⁻ⁱ·xᵢ / (1 − dᵗ): every value counts by its age alone (Kingma and Ba 2015,
    /// section 3).
    Debiased,
}

/// An exponential moving average with decay `d` in `[0, 1)`.
///
/// ```
/// use homeostat_signal::{Ema, EmaStart};
/// let mut mean = Ema::new(EmaStart::Debiased);
/// mean.observe(0.9, 4.0);
/// mean.observe(0.9, 2.0);
/// assert!((mean.value().unwrap() - (0.9 * 4.0 + 2.0) / 1.9).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ema {
    start: EmaStart,
    sum: f64,
    weight: f64,
}

impl Ema {
    /// An average that has seen nothing.
    pub fn new(start: EmaStart) -> Self {
        Self { start, sum: 0.0, weight: 0.0 }
    }

    /// The average, or `None` before the first value.
    pub fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }

    /// The average after one more value, without taking it in.
    pub fn preview(&self, decay: f64, value: f64) -> f64 {
        let mut next = *self;
        next.observe(decay, value);
        next.value().unwrap_or(value)
    }

    /// Takes in one value. `false`: the value is not finite and was left out.
    pub fn observe(&mut self, decay: f64, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        match self.start {
            EmaStart::FirstValue if self.weight == 0.0 => {
                self.sum = value;
                self.weight = 1.0;
            }
            EmaStart::FirstValue => self.sum = decay * self.sum + (1.0 - decay) * value,
            EmaStart::Debiased => {
                self.sum = decay * self.sum + (1.0 - decay) * value;
                self.weight = decay * self.weight + (1.0 - decay);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_signal_is_its_own_average_from_the_first_value() {
        for start in [EmaStart::FirstValue, EmaStart::Debiased] {
            let mut mean = Ema::new(start);
            assert_eq!(mean.value(), None);
            for _ in 0..50 {
                assert!(mean.observe(0.98, 3.0));
                assert!((mean.value().expect("seen") - 3.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_value_that_is_not_finite_is_left_out() {
        let mut mean = Ema::new(EmaStart::FirstValue);
        mean.observe(0.5, 1.0);
        assert!(!mean.observe(0.5, f64::NAN));
        assert!(!mean.observe(0.5, f64::INFINITY));
        assert_eq!(mean.value(), Some(1.0));
    }

    #[test]
    fn the_first_value_start_follows_the_published_recursion() {
        let mut mean = Ema::new(EmaStart::FirstValue);
        let values = [2.0, 1.0, 1.0, 0.0, 3.0];
        let expected = [2.0, 1.98, 1.9604, 1.921192, 1.94276816];
        for (value, expected) in values.into_iter().zip(expected) {
            mean.observe(0.98, value);
            assert!((mean.value().expect("seen") - expected).abs() < 1e-14);
        }
    }
}
