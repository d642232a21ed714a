//! CAGrad.

use homeostat_core::ConfigError;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::solve::minimum_norm;
use crate::unit::{Unit, squared_length};

/// A combination shorter than this, relative to its parts, is Pareto stationary.
const STATIONARY: f64 = 1e-4;

const BISECTIONS: usize = 100;

/// By what the result is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CagradRescale {
    /// By nothing, as in the paper. The default.
    #[default]
    None,
    /// By `1 + c²`.
    Squared,
    /// By `1 + c`.
    Linear,
}

/// CAGrad (Liu, Liu, Jin, Stone and Liu 2021, "Conflict-averse gradient descent for multi-task learning",
/// equation 3): `max_d min_i g_i·d` with `‖d − g_0‖ ≤ c·‖g_0‖`, where g_0 is the mean. By its dual
///
/// `min_w wᵀ·G·1/m + c·‖g_0‖·√(wᵀ·G·w)` over the simplex, `α_i = 1/m + c·‖g_0‖/‖g_w‖·w_i`
///
/// Where `g_w` vanishes the rows are Pareto stationary, and the result is zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CagradConfig {
    /// c, finite and not negative. Default 0.5. With 0 the result is the mean; below 1 it is zero only
    /// where the mean is.
    pub radius: f64,
    /// By what the result is divided. Default: none.
    pub rescale: CagradRescale,
}

impl Default for CagradConfig {
    fn default() -> Self {
        Self { radius: 0.5, rescale: CagradRescale::None }
    }
}

impl CagradConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::not_negative("method.cagrad.radius", self.radius)
    }
}

pub(crate) fn cagrad(unit: &Unit, config: &CagradConfig) -> DVector<f64> {
    let rows = unit.rows();
    let share = DVector::from_element(rows, 1.0 / rows as f64);
    let mean = share.component_mul(&unit.lengths);
    let mean_norm = squared_length(&unit.cosines, &mean).sqrt();
    let radius = config.radius * mean_norm;
    if radius == 0.0 {
        return share;
    }
    let problem =
        Problem { unit, dots: (&unit.cosines * &mean).component_mul(&unit.lengths), mean_norm };
    let weights = problem.solve(radius);
    let parts = weights.component_mul(&unit.lengths);
    let norm = squared_length(&unit.cosines, &parts).sqrt();
    if norm <= STATIONARY * parts.sum() {
        return DVector::zeros(rows);
    }
    let divisor = match config.rescale {
        CagradRescale::None => 1.0,
        CagradRescale::Squared => 1.0 + config.radius * config.radius,
        CagradRescale::Linear => 1.0 + config.radius,
    };
    (share + weights * (radius / norm)) / divisor
}

struct Problem<'a> {
    unit: &'a Unit,
    /// `g_i·g_0`.
    dots: DVector<f64>,
    /// `‖g_0‖`.
    mean_norm: f64,
}

impl Problem<'_> {
    /// The w of the dual. With `t = c·‖g_0‖/‖g_w‖` it minimizes `‖g_0 + t·g_w‖`, which for a given t is a
    /// point of least norm, and `t·‖g_w‖` rises with t; so t is found by bisection.
    fn solve(&self, radius: f64) -> DVector<f64> {
        let lengths = &self.unit.lengths;
        let shortest = normalized(minimum_norm(&self.unit.cosines, lengths).component_div(lengths));
        let least = self.norm(&shortest).max(f64::EPSILON * shortest.dot(lengths));
        // The longest row has length 1, so that no combination is longer.
        let (mut low, mut high) = (radius, radius / least);
        for _ in 0..BISECTIONS {
            let middle = low.sqrt() * high.sqrt();
            if middle <= low || middle >= high {
                break;
            }
            let reached = middle * self.norm(&self.shifted(middle));
            if reached < radius { low = middle } else { high = middle }
        }
        self.shifted(high)
    }

    /// `argmin ‖g_0/t + g_w‖` over the simplex.
    fn shifted(&self, ratio: f64) -> DVector<f64> {
        let Unit { cosines, lengths, .. } = self.unit;
        let rows = lengths.len();
        let offset = self.mean_norm / ratio;
        let dot = |i: usize, j: usize| {
            let own = cosines[(i, j)] * lengths[i] * lengths[j];
            own + (self.dots[i] + self.dots[j]) / ratio + offset * offset
        };
        let shifted = DVector::from_fn(rows, |i, _| {
            let least = f64::EPSILON * (lengths[i] + offset);
            dot(i, i).max(0.0).sqrt().max(least)
        });
        let cosines = DMatrix::from_fn(rows, rows, |i, j| match i == j {
            true => 1.0,
            false => (dot(i, j) / shifted[i] / shifted[j]).clamp(-1.0, 1.0),
        });
        normalized(minimum_norm(&cosines, &shifted).component_div(&shifted))
    }

    fn norm(&self, weights: &DVector<f64>) -> f64 {
        squared_length(&self.unit.cosines, &weights.component_mul(&self.unit.lengths)).sqrt()
    }
}

fn normalized(weights: DVector<f64>) -> DVector<f64> {
    let sum = weights.sum();
    weights / sum
}
