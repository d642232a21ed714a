use burn::backend::Autodiff;
use burn_flex::Flex;

use crate::{faults::batch, rows, settings, stepper};

#[test]
fn every_step_reads_the_device_once_whatever_it_measures() {
    for overrides in [
        &[][..],
        &["weight.orbit=0.1", "weight.vicreg_inv=0.1", "precisions.enabled=true"],
        &["baseline.vq=false", "baseline.autoencoder=false", "readout.enabled=false"],
        &["supervision.enabled=false", "loss.orthogonality_every=1"],
    ] {
        let settings = settings(overrides);
        let split = rows(&settings);
        let mut stepper = stepper::<Autodiff<Flex>>(&settings);
        for count in 1..=7 {
            let (inputs, labels) = batch(&split.train, count as usize);
            stepper.step(inputs, labels).expect("trains");
            assert_eq!(stepper.reader.reads(), count, "{overrides:?}");
        }
    }
}

#[test]
fn with_a_delay_the_first_read_is_saved_and_then_there_is_one_per_step() {
    let settings = settings(&["delay=1"]);
    let split = rows(&settings);
    let mut stepper = stepper::<Autodiff<Flex>>(&settings);
    for count in 1..=6 {
        let (inputs, labels) = batch(&split.train, count as usize);
        stepper.step(inputs, labels).expect("trains");
        assert_eq!(stepper.reader.reads(), count - 1);
    }
    assert_eq!(stepper.nonfinite, 0);
}
