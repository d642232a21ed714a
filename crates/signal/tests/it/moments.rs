//! Moments against two passes over the window.

use homeostat_signal::{OrderWindow, SlidingMoments};
use proptest::prelude::*;

/// Feeds a stream through a window and calls `check` with the moments and the values in the window.
fn stream(
    capacity: usize,
    values: &[f64],
    mut check: impl FnMut(&SlidingMoments, &[f64]) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let (mut window, mut moments) = (OrderWindow::new(capacity), SlidingMoments::default());
    for value in values {
        let evicted = window.push(*value);
        moments.push(*value, evicted, window.iter());
        check(&moments, &window.iter().collect::<Vec<_>>())?;
    }
    Ok(())
}

fn exact(values: &[f64]) -> (f64, f64) {
    let shift = values[0];
    let count = values.len() as f64;
    let mean = shift + values.iter().map(|value| value - shift).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn moments_are_those_of_the_window_whatever_went_through_it(
        capacity in 1..30_usize,
        offset in prop::sample::select(vec![0.0, 1.0, -1e3, 1e6]),
        values in prop::collection::vec(
            prop_oneof![6 => -1.0..1.0_f64, 1 => Just(1e9), 1 => Just(-1e12), 2 => Just(0.5)], 1..150,
        ),
    ) {
        let values: Vec<f64> = values.into_iter().map(|value| value + offset).collect();
        stream(capacity, &values, |moments, window| {
            let (mean, deviation) = exact(window);
            let largest = window.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            prop_assert_eq!(moments.count(), window.len() as u64);
            let (found, spread) = (moments.mean(), moments.standard_deviation());
            let near = |found: Option<f64>, expected: f64, tolerance: f64| {
                found.is_some_and(|found| (found - expected).abs() <= tolerance)
            };
            prop_assert!(near(found, mean, 1e-12 * largest.max(deviation)), "{found:?} {mean}");
            let tolerance = 1e-6 * deviation + 1e-14 * largest;
            prop_assert!(near(spread, deviation, tolerance), "{spread:?} {deviation}");
            Ok(())
        })?;
    }

    #[test]
    fn moments_scale_exactly_by_powers_of_two(
        capacity in 1..20_usize,
        power in -30..30_i32,
        values in prop::collection::vec(-1e3..1e3_f64, 1..80),
    ) {
        let factor = 2.0_f64.powi(power);
        let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
        let mut first = Vec::new();
        stream(capacity, &values, |moments, _| {
            first.push((moments.mean(), moments.standard_deviation()));
            Ok(())
        })?;
        let mut index = 0;
        stream(capacity, &scaled, |moments, _| {
            let expected = first[index];
            index += 1;
            prop_assert_eq!(moments.mean(), expected.0.map(|mean| mean * factor));
            prop_assert_eq!(moments.standard_deviation(), expected.1.map(|one| one * factor));
            Ok(())
        })?;
    }
}

#[test]
fn rounding_errors_live_for_one_turn_of_the_window() {
    let (mut window, mut moments) = (OrderWindow::new(10), SlidingMoments::default());
    let mut turns = Vec::new();
    for index in 0..200 {
        let value = f64::from(index).sin();
        let evicted = window.push(value);
        moments.push(value, evicted, window.iter());
        if moments == SlidingMoments::of(window.iter()) {
            turns.push(index);
        }
    }
    assert!(turns.len() >= 19, "{turns:?}");
    assert!(turns.windows(2).all(|pair| pair[1] - pair[0] <= 10), "{turns:?}");
}

#[test]
fn equal_values_have_no_spread_at_all() {
    let (mut window, mut moments) = (OrderWindow::new(10), SlidingMoments::default());
    for index in 0..60 {
        let value = if index < 13 { f64::from(index).sin() } else { 0.1 };
        let evicted = window.push(value);
        moments.push(value, evicted, window.iter());
        let equal = index == 0 || index >= 22;
        assert_eq!(moments.variance() == Some(0.0), equal, "step {index}");
        if equal && index > 0 {
            assert_eq!(moments.mean(), Some(0.1));
        }
    }
}

#[test]
fn moments_survive_text_to_the_bit() {
    let (mut window, mut moments) = (OrderWindow::new(7), SlidingMoments::default());
    assert_eq!((moments.mean(), moments.variance()), (None, None));
    for index in 0..40 {
        let text = serde_json::to_string(&moments).expect("plain data");
        let mut loaded: SlidingMoments = serde_json::from_str(&text).expect("what was saved");
        let value = f64::from(index * index % 17) / 3.0;
        let evicted = window.push(value);
        moments.push(value, evicted, window.iter());
        loaded.push(value, evicted, window.iter());
        assert_eq!(loaded, moments);
    }
}
