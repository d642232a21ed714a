//! How much gradients conflict.

use crate::solve::{dot, squared_length};
use crate::unit::Unit;
use crate::workspace::Workspace;
use crate::{Gramian, RowSet};

/// What one Gramian of a group, and the weights decided on it, say about the gradients. The gradients are taken
/// as they are, without multipliers. Pairs are those of rows that are present and not zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Monitor {
    rows: usize,
    /// The rows that are present and not zero.
    pub present: RowSet,
    /// `C_ij = G_ij/√(G_ii·G_jj)`, K × K row by row. 1 on the diagonal, 0 beside it for a row that is zero or
    /// absent.
    pub cosines: Vec<f64>,
    /// `cos(g_i, d)` of each row with the direction; 0 where one of them is zero or absent.
    pub after: Vec<f64>,
    /// Share of the pairs whose cosine is negative; 0 where there is none.
    pub conflict_share: f64,
    /// The smallest cosine of a pair; 1 where there is none.
    pub minimum_cosine: f64,
    /// The mean cosine of the pairs; 1 where there is none.
    pub mean_cosine: f64,
    /// The mean over the pairs of `2·‖a‖·‖b‖/(‖a‖² + ‖b‖²)`, in (0, 1]; 1 where there is none (Yu et al. 2020,
    /// definition 2).
    pub magnitude_similarity: f64,
    /// The smallest of them; 1 where there is none.
    pub minimum_magnitude_similarity: f64,
    /// What costs more; nothing where it was not due.
    pub spectrum: Option<Spectrum>,
    /// For PCGrad and GradVac, K × K row by row: the changed gradient i is `Σ V_ij·g_j`. Empty for others.
    pub combinations: Vec<f64>,
    /// For PCGrad and GradVac, K × K row by row: the cosines of the changed gradients, as `cosines`. Made where
    /// `spectrum` is; empty for others.
    pub changed: Vec<f64>,
}

/// The part of the monitor that takes eigenvalues and quadratic programs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// `σ_1(C)`, in [1, m]. It does not see the sign: two opposite and two equal gradients both have 2.
    pub redundancy: f64,
    /// `(σ_1 − 1)/(m − 1)`, in [0, 1]; 0 for one gradient.
    pub normalized_redundancy: f64,
    /// `exp(−Σ p·ln p)` with `p = eig(C)/m`, in [1, m].
    pub effective_rank: f64,
    /// The length of the shortest vector in the convex hull of the gradients: 0 where they are Pareto
    /// stationary. In the unit of the gradients.
    pub minimum_norm: f64,
    /// The same for the gradients brought to length 1, in [0, 1]: without units, and not decided by the
    /// shortest gradient.
    pub relative_minimum_norm: f64,
}

