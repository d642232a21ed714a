use std::f64::consts::{PI, TAU};

use super::Manifold;
use super::random::RandomStream;

/// A random point of class `class` out of `classes`; every coordinate lies in \[−1, 1\].
///
/// Two-dimensional families leave the last coordinate 0.
pub(super) fn point(
    kind: Manifold,
    class: usize,
    classes: usize,
    random: &mut RandomStream,
) -> [f64; 3] {
    match kind {
        Manifold::Patches => patch(class, classes, random),
        Manifold::Moons => moon(class, classes, random),
        Manifold::Rings => ring(class, classes, random),
        Manifold::Rolls => roll(class, classes, random),
    }
}

/// p = 0.7 c + r (u e₁ + v e₂) + κ r (u² − v²) c with u, v uniform in \[−1, 1\]: a saddle that
/// touches the sphere of radius 0.7 at direction c.
///
/// The directions c follow a Fibonacci spiral, whose nearest neighbours are about √(4π / classes)
/// radians apart; r is a third of that distance, so that patches stay apart.
fn patch(class: usize, classes: usize, random: &mut RandomStream) -> [f64; 3] {
    const RADIUS: f64 = 0.7;
    const CURVATURE: f64 = 0.5;
    let golden_angle = PI * (3.0 - 5.0_f64.sqrt());
    let height = 1.0 - 2.0 * (class as f64 + 0.5) / classes as f64;
    let ring_radius = (1.0 - height * height).sqrt();
    let (sine, cosine) = (golden_angle * class as f64).sin_cos();
    let center = [ring_radius * cosine, ring_radius * sine, height];
    // Two tangents along the parallel and the meridian; the spiral avoids the poles.
    let east = [-sine, cosine, 0.0];
    let north = [-height * cosine, -height * sine, ring_radius];
    let size = (RADIUS * (4.0 * PI / classes as f64).sqrt() / 3.0).min(0.4);
    let (u, v) = (random.between(-1.0, 1.0), random.between(-1.0, 1.0));
    let bend = CURVATURE * (u * u - v * v);
    std::array::from_fn(|axis| {
        let saddle = u * east[axis] + v * north[axis] + bend * center[axis];
        (RADIUS * center[axis] + size * saddle).clamp(-1.0, 1.0)
    })
}

/// Half circles of radius 1, open downwards and upwards in turn, with centres 1.25 apart: far
/// enough that the ends of every second one do not touch.
fn moon(class: usize, classes: usize, random: &mut RandomStream) -> [f64; 3] {
    const SPACING: f64 = 1.25;
    let (sine, cosine) = random.between(0.0, PI).sin_cos();
    let opens_downwards = class.is_multiple_of(2);
    let y = if opens_downwards { sine - 0.25 } else { 0.25 - sine };
    // One moon is 2 wide; no chain is higher than wide.
    let half_width = 1.0 + 0.5 * SPACING * (classes as f64 - 1.0);
    let x = SPACING * class as f64 + 1.0 + cosine;
    [x / half_width - 1.0, y / half_width, 0.0]
}

/// Circles of radius (class + 1) / classes around 0.
fn ring(class: usize, classes: usize, random: &mut RandomStream) -> [f64; 3] {
    let radius = (class as f64 + 1.0) / classes as f64;
    let (sine, cosine) = random.between(0.0, TAU).sin_cos();
    [radius * cosine, radius * sine, 0.0]
}

/// The sheet (t cos t, h, t sin t) for t from 1.5 π to 4.5 π, cut across into one strip per class
/// with a tenth of a strip left out between two.
fn roll(class: usize, classes: usize, random: &mut RandomStream) -> [f64; 3] {
    const GAP: f64 = 0.1;
    const END: f64 = 4.5 * PI;
    let position = (class as f64 + random.between(GAP / 2.0, 1.0 - GAP / 2.0)) / classes as f64;
    let angle = 1.5 * PI + 3.0 * PI * position;
    let height = random.between(-1.0, 1.0);
    [angle * angle.cos() / END, height, angle * angle.sin() / END]
}
