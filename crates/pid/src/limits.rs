//! Between which numbers the output of one step may lie.

/// Limits of the output, and of its change per step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    /// Infinite where the change is not limited.
    pub(crate) slew: f64,
}

/// The legal outputs of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Limits {
    /// An output inside the limits stays; another moves to the nearest limit.
    pub(crate) fn clamp(&self, output: f64) -> f64 {
        output.clamp(self.minimum, self.maximum)
    }

    /// The legal outputs after an output that was itself legal.
    pub(crate) fn window(&self, output: f64) -> Window {
        Window {
            low: (output - self.slew).max(self.minimum),
            high: (output + self.slew).min(self.maximum),
        }
    }

    /// Whether an output stands at the limit to which the error pushes it.
    pub(crate) fn saturates(&self, output: f64, error: f64) -> bool {
        (output >= self.maximum && error > 0.0) || (output <= self.minimum && error < 0.0)
    }
}

impl Window {
    /// The legal output nearest to a demand.
    pub(crate) fn clamp(&self, demand: f64) -> f64 {
        demand.clamp(self.low, self.high)
    }
}
