use serde::{Deserialize, Serialize};

use super::manifold;
use super::random::{Purpose, RandomStream};
use super::{DataError, Dataset};

/// Family of curves or surfaces on which the points of a class lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manifold {
    /// Saddle-shaped patches spread over a sphere, one per class (surfaces in three dimensions).
    #[default]
    Patches,
    /// A chain of interleaved half circles (curves in two dimensions).
    Moons,
    /// Concentric circles (curves in two dimensions).
    Rings,
    /// Consecutive pieces of one rolled-up sheet (surfaces in three dimensions).
    Rolls,
}

impl Manifold {
    /// Coordinates of a point before it is embedded.
    pub fn dimension(self) -> usize {
        match self {
            Self::Moons | Self::Rings => 2,
            Self::Patches | Self::Rolls => 3,
        }
    }
}

/// Settings of a generated data set; [`SyntheticConfig::generate`] makes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// Family of manifolds.
    pub kind: Manifold,
    /// Number of rows, at least one per class.
    pub samples: usize,
    /// Values per row. As many as the manifold has coordinates keeps the points as they are, up to
    /// scale; more embeds them by a fixed smooth map.
    pub features: usize,
    /// Number of classes, at least 1. Classes differ by at most one row in size.
    pub classes: usize,
    /// Standard deviation of the normal noise added to every value, in units of \[0, 1\].
    pub noise: f64,
    /// Seed of points, labels and noise. The embedding does not depend on it.
    pub seed: u64,
}

/// The settings of the demonstration: our own choice, ten classes as in the image data sets.
impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            kind: Manifold::default(),
            samples: 3000,
            features: 32,
            classes: 10,
            noise: 0.01,
            seed: 42,
        }
    }
}

impl SyntheticConfig {
    /// Draws the rows.
    ///
    /// A point p of the manifold becomes the row xⱼ = ½ + ½ sin(aⱼ · p + bⱼ) + noise, cut to
    /// \[0, 1\]. The directions aⱼ and phases bⱼ depend on nothing but the number of coordinates
    /// and features, so that sets of different seeds show the same world.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when a setting is out of its range.
    pub fn generate(&self) -> Result<Dataset, DataError> {
        self.validate()?;
        let rows = u32::try_from(self.samples)
            .map_err(|_| DataError::setting("samples", "below 2³²", self.samples))?;
        let dimension = self.kind.dimension();
        let embedding = Embedding::new(dimension, self.features);
        let mut random = RandomStream::new(self.seed, Purpose::Samples, 0);
        let order = random.permutation(rows);
        let labels: Vec<u32> = order.iter().map(|&k| k % self.classes as u32).collect();
        let mut inputs = Vec::with_capacity(self.samples * self.features);
        for &label in &labels {
            let point = manifold::point(self.kind, label as usize, self.classes, &mut random);
            for value in embedding.apply(&point[..dimension]) {
                inputs.push(quantize(value + self.noise * random.normal()));
            }
        }
        Dataset::new("synthetic", inputs, labels, self.features, self.classes, None)
    }

    fn validate(&self) -> Result<(), DataError> {
        if self.classes == 0 {
            return Err(DataError::setting("classes", "at least 1", self.classes));
        }
        if self.samples < self.classes {
            let expected = format!("at least one per class = {}", self.classes);
            return Err(DataError::setting("samples", expected, self.samples));
        }
        if self.features < self.kind.dimension() {
            let expected =
                format!("at least the manifold's coordinates = {}", self.kind.dimension());
            return Err(DataError::setting("features", expected, self.features));
        }
        if !(self.noise >= 0.0 && self.noise.is_finite()) {
            return Err(DataError::setting("noise", "finite and not negative", self.noise));
        }
        Ok(())
    }
}

/// A smooth map from the cube \[−1, 1\]ᵈ into \[0, 1\]ᶠ.
struct Embedding {
    /// One direction per feature, then its phase; empty where points are kept as they are.
    waves: Vec<(Vec<f64>, f64)>,
}

impl Embedding {
    /// Standard deviation of a direction's entries: on \[−1, 1\] a wave then bends a few times
    /// at most, so that neighbours stay neighbours.
    const STEEPNESS: f64 = 1.5;

    fn new(dimension: usize, features: usize) -> Self {
        if features == dimension {
            return Self { waves: Vec::new() };
        }
        let mut random = RandomStream::new(0, Purpose::Embedding, dimension as u64);
        let waves = (0..features)
            .map(|_| {
                let direction = (0..dimension).map(|_| Self::STEEPNESS * random.normal()).collect();
                (direction, random.between(0.0, std::f64::consts::TAU))
            })
            .collect();
        Self { waves }
    }

    fn apply(&self, point: &[f64]) -> Vec<f64> {
        if self.waves.is_empty() {
            return point.iter().map(|coordinate| 0.5 + 0.5 * coordinate).collect();
        }
        self.waves
            .iter()
            .map(|(direction, phase)| {
                let angle: f64 = direction.iter().zip(point).map(|(a, p)| a * p).sum();
                0.5 + 0.5 * (angle + phase).sin()
            })
            .collect()
    }
}

/// The nearest of 65,536 levels of \[0, 1\].
///
/// Sine and logarithm differ in their last bits between platforms. Rounding hides that, and the
/// fingerprint of a generated set is the same everywhere.
pub(super) fn quantize(value: f64) -> f32 {
    const LEVELS: f64 = 65_535.0;
    ((value.clamp(0.0, 1.0) * LEVELS).round() / LEVELS) as f32
}
