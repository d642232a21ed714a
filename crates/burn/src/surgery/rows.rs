//! Sensor and actuator: gradients of a whole module to Gramians, and weights back to one gradient.

use burn::module::{AutodiffModule, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::DType;
use burn::tensor::backend::AutodiffBackend;
use homeostat_surgery::{Graddrop, Gramian, GramianError, Granularity, RowSet, SurgeryError};

use super::elementwise::Drops;
use super::matrix::{Matrix, Part};
use super::place::Place;

/// K gradients of one module, as rows.
///
/// The sensor is [`measure`](Self::measure), the actuator [`combine`](Self::combine). On the CPU backends
/// both go once over the memory of all rows, where they lie, in all threads of rayon's pool, and the result
/// does not depend on the number of threads; no K × P copy is made. On a device they are the backend's own
/// operations, which copy the rows of one block at a time.
///
/// Parameters that require no gradient are left out; a gradient that is missing in some row counts as
/// zeros there.
///
/// ```
/// # use burn::nn::LinearConfig;
/// # use burn::optim::GradientsParams;
/// # use burn::prelude::*;
/// # type B = burn::backend::Autodiff<burn_flex::Flex>;
/// use homeostat_burn::surgery::{Place, Rows};
/// use homeostat_surgery::Granularity;
///
/// let device = Default::default();
/// let net = LinearConfig::new(3, 2).init::<B>(&device).fork(&device);
/// let gradient = |scale: f32| {
///     let loss = net.forward(Tensor::<B, 2>::ones([4, 3], &device)).mul_scalar(scale).mean();
///     Some(GradientsParams::from_grads(loss.backward(), &net))
/// };
/// let gradients = vec![gradient(1.0), gradient(-2.0)];
/// let mut rows = Rows::gather::<B, _>(&net, gradients, Granularity::Model, Place::Auto);
/// let gramian = &rows.measure(vec![]).0?[0];
/// assert!((gramian.dot(0, 1) + 2.0 * gramian.dot(0, 0)).abs() < 1e-6);
/// let combined = rows.combine(&[vec![2.0, 1.0]]);
/// assert_eq!(combined.len(), 2); // weight and bias, both 0 here
/// # Ok::<(), homeostat_surgery::GramianError>(())
/// ```
#[derive(Debug)]
pub struct Rows<B: Backend> {
    rows: usize,
    present: RowSet,
    groups: Vec<String>,
    parameters: Vec<Parameter<B>>,
    matrix: Matrix<B>,
}

/// What is needed to make a gradient of this parameter again.
#[derive(Debug)]
struct Parameter<B: Backend> {
    id: ParamId,
    shape: Shape,
    dtype: DType,
    device: B::Device,
    register: fn(&mut GradientsParams, &Parameter<B>, Part<B>),
}

impl<B: Backend> Rows<B> {
    /// Takes the gradients of a module apart; `None` is a row that was not measured.
    pub fn gather<A, M>(
        module: &M,
        gradients: Vec<Option<GradientsParams>>,
        granularity: Granularity,
        place: Place,
    ) -> Self
    where
        A: AutodiffBackend<InnerBackend = B, Device = B::Device>,
        M: AutodiffModule<A>,
    {
        let rows = gradients.len();
        let present = (0..rows).filter(|row| gradients[*row].is_some()).collect();
        let device = module.devices().into_iter().next().unwrap_or_default();
        let mut visitor = Gather::<A> {
            gradients,
            path: Vec::new(),
            granularity,
            rows: Self {
                rows,
                present,
                groups: Vec::new(),
                parameters: Vec::new(),
                matrix: Matrix::new(rows, place, &device),
            },
        };
        module.visit(&mut visitor);
        let mut rows = visitor.rows;
        if rows.groups.is_empty() {
            rows.groups.push(WHOLE.to_owned());
        }
        rows
    }

    /// The number of rows K, with those that were not measured.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows that were measured.
    pub fn present(&self) -> RowSet {
        self.present
    }

    /// The name of each group: "model", or the path of a layer or a parameter in the module.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// The Gramian of each group, and any number of scalars of shape `[1]`, in one read from the device.
    ///
    /// Numbers of f32 are multiplied without loss in f64 for up to four rows; for more, blocks of at most
    /// 1024 columns are multiplied in f32, or in f64 where squares would leave the range of f32, and added
    /// up in f64: errors are below 10⁻⁷ of the product of the lengths. On a device
    /// sums are those of its matrix product in f32 (10⁻⁶ is assumed; a product that rounds its factors
    /// further, as TF32 does, is worse), of rows divided by their largest number in the whole model. The
    /// Gramian knows which ([`Gramian::accuracy`]).
    ///
    /// # Errors
    ///
    /// More than 64 rows, or none. Rows that are not finite are no error: see [`Gramian::not_finite`].
    pub fn measure(
        &self,
        scalars: Vec<Tensor<B, 1>>,
    ) -> (Result<Vec<Gramian>, GramianError>, Vec<f64>) {
        let measured = self.matrix.measure(self.groups.len(), scalars);
        let accuracy = self.matrix.accuracy();
        let gramian = |entries: &Vec<f64>| {
            Gramian::with_gaps(self.rows, entries, self.present)?.with_accuracy(accuracy)
        };
        (measured.gramians.iter().map(gramian).collect(), measured.scalars)
    }

    /// `Σ weight·row` as one gradient of the module; for each group K weights.
    ///
    /// Sums are in f64 and rounded once (on a device in f32). A row of weight 0 is not read, so it may be
    /// NaN. A parameter that has a gradient in no row has none in the sum. The memory of a row that takes
    /// part becomes that of the sum: call it once.
    ///
    /// # Panics
    ///
    /// Where there are not K weights for each group.
    pub fn combine(&mut self, weights: &[Vec<f64>]) -> GradientsParams {
        self.check(weights);
        let parts = self.matrix.combine(weights, false);
        self.register(parts)
    }

    /// The same, into new memory: the rows stay.
    ///
    /// # Panics
    ///
    /// Where there are not K weights for each group.
    pub fn combine_kept(&mut self, weights: &[Vec<f64>]) -> GradientsParams {
        self.check(weights);
        let parts = self.matrix.combine(weights, true);
        self.register(parts)
    }

    /// GradDrop: a draw for every coordinate, in the host's memory. For each group one recipe, as
    /// [`Outcome::Elementwise`] gives it, and K weights that the rows are multiplied by first; for each row
    /// the share that is never dropped, or nothing for none.
    ///
    /// # Errors
    ///
    /// Those of [`Graddrop::combine`].
    ///
    /// # Panics
    ///
    /// Where there are not one recipe and K weights for each group.
    ///
    /// [`Outcome::Elementwise`]: homeostat_surgery::Outcome::Elementwise
    pub fn combine_elementwise(
        &mut self,
        recipes: &[Graddrop],
        weights: &[Vec<f64>],
        leaks: &[f64],
    ) -> Result<GradientsParams, SurgeryError> {
        self.check(weights);
        assert_eq!(recipes.len(), self.groups.len(), "one recipe for each group");
        let parts = self.matrix.combine_elementwise(Drops { recipes, weights, leaks })?;
        Ok(self.register(parts))
    }

    /// Gives the rows back as gradients; those of [`combine`](Self::combine) lack what it used.
    pub fn into_gradients(self) -> Vec<Option<GradientsParams>> {
        let mut gradients: Vec<_> = (0..self.rows)
            .map(|row| self.present.contains(row).then(GradientsParams::new))
            .collect();
        for (parameter, block) in self.parameters.iter().zip(self.matrix.into_parts()) {
            for (gradients, part) in gradients.iter_mut().zip(block) {
                if let (Some(gradients), Some(part)) = (gradients, part) {
                    (parameter.register)(gradients, parameter, part);
                }
            }
        }
        gradients
    }

    fn check(&self, weights: &[Vec<f64>]) {
        assert_eq!(weights.len(), self.groups.len(), "weights for each group");
        for weights in weights {
            assert_eq!(weights.len(), self.rows, "one weight for each row");
        }
    }

    fn register(&self, parts: Vec<Option<Part<B>>>) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        for (parameter, part) in self.parameters.iter().zip(parts) {
            if let Some(part) = part {
                (parameter.register)(&mut gradients, parameter, part);
            }
        }
        gradients
    }
}

