//! The dual engine for a training loop: losses in, one total to differentiate out.

mod error;
mod loss;
mod status;

use burn::prelude::*;
use homeostat_multiplier::{
    Dual, DualConfig, DualConfigError, DualLoadError, DualState, LoadPolicy, Measurement,
    MultiplierState, UpdateOrder,
};

pub use error::DualError;
pub use loss::{ConstraintLoss, Lagrangian};
pub use status::Status;

/// Minimises a task loss subject to constraints on other losses.
///
/// Every step costs one read from the device, of all losses at once. What a step calls depends on
/// `order` in the configuration:
///
/// | order | calls |
/// | --- | --- |
/// | simultaneous, dual-first | [`lagrangian`](Self::lagrangian), backward, optimizer, [`step`](Self::step) |
/// | primal-first | [`lagrangian`](Self::lagrangian), backward, optimizer, [`remeasure`](Self::remeasure) with the losses at the new parameters, [`step`](Self::step) |
/// | extragradient | [`lagrangian`](Self::lagrangian), backward, optimizer on a copy, [`trial`](Self::trial) with the losses of the copy, backward, optimizer on the original with those gradients, [`step`](Self::step) |
///
/// ```
/// # use burn::tensor::Tensor;
/// # type B = burn::backend::Autodiff<burn_flex::Flex>;
/// use homeostat_burn::{ConstraintLoss, DualEngine};
///
/// let mut dual = DualEngine::new(&toml::from_str(
///     r#"
///     [constraints.norm]
///     target = { raw = 1.0 }
///     normalizer = "none"
///     rate = 0.05
///     "#,
/// )?)?;
/// let mut x = 2.0;
/// for _ in 0..400 {
///     let point = Tensor::<B, 1>::from_floats([x], &Default::default()).require_grad();
///     let task = (point.clone() - 2.0).powi_scalar(2) * 0.5;
///     let lagrangian = dual.lagrangian(task, &[ConstraintLoss::new("norm", point.clone())])?;
///     let gradient = point.grad(&lagrangian.total.backward()).expect("x has a gradient");
///     x -= 0.1 * gradient.into_scalar();
///     dual.step()?;
/// }
/// assert!((x - 1.0).abs() < 0.05); // minimise (x − 2)²/2 subject to x ≤ 1
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DualEngine {
    dual: Dual,
    state: DualState,
    turn: Turn,
    measurements: Vec<Option<Measurement>>,
    places: Vec<usize>,
    reads: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Lagrangian,
    Remeasure,
    Trial,
    Step,
}

impl Turn {
    fn name(self) -> &'static str {
        match self {
            Self::Lagrangian => "lagrangian",
            Self::Remeasure => "remeasure",
            Self::Trial => "trial",
            Self::Step => "step",
        }
    }
}

impl DualEngine {
    /// Checks the configuration and makes the engine.
    ///
    /// # Errors
    ///
    /// The first setting that is not legal.
    pub fn new(config: &DualConfig) -> Result<Self, DualConfigError> {
        Ok(Self::from(config.init()?))
    }

    /// The engine's laws.
    pub fn dual(&self) -> &Dual {
        &self.dual
    }

    /// Its memory, which saves itself with serde.
    pub fn state(&self) -> &DualState {
        &self.state
    }

    /// One constraint's memory.
    pub fn constraint(&self, name: &str) -> Option<&MultiplierState> {
        self.dual.index(name).map(|index| self.state.constraint(index))
    }

    /// What the last call measured, in the order of the names.
    pub fn measurements(&self) -> &[Option<Measurement>] {
        &self.measurements
    }

