//! The goals of the published model, as data.
//!
//! Half of the latent code is called core (structure), half detail (appearance). μ and σ² = e^logvar are
//! the encoder's, x is the image in [0, 1], r its reconstruction, r_c the reconstruction from the core
//! alone, r_sw that from the core of one sample and the detail of another.

use std::collections::BTreeMap;

use crate::calibration::{CalibrationConfig, ScaleStatistic};
use crate::constraint::Constraint;
use crate::goals::GoalsConfig;
use crate::literal::UNBOUNDED;
use crate::rules::Rules;

/// One goal: what is measured, and what each edition asks of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoalEntry {
    /// Its name.
    pub name: &'static str,
    /// What is measured.
    pub measures: &'static str,
    /// In the revision that the note describes.
    pub note: Option<Constraint>,
    /// In the latest revision.
    pub late: Option<Constraint>,
    /// Under the mended rules.
    pub mended: Option<Constraint>,
}

impl GoalEntry {
    /// What these rules ask, where they know the goal.
    pub fn constraint(&self, rules: Rules) -> Option<Constraint> {
        match rules {
            Rules::Mended => self.mended,
            Rules::Note => self.note,
            Rules::Late => self.late,
        }
    }
}

/// A group, or a subgroup, with its members.
pub type GroupEntry = (&'static str, &'static [&'static str]);

const AUTO: Option<Constraint> = soft(None);

const fn soft(scale: Option<f64>) -> Option<Constraint> {
    Some(Constraint::MinimizeSoft { scale })
}

const fn between(lower: f64, upper: f64) -> Option<Constraint> {
    Some(Constraint::Box { lower, upper })
}

const fn range(lower: f64, upper: f64, margin: f64) -> Option<Constraint> {
    Some(Constraint::Range { lower, upper, margin })
}

const fn at_most(upper: f64, margin: f64) -> Option<Constraint> {
    Some(Constraint::Upper { upper, margin: Some(margin) })
}

const fn at_least(lower: f64, margin: f64) -> Option<Constraint> {
    Some(Constraint::Lower { lower, margin: Some(margin) })
}

const fn peak(lower: f64, upper: Option<f64>, healthy: f64) -> Option<Constraint> {
    Some(Constraint::BoxAsymmetric { lower, upper, healthy })
}

const fn entry(
    name: &'static str,
    measures: &'static str,
    note: Option<Constraint>,
    late: Option<Constraint>,
    mended: Option<Constraint>,
) -> GoalEntry {
    GoalEntry { name, measures, note, late, mended }
}

const fn same(name: &'static str, measures: &'static str, all: Option<Constraint>) -> GoalEntry {
    entry(name, measures, all, all, all)
}

/// All goals. The mended column keeps the note's, but asks for a range where a box had its optimum in the
/// middle of what is only a range check (edges of a tenth of the width, ours), and gives the divergences
/// no ceiling until one is discovered.
pub const GOALS: &[GoalEntry] = &[
    same("pixel", "mean squared error of r plus 0.1 (1 − SSIM)", AUTO),
    same("edge", "mean squared error of the edge map of r", AUTO),
    same("perceptual", "mean squared error of features of a pretrained network", AUTO),
    same("core_mse", "mean squared error of r_c", AUTO),
    same("core_edge", "mean squared error of the edge map of r_c", AUTO),
    same("swap_structure", "mean squared error of edges, r_sw against the core's sample", AUTO),
    entry(
        "swap_appearance",
        "mean squared error of the mean colour, r_sw against the detail's sample",
        peak(0.0, Some(0.5), 0.15),
        AUTO,
        at_most(0.5, 0.35),
    ),
    same("swap_color_hist", "the same of colour histograms", AUTO),
    entry("realism_recon", "1 − mean discriminator output on r", AUTO, soft(Some(2.0)), AUTO),
    entry("realism_swap", "1 − mean discriminator output on r_sw", AUTO, soft(Some(2.0)), AUTO),
    same("core_color_leak", "change of the mean colour when the core is perturbed", AUTO),
    same("detail_edge_leak", "change of the edges when the detail is perturbed", AUTO),
    same("traversal", "mean reciprocal of what each half should change and does", AUTO),
    entry(
        "kl_core",
        "KL divergence of the core from the prior, nats",
        peak(100.0, Some(UNBOUNDED), 3000.0),
        peak(0.0, Some(UNBOUNDED), 1e8),
        peak(100.0, None, 150.0),
    ),
    entry(
        "kl_detail",
        "KL divergence of the detail from the prior, nats",
        peak(100.0, Some(UNBOUNDED), 3000.0),
        peak(0.0, Some(UNBOUNDED), 1e8),
        peak(100.0, None, 150.0),
    ),
    entry(
        "prior_kl",
        "KL divergence from a correlated prior, nats",
        None,
        peak(0.0, Some(UNBOUNDED), 2e8),
        None,
    ),
    entry(
        "logvar_core",
        "mean log-variance of the core",
        between(-15.0, 10.0),
        between(-15.0, 10.0),
        range(-15.0, 10.0, 2.5),
    ),
    entry(
        "logvar_detail",
        "mean log-variance of the detail",
        between(-15.0, 10.0),
        between(-15.0, 10.0),
        range(-15.0, 10.0, 2.5),
    ),
    same("cov", "squared off-diagonal over squared diagonal covariance, core", AUTO),
    same("weak", "share of core dimensions with var(μ) < 0.1", soft(Some(0.1))),
    entry(
        "core_consistency",
        "mean squared change of the core's μ under augmentation",
        AUTO,
        soft(Some(500.0)),
        AUTO,
    ),
    same("core_active", "share of core dimensions that are not active", soft(Some(0.4))),
    same("detail_active", "share of detail dimensions that are not active", soft(Some(0.4))),
    same("core_effective", "share of core dimensions beyond the effective ones", soft(Some(0.4))),
    same("detail_effective", "the same of the detail", soft(Some(0.4))),
    entry(
        "detail_mean",
        "mean over dimensions of |mean of μ|, detail",
        between(-30.0, 30.0),
        between(-30.0, 30.0),
        range(-30.0, 30.0, 6.0),
    ),
    entry(
        "detail_var_mean",
        "mean over dimensions of var(μ), detail",
        between(0.0, 500.0),
        at_least(-1.0, 10.0),
        at_most(500.0, 50.0),
    ),
    entry("detail_cov", "as cov, detail", soft(Some(1.0)), AUTO, soft(Some(1.0))),
    entry("sep_core", "|logit| of a total-correlation discriminator", None, AUTO, None),
    entry("sep_mid", "the same of another slice", None, AUTO, None),
    entry("sep_detail", "the same of the last slice", None, AUTO, None),
    entry(
        "detail_ratio",
        "mean |r − r_c| over mean |r_c|",
        between(0.0, 0.7),
        AUTO,
        at_most(0.7, 0.35),
    ),
    entry(
        "core_var_health",
        "median over dimensions of var(μ), core",
        between(0.0, 1200.0),
        at_least(-10.0, 100.0),
        at_most(1200.0, 120.0),
    ),
    entry(
        "detail_var_health",
        "median over dimensions of var(μ), detail",
        between(0.0, 1200.0),
        at_least(-10.0, 100.0),
        at_most(1200.0, 120.0),
    ),
    entry("core_var_max", "largest var(μ), core", soft(Some(100.0)), None, soft(Some(100.0))),
    entry("detail_var_max", "largest var(μ), detail", soft(Some(100.0)), None, soft(Some(100.0))),
];

/// The groups that all editions share.
const SHARED: &[GroupEntry] = &[
    ("recon", &["pixel", "edge", "perceptual"]),
    ("core", &["core_mse", "core_edge"]),
    ("swap", &["swap_structure", "swap_appearance", "swap_color_hist"]),
    ("realism", &["realism_recon", "realism_swap"]),
    ("disentangle", &["core_color_leak", "detail_edge_leak"]),
    ("latent", &["kl", "structure", "capacity", "detail_stats"]),
];

const NOTE_GROUPS: &[GroupEntry] = &[(
    "health",
    &["detail_ratio", "core_var_health", "detail_var_health", "core_var_max", "detail_var_max"],
)];

/// The mended groups: each divergence is one, so that its score is not diluted to the power 1/16.
const MENDED_GROUPS: &[GroupEntry] =
    &[NOTE_GROUPS[0], ("kl_core", &["kl_core"]), ("kl_detail", &["kl_detail"])];

/// The latest groups; `prior_kl` is a member of two.
const LATE_GROUPS: &[GroupEntry] = &[
    ("health", &["detail_ratio", "core_var_health", "detail_var_health"]),
    ("separation", &["sep_core", "sep_mid", "sep_detail", "prior_kl"]),
];

const CAPACITY: GroupEntry =
    ("capacity", &["core_active", "detail_active", "core_effective", "detail_effective"]);

const SUBGROUPS: &[GroupEntry] = &[("structure", &["cov", "weak", "core_consistency"]), CAPACITY];

/// The groups of the small model.
const SMALL_GROUPS: &[GroupEntry] = &[
    ("recon", &["pixel", "edge"]),
    ("core", &["core_mse", "core_edge"]),
    ("swap", &["swap_structure", "swap_appearance", "swap_color_hist"]),
    ("disentangle", &["core_color_leak", "detail_edge_leak"]),
    ("kl_core", &["kl_core"]),
    ("kl_detail", &["kl_detail"]),
    ("latent", &["capacity", "core_correlation", "detail_correlation"]),
];

const NOTE_SUBGROUPS: &[GroupEntry] = &[
    ("kl", &["kl_core", "kl_detail", "logvar_core", "logvar_detail"]),
    ("detail_stats", &["detail_mean", "detail_var_mean", "detail_cov"]),
];

const MENDED_SUBGROUPS: &[GroupEntry] =
    &[("kl", &["logvar_core", "logvar_detail"]), NOTE_SUBGROUPS[1]];

const LATE_SUBGROUPS: &[GroupEntry] = &[
    ("kl", &["kl_core", "kl_detail", "prior_kl", "logvar_core", "logvar_detail"]),
    ("detail_stats", &["detail_mean", "detail_var_mean", "detail_cov", "traversal"]),
];

/// The goals of the streamlined variant of the latest revision: one group each, all calibrated.
pub const STREAMLINED: [&str; 9] = [
    "kl_divergence",
    "disentanglement",
    "capacity",
    "behavioral_separation",
    "latent_stats",
    "reconstruction",
    "cross_recon",
    "realism",
    "consistency",
];

/// The groups of an edition.
pub fn groups(rules: Rules) -> impl Iterator<Item = GroupEntry> {
    let own = match rules {
        Rules::Mended => MENDED_GROUPS,
        Rules::Note => NOTE_GROUPS,
        Rules::Late => LATE_GROUPS,
    };
    SHARED.iter().chain(own).copied()
}

/// The subgroups of an edition.
pub fn subgroups(rules: Rules) -> impl Iterator<Item = GroupEntry> {
    let own = match rules {
        Rules::Mended => MENDED_SUBGROUPS,
        Rules::Note => NOTE_SUBGROUPS,
        Rules::Late => LATE_SUBGROUPS,
    };
    SUBGROUPS.iter().chain(own).copied()
}

fn owned(entries: impl Iterator<Item = GroupEntry>) -> BTreeMap<String, Vec<String>> {
    let members = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    entries.map(|(name, names)| (name.to_owned(), members(names))).collect()
}

/// How an edition calibrates: 200 batches and the median, or 79 and the maximum.
fn calibration(rules: Rules) -> CalibrationConfig {
    let note = CalibrationConfig { batches: 200, ..CalibrationConfig::default() };
    match rules {
        Rules::Mended | Rules::Note => note,
        Rules::Late => {
            let statistic = ScaleStatistic::Maximum;
            CalibrationConfig { batches: 79, statistic, floor: 5e-4, ..note }
        }
    }
}

pub(crate) fn config(rules: Rules) -> GoalsConfig {
    let goals = GOALS
        .iter()
        .filter_map(|entry| Some((entry.name.to_owned(), entry.constraint(rules)?)))
        .collect();
    GoalsConfig {
        subgroups: owned(subgroups(rules)),
        calibration: calibration(rules),
        rules,
        ..GoalsConfig::new(goals, owned(groups(rules)))
    }
}

impl GoalsConfig {
    /// The nine goals of the streamlined variant, under the latest revision's rules.
    pub fn streamlined() -> Self {
        let names = || STREAMLINED.iter().map(|name| (*name).to_owned());
        let goals = names().map(|name| (name, Constraint::MinimizeSoft { scale: None })).collect();
        let groups = names().map(|name| (name.clone(), vec![name])).collect();
        let rules = Rules::Late;
        Self { calibration: calibration(rules), rules, ..Self::new(goals, groups) }
    }

    /// The goals of the small model for images of 28 × 28, 16 + 16 latent dimensions: section 8 of the
    /// specification.
    pub fn small() -> Self {
        let constraint = |name: &str| match name {
            "kl_core" | "kl_detail" => {
                Constraint::BoxAsymmetric { lower: 1.0, upper: None, healthy: 1.5 }
            }
            name if CAPACITY.1.contains(&name) => Constraint::MinimizeSoft { scale: Some(0.4) },
            _ => Constraint::MinimizeSoft { scale: None },
        };
        let goals = SMALL_GROUPS
            .iter()
            .chain([&CAPACITY])
            .flat_map(|(_, members)| members.iter())
            .filter(|name| **name != CAPACITY.0)
            .map(|name| ((*name).to_owned(), constraint(name)))
            .collect();
        let groups = owned(SMALL_GROUPS.iter().copied());
        Self { subgroups: owned([CAPACITY].into_iter()), ..Self::new(goals, groups) }
    }
}
