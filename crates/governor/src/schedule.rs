//! Learning-rate schedules that read nothing: open loop, for comparison and for warm-up.

use homeostat_core::{Clock, ConfigError, Law, LearningRate, Probe, StepError, TimeUnit};
use serde::{Deserialize, Serialize};

/// The memory of a schedule: how many steps it has made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleState {
    steps: u64,
}

/// A duration in steps, where it fits.
pub(crate) fn steps_of(
    field: &'static str,
    duration: u64,
    unit: TimeUnit,
    clock: Clock,
) -> Result<u64, ConfigError> {
    let steps = duration.checked_mul(clock.steps(unit));
    steps.ok_or_else(|| ConfigError::new(field, "must be less than 2^64 steps", duration))
}

/// Configuration of [`Constant`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantConfig {
    /// The rate. No default: it belongs to the model and the optimizer.
    pub rate: f64,
}

impl ConstantConfig {
    /// Checks the rate and makes the law. A constant has no unit of time: the clock is not read.
    pub fn init(&self, _clock: Clock) -> Result<Constant, ConfigError> {
        ConfigError::not_negative("rate", self.rate)?;
        Ok(Constant { rate: self.rate })
    }
}

/// The same rate at every step.
#[derive(Clone, Debug)]
pub struct Constant {
    rate: f64,
}

impl Law for Constant {
    const NAME: &'static str = "constant";
    const VERSION: u32 = 1;
    type Input = ();
    type Output = LearningRate;
    type State = ScheduleState;

    fn init(&self) -> ScheduleState {
        ScheduleState::default()
    }

    fn step(&self, state: &mut ScheduleState, (): ()) -> Result<LearningRate, StepError> {
        let rate = LearningRate::new(self.rate)?;
        state.steps = state.steps.saturating_add(1);
        Ok(rate)
    }

    fn probe(&self, state: &ScheduleState, probe: &mut dyn Probe) {
        probe.record("steps", state.steps as f64);
    }
}

/// Configuration of [`Cosine`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosineConfig {
    /// The rate at the first step. Without it the orchestrator takes the start value of the rate that
    /// the controller writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<f64>,
    /// The rate after `duration`. The default is the reference's smallest rate.
    #[serde(default = "minimum")]
    pub minimum: f64,
    /// How long the rate falls. No default: it is the length of the training.
    pub duration: u64,
    /// The unit of `duration`.
    #[serde(default)]
    pub time_unit: TimeUnit,
}

fn minimum() -> f64 {
    1e-6
}

impl CosineConfig {
    /// Checks every field and makes the law.
    pub fn init(&self, clock: Clock) -> Result<Cosine, ConfigError> {
        let initial = ConfigError::given("initial", self.initial)?;
        ConfigError::positive("initial", initial)?;
        ConfigError::not_negative("minimum", self.minimum)?;
        let legal = self.minimum <= initial;
        ConfigError::unless(legal, "minimum", "must not be above initial", self.minimum)?;
        ConfigError::unless(self.duration > 0, "duration", "must be at least 1", self.duration)?;
        let steps = steps_of("duration", self.duration, self.time_unit, clock)?;
        Ok(Cosine { initial, minimum: self.minimum, steps })
    }
}

/// Half a cosine from `initial` to `minimum`, and `minimum` ever after: it does not start again.
#[derive(Clone, Debug)]
pub struct Cosine {
    initial: f64,
    minimum: f64,
    steps: u64,
}

impl Law for Cosine {
    const NAME: &'static str = "cosine";
    const VERSION: u32 = 1;
    type Input = ();
    type Output = LearningRate;
    type State = ScheduleState;

    fn init(&self) -> ScheduleState {
        ScheduleState::default()
    }

    fn step(&self, state: &mut ScheduleState, (): ()) -> Result<LearningRate, StepError> {
        let part = state.steps.min(self.steps) as f64 / self.steps as f64;
        let height = 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
        let rate = LearningRate::new(self.minimum + (self.initial - self.minimum) * height)?;
        state.steps = state.steps.saturating_add(1);
        Ok(rate)
    }

    fn probe(&self, state: &ScheduleState, probe: &mut dyn Probe) {
        probe.record("steps", state.steps as f64);
    }
}
