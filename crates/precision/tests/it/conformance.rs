//! Every mode of the law has the properties of every law.

use homeostat_core::RawLoss;
use homeostat_precision::PrecisionConfig;
use homeostat_testkit::{Splitmix, conformance};

use crate::{closed, gradient, law};

#[track_caller]
fn check(config: &PrecisionConfig) {
    let loss = |value| RawLoss::new(value).expect("finite");
    let refused = vec![loss(0.0), loss(-0.0), loss(-1.0), loss(f64::MIN)];
    conformance(|| law(config), |step| loss(Splitmix(step).between(1e-3, 9.0)), refused);
}

#[test]
fn every_mode_conforms() {
    for config in [closed(0.0), closed(20.0), gradient(0.01), gradient(0.5)] {
        check(&config);
        check(&PrecisionConfig { minimum: -0.5, maximum: 0.5, ..config });
    }
}
