//! A step that may be taken back: model and optimizer are kept, the step is tried, looked at, and stands, is
//! shortened or never was.

use burn::module::{AutodiffModule, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradientsParams, Optimizer};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_ceiling::{Decision, Reason};
use homeostat_core::RangeError;

use crate::saved::Saved;

/// Model and optimizer before a step that may be taken back.
///
/// Keeping copies no numbers: what is kept are handles to the tensors of before. While they are held the step
/// cannot change them in place and writes its results into new memory; `docs/DESIGN.md` has what that costs
/// an accepted step. [`try_step`] does the whole; this is for loops that need its parts.
#[derive(Clone, Debug)]
pub struct Trial<B, M, O> {
    before: Saved<B, M, O>,
}

/// The parameters of a module by their names, whatever their rank.
struct Collect(GradientsParams);

impl<B: AutodiffBackend> ModuleVisitor<B> for Collect {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if parameter.is_require_grad() {
            self.0.register::<B::InnerBackend, D>(parameter.id, parameter.val().inner());
        }
    }
}

/// θ₀ + s·(θ − θ₀).
struct Shorten {
    before: GradientsParams,
    scale: f64,
}

impl<B: AutodiffBackend> ModuleMapper<B> for Shorten {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = parameter.consume();
        let Some(before) = self.before.remove::<B::InnerBackend, D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let moved = (tensor.inner() - before.clone()).mul_scalar(self.scale) + before;
        Param::from_mapped_value(id, Tensor::from_inner(moved).require_grad(), mapper)
    }
}

impl<B, M, O> Trial<B, M, O>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
{
    /// Keeps what a step is about to change.
    pub fn begin(module: &M, optimizer: &O) -> Self {
        Self { before: Saved::take(module, optimizer) }
    }

    /// `θ₀ + scale·(θ − θ₀)`: the stepped parameters with a shorter displacement. Buffers, which have no
    /// gradient, stay those of the step.
    ///
    /// # Errors
    ///
    /// A `scale` that is not above 0 and at most 1: NaN among them, and a longer displacement, which nobody
    /// has looked at.
    pub fn shortened(&self, stepped: &M, scale: f64) -> Result<M, RangeError> {
        if !(scale > 0.0 && scale <= 1.0) {
            let (quantity, rule) = ("scale of a displacement", "must be above 0 and at most 1");
            return Err(RangeError { quantity, rule, value: scale });
        }
        let mut before = Collect(GradientsParams::new());
        self.before.module().visit(&mut before);
        Ok(stepped.clone().map(&mut Shorten { before: before.0, scale }))
    }

    /// Gives back what was before: the same tensors, to the bit.
    pub fn reject(self) -> (M, O) {
        self.before.restore()
    }
}

/// Tries a step and obeys the judge: on `Accept` it stands, on `Retry` the displacement is shortened and
/// judged again (with the next attempt, counted from 0), on `RollBack` module and optimizer are those of
/// before, to the bit. Returns the module and the judge's last word. A judge that asks for a share which is
/// not above 0 and at most 1 is not obeyed: the step is taken back, with [`Reason::Scale`].
///
/// The judge should look at the batch of the step with the noise of the step; otherwise it judges the luck of
/// another draw. Controllers should decide only after an accepted step, so that a rejected one leaves nothing
/// behind there either: the next accepted one hands them how many there were. Whether the first moments are
/// then forgotten is a policy of the decision; see [`forget_momentum`](crate::forget_momentum).
///
/// A step that is too long is halved, one that cannot be mended is taken back:
///
/// ```
/// # use burn::backend::Autodiff;
/// # use burn::module::{Module, Param};
/// # use burn::optim::{GradientsParams, Optimizer, SgdConfig};
/// # use burn::prelude::*;
/// # type B = Autodiff<burn_flex::Flex>;
/// use homeostat_burn::try_step;
/// use homeostat_ceiling::{Decision, Reason};
///
/// #[derive(Module, Debug)]
/// struct Point<B: Backend> {
///     x: Param<Tensor<B, 1>>,
/// }
/// let loss = |point: &Point<B>| point.x.val().powi_scalar(2).mul_scalar(0.5);
/// let value = |point: &Point<B>| f64::from(loss(point).into_scalar());
///
/// let start = Tensor::<B, 1>::from_floats([2.0], &Default::default());
/// let mut optimizer = SgdConfig::new().init::<B, Point<B>>();
/// let mut tried = |rate: f64| {
///     let point = Point { x: Param::from_tensor(start.clone()) };
///     let before = value(&point);
///     let step = |point: Point<B>, optimizer: &mut _| {
///         let gradients = GradientsParams::from_grads(loss(&point).backward(), &point);
///         Optimizer::step(optimizer, rate, point, gradients)
///     };
///     let (point, _) = try_step(point, &mut optimizer, step, |attempt, point| {
///         let rise = value(point) - before;
///         let reason = Reason::Exploded { rise, limit: 0.0 };
///         match (rise <= 0.0, attempt) {
///             (true, _) => Decision::Accept { restoration: false },
///             (false, 0) => Decision::Retry { scale: 0.5 },
///             (false, _) => Decision::RollBack { reason, zero_momentum: false },
///         }
///     });
///     point.x.val().into_scalar()
/// };
/// assert_eq!(tried(1.0), 0.0); // accepted
/// assert_eq!(tried(2.5), -0.5); // −3 refused, half of the way accepted
/// assert_eq!(tried(9.0), 2.0); // −16 and −7 refused, never was
/// ```
pub fn try_step<B, M, O>(
    module: M,
    optimizer: &mut O,
    step: impl FnOnce(M, &mut O) -> M,
    mut judge: impl FnMut(u32, &M) -> Decision,
) -> (M, Decision)
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
{
    let trial = Trial::<B, M, O>::begin(&module, optimizer);
    let stepped = step(module, optimizer);
    let mut decision = judge(0, &stepped);
    let mut attempt = 0;
    let mut short = None;
    while let Decision::Retry { scale } = decision {
        let Ok(module) = trial.shortened(&stepped, scale) else {
            decision = Decision::RollBack { reason: Reason::Scale { scale }, zero_momentum: false };
            break;
        };
        attempt += 1;
        decision = judge(attempt, &module);
        short = Some(module);
    }
    if matches!(decision, Decision::RollBack { .. }) {
        let (module, before) = trial.reject();
        *optimizer = before;
        return (module, decision);
    }
    (short.unwrap_or(stepped), decision)
}
