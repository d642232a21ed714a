//! Gradient surgery in a training loop.

mod averages;
mod passes;
mod represented;

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_core::ConfigError;
use homeostat_surgery::{
    Graddrop, Gramian, Granularity, Input, Lambda, MAXIMUM_ROWS, Method, Outcome, RowSet, Surgery,
    SurgeryError, SurgeryState,
};

use super::config::{HeadRule, RowMode, SurgeonConfig};
use super::error::SurgeonError;
use super::objective::Objective;
use super::place::Place;
use super::report::{GroupReport, SurgeryStep};

/// Makes one gradient of K losses, in every way that the configuration names.
///
/// ```
/// # use burn::module::AutodiffModule;
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::optim::{GradientsParams, Optimizer, SgdConfig};
/// # use burn::prelude::*;
/// # type B = burn::backend::Autodiff<burn_flex::Flex>;
/// # let device = Default::default();
/// # #[derive(Module, Debug)]
/// # struct Net<B: Backend> { encoder: Linear<B>, decoder: Linear<B> }
/// # let mut net = Net::<B> {
/// #     encoder: LinearConfig::new(3, 2).init(&device),
/// #     decoder: LinearConfig::new(2, 3).init(&device),
/// # }.fork(&device);
/// # let mut optimizer = SgdConfig::new().init();
/// # let inputs = Tensor::<B, 2>::ones([4, 3], &device);
/// use homeostat_burn::surgery::{Cut, Surgeon};
///
/// let mut surgeon = Surgeon::new(&toml::from_str(
///     r#"
///     rows = "representation"     # or "reforward", or "groups"
///     surgery = "upgrad"
///     "#,
/// )?)?;
/// for _ in 0..3 {
///     let objective = Cut::new(
///         |net: &Net<B>| net.encoder.forward(inputs.clone()),
///         |net: &Net<B>, latent: Tensor<B, 2>, loss| match loss {
///             0 => (net.decoder.forward(latent) - inputs.clone()).powi_scalar(2).mean(),
///             _ => latent.powi_scalar(2).mean(),
///         },
///     );
///     let step = surgeon.step(&net, &objective, &[1.0, 0.3])?; // one factor for each loss
///     net = optimizer.step(1e-2, net, step.gradients);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A copy goes on as the original does, to the bit, and shares nothing with it: one for each copy of a model in a
/// population.
#[derive(Clone, Debug)]
pub struct Surgeon {
    rows: RowMode,
    heads: HeadRule,
    place: Place,
    surgery: Surgery,
    state: Option<SurgeryState>,
    averages: averages::Averages,
    /// The number of losses, from the first step on.
    losses: Option<usize>,
}

impl Surgeon {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// The first setting that is not legal; with `rows = "representation"` every granularity but `model`,
    /// because there are no parameters at the cut, and momentum ConFIG, which averages gradients of
    /// parameters; with `rows = "groups"` the multipliers as a preference, because the constraints are one
    /// row that holds them.
    pub fn new(config: &SurgeonConfig) -> Result<Self, ConfigError> {
        let surgery = config.surgery.init()?;
        if config.rows == RowMode::Representation {
            let legal = config.surgery.granularity == Granularity::Model;
            let rule = "must be 'model' with rows = \"representation\"";
            let found = format!("{:?}", config.surgery.granularity).to_lowercase();
            ConfigError::unless(legal, "surgery.granularity", rule, found)?;
            let legal = !config.surgery.method.averages_gradients();
            let rule = "must not average gradients of parameters with rows = \"representation\"";
            ConfigError::unless(legal, "surgery.method", rule, config.surgery.method.name())?;
        }
        if config.rows == RowMode::Groups {
            let legal = config.surgery.lambda == Lambda::Rows;
            let rule = "must be 'rows' with rows = \"groups\", which sums the constraints up";
            ConfigError::unless(legal, "surgery.lambda", rule, "preference")?;
        }
        Ok(Self {
            rows: config.rows,
            heads: config.heads,
            place: Place::Auto,
            surgery,
            state: None,
            averages: averages::Averages::default(),
            losses: None,
        })
    }

    /// The same, with rows worked on in another place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// The checked method.
    pub fn surgery(&self) -> &Surgery {
        &self.surgery
    }

    /// The memory, which saves itself with serde: counts, monitor, cached weights. Nothing before the
    /// first step.
    pub fn state(&self) -> Option<&SurgeryState> {
        self.state.as_ref()
    }

