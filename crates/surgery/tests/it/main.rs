//! Tests of gradient surgery: one file per kind.

mod accuracy;
mod config;
mod defects;
mod engine;
mod famo;
mod goldens;
mod graddrop;
mod gramian;
mod lambda;
mod losses;
mod momentum;
mod monitor;
mod promise;
mod properties;
mod rows;

use homeostat_surgery::{
    Gramian, Input, Method, Report, Surgery, SurgeryConfig, SurgeryError, SurgeryState,
};

/// A legal configuration.
#[track_caller]
fn surgery(config: impl Into<SurgeryConfig>) -> Surgery {
    config.into().init().expect("legal options")
}

/// The state before the first step of one group.
#[track_caller]
fn fresh(surgery: &Surgery, rows: usize) -> SurgeryState {
    surgery.init_state(rows, 1).expect("as many rows as the method needs")
}

/// The weights of a method in its first step.
#[track_caller]
fn weights(method: &Method, gramian: &Gramian) -> Vec<f64> {
    let surgery = surgery(method.clone());
    decide(&surgery, &mut fresh(&surgery, gramian.rows()), gramian).1
}

/// One legal step that reads a Gramian, and losses of 1.
#[track_caller]
fn decide(surgery: &Surgery, state: &mut SurgeryState, gramian: &Gramian) -> (Report, Vec<f64>) {
    let losses = vec![1.0; gramian.rows()];
    let input = Input { gramian: Some(gramian), losses: &losses, ..Input::default() };
    step(surgery, state, &input).expect("a legal step")
}

/// One step of the first group.
fn step(
    surgery: &Surgery,
    state: &mut SurgeryState,
    input: &Input<'_>,
) -> Result<(Report, Vec<f64>), SurgeryError> {
    let mut weights = vec![f64::NAN; state.rows()];
    let report = surgery.decide(state, 0, input, &mut weights)?;
    Ok((report, weights))
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

/// `Σ|α_i|·‖g_i‖`, the size of the parts of a direction.
fn parts(rows: &[Vec<f64>], weights: &[f64]) -> f64 {
    rows.iter().zip(weights).map(|(row, weight)| weight.abs() * norm(row)).sum()
}
