//! What is computed: the output, or its change.

use homeostat_core::Scalar;
use serde::{Deserialize, Serialize};

use crate::anti_windup::Integrated;
use crate::config::Start;
use crate::law::{Pid, PidState};

/// What is computed: the output, or its change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// `u = bias + kp·e + ki·∫ e dt + kd·de/dt`.
    #[default]
    Positional,
    /// The change of the positional form, added to the last output. It cannot wind up.
    Velocity,
    /// The reference: the positional sum, scaled by the time unit, *added* to the last output, with
    /// an integral that is neither scaled nor limited. It integrates twice.
    Parity,
}

/// What one step has measured.
pub(crate) struct Sensed {
    pub(crate) error: f64,
    pub(crate) unclipped: f64,
    pub(crate) last_error: f64,
    /// `ki · error` of this step.
    pub(crate) increment: f64,
    pub(crate) derivative: f64,
}

/// What one step decides.
pub(crate) struct Decided {
    pub(crate) output: f64,
    /// The output before the limits.
    pub(crate) demand: f64,
    pub(crate) bias: f64,
    pub(crate) integral: f64,
}

impl Decided {
    fn unchanged(state: &PidState) -> Self {
        Self {
            output: state.output,
            demand: state.output,
            bias: state.bias,
            integral: state.integral,
        }
    }
}

/// In all three, `output` is the last output inside the limits.
impl<Q: Scalar> Pid<Q> {
    /// The positional form: the integral, the output and the bias after this step.
    pub(crate) fn positional(&self, state: &PidState, sensed: &Sensed, output: f64) -> Decided {
        // A memory from wider limits is moved along, so that the output does not have to unwind.
        let moved = output - state.output;
        let bias = match (state.last, self.start) {
            (None, Start::Bumpless) => self.initial - self.kp * sensed.error,
            (None, Start::Bias) => self.initial,
            (Some(_), _) => state.bias + moved,
        };
        let rest = bias + self.kp * sensed.error + self.kd * sensed.derivative;
        let window = self.limits.window(output);
        let Integrated { integral, demand } =
            self.integrator.add(state.integral, sensed.increment, rest, window);
        Decided { output: window.clamp(demand), demand, bias, integral }
    }

    /// The velocity form: the change of the positional form, from the last output.
    pub(crate) fn velocity(&self, state: &PidState, sensed: &Sensed, output: f64) -> Decided {
        let demand = output
            + self.kp * (sensed.error - sensed.last_error)
            + sensed.increment
            + self.kd * (sensed.derivative - state.derivative);
        Decided {
            output: self.limits.window(output).clamp(demand),
            demand,
            ..Decided::unchanged(state)
        }
    }

    /// The reference: a positional sum, added to the last output.
    pub(crate) fn parity(&self, state: &PidState, sensed: &Sensed, output: f64) -> Decided {
        let integral = state.integral + sensed.error;
        let demand = output
            + self.kp * sensed.error
            + self.ki * integral
            + self.kd * (sensed.error - sensed.last_error);
        Decided { output: self.limits.clamp(demand), demand, integral, ..Decided::unchanged(state) }
    }
}
