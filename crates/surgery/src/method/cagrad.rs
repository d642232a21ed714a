//! CAGrad.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::solve::{MinimumNorm, dot, multiply, squared_length};
use crate::unit::Unit;

/// How well the squared length of a combination must be known to turn to it.
const KNOWN: f64 = 1e-2;

/// A length that is right to this share of itself is exact.
const EXACT: f64 = 1e-14;

const STEPS: usize = 300;

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
/// Where `g_w` vanishes, as far as the Gramian is accurate, the rows are Pareto stationary: the result is zero
/// if the ball holds it, that is with `c ≥ 1`, and else the mean, the middle of the ball.
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

/// What CAGrad and SDMGrad work on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shifted {
    solver: MinimumNorm,
    cosines: Vec<f64>,
    lengths: Vec<f64>,
    /// `g_i·g_0`.
    dots: Vec<f64>,
    parts: Vec<f64>,
}

impl Shifted {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            solver: MinimumNorm::new(rows),
            cosines: vec![0.0; rows * rows],
            lengths: vec![0.0; rows],
            dots: vec![0.0; rows],
            parts: vec![0.0; rows],
        }
    }

    pub(crate) fn cagrad(&mut self, unit: &Unit, config: &CagradConfig, out: &mut [f64]) {
        let rows = unit.rows();
        let share = 1.0 / rows as f64;
        for (part, length) in self.parts.iter_mut().zip(&unit.lengths) {
            *part = share * length;
        }
        multiply(&unit.cosines, &self.parts[..rows], &mut self.dots);
        let mean = dot(&self.parts[..rows], &self.dots[..rows]).max(0.0).sqrt();
        self.dots.iter_mut().zip(&unit.lengths).for_each(|(dot, length)| *dot *= length);
        let divisor = match config.rescale {
            CagradRescale::None => 1.0,
            CagradRescale::Squared => 1.0 + config.radius * config.radius,
            CagradRescale::Linear => 1.0 + config.radius,
        };
        let radius = config.radius * mean;
        if radius == 0.0 {
            out.fill(share / divisor);
            return;
        }
        self.solve(unit, mean, radius, out);
        let norm = self.norm(unit, out);
        if unit.rounding(KNOWN * norm * norm, &self.parts[..rows]) {
            out.fill(if config.radius < 1.0 { share / divisor } else { 0.0 });
            return;
        }
        out.iter_mut().for_each(|w| *w = (share + *w * (radius / norm)) / divisor);
    }

    /// The w of the dual. With `t = c·‖g_0‖/‖g_w‖` it minimizes `‖g_0 + t·g_w‖`, which for a given t is a
    /// point of least norm, and `t·‖g_w‖` rises with t. The root of `ln(t·‖g_w‖/(c·‖g_0‖))` in ln t is found
    /// by the Illinois method (Dowell and Jarratt 1971); every third step halves the interval, so that it
    /// ends whatever the rows are.
    fn solve(&mut self, unit: &Unit, mean: f64, radius: f64, out: &mut [f64]) {
        out.copy_from_slice(self.solver.solve(&unit.cosines, &unit.lengths));
        unit.stretch(out);
        normalize(out);
        let rounding = f64::EPSILON.max(unit.accuracy) * dot(out, &unit.lengths);
        let least = self.norm(unit, out).max(rounding);
        // The longest row has length 1, so that no combination is longer.
        let (mut low, mut high) = (radius.ln(), (radius / least).ln());
        let (mut below, mut above) = (f64::NAN, f64::NAN);
        let mut lower_moved = None;
        for step in 1..=STEPS {
            let secant = low - below * (high - low) / (above - below);
            let halve = step % 3 == 0 || !(low < secant && secant < high);
            let middle = if halve { 0.5 * (low + high) } else { secant };
            if middle <= low || middle >= high {
                break;
            }
            let ratio = middle.exp();
            self.shifted(unit, mean, ratio, out);
            let reached = (ratio * self.norm(unit, out) / radius).ln();
            if reached.abs() <= EXACT {
                return;
            }
            // An end that stays twice counts half, or it would stay for ever.
            let twice = lower_moved == Some(reached < 0.0);
            let share = if twice { 0.5 } else { 1.0 };
            lower_moved = Some(reached < 0.0);
            if reached < 0.0 {
                (low, below, above) = (middle, reached, share * above);
            } else {
                (high, above, below) = (middle, reached, share * below);
            }
        }
        self.shifted(unit, mean, high.exp(), out);
    }

    /// `argmin ‖g_0/t + g_w‖` over the simplex.
    fn shifted(&mut self, unit: &Unit, mean: f64, ratio: f64, out: &mut [f64]) {
        let rows = unit.rows();
        let offset = mean / ratio;
        let dots = &self.dots;
        let product = |i: usize, j: usize| {
            let own = unit.cosine(i, j) * unit.lengths[i] * unit.lengths[j];
            own + (dots[i] + dots[j]) / ratio + offset * offset
        };
        for row in 0..rows {
            let least = f64::EPSILON * (unit.lengths[row] + offset);
            self.lengths[row] = product(row, row).max(0.0).sqrt().max(least);
        }
        for row in 0..rows {
            for column in 0..rows {
                self.cosines[row * rows + column] = match row == column {
                    true => 1.0,
                    false => {
                        let cosine =
                            product(row, column) / self.lengths[row] / self.lengths[column];
                        cosine.clamp(-1.0, 1.0)
                    }
                };
            }
        }
        let lengths = &self.lengths[..rows];
        out.copy_from_slice(self.solver.solve(&self.cosines[..rows * rows], lengths));
        out.iter_mut().zip(lengths).for_each(|(weight, length)| *weight /= length);
        normalize(out);
    }

    fn norm(&mut self, unit: &Unit, weights: &[f64]) -> f64 {
        let parts = &mut self.parts[..weights.len()];
        for ((part, weight), length) in parts.iter_mut().zip(weights).zip(&unit.lengths) {
            *part = weight * length;
        }
        squared_length(&unit.cosines, parts).sqrt()
    }
}

fn normalize(weights: &mut [f64]) {
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
}