    /// The averages that momentum ConFIG keeps: for each row one vector for each parameter that requires a
    /// gradient, `None` where it has none, and no vector before the row's first turn. They are tensors, so
    /// they are saved beside the model. Nothing for other methods.
    pub fn averages<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        model: &M,
    ) -> Vec<Vec<Option<Tensor<B::InnerBackend, 1>>>> {
        self.averages.save::<B, M>(model)
    }

    /// Takes saved averages over.
    ///
    /// # Errors
    ///
    /// Averages of another model than this one; then the present ones stay.
    pub fn load_averages<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        model: &M,
        averages: Vec<Vec<Option<Tensor<B::InnerBackend, 1>>>>,
    ) -> Result<(), SurgeonError> {
        self.averages.load::<B, M>(model, averages)
    }

    /// FAMO: takes the losses of the last step's batch, measured again after the optimizer has moved, with
    /// the factors of that step; NaN for a loss that was not measured. The paper's way, at the price of a
    /// forward pass (on `model.valid()`, which leaves no graph). Where it is not called the losses of the
    /// next step stand for them, with the difference between the batches as noise.
    ///
    /// ```
    /// # use burn::module::AutodiffModule;
    /// # use burn::nn::{Linear, LinearConfig};
    /// # use burn::optim::{Optimizer, SgdConfig};
    /// # use burn::prelude::*;
    /// # type B = burn::backend::Autodiff<burn_flex::Flex>;
    /// # let device = Default::default();
    /// # let mut net = LinearConfig::new(3, 2).init::<B>(&device).fork(&device);
    /// # let mut optimizer = SgdConfig::new().init();
    /// # let inputs = Tensor::<B, 2>::ones([4, 3], &device);
    /// use homeostat_burn::surgery::{Surgeon, Whole};
    ///
    /// fn loss<B: Backend>(net: &Linear<B>, inputs: Tensor<B, 2>, loss: usize) -> Tensor<B, 1> {
    ///     (net.forward(inputs) - loss as f64).powi_scalar(2).mean()
    /// }
    /// let mut surgeon = Surgeon::new(&toml::from_str(r#"surgery = "famo""#)?)?;
    /// let factors = [1.0, 1.0];
    /// for _ in 0..3 {
    ///     let objective = Whole::new(|net: &Linear<B>, wanted: &[usize]| {
    ///         wanted.iter().map(|number| loss(net, inputs.clone(), *number)).collect()
    ///     });
    ///     let step = surgeon.step(&net, &objective, &factors)?;
    ///     net = optimizer.step(1e-2, net, step.gradients);
    ///     // The same batch again.
    ///     let (plain, inputs) = (net.valid(), inputs.clone().inner());
    ///     let again = [0, 1].map(|number| loss(&plain, inputs.clone(), number).into_scalar().into());
    ///     surgeon.remeasured(&again, &factors)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Another method, another number of losses or factors than in the steps, a loss that is negative.
    pub fn remeasured(&mut self, losses: &[f64], factors: &[f64]) -> Result<(), SurgeonError> {
        self.check(factors)?;
        if losses.len() != factors.len() {
            return Err(SurgeonError::Losses { expected: factors.len(), found: losses.len() });
        }
        let values = self.row_losses(losses, factors);
        let method = &self.surgery.config().method;
        match &mut self.state {
            Some(state) => Ok(self.surgery.remeasure(state, &values)?),
            None if method.learns_from_losses_after() => Ok(()),
            None => Err(SurgeryError::NotRemeasured(method.name()).into()),
        }
    }

    /// Takes over a saved memory and goes on from it, to the bit. Momentum ConFIG has
    /// [averages](Self::load_averages) beside it.
    pub fn load(&mut self, state: SurgeryState) {
        self.state = Some(state);
        self.losses = None;
    }

    /// One step: the gradient that replaces that of `Σ factor·loss`.
    ///
    /// A loss of factor 0 is left out: no pass is made for it. `rows = "groups"` takes loss 0 for the task
    /// and has two rows. Every graph that is made is used up, whatever comes out.
    ///
    /// # Errors
    ///
    /// See [`SurgeonError`].
    ///
    /// # Losses that are not finite
    ///
    /// A row with a gradient that is not finite is dropped, reported and counted, and the others make the
    /// step. One pass for the sum of all losses (cached weights, or a method without a Gramian) cannot tell
    /// them apart: where its gradient is not finite the step is taken again row by row, and the memory is
    /// that of the second time. With `rows = "representation"` the rows end at the cut: what is not finite
    /// because of the trunk alone must be [guarded](crate::guard_gradients) against.
    pub fn step<B, M, O>(
        &mut self,
        model: &M,
        objective: &O,
        factors: &[f64],
    ) -> Result<SurgeryStep<B>, SurgeonError>
    where
        B: AutodiffBackend,
        M: AutodiffModule<B>,
        O: Objective<B, M>,
    {
        self.check(factors)?;
        let (rows, groups) = self.size::<B, M>(model, factors.len());
        let mut state = match self.state.take() {
            Some(state) => state,
            None => self.surgery.init_state(rows, groups)?,
        };
        let outcome = match self.rows {
            RowMode::Representation => self.represented(&mut state, model, objective, factors),
            _ => self.passed(&mut state, model, objective, factors, groups),
        };
        self.state = Some(state);
        if outcome.is_ok() {
            self.losses = Some(factors.len());
        }
        outcome
    }

    fn check(&self, factors: &[f64]) -> Result<(), SurgeonError> {
        let found = factors.len();
        if let Some(losses) = self.losses
            && losses != found
        {
            return Err(SurgeonError::Count { expected: losses.to_string(), found });
        }
        let least = if self.rows == RowMode::Groups { 2 } else { 1 };
        if !(least..=MAXIMUM_ROWS).contains(&found) {
            let expected = format!("{least} to {MAXIMUM_ROWS}");
            return Err(SurgeonError::Count { expected, found });
        }
        if let Some((loss, value)) =
            factors.iter().enumerate().find(|(_, value)| !value.is_finite())
        {
            return Err(SurgeonError::Factor { loss, value: *value });
        }
        // With groups the multipliers are inside a row, where the method does not see them.
        if self.rows == RowMode::Groups {
            self.surgery.check_factors(factors)?;
        }
        Ok(())
    }

    /// Numbers of rows and groups.
    fn size<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        model: &M,
        losses: usize,
    ) -> (usize, usize) {
        let rows = if self.rows == RowMode::Groups { 2 } else { losses };
        let groups = match self.surgery.config().granularity {
            Granularity::Model => 1,
            granularity => super::rows::groups::<B, M>(model, granularity),
        };
        (rows, groups)
    }

    /// Asks the surgery about each group.
    fn decide(
        &self,
        state: &mut SurgeryState,
        names: &[String],
        gramians: Option<&[Gramian]>,
        losses: &[f64],
        factors: &[f64],
    ) -> Result<Vec<GroupReport>, SurgeryError> {
        let mut next = state.clone();
        let mut reports = Vec::with_capacity(names.len());
        for (group, name) in names.iter().enumerate() {
            let gramian = gramians.map(|gramians| &gramians[group]);
            let input = Input { gramian, losses, remeasured: &[], factors };
            let mut weights = vec![0.0; state.rows()];
            let report = self.surgery.decide(&mut next, group, &input, &mut weights)?;
            for (weight, factor) in weights.iter_mut().zip(factors) {
                if *factor == 0.0 {
                    *weight = 0.0;
                }
            }
            reports.push(GroupReport { name: name.clone(), weights, report });
        }
        *state = next;
        Ok(reports)
    }
}