impl Monitor {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            rows,
            cosines: Vec::with_capacity(rows * rows),
            after: Vec::with_capacity(rows),
            combinations: Vec::with_capacity(rows * rows),
            changed: Vec::with_capacity(rows * rows),
            ..Self::default()
        }
    }

    pub(crate) fn is_filled(&self) -> bool {
        !self.cosines.is_empty()
    }

    /// Reads a Gramian and what was decided on it. `changes`: the method changes gradients.
    pub(crate) fn fill(
        &mut self,
        gramian: &Gramian,
        space: &mut Workspace,
        changes: bool,
        spectrum: bool,
    ) {
        let Workspace { unit, plain, solvers, factors, weights, preference, .. } = space;
        preference.fill(1.0);
        let zero = plain.fill(gramian, gramian.present(), preference);
        self.present = gramian.present().without(zero);
        self.fill_pairs(plain);
        self.fill_after(plain, weights, &mut solvers.vectors[0]);
        if changes {
            self.fill_combinations(unit, &solvers.changed, factors);
        }
        let count = plain.rows();
        self.spectrum = None;
        self.changed.clear();
        if !spectrum || count == 0 {
            return;
        }
        let ones = &preference[..count];
        let [parts, ..] = &mut solvers.vectors;
        let parts = &mut parts[..count];
        let mut shortest = |lengths: &[f64]| {
            parts.copy_from_slice(solvers.minimum.solve(&plain.cosines, lengths));
            let sum: f64 = parts.iter().zip(lengths).map(|(part, length)| part / length).sum();
            let squared = squared_length(&plain.cosines, parts);
            if plain.rounding(squared, parts) { 0.0 } else { squared.sqrt() / sum }
        };
        let relative_minimum_norm = shortest(ones);
        let minimum_norm = shortest(&plain.lengths) * plain.scale;
        solvers.factor.factor_cosines(plain);
        let number = count as f64;
        let (mut redundancy, mut entropy) = (0.0_f64, 0.0);
        for root in solvers.factor.roots() {
            let eigenvalue = root * root;
            redundancy = redundancy.max(eigenvalue);
            entropy -= eigenvalue / number * (eigenvalue / number).ln();
        }
        let redundancy = redundancy.clamp(1.0, number);
        self.spectrum = Some(Spectrum {
            redundancy,
            normalized_redundancy: if count > 1 {
                (redundancy - 1.0) / (number - 1.0)
            } else {
                0.0
            },
            effective_rank: entropy.exp().clamp(1.0, number),
            minimum_norm,
            relative_minimum_norm,
        });
        if changes {
            self.fill_changed(unit, &solvers.changed, &mut solvers.vectors[0]);
        }
    }

    /// What the cosines and lengths of pairs say.
    fn fill_pairs(&mut self, unit: &Unit) {
        self.identity();
        let (mut pairs, mut conflicts, mut sum, mut similar) = (0.0, 0.0, 0.0, 0.0);
        (self.minimum_cosine, self.minimum_magnitude_similarity) = (1.0, 1.0);
        for (row, place) in unit.places.iter().enumerate() {
            for (column, other) in unit.places.iter().enumerate().take(row) {
                let cosine = unit.cosine(row, column);
                self.cosines[place * self.rows + other] = cosine;
                self.cosines[other * self.rows + place] = cosine;
                let ratio = unit.lengths[row] / unit.lengths[column];
                // Both sides divided by the product, so that no square leaves the range.
                let similarity = 2.0 / (ratio + 1.0 / ratio);
                pairs += 1.0;
                conflicts += f64::from(u8::from(cosine < 0.0));
                sum += cosine;
                similar += similarity;
                self.minimum_cosine = self.minimum_cosine.min(cosine);
                self.minimum_magnitude_similarity =
                    self.minimum_magnitude_similarity.min(similarity);
            }
        }
        (self.conflict_share, self.mean_cosine, self.magnitude_similarity) = match pairs > 0.0 {
            true => (conflicts / pairs, sum / pairs, similar / pairs),
            false => (0.0, 1.0, 1.0),
        };
    }

    fn identity(&mut self) {
        self.cosines.clear();
        self.cosines.resize(self.rows * self.rows, 0.0);
        for row in 0..self.rows {
            self.cosines[row * self.rows + row] = 1.0;
        }
    }

    fn fill_after(&mut self, unit: &Unit, weights: &[f64], parts: &mut [f64]) {
        let parts = &mut parts[..unit.rows()];
        for ((part, place), length) in parts.iter_mut().zip(&unit.places).zip(&unit.lengths) {
            *part = weights[*place] * length;
        }
        let norm = squared_length(&unit.cosines, parts).sqrt();
        self.after.clear();
        self.after.resize(self.rows, 0.0);
        for (row, place) in unit.places.iter().enumerate() {
            if norm > 0.0 {
                self.after[*place] = (dot(unit.row(row), parts) / norm).clamp(-1.0, 1.0);
            }
        }
    }

    fn fill_combinations(&mut self, unit: &Unit, changed: &[f64], factors: &[f64]) {
        let count = unit.rows();
        self.combinations.clear();
        self.combinations.resize(self.rows * self.rows, 0.0);
        for (row, place) in unit.places.iter().enumerate() {
            for (column, other) in unit.places.iter().enumerate() {
                let ratio = unit.lengths[row] / unit.lengths[column];
                self.combinations[place * self.rows + other] =
                    changed[row * count + column] * ratio * factors[*other];
            }
        }
    }

    /// `V·C·Vᵀ`, brought to unit length.
    fn fill_changed(&mut self, unit: &Unit, changed: &[f64], parts: &mut [f64]) {
        let count = unit.rows();
        self.changed.clear();
        self.changed.resize(self.rows * self.rows, 0.0);
        let row = |row: usize| &changed[row * count..(row + 1) * count];
        for place in 0..self.rows {
            self.changed[place * self.rows + place] = 1.0;
        }
        for (one, place) in unit.places.iter().enumerate() {
            let parts = &mut parts[..count];
            crate::solve::multiply(&unit.cosines, row(one), parts);
            let own = dot(parts, row(one)).max(0.0).sqrt();
            for (other, column) in unit.places.iter().enumerate().take(one) {
                let size = own * squared_length(&unit.cosines, row(other)).sqrt();
                let cosine = if size > 0.0 { dot(parts, row(other)) / size } else { 0.0 };
                let cosine = cosine.clamp(-1.0, 1.0);
                self.changed[place * self.rows + column] = cosine;
                self.changed[column * self.rows + place] = cosine;
            }
        }
    }
}
