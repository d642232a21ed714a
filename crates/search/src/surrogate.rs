//! The model of the objective, and where it expects the largest improvement.

use egobox_ego::{
    CorrelationSpec, EgorServiceBuilder, InfillStrategy, RegressionSpec, RuntimeFlags,
};
use ndarray::{Array1, Array2};

/// What was learned so far, in the unit cube and in units of spread. Constraints are met at 0 and below.
pub(crate) struct Table {
    pub(crate) points: Vec<Vec<f64>>,
    pub(crate) objective: Vec<f64>,
    /// One column per constraint.
    pub(crate) constraints: Vec<Vec<f64>>,
}

/// The point of the unit cube with the largest expected improvement times the probability that all
/// constraints hold, by Gaussian processes with a constant mean and a Matérn-5/2 kernel with one length
/// per direction. The same table and seed give the same point.
///
/// The table holds at least two points, and only finite numbers.
pub(crate) fn propose(table: &Table, seed: u64) -> Vec<f64> {
    let (rows, dimensions) = (table.points.len(), table.points[0].len());
    let points =
        Array2::from_shape_fn((rows, dimensions), |(row, column)| table.points[row][column]);
    let columns: Vec<_> = std::iter::once(&table.objective).chain(&table.constraints).collect();
    let values = Array2::from_shape_fn((rows, columns.len()), |(row, column)| columns[column][row]);
    let cube =
        Array2::from_shape_fn((dimensions, 2), |(_, side)| if side == 0 { 0.0 } else { 1.0 });
    let constraints = table.constraints.len();
    let model = EgorServiceBuilder::optimize()
        .configure(|config| {
            let config = config
                .configure_gp(|process| {
                    process
                        .regression_spec(RegressionSpec::CONSTANT)
                        .correlation_spec(CorrelationSpec::MATERN52)
                })
                .infill_strategy(InfillStrategy::EI)
                // Nothing from environment variables.
                .runtime_flags(RuntimeFlags::none())
                .seed(seed);
            if constraints == 0 {
                return config;
            }
            config.n_cstr(constraints).cstr_infill(true).cstr_tol(Array1::zeros(constraints))
        })
        .min_within(&cube)
        .expect("the cube and the settings are legal");
    model.suggest(&points, &values).iter().map(|unit| unit.clamp(0.0, 1.0)).collect()
}
