//! What stands in a file about ceilings; `check.rs` says what is legal.

use serde::{Deserialize, Serialize};

use super::squeeze::Squeeze;
use crate::rules::Rules;

/// Where the squeeze ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CeilingTarget {
    /// At this value, in the unit of what is measured.
    Absolute(f64),
    /// At this share of the discovered ceiling.
    Relative(f64),
}

/// Which number becomes the ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscoveryStatistic {
    /// `quantile` of the samples that are not above median + `outlier` · 1.4826 · MAD.
    #[default]
    Robust,
    /// The maximum: the note's. One batch decides.
    Maximum,
}

/// Whether goals share what is discovered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every goal has its own ceiling.
    #[default]
    PerGoal,
    /// The largest ceiling found is that of all: the note's.
    Shared,
}

/// How ceilings are discovered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoveryConfig {
    /// How many epochs are without a ceiling. Default 1.
    pub epochs: u64,
    /// The share of these epochs that passes before samples count. Default 0.5.
    pub from: f64,
    /// Which number becomes the ceiling.
    pub statistic: DiscoveryStatistic,
    /// The quantile of the robust statistic, by nearest rank. Default 0.95.
    pub quantile: f64,
    /// How many normal standard deviations above the median a sample is left out. Default 6.
    pub outlier: f64,
    /// Factor of what was found. Default 1.10.
    pub headroom: f64,
    /// Whether goals share what is discovered.
    pub scope: Scope,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self {
            epochs: 1,
            from: 0.5,
            statistic: DiscoveryStatistic::Robust,
            quantile: 0.95,
            outlier: 6.0,
            headroom: 1.1,
            scope: Scope::PerGoal,
        }
    }
}

/// When the ceiling moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// With every batch, in a straight line.
    #[default]
    Batch,
    /// When an epoch begins: the note's.
    Epoch,
}

/// What rejections and restorations do to the squeeze.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackoffConfig {
    /// Above this rejection rate the epoch's squeeze is taken back. Default 0.15.
    pub maximum_rate: f64,
    /// Below this rate the schedule is in good order. Default 0.05.
    pub target_rate: f64,
    /// What a backoff makes of the schedule's increment. Default 0.5.
    pub slower: f64,
    /// What a good epoch makes of it, up to 1. Default 1.5.
    pub faster: f64,
    /// The smallest increment, in epochs of the schedule. Default 0.125.
    pub least: f64,
    /// By how much the schedule's clock is turned back further where an epoch is backed off, or waited for,
    /// although the increment is at its smallest already, in epochs of the schedule. Default 0, the
    /// specification's: the ceiling never rises above that of the epoch's start. Ours, for models that stand
    /// still outside the ceiling.
    pub retreat: f64,
    /// Where more than this share of an epoch's accepted steps began outside the ceiling, the squeeze waits:
    /// the ceiling stays where the epoch left it, and comes down again after an epoch with no larger a
    /// share. In [0, 1]; 1 never waits. Default 0.5, ours.
    pub restorations: f64,
    /// After so many backoffs in a row training should stop. Off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub give_up: Option<u64>,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            maximum_rate: 0.15,
            target_rate: 0.05,
            slower: 0.5,
            faster: 1.5,
            least: 0.125,
            retreat: 0.0,
            restorations: 0.5,
            give_up: None,
        }
    }
}

/// When soft scales are tightened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TighteningConfig {
    /// What an epoch makes of every soft scale. Default 0.95; 1 switches tightening off.
    pub factor: f64,
    /// The first epoch at whose end it happens; in phase `target` it may happen before. Default 6.
    pub start: u64,
    /// Over how many epochs the score is averaged. Default 3.
    pub window: usize,
    /// The least mean of S_min. Default 0.5.
    pub threshold: f64,
}

impl Default for TighteningConfig {
    fn default() -> Self {
        Self { factor: 0.95, start: 6, window: 3, threshold: 0.5 }
    }
}

