//! Tests of gradient surgery: one file per kind.

mod config;
mod defects;
mod goldens;
mod gramian;
mod properties;

use homeostat_surgery::{Gramian, Method};

/// The weights of a method in its first step.
#[track_caller]
fn weights(method: &Method, gramian: &Gramian) -> Vec<f64> {
    let aggregator = method.init().expect("legal options");
    let mut state = aggregator.init_state(gramian.rows());
    let mut weights = vec![f64::NAN; gramian.rows()];
    aggregator.weights(&mut state, gramian, &mut weights).expect("a legal step");
    weights
}

/// The Gramian of rows that are legal.
#[track_caller]
fn gramian(rows: &[Vec<f64>]) -> Gramian {
    Gramian::of_rows(rows).expect("a legal gramian")
}

/// `Jᵀ·α`.
fn direction(rows: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let coordinate = |k| rows.iter().zip(weights).map(|(row, weight)| row[k] * weight).sum();
    (0..rows[0].len()).map(coordinate).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
