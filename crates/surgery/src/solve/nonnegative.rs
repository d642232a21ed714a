//! The non-negative quadratic program.

use nalgebra::{DMatrix, DVector};

/// What a gradient must exceed before a variable enters, relative to the numbers it is made of.
const TOLERANCE: f64 = 1e-14;

/// A Cholesky pivot below this, relative to the diagonal, makes a row a combination of the others.
const PIVOT: f64 = 1e-13;

/// `argmin ½·zᵀ·M·z − rᵀ·z` over `z ≥ 0`, for a positive semidefinite M of comparable diagonal entries
/// and r in its range, by the active set of Lawson and Hanson (1974, "Solving least squares problems",
/// chapter 23).
pub(crate) fn nonnegative(matrix: &DMatrix<f64>, right: &DVector<f64>) -> DVector<f64> {
    let size = right.len();
    let mut solution = DVector::zeros(size);
    let mut free: Vec<usize> = Vec::with_capacity(size);
    // A variable that could not enter waits until the set has changed.
    let mut blocked = vec![false; size];
    for _ in 0..20 * size {
        let slope = right - matrix * &solution;
        let noise = TOLERANCE * size as f64 * (right.amax() + solution.lp_norm(1));
        let candidate = (0..size)
            .filter(|i| !blocked[*i] && !free.contains(i) && slope[*i] > noise)
            .max_by(|a, b| slope[*a].total_cmp(&slope[*b]));
        let Some(entering) = candidate else { break };
        free.push(entering);
        match move_to(matrix, right, &mut solution, &mut free) {
            true => blocked.fill(false),
            false => {
                free.retain(|i| *i != entering);
                solution[entering] = 0.0;
                blocked[entering] = true;
            }
        }
    }
    solution
}

/// Moves to the minimum over the free variables, and frees those no more that would turn negative. False
/// where the last variable cannot enter.
fn move_to(
    matrix: &DMatrix<f64>,
    right: &DVector<f64>,
    solution: &mut DVector<f64>,
    free: &mut Vec<usize>,
) -> bool {
    let mut first = true;
    while !free.is_empty() {
        let Some(goal) = solve(matrix, right, free) else { return false };
        if first && goal[free.len() - 1] <= 0.0 {
            return false;
        }
        first = false;
        let mut step = 1.0;
        let mut leaving = None;
        for (i, variable) in free.iter().enumerate() {
            if goal[i] <= 0.0 {
                let now = solution[*variable];
                let limit = now / (now - goal[i]);
                if leaving.is_none() || limit < step {
                    (step, leaving) = (limit, Some(*variable));
                }
            }
        }
        for (i, variable) in free.iter().enumerate() {
            solution[*variable] += step * (goal[i] - solution[*variable]);
        }
        let Some(leaving) = leaving else {
            for (i, variable) in free.iter().enumerate() {
                solution[*variable] = goal[i];
            }
            return true;
        };
        solution[leaving] = 0.0;
        free.retain(|variable| *variable != leaving && solution[*variable] > 0.0);
        for variable in 0..solution.len() {
            if !free.contains(&variable) {
                solution[variable] = 0.0;
            }
        }
    }
    true
}

/// `M_FF·s = r_F` by Cholesky with one refinement, or nothing where M_FF is singular.
fn solve(matrix: &DMatrix<f64>, right: &DVector<f64>, free: &[usize]) -> Option<DVector<f64>> {
    let size = free.len();
    let part = DMatrix::from_fn(size, size, |row, column| matrix[(free[row], free[column])]);
    let wanted = DVector::from_fn(size, |row, _| right[free[row]]);
    let factor = part.clone().cholesky()?;
    let lower = factor.l_dirty();
    for row in 0..size {
        if lower[(row, row)].powi(2) <= PIVOT * part[(row, row)] {
            return None;
        }
    }
    let rough = factor.solve(&wanted);
    let correction = factor.solve(&(wanted - part * &rough));
    Some(rough + correction)
}
