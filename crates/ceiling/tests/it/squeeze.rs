//! Relative squeezes between other means and over other numbers of epochs.

use homeostat_ceiling::{CeilingConfig, CeilingTarget, Interpolation, Squeeze};
use homeostat_testkit::golden::close;

use crate::{ceiling, epoch, upper};

fn relative(shape: &[f64], interpolation: Interpolation, epochs: Option<u64>) -> Squeeze {
    Squeeze::Relative { shape: shape.to_vec(), interpolation, epochs }
}

#[test]
fn a_geometric_interpolation_takes_shares_of_the_ceiling() {
    // From 800 to 8 are two powers of ten.
    let squeeze = relative(&[0.5, 0.25, 0.0], Interpolation::Geometric, None);
    for (sigma, expected) in [
        (2.0, 800.0),
        (2.5, 8.0 * 10_f64.powf(1.5)),
        (3.0, 80.0),
        (4.0, 8.0 * 10_f64.sqrt()),
        (4.5, 8.0 * 10_f64.powf(0.25)),
        (5.0, 8.0),
    ] {
        close("ceiling", squeeze.ceiling(800.0, 8.0, sigma), expected, 1e-12, 0.0);
    }
    // One epoch before the end the note's shape leaves (C/T)^(1/60), whatever C is.
    let note = Squeeze::default().ceiling(1578.0, 8.0, 14.0);
    close("linear", note, 8.0 + 1570.0 / 60.0, 1e-12, 0.0);
    let Squeeze::Relative { shape, .. } = Squeeze::default() else { panic!("it is relative") };
    let found = relative(&shape, Interpolation::Geometric, None).ceiling(1578.0, 8.0, 14.0);
    close("geometric", found, 8.0 * (1578.0_f64 / 8.0).powf(1.0 / 60.0), 1e-12, 0.0);
}

#[test]
fn a_shape_can_be_spread_over_other_epochs() {
    let shape = [0.6, 0.2, 0.0];
    let own = relative(&shape, Interpolation::Linear, None);
    for (epochs, end) in [(3, 5.0), (6, 8.0), (2, 4.0), (1, 3.0)] {
        let other = relative(&shape, Interpolation::Linear, Some(epochs));
        assert_eq!(other.end(), end);
        for step in 0..=30 {
            let share = f64::from(step) / 30.0;
            let (mine, theirs) = (2.0 + share * epochs as f64, 2.0 + share * 3.0);
            let found = other.ceiling(100.0, 10.0, mine);
            close("ceiling", found, own.ceiling(100.0, 10.0, theirs), 1e-9, 0.0);
        }
    }
    assert_eq!(own.end(), 5.0);
}

#[test]
fn the_target_is_reached_when_the_epochs_are_over() {
    let mut config = CeilingConfig::new(CeilingTarget::Absolute(8.0));
    config.squeeze = relative(&[0.5, 0.0], Interpolation::Geometric, Some(4));
    let ceiling = ceiling(&config);
    let mut state = ceiling.init_state();
    let mut found = Vec::new();
    for _ in 0..8 {
        epoch(&ceiling, &mut state, 80.0, 0.2, 0);
        found.push(upper(&state).expect("a ceiling"));
    }
    // C = 88 is found in epoch 1 and held in epoch 2; epochs 3 to 6 are the four of the squeeze.
    let at = |weight: f64| 8.0 * 11_f64.powf(weight);
    for (found, expected) in
        found.iter().zip([88.0, 88.0, at(0.75), at(0.5), at(0.25), 8.0, 8.0, 8.0])
    {
        close("ceiling", *found, expected, 1e-12, 0.0);
    }
}

#[test]
fn a_file_can_say_both() {
    let text = "target = { absolute = 8.0 }\n\
                squeeze = { relative = { interpolation = \"geometric\", epochs = 12 } }";
    let config: CeilingConfig = toml::from_str(text).expect("is legal");
    let Squeeze::Relative { shape, interpolation, epochs } = &config.squeeze else {
        panic!("it is relative");
    };
    assert_eq!((shape.len(), *interpolation, *epochs), (13, Interpolation::Geometric, Some(12)));
    let again: CeilingConfig =
        toml::from_str(&toml::to_string(&config).expect("is written")).expect("is read");
    assert_eq!(again, config);
}
