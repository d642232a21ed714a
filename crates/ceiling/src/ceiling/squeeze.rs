//! How a ceiling comes down, as a function of the schedule's own clock σ.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

/// σ of a ceiling that is held: the end of the note's second epoch.
pub(crate) const HELD: f64 = 2.0;

/// The note's ceilings of epochs 3 to 15, in nats.
pub const NOTE_CEILINGS: [f64; 13] = [
    13000.0, 11000.0, 9500.0, 8200.0, 7000.0, 6000.0, 5200.0, 4600.0, 4100.0, 3700.0, 3400.0,
    3200.0, 3000.0,
];

/// The note's table as shares of the way from 15,000, for which it was drawn, to 3,000.
const NOTE_SHAPE: [f64; 13] = [
    10000.0, 8000.0, 6500.0, 5200.0, 4000.0, 3000.0, 2200.0, 1600.0, 1100.0, 700.0, 400.0, 200.0,
    0.0,
];

/// How a ceiling comes down from what was discovered, C, to the target T.
///
/// The schedule has a clock σ of its own, in epochs: 2 while the ceiling is held, 3 at the end of the first
/// epoch of the squeeze if nothing slows it down. Between whole numbers the ceiling is a straight line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Squeeze {
    /// A mean of C and T in which C has the weight g(σ): the shape g is given, the numbers follow from
    /// the run.
    Relative {
        /// g at σ = 3, 4, …: falling from at most 1 to 0. Default: the note's shape.
        #[serde(default = "note_shape")]
        shape: Vec<f64>,
        /// Which mean.
        #[serde(default)]
        interpolation: Interpolation,
        /// The epochs over which the shape is spread. Default: as many as it has numbers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epochs: Option<u64>,
    },
    /// `u(σ) = min(C, table)`: a ceiling that is lower already is not moved.
    Absolute {
        /// The ceilings at σ = 3, 4, …, falling.
        ceilings: Vec<f64>,
    },
    /// `u(σ) = C·(T/C)^((σ − 3)/epochs)` from σ = 3 on: the latest revision's.
    Geometric {
        /// From C to T in so many epochs.
        epochs: u64,
    },
}

/// How a relative squeeze goes from C to T.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// `T + (C − T)·g`: the note's. The nearer C is to T, the later a given multiple of T is passed.
    #[default]
    Linear,
    /// `T·(C/T)^g`: what an epoch takes away is a share of the ceiling, and a discovered ceiling that is ten
    /// times too high is 10^g times too high at g.
    Geometric,
}

fn note_shape() -> Vec<f64> {
    NOTE_SHAPE.iter().map(|share| share / 12000.0).collect()
}

impl Default for Squeeze {
    fn default() -> Self {
        Self::relative(note_shape())
    }
}

impl Squeeze {
    /// The note's table, word for word.
    pub fn note() -> Self {
        Self::Absolute { ceilings: NOTE_CEILINGS.to_vec() }
    }

    /// This shape, linear, a number per epoch.
    pub fn relative(shape: Vec<f64>) -> Self {
        Self::Relative { shape, interpolation: Interpolation::Linear, epochs: None }
    }

    /// The latest revision's curve.
    pub fn geometric(epochs: u64) -> Self {
        Self::Geometric { epochs }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Relative { shape, epochs, .. } => {
                let legal = epochs.is_none_or(|epochs| (1..=MOST).contains(&epochs));
                let rule = "must be at least 1 and at most 1000000";
                let found = epochs.unwrap_or(0);
                ConfigError::unless(legal, "squeeze.relative.epochs", rule, found)?;
                let legal = falls(shape)
                    && shape.first().is_some_and(|first| *first <= 1.0)
                    && shape.last().is_some_and(|last| *last == 0.0);
                let rule = "must fall, begin at 1 or below and end at 0";
                ConfigError::unless(legal, "squeeze.relative.shape", rule, Found(shape))
            }
            Self::Absolute { ceilings } => {
                let positive = ceilings.last().is_some_and(|last| *last > 0.0);
                let rule = "must fall and stay above 0";
                let legal = positive && falls(ceilings);
                ConfigError::unless(legal, "squeeze.absolute.ceilings", rule, Found(ceilings))
            }
            Self::Geometric { epochs } => {
                let legal = (1..=MOST).contains(epochs);
                let rule = "must be at least 1 and at most 1000000";
                ConfigError::unless(legal, "squeeze.geometric.epochs", rule, epochs)
            }
        }
    }

    /// σ at which the target is reached.
    pub fn end(&self) -> f64 {
        match self {
            Self::Relative { shape, epochs, .. } => {
                HELD + epochs.unwrap_or(shape.len() as u64) as f64
            }
            Self::Absolute { ceilings } => HELD + ceilings.len() as f64,
            Self::Geometric { epochs } => HELD + 1.0 + *epochs as f64,
        }
    }

    /// The ceiling at σ, for a discovered ceiling C and a target T ≤ C. Never above C; exactly C up to
    /// σ = 2 and exactly T at the end.
    pub fn ceiling(&self, discovered: f64, target: f64, sigma: f64) -> f64 {
        if sigma <= HELD {
            return discovered;
        }
        if sigma >= self.end() {
            return target;
        }
        let ceiling = match self {
            Self::Relative { shape, interpolation, epochs } => {
                let count = shape.len() as f64;
                let stretch = epochs.map_or(1.0, |epochs| count / epochs as f64);
                let weight = between(shape, 1.0, (sigma - HELD) * stretch);
                match interpolation {
                    Interpolation::Linear => target + (discovered - target) * weight,
                    Interpolation::Geometric => target * (discovered / target).powf(weight),
                }
            }
            Self::Absolute { ceilings } => between(ceilings, discovered, sigma - HELD),
            Self::Geometric { epochs } => {
                let share = (sigma - HELD - 1.0).max(0.0) / *epochs as f64;
                discovered * (target / discovered).powf(share)
            }
        };
        ceiling.clamp(target, discovered)
    }
}

const MOST: u64 = 1_000_000;

/// A list for an error message.
struct Found<'a>(&'a [f64]);

impl std::fmt::Display for Found<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}

fn falls(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_finite()) && values.is_sorted_by(|one, next| one >= next)
}

/// The straight line through `first` at 0 and `values` at 1, 2, …; `place` is inside.
fn between(values: &[f64], first: f64, place: f64) -> f64 {
    let index = (place.floor() as usize).min(values.len().saturating_sub(1));
    let from = if index == 0 { first } else { values[index - 1] };
    from + (values[index] - from) * (place - index as f64)
}
