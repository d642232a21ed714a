//! What is measured of a batch: everything that a goal can be about.

use burn::prelude::*;

use super::images::{
    EDGE_EPSILON, Edges, Ssim, SsimWindow, error_per_image, every_second_pixel, mean_intensity,
    soft_histogram, to_planes,
};
use super::latent::{
    block_divergence, divergence, effective, mean_squared_correlation, off_diagonal_covariance,
    soft_active, variances,
};
use super::model::{Posterior, Vae, halves};
use super::noise::Noise;
use crate::data::ImageShape;

/// The measures by name, in the order of their names.
pub const NAMES: [&str; 22] = [
    "core_active",
    "core_color_leak",
    "core_correlation",
    "core_edge",
    "core_effective",
    "core_mse",
    "cov",
    "detail_active",
    "detail_correlation",
    "detail_cov",
    "detail_edge_leak",
    "detail_effective",
    "edge",
    "kl_core",
    "kl_detail",
    "mse",
    "pixel",
    "prior_kl",
    "swap_appearance",
    "swap_color_hist",
    "swap_structure",
    "traversal",
];

/// Added to shifts whose reciprocals make up the traversal.
const TRAVERSAL_EPSILON: f64 = 1e-2;

/// Blocks and correlation of the correlated prior.
const BLOCK: usize = 8;
const BLOCK_CORRELATION: f64 = 0.2;

/// Bins and spread of the intensity histogram.
const BINS: usize = 8;
const BIN_SPREAD: f64 = 0.02;

/// Which parts of a batch's picture somebody asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    core_only: bool,
    swap: bool,
    core_shift: bool,
    detail_shift: bool,
}

/// Measures batches of images of one size.
#[derive(Clone, Debug)]
pub struct Meter<B: Backend> {
    names: Vec<&'static str>,
    needs: Needs,
    shape: ImageShape,
    edges: Edges<B>,
    ssim: Ssim<B>,
    samples: bool,
}

/// Half of the mean reciprocal of two shifts: `½ (1/(a + ε) + 1/(b + ε))`; small where each half of the
/// code changes what it should.
pub fn traversal<B: Backend>(a: Tensor<B, 1>, b: Tensor<B, 1>, epsilon: f64) -> Tensor<B, 1> {
    ((a + epsilon).recip() + (b + epsilon).recip()).mul_scalar(0.5)
}

/// What a batch gave: reconstruction, the divergences of the halves, and the measures that were asked for.
#[derive(Clone, Debug)]
pub struct Measured<B: Backend> {
    /// The mean over images of the squared error summed over pixels, `[1]`.
    pub error: Tensor<B, 1>,
    /// Mean structural similarity, `[1]`.
    pub similarity: Tensor<B, 1>,
    /// KL of core and detail, batch means in nats, `[1]` each.
    pub divergences: [Tensor<B, 1>; 2],
    /// The measures in the order in which they were asked for, `[1]` each; of a meter of single samples
    /// `[N]`, but for those that only a batch has.
    pub values: Vec<Tensor<B, 1>>,
}

impl<B: Backend> Meter<B> {
    /// A meter for the measures of these names; those it does not know are left out.
    pub fn new(names: &[String], shape: ImageShape, device: &B::Device) -> Self {
        let names: Vec<&'static str> = names
            .iter()
            .filter_map(|name| NAMES.iter().find(|known| **known == name.as_str()).copied())
            .collect();
        let asks = |wanted: &[&str]| names.iter().any(|name| wanted.contains(name));
        let needs = Needs {
            core_only: asks(&["core_mse", "core_edge"]),
            swap: asks(&["swap_structure", "swap_appearance", "swap_color_hist"]),
            core_shift: asks(&["core_color_leak", "traversal"]),
            detail_shift: asks(&["detail_edge_leak", "traversal"]),
        };
        Self {
            needs,
            shape,
            edges: Edges::new(shape, EDGE_EPSILON, device),
            ssim: Ssim::new(shape, SsimWindow::Uniform, device),
            names,
            samples: false,
        }
    }

    /// The same meter, whose measures are those of single images where an image has them: errors, similarity
    /// and divergences do; counts of dimensions, correlations and covariances belong to the batch.
    pub fn of_samples(self, samples: bool) -> Self {
        Self { samples, ..self }
    }

