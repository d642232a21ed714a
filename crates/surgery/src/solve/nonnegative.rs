//! The non-negative quadratic program.

use super::linear::{dot, substitute};

/// What a slope must exceed before a variable enters, relative to the numbers it is made of.
const TOLERANCE: f64 = 4.0 * f64::EPSILON;

/// A Cholesky pivot below this, relative to the diagonal, makes a row a combination of the free ones. The
/// row then differs from that combination by at most 1e-7 of its length, and so does its slope.
const PIVOT: f64 = 1e-14;

/// Rounds of block pivoting, and how many of them in a row need not bring fewer wrong signs.
const ROUNDS: usize = 12;
const PATIENCE: usize = 3;

/// `argmin ½·zᵀ·M·z − rᵀ·z` over `z ≥ 0`, for a positive semidefinite M of comparable diagonal entries
/// and r in its range.
///
/// First by block pivoting (Júdice and Pires 1994; Kim and Park 2011, "Fast nonnegative matrix factorization",
/// algorithm 1): all variables with a wrong sign change sides at once, which mostly ends after a few
/// rounds. It may circle, and needs independent rows; then by the active set of Lawson and Hanson (1974, "Solving
/// least squares problems", chapter 23), which always ends. The Cholesky factor of the free part follows that set by
/// rank-one changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nonnegative {
    stride: usize,
    /// Of the problem at hand.
    size: usize,
    /// The factor of the free part, in the order of `free`.
    lower: Vec<f64>,
    free: Vec<usize>,
    /// Neither free nor to be tried before the set has changed.
    blocked: Vec<bool>,
    /// Free in the next round of block pivoting.
    chosen: Vec<bool>,
    goal: Vec<f64>,
    rest: Vec<f64>,
    solution: Vec<f64>,
}

