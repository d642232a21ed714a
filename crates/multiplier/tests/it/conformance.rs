//! Every mode of the law has the properties of every law.

use homeostat_multiplier::{Baseline, ErrorMode, MultiplierConfig, Sense, Target};
use homeostat_testkit::{Splitmix, conformance};

use crate::{input, law};

#[track_caller]
fn check(config: &MultiplierConfig) {
    let setpoint = config.reads_setpoint().then_some(0.4);
    let measured = |step: u64| Splitmix(step).between(0.0, 1.0);
    let mut refused = vec![match config.reads_setpoint() {
        true => input(0.3, None),
        false => input(0.3, Some(0.4)),
    }];
    match config.error {
        Some(ErrorMode::LogRatio) => refused.push(input(-1.0, setpoint)),
        _ if config.reads_setpoint() => refused.push(input(f64::MAX, Some(-f64::MAX))),
        _ => {}
    }
    conformance(|| law(config), |step| input(measured(step), setpoint), refused);
}

#[test]
fn every_mode_conforms() {
    let baseline = Target::Baseline(Baseline { warmup: 20.0, ..Baseline::default() });
    for target in [Target::Setpoint, baseline] {
        for error in [ErrorMode::Absolute, ErrorMode::Relative, ErrorMode::LogRatio] {
            for sense in [Sense::Le, Sense::Ge] {
                for error_clip in [None, Some(0.1)] {
                    check(&MultiplierConfig {
                        target: Some(target.clone()),
                        sense,
                        error: Some(error),
                        error_clip,
                        ..MultiplierConfig::new(0.5, 0.05)
                    });
                }
            }
        }
        check(&MultiplierConfig::parity(0.1, target));
    }
}