    /// The measure of every image, or its mean over the batch.
    fn settle(&self, per_image: Tensor<B, 1>) -> Tensor<B, 1> {
        if self.samples { per_image } else { per_image.mean() }
    }

    /// The names of the measures.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Looks at a batch, `[N, X]` in \[0, 1\].
    pub fn look(&self, model: &Vae<B>, images: Tensor<B, 2>, noise: &Noise<B>) -> Measured<B> {
        let [count, pixels] = images.dims();
        let posterior = model.encode(images.clone());
        let code = posterior.sample(noise.sample.clone());
        let decoded = self.decode_all(model, &code, noise);
        let target = to_planes(images, self.shape);
        let planes =
            |index: usize| to_planes(decoded.clone().narrow(0, index * count, count), self.shape);
        let whole = planes(0);
        let error = self.settle(error_per_image(whole.clone(), target.clone()));
        let similarity = self.settle(self.ssim.per_image(whole.clone(), target.clone()));
        let means = halves(&posterior.mean, model.core);
        let spreads = halves(&posterior.log_variance, model.core);
        let [core_mean, detail_mean] = means;
        let [core_spread, detail_spread] = spreads;
        let divergences = [
            self.settle(divergence(core_mean.clone(), core_spread)),
            self.settle(divergence(detail_mean.clone(), detail_spread)),
        ];
        let mut picture = Picture {
            meter: self,
            target,
            whole,
            count,
            decoded: &decoded,
            partner: &noise.partner,
            means: [core_mean, detail_mean],
            codes: halves(&code, model.core),
            posterior: &posterior,
            divergences: &divergences,
            error: &error,
            similarity: &similarity,
            edges: None,
            target_edges: None,
        };
        let values = self.names.iter().map(|name| picture.measure(name)).collect();
        // The mean of one number is that number.
        Measured {
            error: error.mean().mul_scalar(pixels as f64),
            similarity: similarity.mean(),
            divergences: divergences.map(Tensor::mean),
            values,
        }
    }

    /// Every code that is needed through the decoder at once: as it is, and where asked for from the core
    /// alone, with swapped details, with a shifted core, with a shifted detail.
    fn decode_all(&self, model: &Vae<B>, code: &Tensor<B, 2>, noise: &Noise<B>) -> Tensor<B, 2> {
        let [core, detail] = halves(code, model.core);
        let [core_shift, detail_shift] = halves(&noise.perturbation, model.core);
        let mut codes = vec![code.clone()];
        let join = |core, detail| Tensor::cat(vec![core, detail], 1);
        if self.needs.core_only {
            codes.push(join(core.clone(), detail.zeros_like()));
        }
        if self.needs.swap {
            codes.push(join(core.clone(), detail.clone().select(0, noise.partner.clone())));
        }
        if self.needs.core_shift {
            codes.push(join(core.clone() + core_shift, detail.clone()));
        }
        if self.needs.detail_shift {
            codes.push(join(core, detail + detail_shift));
        }
        let all = if codes.len() == 1 { code.clone() } else { Tensor::cat(codes, 0) };
        model.decode(all)
    }

    /// The place of a part of the picture among those that were decoded.
    fn place(&self, part: &str) -> usize {
        let Needs { core_only, swap, core_shift, .. } = self.needs;
        let before = match part {
            "core_only" => 0,
            "swap" => usize::from(core_only),
            "core_shift" => usize::from(core_only) + usize::from(swap),
            _ => usize::from(core_only) + usize::from(swap) + usize::from(core_shift),
        };
        1 + before
    }
}

/// One batch while it is measured; edge maps are made when first asked for.
struct Picture<'a, B: Backend> {
    meter: &'a Meter<B>,
    target: Tensor<B, 4>,
    whole: Tensor<B, 4>,
    count: usize,
    decoded: &'a Tensor<B, 2>,
    partner: &'a Tensor<B, 1, Int>,
    means: [Tensor<B, 2>; 2],
    codes: [Tensor<B, 2>; 2],
    posterior: &'a Posterior<B>,
    divergences: &'a [Tensor<B, 1>; 2],
    error: &'a Tensor<B, 1>,
    similarity: &'a Tensor<B, 1>,
    edges: Option<Tensor<B, 4>>,
    target_edges: Option<Tensor<B, 4>>,
}