    /// How many times the device was read.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// One line per constraint, for a console.
    pub fn status(&self) -> Status<'_> {
        Status::new(&self.dual, &self.state, &self.measurements)
    }

    /// Takes over a saved memory and goes on from it, to the bit. After a long pause call
    /// [`resume`](Self::resume) as well.
    ///
    /// # Errors
    ///
    /// A memory that does not belong to this configuration. Nothing has changed then.
    pub fn load(&mut self, saved: DualState, policy: LoadPolicy) -> Result<(), DualLoadError> {
        self.state = self.dual.load(saved, policy)?;
        self.turn = Turn::Lagrangian;
        Ok(())
    }

    /// Begins the resume warm-up: after a long pause, a change of the data, or a fallback.
    pub fn resume(&mut self) {
        self.dual.resume(&mut self.state);
    }

    /// Takes in one value of the policy that a percentile target takes as its baseline.
    ///
    /// # Errors
    ///
    /// No such constraint, or a value that is not finite.
    pub fn observe_baseline(&mut self, name: &str, value: f64) -> Result<(), DualError> {
        let index = self.find(name)?;
        self.dual
            .observe_baseline(&mut self.state, index, value)
            .map_err(|error| DualError::Step(error.into()))
    }

    /// Measures the losses and gives what to differentiate. A constraint that is left out was not
    /// measured in this step: its multiplier is held.
    ///
    /// Another `lagrangian` before `step` begins the step anew: an optimizer step that was dropped
    /// needs no dual step, but its losses stay in the normalizers; with `order = "dual-first"` the
    /// multipliers have moved as well.
    ///
    /// # Errors
    ///
    /// See [`DualError`]. A constraint's loss that is NaN or infinite is none: its row is left out and
    /// its multiplier held.
    pub fn lagrangian<B: Backend>(
        &mut self,
        task: Tensor<B, 1>,
        losses: &[ConstraintLoss<'_, B>],
    ) -> Result<Lagrangian<B>, DualError> {
        let value = self.measure(Some(&task), losses)?;
        self.dual.observe(&mut self.state, &self.measurements)?;
        self.turn = match self.dual.order() {
            UpdateOrder::Simultaneous => Turn::Step,
            UpdateOrder::DualFirst => {
                self.dual.update(&mut self.state);
                Turn::Step
            }
            UpdateOrder::PrimalFirst => Turn::Remeasure,
            UpdateOrder::Extragradient => Turn::Trial,
        };
        Ok(self.total(task, value, losses))
    }

    /// Measures the losses at the new parameters, for `order = "primal-first"`. They do not enter the
    /// normalizers.
    ///
    /// # Errors
    ///
    /// See [`DualError`].
    pub fn remeasure<B: Backend>(
        &mut self,
        losses: &[ConstraintLoss<'_, B>],
    ) -> Result<(), DualError> {
        self.expect(Turn::Remeasure)?;
        self.measure(None, losses)?;
        self.dual.remeasure(&mut self.state, &self.measurements)?;
        self.turn = Turn::Step;
        Ok(())
    }

    /// Measures the losses at the trial parameters and gives what to differentiate there, at trial
    /// multipliers, for `order = "extragradient"`.
    ///
    /// # Errors
    ///
    /// See [`DualError`].
    pub fn trial<B: Backend>(
        &mut self,
        task: Tensor<B, 1>,
        losses: &[ConstraintLoss<'_, B>],
    ) -> Result<Lagrangian<B>, DualError> {
        self.expect(Turn::Trial)?;
        let value = self.measure(Some(&task), losses)?;
        self.dual.extrapolate(&mut self.state);
        self.dual.remeasure(&mut self.state, &self.measurements)?;
        self.turn = Turn::Step;
        Ok(self.total(task, value, losses))
    }

    /// Moves the multipliers; call it after the optimizer.
    ///
    /// # Errors
    ///
    /// [`DualError::OutOfTurn`].
    pub fn step(&mut self) -> Result<(), DualError> {
        self.expect(Turn::Step)?;
        if self.dual.order() != UpdateOrder::DualFirst {
            self.dual.update(&mut self.state);
        }
        self.turn = Turn::Lagrangian;
        Ok(())
    }

    fn expect(&self, called: Turn) -> Result<(), DualError> {
        if self.turn == called {
            return Ok(());
        }
        let (order, wanted) = (self.dual.order(), self.turn.name());
        Err(DualError::OutOfTurn { order, wanted, called: called.name() })
    }

    /// Fills `measurements` with one read from the device; gives the task loss.
    fn measure<B: Backend>(
        &mut self,
        task: Option<&Tensor<B, 1>>,
        losses: &[ConstraintLoss<'_, B>],
    ) -> Result<f64, DualError> {
        self.place(losses)?;
        let mut joined = Vec::with_capacity(1 + 3 * losses.len());
        if let Some(scalar) = task {
            joined.push(scalar_of(scalar, || "the task loss".to_owned())?);
        }
        for loss in losses {
            for scalar in loss.tensors() {
                joined.push(scalar_of(scalar, || format!("the loss of '{}'", loss.name))?);
            }
        }
        if joined.is_empty() {
            self.measurements.fill(None);
            return Ok(0.0);
        }
        let data = Tensor::cat(joined, 0).into_data().convert::<f64>();
        self.reads += 1;
        let values = data.as_slice::<f64>().expect("the data was converted to f64");
        let mut values = values.iter().copied();
        let mut next = || values.next().expect("as many numbers come back as were sent");
        let task = task.map_or(0.0, |_| next());
        if !task.is_finite() {
            return Err(DualError::TaskNotFinite { value: task });
        }
        self.measurements.fill(None);
        for (loss, place) in losses.iter().zip(&self.places) {
            self.measurements[*place] = Some(Measurement {
                value: next(),
                strict: loss.strict.as_ref().map(|_| next()),
                ease: loss.ease.as_ref().map(|_| next()),
                setpoint: loss.setpoint,
            });
        }
        Ok(task)
    }

    fn find(&self, name: &str) -> Result<usize, DualError> {
        self.dual.index(name).ok_or_else(|| DualError::UnknownConstraint {
            name: name.to_owned(),
            known: self.dual.names().join(", "),
        })
    }

    /// Finds the place of every loss.
    fn place<B: Backend>(&mut self, losses: &[ConstraintLoss<'_, B>]) -> Result<(), DualError> {
        self.places.clear();
        for loss in losses {
            let place = self.find(loss.name)?;
            if self.places.contains(&place) {
                return Err(DualError::Twice { name: loss.name.to_owned() });
            }
            self.places.push(place);
        }
        Ok(())
    }

    /// Σ over the rows whose coefficient is not 0: a row of 0 may be a loss that is NaN, and its
    /// backward pass would cost as much as any other.
    fn total<B: Backend>(
        &self,
        task: Tensor<B, 1>,
        value: f64,
        losses: &[ConstraintLoss<'_, B>],
    ) -> Lagrangian<B> {
        let coefficients = self.dual.coefficients(&self.state);
        let mut total = task;
        for (loss, place) in losses.iter().zip(&self.places) {
            if coefficients[*place] != 0.0 {
                total = total + loss.loss.clone().mul_scalar(coefficients[*place]);
            }
        }
        let scale = self.dual.primal_scale(&self.state);
        if scale != 1.0 {
            total = total.mul_scalar(scale);
        }
        Lagrangian { total, task: value, value: value + self.dual.penalty(&self.state) }
    }
}

/// The tensor without its history, if it is a scalar.
fn scalar_of<B: Backend>(
    scalar: &Tensor<B, 1>,
    what: impl FnOnce() -> String,
) -> Result<Tensor<B, 1>, DualError> {
    let [found] = scalar.dims();
    if found == 1 {
        Ok(scalar.clone().detach())
    } else {
        Err(DualError::Shape { what: what(), found })
    }
}

impl From<Dual> for DualEngine {
    fn from(dual: Dual) -> Self {
        let count = dual.len();
        Self {
            state: dual.init_state(),
            dual,
            turn: Turn::Lagrangian,
            measurements: vec![None; count],
            places: Vec::with_capacity(count),
            reads: 0,
        }
    }
}
