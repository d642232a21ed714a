//! Clipping by the global norm.
//!
//! burn's own clipping works tensor by tensor, which changes the direction of the step; here all
//! gradients are multiplied by one factor.

use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_core::{ConfigError, GradientNorm};

/// Added to the norm so that a zero gradient has a factor.
const EPSILON: f64 = 1e-6;

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(parameter.id) {
            self.gradients.register(parameter.id, gradient.mul_scalar(self.factor));
        }
    }
}

/// Multiplies all gradients by min(1, maximum / (‖g‖ + 10⁻⁶)) and returns the factor. The norm is
/// known on the host. A `maximum` of 0 switches clipping off.
pub fn clip_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &mut GradientsParams,
    norm: GradientNorm,
    maximum: f64,
) -> Result<f64, ConfigError> {
    ConfigError::not_negative("gradient_clip", maximum)?;
    let factor = if maximum == 0.0 { 1.0 } else { (maximum / (norm.get() + EPSILON)).min(1.0) };
    if factor < 1.0 {
        module.visit(&mut Scale { gradients, factor });
    }
    Ok(factor)
}

/// Multiplies all gradients by a factor: 1/‖g‖ makes a step that depends on the direction alone.
pub fn scale_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &mut GradientsParams,
    factor: f64,
) {
    module.visit(&mut Scale { gradients, factor });
}

struct Guard<'a, B: AutodiffBackend> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<B::InnerBackend, 1>,
    bad: Tensor<B::InnerBackend, 1, Bool>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Guard<'_, B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(parameter.id) {
            let shape = gradient.shape();
            let scaled = gradient * self.factor.clone().reshape([1; D]);
            let bad = self.bad.clone().reshape([1; D]).expand(shape);
            self.gradients.register(parameter.id, scaled.mask_fill(bad, 0.0));
        }
    }
}

/// The same on the device, without the host knowing the norm: for [`Delay::OneStep`], where the host
/// learns of a bad gradient only one step later. Where the norm is not finite every gradient becomes
/// 0, so that no NaN reaches the optimizer.
///
/// [`Delay::OneStep`]: crate::Delay::OneStep
pub fn guard_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &mut GradientsParams,
    norm: Tensor<B::InnerBackend, 1>,
    maximum: f64,
) -> Result<(), ConfigError> {
    ConfigError::not_negative("gradient_clip", maximum)?;
    let bad = norm.clone().is_finite().bool_not();
    let factor = if maximum == 0.0 {
        norm.ones_like()
    } else {
        norm.add_scalar(EPSILON).recip().mul_scalar(maximum).clamp_max(1.0)
    };
    module.visit(&mut Guard::<B> { gradients, factor, bad });
    Ok(())
}
