//! What the integral does while the output stands at a limit.
//!
//! Without a rule it goes on growing ("winds up") although nothing changes any more, and has to be
//! undone error by error before the output leaves the limit.

use serde::{Deserialize, Serialize};

use crate::limits::Window;

/// What the integral does while the output stands at a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AntiWindup {
    /// Conditional integration: an increment that would push the output beyond a limit is cut off
    /// at the limit; one that pulls it back is taken whole.
    #[default]
    Conditional,
    /// Back-calculation: the part of the demand beyond the limit flows out of the integral.
    BackCalculation {
        /// The time constant of the outflow, in time units; at most one step is one step.
        tracking_time: f64,
    },
    /// The integral winds up. For comparison.
    None,
}

/// The integral as a controller uses it: in units of the output, per step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integrator {
    /// `|integral|` is at most this; infinite where there is no such limit.
    pub(crate) limit: f64,
    pub(crate) rule: AntiWindup,
    /// The part of the excess that flows out per step under back-calculation.
    pub(crate) tracking: f64,
}

/// What one step makes of the integral and of the demand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integrated {
    pub(crate) integral: f64,
    pub(crate) demand: f64,
}

impl Integrator {
    /// Adds an increment to the integral; `rest` is the demand without the integral.
    pub(crate) fn add(
        &self,
        integral: f64,
        increment: f64,
        rest: f64,
        window: Window,
    ) -> Integrated {
        let bounded = |integral: f64| integral.clamp(-self.limit, self.limit);
        match self.rule {
            AntiWindup::None => {
                let integral = bounded(integral + increment);
                Integrated { integral, demand: rest + integral }
            }
            AntiWindup::Conditional => {
                let present = rest + integral;
                let room = if increment > 0.0 {
                    increment.min((window.high - present).max(0.0))
                } else {
                    increment.max((window.low - present).min(0.0))
                };
                let integral = bounded(integral + room);
                Integrated { integral, demand: rest + integral }
            }
            AntiWindup::BackCalculation { .. } => {
                let integral = bounded(integral + increment);
                let demand = rest + integral;
                let excess = window.clamp(demand) - demand;
                Integrated { integral: bounded(integral + self.tracking * excess), demand }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: AntiWindup, increment: f64, expected: f64) {
        let integrator = Integrator { limit: f64::INFINITY, rule, tracking: 0.5 };
        let window = Window { low: 0.0, high: 10.0 };
        let after = integrator.add(9.0, increment, 0.5, window);
        assert_eq!(after.integral, expected, "{rule:?}");
    }

    #[test]
    fn an_increment_beyond_the_limit_is_treated_by_each_rule_in_its_way() {
        let tracking_time = 2.0;
        check(AntiWindup::None, 2.0, 11.0);
        check(AntiWindup::Conditional, 2.0, 9.5);
        check(AntiWindup::BackCalculation { tracking_time }, 2.0, 10.25);
        for rule in [
            AntiWindup::None,
            AntiWindup::Conditional,
            AntiWindup::BackCalculation { tracking_time },
        ] {
            check(rule, -2.0, 7.0);
        }
    }
}