impl<B: Backend> Picture<'_, B> {
    fn part(&self, name: &str) -> Tensor<B, 4> {
        let start = self.meter.place(name) * self.count;
        to_planes(self.decoded.clone().narrow(0, start, self.count), self.meter.shape)
    }

    fn edges(&mut self) -> Tensor<B, 4> {
        let (meter, whole) = (self.meter, &self.whole);
        self.edges.get_or_insert_with(|| meter.edges.of(whole.clone())).clone()
    }

    fn target_edges(&mut self) -> Tensor<B, 4> {
        let (meter, target) = (self.meter, &self.target);
        self.target_edges.get_or_insert_with(|| meter.edges.of(target.clone())).clone()
    }

    fn squared_error(&self, one: Tensor<B, 4>, other: Tensor<B, 4>) -> Tensor<B, 1> {
        self.meter.settle(error_per_image(one, other))
    }

    /// MSE of the edges of a part and others.
    fn edge_error(&self, part: &str, others: Tensor<B, 4>) -> Tensor<B, 1> {
        self.squared_error(self.meter.edges.of(self.part(part)), others)
    }

    /// The mean squared difference of two rows of numbers per image.
    fn row_error(&self, one: Tensor<B, 2>, other: Tensor<B, 2>) -> Tensor<B, 1> {
        self.meter.settle((one - other).square().mean_dim(1).flatten(0, 1))
    }

    fn swapped_target(&self) -> Tensor<B, 4> {
        self.target.clone().select(0, self.partner.clone())
    }

    /// The share of dimensions that do not count, `1 − count/D`.
    fn missing(&self, half: usize, count: impl Fn(Tensor<B, 1>) -> Tensor<B, 1>) -> Tensor<B, 1> {
        let width = self.means[half].dims()[1] as f64;
        count(variances(self.means[half].clone())).div_scalar(-width) + 1.0
    }

    fn intensity_shift(&self, part: &str, other: Tensor<B, 4>) -> Tensor<B, 1> {
        self.row_error(mean_intensity(self.part(part)), mean_intensity(other))
    }

    fn measure(&mut self, name: &str) -> Tensor<B, 1> {
        match name {
            "kl_core" => self.divergences[0].clone(),
            "kl_detail" => self.divergences[1].clone(),
            "prior_kl" => {
                let Posterior { mean, log_variance } = self.posterior.clone();
                let nats = block_divergence(mean, log_variance, BLOCK, BLOCK_CORRELATION);
                self.meter.settle(nats)
            }
            "mse" => self.error.clone(),
            "edge" => {
                let (edges, target) = (self.edges(), self.target_edges());
                self.squared_error(edges, target)
            }
            "core_mse" => self.squared_error(self.part("core_only"), self.target.clone()),
            "core_edge" => {
                let target = self.target_edges();
                self.edge_error("core_only", target)
            }
            "swap_structure" => {
                let target = self.target_edges();
                self.edge_error("swap", target)
            }
            "swap_appearance" => self.intensity_shift("swap", self.swapped_target()),
            "swap_color_hist" => {
                let histogram =
                    |planes| soft_histogram(every_second_pixel(planes), BINS, BIN_SPREAD);
                self.row_error(histogram(self.part("swap")), histogram(self.swapped_target()))
            }
            "core_color_leak" => self.intensity_shift("core_shift", self.whole.clone()),
            "detail_edge_leak" => {
                let edges = self.edges();
                self.edge_error("detail_shift", edges)
            }
            "traversal" => {
                let edges = self.edges();
                let structure = self.edge_error("core_shift", edges);
                let appearance = self.intensity_shift("detail_shift", self.whole.clone());
                traversal(structure, appearance, TRAVERSAL_EPSILON)
            }
            "core_active" => self.missing(0, soft_active),
            "detail_active" => self.missing(1, soft_active),
            "core_effective" => self.missing(0, effective),
            "detail_effective" => self.missing(1, effective),
            "core_correlation" => mean_squared_correlation(self.codes[0].clone()),
            "detail_correlation" => mean_squared_correlation(self.codes[1].clone()),
            "cov" => off_diagonal_covariance(self.codes[0].clone()),
            "detail_cov" => off_diagonal_covariance(self.codes[1].clone()),
            // `pixel`: names are checked when a meter is made.
            _ => {
                let unlike = self.similarity.clone().neg() + 1.0;
                self.error.clone() + unlike.mul_scalar(0.1)
            }
        }
    }
}
