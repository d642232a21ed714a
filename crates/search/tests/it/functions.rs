//! Branin and Hartmann-3, from the table of their source.

use std::f64::consts::PI;

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Functions {
    pub(crate) branin: Function,
    pub(crate) hartmann3: Function,
}

#[derive(Deserialize)]
pub(crate) struct Function {
    pub(crate) low: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) minimum: f64,
    points: Vec<Vec<f64>>,
    #[serde(default)]
    alpha: Vec<f64>,
    #[serde(default)]
    a: Vec<Vec<f64>>,
    #[serde(default)]
    p: Vec<Vec<f64>>,
}

pub(crate) fn functions() -> Functions {
    toml::from_str(include_str!("../goldens/reference/functions.toml")).expect("the table")
}

impl Function {
    /// Hartmann's function where the table has its coefficients, else Branin's.
    pub(crate) fn value(&self, x: &[f64]) -> f64 {
        if self.alpha.is_empty() {
            let (x, y) = (x[0], x[1]);
            let valley = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
            return valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0;
        }
        let terms = self.alpha.iter().zip(&self.a).zip(&self.p).map(|((alpha, a), p)| {
            let sum = a.iter().zip(p).zip(x).map(|((a, p), x)| a * (x - p) * (x - p)).sum::<f64>();
            alpha * (-sum).exp()
        });
        -terms.sum::<f64>()
    }
}

#[test]
fn the_functions_have_the_minima_of_their_source() {
    let functions = functions();
    for function in [&functions.branin, &functions.hartmann3] {
        for point in &function.points {
            assert!((function.value(point) - function.minimum).abs() < 1e-4, "{point:?}");
        }
    }
}