/// Configuration of a [`Ceiling`](super::Ceiling).
///
/// ```toml
/// goals = ["kl_core", "kl_detail"]
/// target = { absolute = 8.0 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingConfig {
    /// The names of what has a ceiling. Default: one, `kl`.
    #[serde(default = "default_goals")]
    pub goals: Vec<String>,
    /// Where the squeeze ends. No default: it belongs to the model. Left out where the squeeze is
    /// `absolute`, whose last ceiling is the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<CeilingTarget>,
    /// l, the guard below which the value must not fall. Default 1, that of the small model in nats.
    #[serde(default = "default_lower")]
    pub lower: f64,
    /// Where the score is best, as a share of the target. Default 0.8.
    #[serde(default = "default_healthy")]
    pub healthy: f64,
    /// How ceilings are discovered.
    #[serde(default)]
    pub discovery: DiscoveryConfig,
    /// For how many epochs the discovered ceiling is held. Default 1.
    #[serde(default = "default_hold")]
    pub hold: u64,
    /// How the ceiling comes down. Default: relative, with the note's shape.
    #[serde(default)]
    pub squeeze: Squeeze,
    /// When the ceiling moves.
    #[serde(default)]
    pub pace: Pace,
    /// What rejections do.
    #[serde(default)]
    pub backoff: BackoffConfig,
    /// When soft scales are tightened.
    #[serde(default)]
    pub tightening: TighteningConfig,
    /// A discovered ceiling above this is reported as an explosion; nothing else. Off by default: no
    /// source gives a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explosion: Option<f64>,
    /// Whose rules hold.
    #[serde(default)]
    pub rules: Rules,
}

fn default_goals() -> Vec<String> {
    vec!["kl".to_owned()]
}

fn default_lower() -> f64 {
    1.0
}

fn default_healthy() -> f64 {
    0.8
}

fn default_hold() -> u64 {
    1
}

/// The goals of the note.
fn halves() -> Vec<String> {
    vec!["kl_core".to_owned(), "kl_detail".to_owned()]
}

impl CeilingConfig {
    /// The defaults around a target.
    pub fn new(target: CeilingTarget) -> Self {
        Self {
            goals: default_goals(),
            target: Some(target),
            lower: default_lower(),
            healthy: default_healthy(),
            discovery: DiscoveryConfig::default(),
            hold: default_hold(),
            squeeze: Squeeze::default(),
            pace: Pace::default(),
            backoff: BackoffConfig::default(),
            tightening: TighteningConfig::default(),
            explosion: None,
            rules: Rules::default(),
        }
    }

    /// The design note, as it was meant: both halves of the latent share the largest value of epoch 1
    /// (after 200 of 395 batches), hold it in epoch 2, and come down by the note's table from 13,000 to
    /// 3,000 nats, at the start of each epoch, where they are not lower already. The guard is 100 nats.
    pub fn note() -> Self {
        Self {
            goals: halves(),
            target: None,
            lower: 100.0,
            discovery: DiscoveryConfig {
                from: 200.0 / 395.0,
                statistic: DiscoveryStatistic::Maximum,
                headroom: 1.0,
                scope: Scope::Shared,
                ..DiscoveryConfig::default()
            },
            squeeze: Squeeze::note(),
            pace: Pace::Epoch,
            ..Self::new(CeilingTarget::Absolute(3000.0))
        }
    }

    /// The code of the revision that the note describes, with its defects.
    pub fn parity_note() -> Self {
        Self { rules: Rules::Note, ..Self::note() }
    }

    /// The code of the latest revision, with its defects: two epochs of discovery, 10 % headroom, a
    /// geometric squeeze.
    pub fn parity_late() -> Self {
        let note = Self::note();
        Self {
            target: Some(CeilingTarget::Absolute(3000.0)),
            discovery: DiscoveryConfig {
                epochs: 2,
                from: 79.0 / 790.0,
                headroom: 1.1,
                ..note.discovery
            },
            hold: 0,
            squeeze: Squeeze::geometric(12),
            rules: Rules::Late,
            ..note
        }
    }
}
