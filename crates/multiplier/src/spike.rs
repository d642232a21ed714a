//! Holds everything while a measurement jumps, as when a parser fails.

use homeostat_core::ConfigError;
use homeostat_signal::OrderWindow;
use serde::{Deserialize, Serialize};

/// Turns a median absolute deviation into the standard deviation of a normal sample.
const NORMAL: f64 = 1.4826;

/// Freeze on spike: a measurement `ℓ` is a spike where
/// `ℓ − median > threshold · max(1.4826 · MAD, relative · |median|, absolute)` over the window of
/// accepted measurements. Where more than half of the window is one and the same number, as with a
/// loss that is mostly 0, the MAD is 0 and says nothing of the others: then the mean of
/// `|x − median|` over those others takes its place, and without any others nothing is a spike. For
/// `ge` the sign is turned; for `eq` and `range` both directions count.
///
/// Defaults: chosen in the reference specification of the dual optimizer, section 6.3. The answer to
/// a MAD of 0 is ours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpikeConfig {
    /// κ, in standard deviations. Default 8.
    pub threshold: f64,
    /// How many accepted measurements the median is taken over. Default 64.
    pub window: usize,
    /// So many must be there before anything is a spike. Default 16.
    pub minimum: usize,
    /// For how many measured steps after a spike the multiplier is held. Default 20.
    pub freeze: u32,
    /// After so many spikes in a row the jump is accepted as the new level. Default 200.
    pub maximum_freeze: u32,
    /// Least deviation, relative to the median. Default 1e-2.
    pub relative: f64,
    /// Least deviation in the unit of the measurement. Default 1e-9.
    pub absolute: f64,
}

impl Default for SpikeConfig {
    fn default() -> Self {
        Self {
            threshold: 8.0,
            window: 64,
            minimum: 16,
            freeze: 20,
            maximum_freeze: 200,
            relative: 1e-2,
            absolute: 1e-9,
        }
    }
}

impl SpikeConfig {
    /// Checks every field.
    pub(crate) fn init(&self) -> Result<SpikeGate, ConfigError> {
        let at_least_one = |field, value: usize| {
            ConfigError::unless(value >= 1, field, "must be at least 1", value)
        };
        ConfigError::positive("spike.threshold", self.threshold)?;
        ConfigError::positive("spike.relative", self.relative)?;
        ConfigError::positive("spike.absolute", self.absolute)?;
        at_least_one("spike.minimum", self.minimum)?;
        at_least_one("spike.freeze", self.freeze as usize)?;
        at_least_one("spike.maximum_freeze", self.maximum_freeze as usize)?;
        let (minimum, window) = (self.minimum, self.window);
        ConfigError::unless(
            minimum <= window,
            "spike.minimum",
            "must be at most spike.window",
            format_args!("{minimum} with window {window}"),
        )?;
        let legal = window <= OrderWindow::LARGEST;
        ConfigError::unless(legal, "spike.window", "must be at most 16777216", window)?;
        Ok(SpikeGate { config: *self, empty: OrderWindow::new(window) })
    }
}

/// A checked spike gate. Holds an empty window, so that a change of regime allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct SpikeGate {
    config: SpikeConfig,
    empty: OrderWindow,
}

impl SpikeGate {
    /// Empty memory.
    pub(crate) fn start(&self) -> SpikeState {
        SpikeState { accepted: self.empty.clone(), frozen_left: 0, run: 0 }
    }

    /// Whether a measurement jumped, and in which direction; changes nothing.
    pub(crate) fn jump(&self, state: &SpikeState, value: f64) -> Jump {
        let config = &self.config;
        if state.accepted.len() < config.minimum {
            return Jump::None;
        }
        let Some(median) = state.accepted.median() else { return Jump::None };
        // The two floors alone usually settle it, and the deviation costs more than all the rest.
        let floor = (config.relative * median.abs()).max(config.absolute);
        let distance = value - median;
        if distance.abs() <= config.threshold * floor {
            return Jump::None;
        }
        if distance.abs() <= config.threshold * NORMAL * least_deviation(&state.accepted, median) {
            return Jump::None;
        }
        let deviation = match state.accepted.median_absolute_deviation() {
            Some(deviation) if deviation > 0.0 => NORMAL * deviation,
            _ => match spread_of_others(&state.accepted, median) {
                Some(spread) => spread,
                None => return Jump::None,
            },
        };
        let limit = config.threshold * deviation.max(floor);
        if distance > limit {
            Jump::Up
        } else if distance < -limit {
            Jump::Down
        } else {
            Jump::None
        }
    }

    /// Takes in a measurement that is no spike.
    pub(crate) fn accept(&self, state: &mut SpikeState, value: f64) {
        state.run = 0;
        state.accepted.push(value);
    }

    /// Takes in a spike: freezes, or accepts the new level after too many in a row.
    pub(crate) fn freeze(&self, state: &mut SpikeState) -> Answer {
        state.run += 1;
        if state.run > self.config.maximum_freeze {
            state.accepted.copy_from(&self.empty);
            (state.frozen_left, state.run) = (0, 0);
            Answer::Regime
        } else {
            state.frozen_left = self.config.freeze;
            Answer::Hold
        }
    }
}

/// A number that the median absolute deviation is not below, for two look-ups: at least a quarter of the
/// values lies as far below the median as one place, and a quarter as far above as the other.
fn least_deviation(accepted: &OrderWindow, median: f64) -> f64 {
    let quarter = accepted.len() / 4;
    let places = accepted.select(quarter).zip(accepted.select(accepted.len() - 1 - quarter));
    places.map_or(0.0, |(low, high)| (median - low).min(high - median))
}

/// The mean of `|x − median|` over the values that differ from the median, if there are any.
fn spread_of_others(accepted: &OrderWindow, median: f64) -> Option<f64> {
    let distances = accepted.iter().map(|value| (value - median).abs());
    let (mut sum, mut count) = (0.0, 0.0);
    for distance in distances.filter(|distance| *distance > 0.0) {
        (sum, count) = (sum + distance, count + 1.0);
    }
    (count > 0.0).then(|| sum / count)
}

/// Where a measurement lies beside those of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    None,
    Up,
    Down,
}

/// What follows from a spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Hold,
    Regime,
}

/// The memory of a spike gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpikeState {
    accepted: OrderWindow,
    frozen_left: u32,
    run: u32,
}

impl SpikeState {
    /// For how many measured steps the multiplier is still held.
    pub(crate) fn frozen_left(&self) -> u32 {
        self.frozen_left
    }

    /// One step of the freeze; `false` where there is none.
    pub(crate) fn thaw(&mut self) -> bool {
        let frozen = self.frozen_left > 0;
        self.frozen_left = self.frozen_left.saturating_sub(1);
        frozen
    }

    /// Whether a memory from a file belongs to these settings.
    pub(crate) fn fits(&self, gate: &SpikeGate) -> bool {
        self.accepted.capacity() == gate.config.window
    }
}
