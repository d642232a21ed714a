//! Every mode of the law has the properties of every law.

use homeostat_pid::{Action, AntiWindup, Derivative, Form, PidConfig, Start};
use homeostat_testkit::{Splitmix, conformance};

use crate::{input, law};

#[track_caller]
fn check(config: &PidConfig) {
    let measured = |step: u64| Splitmix(step).between(-3.0, 3.0);
    let refused = vec![input(f64::MAX, -f64::MAX), input(-f64::MAX, f64::MAX)];
    conformance(|| law(config, 10), |step| input(measured(step), 0.4), refused);
}

#[test]
fn every_mode_conforms() {
    let tracking = AntiWindup::BackCalculation { tracking_time: 5.0 };
    for action in [Action::Direct, Action::Reverse] {
        for start in [Start::Bumpless, Start::Bias] {
            for derivative in [Derivative::Measurement, Derivative::Error] {
                let base = PidConfig {
                    action,
                    start,
                    derivative,
                    kd: 0.1,
                    derivative_time: Some(2.0),
                    slew: Some(0.3),
                    error_clip: Some(2.0),
                    ..PidConfig::new(0.5, 0.2, 0.1)
                };
                for anti_windup in [AntiWindup::Conditional, tracking, AntiWindup::None] {
                    let integral_limit = Some(1.0);
                    check(&PidConfig { anti_windup, integral_limit, ..base.clone() });
                }
                check(&PidConfig { form: Form::Velocity, ..base });
            }
        }
    }
    check(&PidConfig { kd: 0.02, ..PidConfig::parity(0.1) });
}
