use serde::{Deserialize, Serialize};

use super::random::{Purpose, RandomStream};
use super::synthetic::quantize;
use super::{DataError, Dataset, ImageShape};

/// Settings of generated grey images; [`ShapesConfig::generate`] makes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapesConfig {
    /// Lines and columns of an image, at least 8.
    pub side: usize,
    /// Standard deviation of the normal noise of every pixel, in units of \[0, 1\].
    pub noise: f64,
}

/// What is drawn; the class of an image.
const CLASSES: u32 = 4;

impl ShapesConfig {
    /// Draws `samples` images.
    ///
    /// Each shows one soft-edged shape: an ellipse, a rectangle, a ring or a cross. Structure (kind,
    /// place, size, angle) and appearance (brightness of shape and ground, direction and strength of a
    /// shading) vary independently of each other: six and four numbers that a latent space can find.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when a setting is out of its range.
    pub fn generate(&self, samples: usize, seed: u64) -> Result<Dataset, DataError> {
        if self.side < 8 {
            return Err(DataError::setting("side", "at least 8", self.side));
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return Err(DataError::setting("noise", "finite and not negative", self.noise));
        }
        let rows = u32::try_from(samples)
            .map_err(|_| DataError::setting("samples", "below 2³²", samples))?;
        let shape = ImageShape { height: self.side, width: self.side, channels: 1 };
        let mut random = RandomStream::new(seed, Purpose::Shapes, 0);
        let mut labels = Vec::with_capacity(samples);
        let mut inputs = Vec::with_capacity(samples * shape.features());
        for _ in 0..rows {
            let scene = Scene::draw(&mut random);
            labels.push(scene.class);
            for y in 0..self.side {
                for x in 0..self.side {
                    let value = scene.value(place(x, self.side), place(y, self.side), self.side);
                    inputs.push(quantize(value + self.noise * random.normal()));
                }
            }
        }
        let classes = CLASSES as usize;
        Dataset::new("shapes", inputs, labels, shape.features(), classes, Some(shape))
    }
}

/// The middle of a pixel in \[−1, 1\].
fn place(index: usize, side: usize) -> f64 {
    (2.0 * index as f64 + 1.0) / side as f64 - 1.0
}

struct Scene {
    class: u32,
    center: [f64; 2],
    radii: [f64; 2],
    angle: f64,
    shape: f64,
    ground: f64,
    shading: [f64; 2],
}

impl Scene {
    fn draw(random: &mut RandomStream) -> Self {
        let class = random.below(CLASSES);
        let shading = random.between(0.0, std::f64::consts::TAU);
        let strength = random.between(0.0, 0.3);
        Self {
            class,
            center: [random.between(-0.35, 0.35), random.between(-0.35, 0.35)],
            radii: [random.between(0.3, 0.6), random.between(0.3, 0.6)],
            angle: random.between(0.0, std::f64::consts::PI),
            shape: random.between(0.55, 0.95),
            ground: random.between(0.0, 0.25),
            shading: [strength * shading.cos(), strength * shading.sin()],
        }
    }

    /// Brightness at a place; the edge is one pixel wide.
    fn value(&self, x: f64, y: f64, side: usize) -> f64 {
        let (sine, cosine) = self.angle.sin_cos();
        let (x, y) = (x - self.center[0], y - self.center[1]);
        let u = (cosine * x + sine * y) / self.radii[0];
        let v = (cosine * y - sine * x) / self.radii[1];
        let radius = u.hypot(v);
        // Below 1 inside, and about as far beyond 1 as the place is outside.
        let outside = match self.class {
            0 => radius,
            1 => u.abs().max(v.abs()) / 0.85,
            2 => 1.0 + ((radius - 0.75).abs() - 0.25),
            _ => (u.abs().max(3.0 * v.abs())).min(v.abs().max(3.0 * u.abs())),
        };
        let sharpness = side as f64 * 0.5 * self.radii[0].min(self.radii[1]);
        let inside = (0.5 + sharpness * (1.0 - outside)).clamp(0.0, 1.0);
        let shade = 1.0 + self.shading[0] * u + self.shading[1] * v;
        self.ground + inside * (self.shape * shade - self.ground)
    }
}
