//! A checked method and its step.

use nalgebra::{DMatrix, DVector};

use crate::method::{self, Method};
use crate::unit::Unit;
use crate::{AggregatorState, Gramian, SurgeryError};

/// A method whose options are legal; made by [`Method::init`].
#[derive(Clone, Debug)]
pub struct Aggregator {
    method: Method,
}

impl Aggregator {
    pub(crate) fn new(method: Method) -> Self {
        Self { method }
    }

    /// The method and its options.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The memory before the first step, for K gradients.
    pub fn init_state(&self, rows: usize) -> AggregatorState {
        let (seed, similarity) = match &self.method {
            Method::Pcgrad(config) => (config.seed, Vec::new()),
            Method::Gradvac(config) => (config.seed, vec![config.similarity; rows * rows]),
            _ => (0, Vec::new()),
        };
        AggregatorState { rows, seed, steps: 0, similarity }
    }

    /// One step: α of the direction `d = Jᵀ·α`, one number for each gradient.
    ///
    /// Gradients of length zero get 0. Refused, with state and output as they were, where state, output
    /// or a preference are for another number of gradients, and where a weight is beyond f64.
    pub fn weights(
        &self,
        state: &mut AggregatorState,
        gramian: &Gramian,
        weights: &mut [f64],
    ) -> Result<(), SurgeryError> {
        let rows = gramian.rows();
        let length = weights.len();
        if length != rows {
            return Err(SurgeryError::Length { what: "the output", expected: rows, found: length });
        }
        self.check(state, rows)?;
        let unit = Unit::new(gramian);
        let mut similarity = state.similarity.clone();
        let kept = self.kept(state, &unit, &mut similarity);
        for (value, row) in kept.iter().zip(&unit.places) {
            if !value.is_finite() {
                return Err(SurgeryError::NonFinite { row: *row, value: *value });
            }
        }
        weights.fill(0.0);
        for (value, row) in kept.iter().zip(&unit.places) {
            weights[*row] = *value;
        }
        state.similarity = similarity;
        state.steps = state.steps.wrapping_add(1);
        Ok(())
    }

    /// The gradients after PCGrad or GradVac has changed them and before they are summed: K × K numbers V
    /// row by row, where row i of `V·J` is the changed gradient i. Pure. Nothing for the other methods,
    /// which change no gradient.
    pub fn changed(
        &self,
        state: &AggregatorState,
        gramian: &Gramian,
    ) -> Result<Option<Vec<f64>>, SurgeryError> {
        let rows = gramian.rows();
        self.check(state, rows)?;
        let unit = Unit::new(gramian);
        let mut similarity = state.similarity.clone();
        let Some(changed) = self.changed_units(state, &unit, &mut similarity) else {
            return Ok(None);
        };
        let mut combinations = vec![0.0; rows * rows];
        for (i, row) in unit.places.iter().enumerate() {
            for (j, column) in unit.places.iter().enumerate() {
                let ratio = unit.lengths[i] / unit.lengths[j];
                combinations[row * rows + column] = changed[(i, j)] * ratio;
            }
        }
        Ok(Some(combinations))
    }

    fn check(&self, state: &AggregatorState, rows: usize) -> Result<(), SurgeryError> {
        let same = |what, found: usize, expected| match found == expected {
            true => Ok(()),
            false => Err(SurgeryError::Length { what, expected, found }),
        };
        same("the state", state.rows, rows)?;
        if let Some(preference) = self.method.preference() {
            same("the preference", preference.len(), rows)?;
        }
        if matches!(self.method, Method::Gradvac(_)) {
            same("the state's similarity", state.similarity.len(), rows * rows)?;
            let wrong = state.similarity.iter().find(|value| !(-1.0..=1.0).contains(*value));
            if let Some(value) = wrong {
                return Err(SurgeryError::State(*value));
            }
        }
        Ok(())
    }

    /// α of the gradients that are not zero.
    fn kept(&self, state: &AggregatorState, unit: &Unit, similarity: &mut [f64]) -> DVector<f64> {
        let rows = unit.rows();
        let preference = self.method.preference();
        if rows == 0 {
            return DVector::zeros(0);
        }
        if rows == 1 && !matches!(self.method, Method::WeightedSum(_)) {
            return DVector::from_element(1, 1.0);
        }
        let share = 1.0 / rows as f64;
        match &self.method {
            Method::Sum => DVector::from_element(rows, 1.0),
            Method::Mean => DVector::from_element(rows, share),
            Method::WeightedSum(_) => unit.preference(preference, 1.0),
            Method::Pcgrad(config) => {
                let changed = self.changed_units(state, unit, similarity);
                config.reduce.apply(unit, &changed.expect("PCGrad changes rows"))
            }
            Method::Gradvac(config) => {
                let changed = self.changed_units(state, unit, similarity);
                config.reduce.apply(unit, &changed.expect("GradVac changes rows"))
            }
            Method::Cagrad(config) => method::cagrad(unit, config),
            Method::Mgda => method::mgda(unit),
            Method::Upgrad(_) => method::upgrad(unit, &unit.preference(preference, share)),
            Method::Dualproj(_) => method::dualproj(unit, &unit.preference(preference, share)),
            Method::ImtlG => method::imtl_g(unit),
            Method::NashMtl(config) => method::nash_mtl(unit, config),
            Method::AlignedMtl(config) => {
                method::aligned_mtl(unit, &unit.preference(preference, share), config.scale)
            }
            Method::Config(_) => method::config(unit, &unit.preference(preference, 1.0)),
        }
    }

    /// Weights on unit rows of each changed unit row.
    fn changed_units(
        &self,
        state: &AggregatorState,
        unit: &Unit,
        similarity: &mut [f64],
    ) -> Option<DMatrix<f64>> {
        match &self.method {
            Method::Pcgrad(config) => {
                let orders = method::orders(config.order, unit.rows(), state.seed, state.steps);
                Some(method::pcgrad(unit, &orders))
            }
            Method::Gradvac(config) => {
                let orders = method::orders(config.order, unit.rows(), state.seed, state.steps);
                let rows = state.rows;
                Some(method::gradvac(unit, &orders, similarity, rows, config.rate))
            }
            _ => None,
        }
    }
}
