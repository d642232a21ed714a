//! The memory of a ceiling.

use homeostat_signal::{BlockMean, OrderWindow};
use serde::{Deserialize, Serialize};

use crate::constraint::Constraint;
use crate::rejections::Rejections;

/// Where a ceiling is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// There is no ceiling; values are collected.
    #[default]
    Discover,
    /// The discovered ceiling stands still.
    Hold,
    /// The ceiling comes down.
    Squeeze,
    /// The ceiling is at its target.
    Target,
}

/// The bounds of one goal that are in force.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// l, the guard.
    pub lower: f64,
    /// u, the ceiling; `None` before there is one.
    pub upper: Option<f64>,
    /// h, where the score is best.
    pub healthy: f64,
}

impl From<Bounds> for Constraint {
    fn from(Bounds { lower, upper, healthy }: Bounds) -> Self {
        Self::BoxAsymmetric { lower, upper, healthy }
    }
}

/// What is known about one goal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingGoal {
    pub(super) bounds: Bounds,
    /// C.
    pub(super) discovered: Option<f64>,
    /// T.
    pub(super) target: Option<f64>,
    /// The largest sample.
    pub(super) maximum: Option<f64>,
    /// The values of the discovery; gone when it is over.
    pub(super) samples: Option<OrderWindow>,
}

impl CeilingGoal {
    /// The bounds in force.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// C, the discovered ceiling.
    pub fn discovered(&self) -> Option<f64> {
        self.discovered
    }

    /// T, where the squeeze ends.
    pub fn target(&self) -> Option<f64> {
        self.target
    }

    /// The largest value of the discovery.
    pub fn maximum(&self) -> Option<f64> {
        self.maximum
    }
}

/// The memory of a [`Ceiling`](super::Ceiling): everything that a run needs to go on in the middle of any
/// phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingState {
    pub(super) names: Vec<String>,
    pub(super) phase: Phase,
    /// Counted from 1; 0 before the first.
    pub(super) epoch: u64,
    /// Batches of the running epoch.
    pub(super) batch: u64,
    /// Whether an epoch is running.
    pub(super) running: bool,
    pub(super) goals: Vec<CeilingGoal>,
    /// σ, where the schedule stood when the epoch began.
    pub(super) sigma: f64,
    /// σ that the running epoch tries to reach.
    pub(super) tried: f64,
    /// d, by how much an epoch may move σ.
    pub(super) increment: f64,
    /// Epochs for which the discovered ceiling has been held.
    pub(super) held: u64,
    /// How often soft scales were tightened and not taken back.
    pub(super) tightenings: u32,
    /// Whether the squeeze waits for values that are still outside the ceiling.
    pub(super) waiting: bool,
    /// Backoffs in a row.
    pub(super) backoffs: u64,
    pub(super) rejections: Rejections,
    /// S_min in the running epoch.
    pub(super) score: BlockMean,
    /// Means of S_min of the newest epochs.
    pub(super) history: Vec<f64>,
    /// Published rules: the bounds before the last tightening, and how often had been tightened then.
    pub(super) backup: Option<(Vec<Bounds>, u32)>,
    /// Published rules: the first epoch with too many rejections.
    pub(super) hit: Option<u64>,
    pub(super) stopped: bool,
}

impl CeilingState {
    /// The phase of the epoch that runs, or ran last.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The epoch that runs, or ran last, counted from 1.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many batches of the epoch have been seen.
    pub fn batch(&self) -> u64 {
        self.batch
    }

    /// What is known about each goal, in the order of the configuration.
    pub fn goals(&self) -> &[CeilingGoal] {
        &self.goals
    }

    /// The ceilings in force.
    pub fn ceilings(&self) -> impl Iterator<Item = Option<f64>> {
        self.goals.iter().map(|goal| goal.bounds.upper)
    }

    /// σ, where the schedule stands.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// d, by how much the next epoch may move the schedule.
    pub fn increment(&self) -> f64 {
        self.increment
    }

    /// Whether the squeeze waits for values that are still outside the ceiling: the epoch that runs, or the
    /// next one, does not move the schedule.
    pub fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// The steps of the epoch that runs, or ran last.
    pub fn rejections(&self) -> Rejections {
        self.rejections
    }

    /// How often soft scales were tightened and not taken back.
    pub fn tightenings(&self) -> u32 {
        self.tightenings
    }

    /// Whether training should stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }
}
