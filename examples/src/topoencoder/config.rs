//! Shape and options of an atlas.

use serde::{Deserialize, Serialize};

/// Everything that fixes the shape and the arithmetic of an [`Atlas`](super::Atlas).
///
/// The defaults are those of the reference (revision 2f7a0570) for 28 × 28 images, except
/// `transport_terms`, which the reference does not have: it solves a dense system instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AtlasConfig {
    /// Width X of one input row. It follows from the data, so it is not written to files.
    #[serde(skip_serializing)]
    pub input: usize,
    /// Width H of the hidden layers.
    pub hidden: usize,
    /// Width D of the latent space.
    pub latent: usize,
    /// Number N of charts.
    pub charts: usize,
    /// Number C of codes in every chart.
    pub codes_per_chart: usize,
    /// Covariant attention; off means a plain dot product (encoder) and a linear map (decoder).
    pub covariant_attention: bool,
    /// Form of the quadratic term Γ(v) of the query.
    pub tensorization: Tensorization,
    /// Rank R of Γ when `tensorization` is `sum`.
    pub rank: usize,
    /// Floor of the routing temperature.
    pub tau_min: f64,
    /// Floor of 1 − ‖v‖² inside the routing temperature.
    pub denominator_min: f64,
    /// Whether keys are carried along by the Cayley transport U(v).
    pub transport: bool,
    /// Stabiliser ε of the transport, a = 1 + ε.
    pub transport_epsilon: f64,
    /// Number m of Chebyshev terms of the transport; see [`transport`](super::transport).
    pub transport_terms: usize,
    /// Power iterations of every spectral layer per refresh.
    pub power_iterations: usize,
    /// Bias of every norm gate at the start; 0 is the reference.
    pub gate_bias: f64,
    /// Standard deviation of the chart centres at the start; 0.02 is the reference. Keys are linear
    /// in the centres, so small centres mean uniform routing until they have grown.
    pub center_scale: f64,
    /// Standard deviation of the codes at the start, relative to their centre; 0.02 is the reference.
    pub code_scale: f64,
    /// Largest singular value left to the layers, part by part.
    pub spectral: SpectralCeilings,
    /// Whether the latent vector is kept inside a ball.
    pub latent_bound: LatentBound,
}

/// Form of the quadratic query term Γ(v).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tensorization {
    /// Low rank: Γ = ((v Uᵀ) ⊙ (v Vᵀ)) O.
    Sum,
    /// One D × D form per hidden unit: Γ_k = Σ_ij v_i v_j G_kij.
    Full,
}

/// Largest singular value a layer may apply: W / max(σ / ceiling, 1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpectralCeiling {
    /// A plain linear map.
    Off,
    /// Singular values are scaled down to this number; 1 is the reference.
    At(f64),
}

impl SpectralCeiling {
    /// The ceiling as a number, infinite when off.
    pub fn value(self) -> f64 {
        match self {
            Self::Off => f64::INFINITY,
            Self::At(ceiling) => ceiling,
        }
    }
}

/// Spectral ceilings of the parts of the model, each `off` or `{ at = 1.0 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralCeilings {
    /// Trunk and latent projection of the encoder.
    pub encoder: SpectralCeiling,
    /// Queries, keys and linear fallback of both routers.
    pub router: SpectralCeiling,
    /// Generator of the transport; the error bound of the transport assumes 1.
    pub transport: SpectralCeiling,
    /// Structure filter of the residual.
    pub filter: SpectralCeiling,
    /// Chart projectors of the decoder.
    pub projectors: SpectralCeiling,
    /// The three layers of the renderer.
    pub renderer: SpectralCeiling,
    /// Skip path around the renderer.
    pub skip: SpectralCeiling,
    /// Texture path of the decoder.
    pub texture: SpectralCeiling,
}

impl SpectralCeilings {
    /// The same ceiling for every part.
    pub fn uniform(ceiling: SpectralCeiling) -> Self {
        Self {
            encoder: ceiling,
            router: ceiling,
            transport: ceiling,
            filter: ceiling,
            projectors: ceiling,
            renderer: ceiling,
            skip: ceiling,
            texture: ceiling,
        }
    }
}

impl Default for SpectralCeilings {
    fn default() -> Self {
        Self::uniform(SpectralCeiling::At(1.0))
    }
}

/// What keeps the latent vector where the routing temperature is alive.
///
/// The temperature is proportional to 1 − ‖v‖² and sits on its floor as soon as ‖v‖ ≥ 1: scores
/// then grow a hundredfold and routing turns one-hot without a gradient through the temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatentBound {
    /// Unbounded, as in the reference.
    None,
    /// v ← r · tanh(‖v‖) · v / ‖v‖.
    Ball(f64),
}

