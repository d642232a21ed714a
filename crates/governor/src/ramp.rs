//! A weight that comes in on a ramp, once the training is ready for it.

use homeostat_core::{Clock, ConfigError, Entropy, Law, Probe, StepError, TimeUnit, Weight};
use serde::{Deserialize, Serialize};

use crate::schedule::steps_of;

/// What the ramp does when the final weight is below `first`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstAboveFinal {
    /// It starts at the final weight: a term that is switched off stays off.
    #[default]
    Clamp,
    /// It starts at `first` and falls: what the reference does.
    Keep,
}

/// The ramp does not begin before the coupling window has held for some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// The coupling information I(X;K), in nats, that is enough. The default is the reference's
    /// window epsilon.
    #[serde(default = "gate_minimum")]
    pub minimum: f64,
    /// For how many units of time in a row it must be enough. No default: no source gives one.
    pub patience: u64,
}

fn gate_minimum() -> f64 {
    0.1
}

/// Configuration of [`Ramp`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampConfig {
    /// When the weight stops being 0, in whole units of time; the first is 0. No default: the
    /// reference has three (2, 5 and 50).
    pub start: u64,
    /// When the final weight is reached. A closed gate moves `start` and `end` together.
    pub end: u64,
    /// The weight at `start`; the reference's by default.
    #[serde(default = "first")]
    pub first: f64,
    /// What happens when the final weight is smaller than `first`.
    #[serde(default)]
    pub first_above_final: FirstAboveFinal,
    /// The unit of `start`, `end` and the gate's patience.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// What must hold before the ramp begins. Without a gate only `start` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateConfig>,
}

fn first() -> f64 {
    0.01
}

impl RampConfig {
    /// The defaults, with the two numbers that have none.
    pub fn new(start: u64, end: u64) -> Self {
        Self {
            start,
            end,
            first: first(),
            first_above_final: FirstAboveFinal::default(),
            time_unit: TimeUnit::default(),
            gate: None,
        }
    }

    /// The reference's jump schedule: it begins at 0.01 even when the final weight is 0.
    pub fn parity(start: u64, end: u64) -> Self {
        Self { first_above_final: FirstAboveFinal::Keep, ..Self::new(start, end) }
    }

    /// Checks every field and makes the law.
    pub fn init(&self, clock: Clock) -> Result<Ramp, ConfigError> {
        ConfigError::unless(self.start <= self.end, "end", "must not be before start", self.end)?;
        ConfigError::not_negative("first", self.first)?;
        let end = steps_of("end", self.end, self.time_unit, clock)?;
        let unit = clock.steps(self.time_unit);
        let gate = match &self.gate {
            None => None,
            Some(gate) => {
                ConfigError::finite("gate.minimum", gate.minimum)?;
                let patience = gate.patience;
                ConfigError::unless(patience > 0, "gate.patience", "must be at least 1", patience)?;
                let steps = steps_of("gate.patience", patience, self.time_unit, clock)?;
                Some(Gate { minimum: gate.minimum, steps })
            }
        };
        Ok(Ramp { config: self.clone(), unit, end, gate })
    }
}

#[derive(Clone, Debug)]
struct Gate {
    minimum: f64,
    steps: u64,
}

/// 0, then a straight line from `first` to the final weight, then the final weight. The final weight
/// is an input, so that another controller may move it. Constant within a unit of time.
#[derive(Clone, Debug)]
pub struct Ramp {
    config: RampConfig,
    unit: u64,
    end: u64,
    gate: Option<Gate>,
}

/// The memory of the [`Ramp`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampState {
    /// Steps on the ramp's own clock, which stands still at `start` while the gate is closed.
    progress: u64,
    /// Steps in a row with enough information.
    grounded: u64,
    open: bool,
}

impl Ramp {
    fn weight(&self, time: u64, last: f64) -> f64 {
        let RampConfig { start, end, .. } = self.config;
        let first = match self.config.first_above_final {
            FirstAboveFinal::Clamp => self.config.first.min(last),
            FirstAboveFinal::Keep => self.config.first,
        };
        if time < start {
            0.0
        } else if time < end {
            first + (time - start) as f64 / (end - start) as f64 * (last - first)
        } else {
            last
        }
    }
}

impl Law for Ramp {
    const NAME: &'static str = "ramp";
    const VERSION: u32 = 1;
    /// The final weight, and the coupling information for the gate. A missing reading neither counts
    /// for the gate nor against it.
    type Input = (Weight, Option<Entropy>);
    type Output = Weight;
    type State = RampState;

    fn init(&self) -> RampState {
        RampState { open: self.gate.is_none(), ..RampState::default() }
    }

    fn step(
        &self,
        state: &mut RampState,
        (last, information): (Weight, Option<Entropy>),
    ) -> Result<Weight, StepError> {
        let mut next = state.clone();
        if let (false, Some(gate), Some(information)) = (next.open, &self.gate, information) {
            let enough = information.get() >= gate.minimum;
            next.grounded = if enough { next.grounded.saturating_add(1) } else { 0 };
            next.open = next.grounded >= gate.steps;
        }
        let time = next.progress / self.unit;
        let waits = time >= self.config.start && !next.open;
        let weight = Weight::new(if waits { 0.0 } else { self.weight(time, last.get()) })?;
        if !waits {
            next.progress = next.progress.saturating_add(1).min(self.end);
        }
        *state = next;
        Ok(weight)
    }

    fn probe(&self, state: &RampState, probe: &mut dyn Probe) {
        probe.record("time", (state.progress / self.unit) as f64);
        probe.record("open", f64::from(u8::from(state.open)));
        probe.record("grounded", state.grounded as f64);
    }
}
