//! The clipped z-score by exponential averages.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::config::EmaConfig;
use crate::reading::Reading;
use crate::spread;
use crate::winsor::Unit;

/// A checked normalizer that holds three numbers.
#[derive(Clone, Debug)]
pub(crate) struct Ema {
    pub(crate) config: EmaConfig,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmaMemory {
    count: u64,
    mean: f64,
    variance: f64,
}

impl Ema {
    pub(crate) fn new(config: &EmaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { config: config.clone() })
    }

    /// The averages after one loss more: with d = x − μ, μ ← μ + β·d and v ← (1 − β)·(v + β·d²).
    pub(crate) fn next(&self, memory: &EmaMemory, x: f64) -> EmaMemory {
        let EmaMemory { count, mean, variance } = *memory;
        if count == 0 {
            return EmaMemory { count: 1, mean: x, variance: 0.0 };
        }
        let (beta, deviation) = (self.config.beta, x - mean);
        EmaMemory {
            count: count + 1,
            mean: mean + beta * deviation,
            variance: (1.0 - beta) * (variance + beta * deviation * deviation),
        }
    }

    pub(crate) fn reading(&self, memory: &EmaMemory, x: f64) -> Reading {
        if memory.count == 0 {
            return Reading::EMPTY;
        }
        let (centre, scale) = (memory.mean, memory.variance.sqrt());
        let differ = !spread::vanishes(scale, centre);
        let scale = if differ { scale } else { spread::floor(centre) };
        let warm = memory.count >= self.config.min_count as u64;
        let unit = Unit { centre, scale, warm, differ };
        unit.read(x, self.config.tau, self.config.slope)
    }
}