impl Default for AtlasConfig {
    fn default() -> Self {
        Self {
            input: 784,
            hidden: 32,
            latent: 2,
            charts: 10,
            codes_per_chart: 32,
            covariant_attention: true,
            tensorization: Tensorization::Sum,
            rank: 8,
            tau_min: 1e-2,
            denominator_min: 1e-3,
            transport: true,
            transport_epsilon: 1e-3,
            transport_terms: 13,
            power_iterations: 3,
            gate_bias: 0.0,
            center_scale: 0.02,
            code_scale: 0.02,
            spectral: SpectralCeilings::default(),
            latent_bound: LatentBound::None,
        }
    }
}

/// A field of an [`AtlasConfig`] outside its legal range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("atlas field `{field}` must be {legal}, got {value}")]
#[non_exhaustive]
pub struct AtlasConfigError {
    /// Name of the field.
    pub field: &'static str,
    /// Value found.
    pub value: String,
    /// Legal range, in words.
    pub legal: &'static str,
}

impl AtlasConfig {
    /// Checks every field against its legal range.
    pub fn validate(&self) -> Result<(), AtlasConfigError> {
        at_least("input", self.input, 1, "at least 1")?;
        at_least("hidden", self.hidden, 1, "at least 1")?;
        at_least("latent", self.latent, 1, "at least 1")?;
        at_least("charts", self.charts, 2, "at least 2")?;
        at_least("codes_per_chart", self.codes_per_chart, 2, "at least 2")?;
        at_least("rank", self.rank, 1, "at least 1")?;
        at_least("transport_terms", self.transport_terms, 1, "at least 1")?;
        at_least("power_iterations", self.power_iterations, 1, "at least 1")?;
        // Beyond this a layer would not fit into the memory of any machine we know.
        let sizes = [self.hidden, self.latent, self.charts, self.codes_per_chart, self.rank];
        if let Some(size) = sizes.into_iter().find(|size| *size > 1 << 14) {
            let field = "hidden, latent, charts, codes_per_chart or rank";
            return Err(error(field, size, "at most 16384"));
        }
        positive("tau_min", self.tau_min)?;
        positive("center_scale", self.center_scale)?;
        positive("code_scale", self.code_scale)?;
        positive("denominator_min", self.denominator_min)?;
        if !(self.transport_epsilon.is_finite() && self.transport_epsilon >= 0.0) {
            let legal = "finite and not negative";
            return Err(error("transport_epsilon", self.transport_epsilon, legal));
        }
        if !self.gate_bias.is_finite() {
            return Err(error("gate_bias", self.gate_bias, "finite"));
        }
        let ceilings = &self.spectral;
        positive_or_off("spectral.encoder", ceilings.encoder)?;
        positive_or_off("spectral.router", ceilings.router)?;
        positive_or_off("spectral.transport", ceilings.transport)?;
        positive_or_off("spectral.filter", ceilings.filter)?;
        positive_or_off("spectral.projectors", ceilings.projectors)?;
        positive_or_off("spectral.renderer", ceilings.renderer)?;
        positive_or_off("spectral.skip", ceilings.skip)?;
        positive_or_off("spectral.texture", ceilings.texture)?;
        match self.latent_bound {
            LatentBound::None => Ok(()),
            LatentBound::Ball(radius) => positive("latent_bound.ball", radius),
        }
    }

    /// Size of a bundle of hidden units: D when it divides H, else 1.
    pub fn bundle(&self) -> usize {
        if self.hidden.is_multiple_of(self.latent) { self.latent } else { 1 }
    }

    /// Trainable numbers of the reference that never receive a gradient and that we leave out:
    /// the encoder's chart queries and the decoder's key projection, or, without covariant
    /// attention, the encoder's chart queries and key projection.
    pub fn dead_reference_parameters(&self) -> usize {
        let queries = self.charts * self.hidden;
        let keys = if self.covariant_attention {
            self.latent * self.hidden
        } else {
            self.hidden * self.hidden + self.hidden
        };
        queries + keys
    }
}

fn error(field: &'static str, value: impl ToString, legal: &'static str) -> AtlasConfigError {
    AtlasConfigError { field, value: value.to_string(), legal }
}

fn at_least(
    field: &'static str,
    value: usize,
    least: usize,
    legal: &'static str,
) -> Result<(), AtlasConfigError> {
    if value < least { Err(error(field, value, legal)) } else { Ok(()) }
}

fn positive(field: &'static str, value: f64) -> Result<(), AtlasConfigError> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(error(field, value, "finite and greater than 0"))
    }
}

fn positive_or_off(field: &'static str, ceiling: SpectralCeiling) -> Result<(), AtlasConfigError> {
    match ceiling {
        SpectralCeiling::Off => Ok(()),
        SpectralCeiling::At(value) => positive(field, value),
    }
}