impl Nonnegative {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            stride: rows,
            size: 0,
            lower: vec![0.0; rows * rows],
            free: Vec::with_capacity(rows),
            blocked: vec![false; rows],
            chosen: vec![false; rows],
            goal: vec![0.0; rows],
            rest: vec![0.0; rows],
            solution: vec![0.0; rows],
        }
    }

    /// Solves for as many variables as `right` has entries, at most as many as there is memory for.
    pub(crate) fn solve(&mut self, matrix: &[f64], right: &[f64]) -> &[f64] {
        let size = right.len();
        self.size = size;
        let largest = right.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        if !self.pivot(matrix, right, largest) {
            self.follow(matrix, right, largest);
        }
        &self.solution[..size]
    }

    /// Block pivoting; false where it gives up.
    fn pivot(&mut self, matrix: &[f64], right: &[f64], largest: f64) -> bool {
        let size = right.len();
        for (chosen, right) in self.chosen.iter_mut().zip(right) {
            *chosen = *right > 0.0;
        }
        let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
        for _ in 0..ROUNDS {
            self.free.clear();
            for variable in 0..size {
                if self.chosen[variable] && !self.enter(matrix, variable) {
                    return false;
                }
            }
            self.minimum(matrix, right);
            let solution = &mut self.solution[..size];
            solution.fill(0.0);
            for (variable, goal) in self.free.iter().zip(&self.goal) {
                solution[*variable] = *goal;
            }
            let total: f64 = solution.iter().map(|value| value.abs()).sum();
            let least = TOLERANCE * size as f64 * (largest + total);
            let mut wrong = 0;
            for (variable, chosen) in self.chosen[..size].iter_mut().enumerate() {
                let changes = if *chosen {
                    solution[variable] <= 0.0
                } else {
                    let row = &matrix[variable * size..(variable + 1) * size];
                    right[variable] - dot(row, solution) > least
                };
                if changes {
                    *chosen = !*chosen;
                    wrong += 1;
                }
            }
            if wrong == 0 {
                return true;
            }
            if wrong < fewest {
                (fewest, patience) = (wrong, PATIENCE);
            } else if patience == 0 {
                return false;
            } else {
                patience -= 1;
            }
        }
        false
    }

    /// The active set, one variable after the other.
    fn follow(&mut self, matrix: &[f64], right: &[f64], largest: f64) {
        let size = right.len();
        self.free.clear();
        self.blocked[..size].fill(false);
        self.solution[..size].fill(0.0);
        for _ in 0..20 * size {
            let Some(entering) = self.candidate(matrix, right, largest) else { break };
            let moved = self.enter(matrix, entering) && self.advance(matrix, right);
            match moved {
                true => self.blocked[..size].fill(false),
                false => self.blocked[entering] = true,
            }
        }
    }

    /// The variable whose growth helps most.
    fn candidate(&self, matrix: &[f64], right: &[f64], largest: f64) -> Option<usize> {
        let size = right.len();
        let total: f64 = self.solution[..size].iter().sum();
        let mut best = TOLERANCE * size as f64 * (largest + total);
        let mut candidate = None;
        for variable in 0..size {
            if self.blocked[variable] || self.solution[variable] > 0.0 {
                continue;
            }
            let row = &matrix[variable * size..(variable + 1) * size];
            let slope = right[variable] - dot(row, &self.solution[..size]);
            if slope > best && !self.free.contains(&variable) {
                (best, candidate) = (slope, Some(variable));
            }
        }
        candidate
    }

    /// Adds a variable to the free ones; false where it is a combination of them.
    fn enter(&mut self, matrix: &[f64], variable: usize) -> bool {
        let (size, count, stride) = (self.size, self.free.len(), self.stride);
        let (above, rest) = self.lower.split_at_mut(count * stride);
        let own = &mut rest[..=count];
        for (column, other) in self.free.iter().enumerate() {
            let factor = &above[column * stride..column * stride + column + 1];
            let sum = matrix[variable * size + other] - dot(&own[..column], &factor[..column]);
            own[column] = sum / factor[column];
        }
        let diagonal = matrix[variable * size + variable];
        let pivot = diagonal - dot(&own[..count], &own[..count]);
        if pivot.is_nan() || pivot <= PIVOT * diagonal {
            return false;
        }
        own[count] = pivot.sqrt();
        self.free.push(variable);
        true
    }

    /// Moves to the minimum over the free variables, and frees those no more that would turn negative. False
    /// where the last variable cannot grow.
    fn advance(&mut self, matrix: &[f64], right: &[f64]) -> bool {
        let size = right.len();
        let mut first = true;
        while !self.free.is_empty() {
            self.minimum(matrix, right);
            let last = self.free.len() - 1;
            if first && self.goal[last] <= 0.0 {
                self.leave(last);
                return false;
            }
            first = false;
            let mut step = 1.0;
            let mut leaving = None;
            for (place, variable) in self.free.iter().enumerate() {
                if self.goal[place] <= 0.0 {
                    let now = self.solution[*variable];
                    let limit = now / (now - self.goal[place]);
                    if leaving.is_none() || limit < step {
                        (step, leaving) = (limit, Some(*variable));
                    }
                }
            }
            let Some(leaving) = leaving else {
                for (place, variable) in self.free.iter().enumerate() {
                    self.solution[*variable] = self.goal[place];
                }
                return true;
            };
            for (place, variable) in self.free.iter().enumerate() {
                let now = self.solution[*variable];
                self.solution[*variable] = now + step * (self.goal[place] - now);
            }
            self.solution[leaving] = 0.0;
            for place in (0..self.free.len()).rev() {
                if self.solution[self.free[place]] <= 0.0 {
                    self.solution[self.free[place]] = 0.0;
                    self.leave(place);
                }
            }
            debug_assert!(self.solution[..size].iter().all(|value| *value >= 0.0));
        }
        true
    }

    /// The goal `M_FF⁻¹·r_F`, with one refinement.
    fn minimum(&mut self, matrix: &[f64], right: &[f64]) {
        let (size, count) = (right.len(), self.free.len());
        for (place, variable) in self.free.iter().enumerate() {
            self.goal[place] = right[*variable];
        }
        substitute(&self.lower, self.stride, &mut self.goal[..count]);
        for (place, row) in self.free.iter().enumerate() {
            let entries = &matrix[row * size..(row + 1) * size];
            let reached: f64 = self
                .free
                .iter()
                .zip(&self.goal)
                .map(|(column, goal)| entries[*column] * goal)
                .sum();
            self.rest[place] = right[*row] - reached;
        }
        substitute(&self.lower, self.stride, &mut self.rest[..count]);
        for (goal, rest) in self.goal.iter_mut().zip(&self.rest[..count]) {
            *goal += rest;
        }
    }

    /// Takes a variable out of the free ones. Without its row the factor has one number above the diagonal
    /// in every later row; rotations of neighbouring columns bring it back.
    fn leave(&mut self, place: usize) {
        let stride = self.stride;
        self.free.remove(place);
        let count = self.free.len();
        for row in place..count {
            self.lower.copy_within((row + 1) * stride..(row + 1) * stride + row + 2, row * stride);
        }
        for column in place..count {
            let own = column * stride + column;
            let (one, other) = (self.lower[own], self.lower[own + 1]);
            let length = one.hypot(other);
            let (cosine, sine) = (one / length, other / length);
            for row in column..count {
                let at = row * stride + column;
                let (left, right) = (self.lower[at], self.lower[at + 1]);
                self.lower[at] = cosine * left + sine * right;
                self.lower[at + 1] = cosine * right - sine * left;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::linear::multiply;
    use super::Nonnegative;

    /// Cosines of vectors in a space of this size, some of them equal or opposite to the one before.
    fn cosines(vectors: &[Vec<f64>], width: usize, copies: &[u8]) -> Vec<f64> {
        let mut units: Vec<Vec<f64>> = Vec::new();
        for (vector, copy) in vectors.iter().zip(copies) {
            let length = vector[..width].iter().map(|x| x * x).sum::<f64>().sqrt();
            let unit = vector[..width].iter().map(|x| x / length).collect();
            units.push(match (copy, units.last()) {
                (0, Some(last)) => last.clone(),
                (1, Some(last)) => last.iter().map(|x| -x).collect(),
                _ => unit,
            });
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        units.iter().flat_map(|a| units.iter().map(move |b| dot(a, b))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn the_conditions_of_karush_kuhn_and_tucker_hold(
            size in prop_oneof![8 => 1..=8_usize, 2 => 9..=32_usize, 1 => 33..=64_usize],
            width in 1..=64_usize,
            vectors in prop::collection::vec(prop::collection::vec(0.01..1.0, 64), 64),
            signs in prop::collection::vec(prop::collection::vec(any::<bool>(), 64), 64),
            copies in prop::collection::vec(0..12_u8, 64),
            right in prop::collection::vec(-1.0..1.0_f64, 64),
        ) {
            let signed: Vec<Vec<f64>> = vectors.iter().zip(&signs)
                .map(|(row, signs)| row.iter().zip(signs).map(|(x, sign)| if *sign { *x } else { -x }).collect())
                .collect();
            let matrix = cosines(&signed[..size], width, &copies);
            // A right side in the range of the matrix.
            let mut wanted = vec![0.0; size];
            multiply(&matrix, &right[..size], &mut wanted);
            let mut solver = Nonnegative::new(64);
            let solution = solver.solve(&matrix, &wanted).to_vec();
            let mut reached = vec![0.0; size];
            multiply(&matrix, &solution, &mut reached);
            let total = 1.0 + solution.iter().sum::<f64>();
            for ((value, reached), wanted) in solution.iter().zip(&reached).zip(&wanted) {
                let slope = reached - wanted;
                prop_assert!(*value >= 0.0);
                prop_assert!(slope >= -1e-6 && slope.abs().min(*value) <= 1e-11 * total, "{slope}, {value}");
            }
        }
    }
}