/// The name of the only group.
pub(super) const WHOLE: &str = "model";

/// How many groups a module has.
pub(super) fn groups<A, M>(module: &M, granularity: Granularity) -> usize
where
    A: AutodiffBackend,
    M: AutodiffModule<A>,
{
    Rows::<A::InnerBackend>::gather::<A, M>(module, Vec::new(), granularity, Place::Auto)
        .groups
        .len()
}

struct Gather<A: AutodiffBackend> {
    gradients: Vec<Option<GradientsParams>>,
    path: Vec<String>,
    granularity: Granularity,
    rows: Rows<A::InnerBackend>,
}

impl<A: AutodiffBackend> Gather<A> {
    /// The place of the group that the parameter under the visitor belongs to. Layers are visited in one
    /// run, so a group is the last one or new.
    fn group(&mut self) -> usize {
        let name = match self.granularity {
            Granularity::Model => WHOLE.to_owned(),
            Granularity::Layer => self.path[..self.path.len().saturating_sub(1)].join("."),
            Granularity::Parameter => self.path.join("."),
        };
        let groups = &mut self.rows.groups;
        groups.iter().position(|group| *group == name).unwrap_or_else(|| {
            groups.push(name);
            groups.len() - 1
        })
    }
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Gather<A> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<A, D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        let group = self.group();
        let value = parameter.val();
        self.rows.parameters.push(Parameter {
            id: parameter.id,
            shape: value.shape(),
            dtype: value.dtype(),
            device: value.device(),
            register: register::<A::InnerBackend, D>,
        });
        let block = self
            .gradients
            .iter_mut()
            .map(|gradients| gradients.as_mut()?.remove::<A::InnerBackend, D>(parameter.id));
        self.rows.matrix.push(group, block);
    }
}

fn register<B: Backend, const D: usize>(
    gradients: &mut GradientsParams,
    parameter: &Parameter<B>,
    part: Part<B>,
) {
    let Parameter { id, shape, dtype, device, .. } = parameter;
    gradients.register::<B, D>(*id, part.into_tensor(shape.clone(), *dtype, device));
}
