//! Processes to control in closed-loop tests.

use std::collections::VecDeque;

use homeostat_core::random::unit_interval;

/// A small generator of uniform numbers, so that a test's noise is the same everywhere
/// (Steele, Lea and Flood 2014, SplitMix64).
#[derive(Clone, Debug)]
pub struct Splitmix(pub u64);

impl Splitmix {
    /// The next number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        unit_interval(mixed)
    }

    /// The next number in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }
}

/// A first-order process: the output moves towards `offset + gain · action` (an action delayed by
/// some steps) by the fraction `1/lag` per step, and is measured with uniform noise.
#[derive(Clone, Debug)]
pub struct Plant {
    /// Steady-state change of the output per unit of action. Negative: more weight, less loss.
    pub gain: f64,
    /// The output without action.
    pub offset: f64,
    /// Steps until about two thirds of a change have arrived; at least 1.
    pub lag: f64,
    /// Half width of the measurement noise.
    pub noise: f64,
    output: f64,
    pipe: VecDeque<f64>,
    random: Splitmix,
}

impl Plant {
    /// A plant at rest at its offset.
    pub fn new(gain: f64, offset: f64, lag: f64, delay: usize, noise: f64) -> Self {
        let pipe = std::iter::repeat_n(0.0, delay).collect();
        Self { gain, offset, lag, noise, output: offset, pipe, random: Splitmix(7) }
    }

    /// Applies an action and measures the output.
    pub fn step(&mut self, action: f64) -> f64 {
        self.pipe.push_back(action);
        let acting = self.pipe.pop_front().unwrap_or(action);
        let goal = self.offset + self.gain * acting;
        self.output += (goal - self.output) / self.lag.max(1.0);
        self.output + self.random.between(-self.noise, self.noise)
    }

    /// The output without measurement noise.
    pub fn output(&self) -> f64 {
        self.output
    }
}

/// Minimise `½·curvature·(x − centre)²` subject to `x ≤ bound`, by gradient descent in x on the
/// Lagrangian. The optimum is `min(centre, bound)` with multiplier `curvature·max(centre − bound, 0)`.
#[derive(Clone, Debug)]
pub struct ConvexProblem {
    /// Second derivative of the objective.
    pub curvature: f64,
    /// Where the objective alone would settle.
    pub centre: f64,
    /// The constraint.
    pub bound: f64,
    /// The present point.
    pub x: f64,
}

impl ConvexProblem {
    /// The constraint's violation `x − bound`; positive means violated.
    pub fn violation(&self) -> f64 {
        self.x - self.bound
    }

    /// One descent step on `objective + multiplier · violation`.
    pub fn descend(&mut self, multiplier: f64, rate: f64) {
        self.x -= rate * (self.curvature * (self.x - self.centre) + multiplier);
    }

    /// The optimal point.
    pub fn optimum(&self) -> f64 {
        self.centre.min(self.bound)
    }

    /// The optimal multiplier.
    pub fn multiplier(&self) -> f64 {
        self.curvature * (self.centre - self.bound).max(0.0)
    }
}
