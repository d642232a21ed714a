//! What the doctor is told: plain numbers, so that it needs to know no mechanism.

use serde::{Deserialize, Serialize};

/// What became of one dual update. The codes are those under which `homeostat-multiplier` logs its gates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The multiplier was updated. Code 0.
    #[default]
    Update,
    /// Nothing was measured in this step. Code 1.
    Missing,
    /// The measurement was not finite. Code 2.
    NonFinite,
    /// The measurement was a spike. Code 3.
    Spike,
    /// Held for some steps after a spike. Code 4.
    Frozen,
    /// The normalizer still warms up. Code 5.
    Warmup,
    /// Measured, and kept until the constraint's turn. Code 6.
    Waiting,
    /// Held by the anti-covariance gate. Code 7.
    Paused,
    /// The smoothed error lay inside the deadzone. Code 8.
    Deadzone,
}

/// How the normalizer judged its own answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalizerStatus {
    /// Too few values so far.
    Warming,
    /// The answer means something.
    #[default]
    Ok,
    /// The values have no spread.
    Degenerate,
    /// The value was not finite.
    NonFinite,
}

/// In which unit the target is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Space {
    /// That of the loss.
    #[default]
    Raw,
    /// That of the normalizer.
    Normalized,
}

/// One dual update of one constraint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Index of the constraint in the [`RunProfile`](crate::RunProfile).
    pub constraint: usize,
    /// The loss as it was measured. Not finite is legal here.
    pub raw: f64,
    /// The loss after the normalizer.
    pub normalized: f64,
    /// The present target, in the unit of `space`.
    pub target: f64,
    /// The error e; for an inequality positive means violated.
    pub error: f64,
    /// The smoothed error m.
    pub smoothed: f64,
    /// The multiplier λ.
    pub multiplier: f64,
    /// Its greatest value λ_max.
    pub maximum: f64,
    /// The effective multiplier μ = weight · price · slope, the factor of the loss's gradient.
    pub effective: f64,
    /// The dual rate η, with the factor of a resume where there is one.
    pub rate: f64,
    /// The leak ρ.
    pub leak: f64,
    /// Whether the leak also acts while the constraint is violated.
    pub leak_always: bool,
    /// Half the width ε of the deadzone.
    pub deadzone: f64,
    /// What became of the update.
    pub gate: Gate,
    /// How the normalizer judged itself.
    pub normalizer: NormalizerStatus,
    /// Slope of the normalizer, normalized unit per unit of the loss.
    pub slope: f64,
    /// The value that matters, where the loss is only its differentiable stand-in.
    pub strict: Option<f64>,
    /// A number that grows when the constraint becomes easier without the model becoming better.
    pub ease: Option<f64>,
    /// Over how many items the loss was averaged.
    pub denominator: Option<f64>,
    /// Share of decodes without a valid continuation, 0 … 1.
    pub invalid_rate: Option<f64>,
    /// Whether the budget of the family lowered this multiplier.
    pub at_budget: bool,
    /// The unit of the target.
    pub space: Space,
    /// Whether the normalizer compares with its own rolling past, and not with a frozen reference.
    pub rolling: bool,
}

impl Observation {
    /// An update in which everything is 0, nothing optional was measured, the slope is 1 and the gate is
    /// open: to be filled in with `..Observation::new(index)`.
    pub fn new(constraint: usize) -> Self {
        Self {
            constraint,
            raw: 0.0,
            normalized: 0.0,
            target: 0.0,
            error: 0.0,
            smoothed: 0.0,
            multiplier: 0.0,
            maximum: 0.0,
            effective: 0.0,
            rate: 0.0,
            leak: 0.0,
            leak_always: false,
            deadzone: 0.0,
            gate: Gate::Update,
            normalizer: NormalizerStatus::Ok,
            slope: 1.0,
            strict: None,
            ease: None,
            denominator: None,
            invalid_rate: None,
            at_budget: false,
            space: Space::Raw,
            rolling: false,
        }
    }
}

/// One training step. What was not measured stays `None`, and the rules that need it stay silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepObservation {
    /// The loss of the task.
    pub task_loss: Option<f64>,
    /// Σ‖a_k∇ℓ_k‖ / ‖∇ℓ_task‖.
    pub starvation: Option<f64>,
    /// Mean cosine between the gradients of different rows, before surgery.
    pub mean_cosine: Option<f64>,
    /// Share of the pairs of rows whose cosine is negative, 0 … 1.
    pub conflict_share: Option<f64>,
}

/// A statistic and the value above which it is an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftReading {
    /// What was computed.
    pub statistic: f64,
    /// Above this it is an alarm.
    pub critical: f64,
}

/// What the detectors of a normalizer say about its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Two-sample Kolmogorov–Smirnov distance between the older and the newer half.
    pub kolmogorov_smirnov: Option<DriftReading>,
    /// Population stability index against the reference.
    pub population_stability: Option<DriftReading>,
    /// Page–Hinkley statistic of a rise. Evidence only: a loss may rise without a drift of its spread.
    pub page_hinkley: Option<DriftReading>,
}

impl Gate {
    const ALL: [Self; 9] = [
        Self::Update,
        Self::Missing,
        Self::NonFinite,
        Self::Spike,
        Self::Frozen,
        Self::Warmup,
        Self::Waiting,
        Self::Paused,
        Self::Deadzone,
    ];

    /// The plain code, 0 … 8.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The gate of a plain code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether an error was computed from the measurement of this step.
    pub(crate) fn has_error(self) -> bool {
        matches!(self, Self::Update | Self::Paused | Self::Deadzone)
    }

    /// Whether there was an update, or would have been one.
    pub(crate) fn is_turn(self) -> bool {
        !matches!(self, Self::Missing | Self::Waiting)
    }

    /// Whether the update is held because of a spike.
    pub(crate) fn is_freeze(self) -> bool {
        matches!(self, Self::Spike | Self::Frozen)
    }
}

impl NormalizerStatus {
    const ALL: [Self; 4] = [Self::Warming, Self::Ok, Self::Degenerate, Self::NonFinite];

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl DriftReading {
    /// Whether the statistic is above its critical value.
    pub fn is_alarm(self) -> bool {
        self.statistic > self.critical
    }

    fn is_finite(self) -> bool {
        self.statistic.is_finite() && self.critical.is_finite()
    }
}

impl Drift {
    /// A statistic that could not be computed counts as none.
    pub(crate) fn finite(self) -> Self {
        let finite = |reading: Option<DriftReading>| reading.filter(|reading| reading.is_finite());
        Self {
            kolmogorov_smirnov: finite(self.kolmogorov_smirnov),
            population_stability: finite(self.population_stability),
            page_hinkley: finite(self.page_hinkley),
        }
    }
}

impl StepObservation {
    /// A number that is not finite counts as not measured.
    pub(crate) fn finite(self) -> Self {
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        Self {
            task_loss: finite(self.task_loss),
            starvation: finite(self.starvation),
            mean_cosine: finite(self.mean_cosine),
            conflict_share: finite(self.conflict_share),
        }
    }
}