/// The rows that have a factor.
fn active(factors: &[f64]) -> RowSet {
    (0..factors.len()).filter(|row| factors[*row] != 0.0).collect()
}

/// The only element of the losses that were wanted, checked.
fn check_losses<B: Backend>(losses: &[Tensor<B, 1>], wanted: &[usize]) -> Result<(), SurgeonError> {
    if losses.len() != wanted.len() {
        return Err(SurgeonError::Losses { expected: wanted.len(), found: losses.len() });
    }
    for (loss, number) in losses.iter().zip(wanted) {
        let [found] = loss.dims();
        if found != 1 {
            return Err(SurgeonError::Shape { loss: *number, found });
        }
    }
    Ok(())
}

/// One backward pass; a gradient that reaches nothing is an error.
fn backward<B: AutodiffBackend, M: AutodiffModule<B>>(
    model: &M,
    total: &Tensor<B, 1>,
    loss: usize,
) -> Result<GradientsParams, SurgeonError> {
    let gradients = GradientsParams::from_grads(total.backward(), model);
    if gradients.is_empty() { Err(SurgeonError::NoGradient { loss }) } else { Ok(gradients) }
}

/// `Σ weight·loss` over the weights that are not 0.
fn weighted<B: Backend>(
    losses: &[Tensor<B, 1>],
    weights: impl Iterator<Item = f64>,
) -> Option<Tensor<B, 1>> {
    losses
        .iter()
        .zip(weights)
        .filter(|(_, weight)| *weight != 0.0)
        .map(|(loss, weight)| match weight {
            1.0 => loss.clone(),
            _ => loss.clone().mul_scalar(weight),
        })
        .reduce(|sum, part| sum + part)
}

/// What a decision says to combine with: GradDrop's draws, or weights.
fn recipes(groups: &[GroupReport]) -> Option<Vec<Graddrop>> {
    let recipe = |group: &GroupReport| match group.report.outcome {
        Outcome::Elementwise(recipe) => Some(recipe),
        _ => None,
    };
    groups.iter().map(recipe).collect()
}

/// GradDrop's shares that are never dropped.
fn leaks(surgery: &Surgery) -> &[f64] {
    match &surgery.config().method {
        Method::Graddrop(config) => config.leak.as_deref().unwrap_or(&[]),
        _ => &[],
    }
}

fn weights(groups: &[GroupReport]) -> Vec<Vec<f64>> {
    groups.iter().map(|group| group.weights.clone()).collect()
}

/// The losses in the order of the rows, for the surgery; NaN where there is none.
fn spread(values: &[f64], rows: RowSet, count: usize) -> Vec<f64> {
    let mut spread = vec![f64::NAN; count];
    for (row, value) in rows.iter().zip(values) {
        spread[row] = *value;
    }
    spread
}
