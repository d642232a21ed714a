//! References that do not move give a rank an absolute meaning.

use crate::{normalizer, read, uniform};

#[test]
fn a_frozen_reference_is_the_window_at_its_step_and_never_moves() {
    let frozen = normalizer(
        "{ rank = { window = 50, min_count = 10, reference = { frozen = { step = 70 } } } }",
    );
    let rolling = normalizer("{ rank = { window = 50, min_count = 10 } }");
    let losses = uniform(1, 300, 0.0, 1.0);
    let (_, readings) = read(&frozen, &losses);
    let (state, before) = read(&rolling, &losses[..70]);
    assert_eq!(readings[..70], before, "rolling until then");
    for (index, loss) in losses.iter().enumerate().skip(70) {
        assert_eq!(readings[index], rolling.reading(&state, *loss), "step {index}");
    }
}

#[test]
fn a_baseline_sees_a_level_that_a_rolling_rank_is_blind_to() {
    let values: Vec<String> = (0..100).map(|index| format!("{}.0", index)).collect();
    let text = format!(
        "{{ rank = {{ reference = {{ baseline = {{ values = [{}] }} }} }} }}",
        values.join(", ")
    );
    let baseline = normalizer(&text);
    for (level, expected) in [(-5.0, -1.0), (24.5, -0.5), (49.5, 0.0), (74.5, 0.5), (200.0, 1.0)] {
        let (_, readings) = read(&baseline, &[level; 60]);
        // From the first loss on: the reference is there from the start.
        assert!(readings.iter().all(|reading| reading.value == expected), "{level}");
        assert!((readings[0].slope - 1.6 / 79.2).abs() < 1e-12);
        assert_eq!(read(&normalizer("\"rank\""), &[level; 60]).1[59].value, 0.0);
    }
    let fresh = baseline.init_state();
    assert_eq!(baseline.reading(&fresh, 74.5).value, 0.5);
    assert_eq!(baseline.scale(&fresh).map(|scale| (scale - 49.5).abs() < 1e-12), Some(true));
}

#[test]
fn a_target_keeps_its_meaning_against_a_fixed_reference() {
    let frozen = normalizer(
        "{ rank = { window = 100, min_count = 10, reference = { frozen = { step = 100 } } } }",
    );
    let mut losses = uniform(2, 100, 0.0, 1.0);
    losses.extend(uniform(3, 400, 0.4, 0.5));
    let (state, readings) = read(&frozen, &losses);
    // Where 0.45 stood in the first hundred losses it stands still.
    let share = losses[..100].iter().filter(|loss| **loss < 0.45).count() as f64 / 100.0;
    assert!((frozen.map(&state, 0.45) - (2.0 * share - 1.0)).abs() < 1e-12);
    let mean = readings[100..].iter().map(|reading| reading.value).sum::<f64>() / 400.0;
    assert!((mean - (2.0 * share - 1.0)).abs() < 0.1);
}
