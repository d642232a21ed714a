//! What is observed: the settings that do not change during a run, from which remedies are computed.

/// Which side of the target is forbidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sense {
    /// The measurement must not exceed the target.
    #[default]
    AtMost,
    /// The measurement must not fall below the target.
    AtLeast,
    /// The measurement must equal the target.
    Equal,
}

/// What normalizes the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormalizerKind {
    /// Nothing.
    #[default]
    None,
    /// Rank within a window, −1 … 1.
    Rank,
    /// Clipped z-score within a window.
    Winsor,
    /// Clipped z-score of exponential averages.
    Ema,
    /// The rank, as `auto` has chosen.
    AutoRank,
    /// The clipped z-score, as `auto` has chosen.
    AutoWinsor,
}

/// One constraint. A range is two constraints, one for each side.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstraintProfile {
    /// The name in the configuration file.
    pub name: String,
    /// Which side of the target is forbidden.
    pub sense: Sense,
    /// Whether the constraint may never be loosened.
    pub hard: bool,
    /// Index of its family in the [`RunProfile`].
    pub family: Option<usize>,
    /// The fixed weight w.
    pub weight: f64,
    /// The dual rate as it stands in the file, in its time unit. Without it a proposal is per update.
    pub rate: Option<f64>,
    /// The weight α of a new error in the smoothed one; 1 means no smoothing.
    pub smoothing: f64,
    /// Whether the update rule already has a proportional part.
    pub proportional: bool,
    /// What normalizes the loss.
    pub normalizer: NormalizerKind,
    /// How many values the normalizer compares with, where it has a window.
    pub window: Option<usize>,
    /// Random share of the window that is left out.
    pub jitter: f64,
    /// Whether the slope of the normalizer may change only slowly.
    pub slope_limited: bool,
    /// The factor κ of the spike gate.
    pub spike_threshold: f64,
    /// After how many spikes in a row the spike gate accepts a new level.
    pub maximum_freeze: u64,
}

/// Constraints that share a budget.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyProfile {
    /// The name in the configuration file.
    pub name: String,
    /// The greatest weighted sum of the multipliers.
    pub budget: f64,
    /// Whether the members are lowered in proportion, and not by the same amount.
    pub proportional: bool,
}

/// Everything that is observed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunProfile {
    /// The constraints, in the order of their index.
    pub constraints: Vec<ConstraintProfile>,
    /// The families, in the order of their index.
    pub families: Vec<FamilyProfile>,
    /// The name of the method that resolves conflicts between gradients, where there is one.
    pub surgery: Option<String>,
}

impl ConstraintProfile {
    /// A soft upper bound without a normalizer and with the defaults of dual optimizer note §9: weight 1,
    /// smoothing 0.1; the spike gate as in the reference, section 6.3: κ = 8, at most 200 steps; a slope
    /// that changes slowly, as the reference recommends in section 5.2.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            sense: Sense::AtMost,
            hard: false,
            family: None,
            weight: 1.0,
            rate: None,
            smoothing: 0.1,
            proportional: false,
            normalizer: NormalizerKind::None,
            window: None,
            jitter: 0.0,
            slope_limited: true,
            spike_threshold: 8.0,
            maximum_freeze: 200,
        }
    }
}

impl RunProfile {
    /// Constraints without families and without surgery.
    pub fn new(constraints: Vec<ConstraintProfile>) -> Self {
        Self { constraints, families: Vec::new(), surgery: None }
    }
}

impl NormalizerKind {
    /// The key of its table in a file, where it has a window.
    pub(crate) fn windowed(self) -> Option<&'static str> {
        match self {
            Self::Rank => Some("rank"),
            Self::Winsor => Some("winsor"),
            Self::AutoRank => Some("auto.rank"),
            Self::AutoWinsor => Some("auto.winsor"),
            Self::None | Self::Ema => None,
        }
    }

    pub(crate) fn is_rank(self) -> bool {
        matches!(self, Self::Rank | Self::AutoRank)
    }
}
