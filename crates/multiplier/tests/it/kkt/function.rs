//! Functions with a gradient: quadratic forms, and a few by name.

use serde::Deserialize;

/// `½ xᵀHx + gᵀx + c`, or a named function.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Function {
    hessian: Vec<Vec<f64>>,
    linear: Vec<f64>,
    constant: f64,
    named: Option<Named>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    /// `−x₁x₂x₃`
    MinusProduct,
    /// `ln(1 + x₁²) − x₂`
    LogMinusSecond,
    /// `(1 + x₁²)² + x₂²`
    QuarticCurve,
    /// `(1 − x₁)² + 100 (x₂ − x₁²)²`
    Rosenbrock,
}

impl Function {
    pub(crate) fn value(&self, x: &[f64]) -> f64 {
        if let Some(named) = self.named {
            return named.value(x);
        }
        let curved: f64 =
            self.hessian.iter().zip(x).map(|(row, x_i)| 0.5 * x_i * dot(row, x)).sum();
        curved + dot(&self.linear, x) + self.constant
    }

    pub(crate) fn gradient(&self, x: &[f64]) -> Vec<f64> {
        if let Some(named) = self.named {
            return named.gradient(x);
        }
        let mut gradient = vec![0.0; x.len()];
        for (slope, row) in gradient.iter_mut().zip(&self.hessian) {
            *slope += dot(row, x);
        }
        for (slope, linear) in gradient.iter_mut().zip(&self.linear) {
            *slope += linear;
        }
        gradient
    }
}

impl Named {
    fn value(self, x: &[f64]) -> f64 {
        match self {
            Self::MinusProduct => -x[0] * x[1] * x[2],
            Self::LogMinusSecond => (x[0] * x[0]).ln_1p() - x[1],
            Self::QuarticCurve => (1.0 + x[0] * x[0]).powi(2) + x[1] * x[1],
            Self::Rosenbrock => (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2),
        }
    }

    fn gradient(self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::MinusProduct => vec![-x[1] * x[2], -x[0] * x[2], -x[0] * x[1]],
            Self::LogMinusSecond => vec![2.0 * x[0] / (1.0 + x[0] * x[0]), -1.0],
            Self::QuarticCurve => vec![4.0 * x[0] * (1.0 + x[0] * x[0]), 2.0 * x[1]],
            Self::Rosenbrock => {
                let bend = x[1] - x[0] * x[0];
                vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend, 200.0 * bend]
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
