//! The engine: all constraints of a model, their families, and one step of their multipliers.

mod config;
mod controller;
mod defaults;
mod error;
mod family;
mod inspect;
mod load;
mod retarget;
mod state;
mod warnings;

use homeostat_core::{RangeError, StepError};

use crate::constraint::{Constraint, Measurement, MultiplierState};
use crate::verdict::Verdict;

pub use config::{DualConfig, FamilyConfig};
pub use controller::{ConstraintInputs, DualController, Input};
pub use defaults::{DualDefaults, PrimalRescale, UpdateOrder};
pub use error::{DualConfigError, DualLoadError};
use family::Family;
pub use load::LoadPolicy;
pub use state::DualState;
pub use warnings::Warning;

/// What a constraint does with its measurement: take it in, or look at a moved point.
type TakeMeasurement =
    fn(&Constraint, &mut MultiplierState, Option<Measurement>) -> Result<(), StepError>;

/// The engine of dual ascent over K constraints.
///
/// Constraints stand in the order of their names; measurements and coefficients are slices in that
/// order. What a training step calls depends on the order of the updates, [`Dual::order`]:
///
/// | order | calls |
/// | --- | --- |
/// | simultaneous | `observe(ℓ(θ_t))`, primal step with `coefficients` (λ_t), `update` |
/// | dual-first | `observe(ℓ(θ_t))`, `update`, primal step with `coefficients` (λ_{t+1}) |
/// | primal-first | `observe(ℓ(θ_t))`, primal step with `coefficients` (λ_t), `remeasure(ℓ(θ_{t+1}))`, `update` |
/// | extragradient | `observe(ℓ(θ_t))`, trial step θ' with `coefficients` (λ_t), `extrapolate`, `remeasure(ℓ(θ'))`, primal step from θ_t with the gradients at θ' and `coefficients` (λ'), `update` |
///
/// Every sequence commits each measured loss to its normalizer exactly once, and ends with exactly
/// one `update`. No call allocates.
#[derive(Clone, Debug)]
pub struct Dual {
    names: Vec<String>,
    constraints: Vec<Constraint>,
    families: Vec<Family>,
    order: UpdateOrder,
    primal_rescale: PrimalRescale,
    seed: u64,
    warnings: Vec<Warning>,
}

