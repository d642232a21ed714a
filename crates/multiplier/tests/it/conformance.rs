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
        // A scaled error that overflows is bounded instead of refused.
        _ if config.reads_setpoint() && config.normalizer.is_none() => {
            refused.push(input(f64::MAX, Some(-f64::MAX)))
        }
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

#[test]
fn every_trick_conforms_where_the_constraint_is_used_alone() {
    for tricks in [
        "smoothing = 0.2\nsmoothing_start = \"debias\"\ndeadzone = 0.01",
        "leak = 0.01\nleak_when = \"always\"\nevery = 3",
        "spike = { window = 16, minimum = 4, threshold = 1.0, freeze = 2 }\nresume = {}",
        "normalizer = { rank = { window = 32, min_count = 4 } }\nslope = { limit = 1.05 }",
        "normalizer = { winsor = { window = 32, min_count = 4 } }\nerror = \"mapped\"",
        "rule = { nu-pi = { proportional = 1.0, decay = 0.5 } }\nverdict = {}",
        "hard = true\nrule = { augmented = { penalty = 0.2 } }\nwarmup = 5",
        "restart_after = 3\nrule = { pid = { proportional = 0.1 } }",
    ] {
        let config: MultiplierConfig =
            toml::from_str(&format!("initial = 0.5\nrate = 0.05\n{tricks}")).expect("legal");
        check(&config);
    }
}