impl Dual {
    /// The names of the constraints, in the order of every slice.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a constraint.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()
    }

    /// How many constraints there are.
    pub fn len(&self) -> usize {
        self.constraints.len()
    }

    /// Never: an engine without constraints is not built.
    pub fn is_empty(&self) -> bool {
        self.constraints.is_empty()
    }

    /// In which order parameters and multipliers are updated.
    pub fn order(&self) -> UpdateOrder {
        self.order
    }

    /// The seed for whoever draws random numbers on behalf of the engine, as gradient surgery does.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What is legal in these settings but will hardly do what was meant.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether a constraint is hard.
    pub fn is_hard(&self, index: usize) -> bool {
        self.constraints[index].hard
    }

    /// Whether a constraint is to be measured in the coming step, by its `measure_every`.
    pub fn measures(&self, state: &DualState, index: usize) -> bool {
        state.steps().is_multiple_of(self.constraints[index].measure_every)
    }

    /// The memory before the first step.
    pub fn init_state(&self) -> DualState {
        let constraints = self.constraints.iter().map(Constraint::start).collect();
        let mut state = DualState::new(self.names.clone(), constraints);
        self.prepare(&mut state);
        self.price(&mut state);
        state
    }

    /// Takes in the losses of a step: gates, one commit per measured loss, errors. `None` is a
    /// constraint that was not measured.
    ///
    /// # Errors
    ///
    /// Another number of measurements than constraints, or a setpoint or strict value that is
    /// missing or has no use. Nothing has changed then. A loss that is NaN or infinite, or has no
    /// error, is none: it closes the gate of its constraint.
    pub fn observe(
        &self,
        state: &mut DualState,
        measurements: &[Option<Measurement>],
    ) -> Result<(), StepError> {
        self.measure(state, measurements, Constraint::observe)
    }

    /// `a_k = w_k · price_k · s_k` of every constraint, with the sign that makes `a_k ∇ℓ_k` its row
    /// of the gradient. Leave a row of 0 out: it may be a loss that is NaN.
    pub fn coefficients<'a>(&self, state: &'a DualState) -> &'a [f64] {
        &state.coefficients
    }

    /// μ_k: the multiplier of the raw constraint, which `coefficients` shows where the row is in. It
    /// keeps its value in a step without a measurement.
    pub fn effective_multipliers<'a>(&self, state: &'a DualState) -> &'a [f64] {
        &state.effective
    }

    /// The factor of the whole primal gradient, rows and task: 1, or `1 / (1 + Σ |a_k|)` with
    /// `primal_rescale = "one-plus-sum"`, so that the step stays bounded as multipliers grow.
    pub fn primal_scale(&self, state: &DualState) -> f64 {
        match self.primal_rescale {
            PrimalRescale::None => 1.0,
            PrimalRescale::OnePlusSum => {
                1.0 / (1.0 + state.coefficients.iter().map(|one| one.abs()).sum::<f64>())
            }
        }
    }

    /// Moves the multipliers by the errors of the last `observe` or `remeasure`, then keeps the
    /// budgets. Call it once per step, also where nothing was measured.
    pub fn update(&self, state: &mut DualState) {
        for (constraint, state) in self.constraints.iter().zip(&mut state.constraints) {
            constraint.update(state);
        }
        self.prepare(state);
        for family in &self.families {
            family.keep_budget(state);
        }
        for (constraint, state) in self.constraints.iter().zip(&mut state.constraints) {
            constraint.settle(state);
        }
        state.advance();
        self.price(state);
    }

    /// The errors at a moved point, without taking the losses in. Constraints whose gate was closed
    /// by `observe` stay as they are.
    ///
    /// # Errors
    ///
    /// As for [`observe`](Self::observe).
    pub fn remeasure(
        &self,
        state: &mut DualState,
        measurements: &[Option<Measurement>],
    ) -> Result<(), StepError> {
        self.measure(state, measurements, Constraint::remeasure)
    }

    /// Sets trial multipliers, where `update` would now go; `coefficients` shows them until the
    /// update, which starts from the multipliers of before.
    pub fn extrapolate(&self, state: &mut DualState) {
        for (constraint, state) in self.constraints.iter().zip(&mut state.constraints) {
            constraint.extrapolate(state);
        }
        self.prepare(state);
        for family in &self.families {
            family.keep_trial_budget(state);
        }
        self.price(state);
    }

    /// Begins the resume warm-up of every constraint: after a long pause, a change of the data, or a
    /// fallback.
    pub fn resume(&self, state: &mut DualState) {
        for (constraint, state) in self.constraints.iter().zip(&mut state.constraints) {
            constraint.resume(state);
        }
    }

    /// Takes one value that the baseline of a percentile target measured; other targets ignore it.
    ///
    /// # Errors
    ///
    /// A value that is not finite.
    pub fn observe_baseline(
        &self,
        state: &mut DualState,
        index: usize,
        value: f64,
    ) -> Result<(), RangeError> {
        self.constraints[index].aim.observe_baseline(&mut state.constraints[index].aim, value)
    }

    /// The hard constraints that are violated at their maximum. Training should stop: no price will
    /// satisfy them.
    pub fn stops<'a>(&'a self, state: &'a DualState) -> impl Iterator<Item = &'a str> {
        let parts = self.constraints.iter().zip(&state.constraints).zip(&self.names);
        parts
            .filter(|((constraint, state), _)| constraint.stops(state))
            .map(|(_, name)| name.as_str())
    }

    /// Whether a constraint can be satisfied at all.
    pub fn verdict(&self, state: &DualState, index: usize) -> Verdict {
        self.constraints[index].verdict(&state.constraints[index])
    }

    /// Hands every measurement to its constraint; one that the constraint refuses closes its gate.
    fn measure(
        &self,
        state: &mut DualState,
        measurements: &[Option<Measurement>],
        take: TakeMeasurement,
    ) -> Result<(), StepError> {
        self.admit(measurements)?;
        let parts = self.constraints.iter().zip(&mut state.constraints).zip(measurements);
        for ((constraint, state), measurement) in parts {
            if take(constraint, state, *measurement).is_err() {
                constraint.refuse(state);
            }
        }
        self.price(state);
        Ok(())
    }

    fn admit(&self, measurements: &[Option<Measurement>]) -> Result<(), StepError> {
        if measurements.len() != self.constraints.len() {
            return Err(RangeError {
                quantity: "number of measurements",
                rule: "must be that of the constraints",
                value: measurements.len() as f64,
            }
            .into());
        }
        let mut given = self.constraints.iter().zip(measurements);
        given.try_for_each(|(constraint, measurement)| {
            measurement.as_ref().map_or(Ok(()), |measurement| constraint.admit(measurement))
        })
    }

    /// Makes room for the budgets where a memory comes from a file.
    fn prepare(&self, state: &mut DualState) {
        let members = self.families.iter().map(Family::len).max().unwrap_or(0);
        state.scratch.resize(members);
    }

    fn price(&self, state: &mut DualState) {
        for (index, constraint) in self.constraints.iter().enumerate() {
            let one = &state.constraints[index];
            let effective = constraint.effective(one);
            state.effective[index] = effective;
            state.coefficients[index] = if one.has_row() { effective } else { 0.0 };
        }
    }
}
