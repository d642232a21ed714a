//! The window against a plain vector that is sorted anew for every question.

use homeostat_signal::{OrderView, OrderWindow};
use proptest::prelude::*;

/// Values with many duplicates and both zeros among them.
fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3_f64,
        3 => (-3..4_i32).prop_map(f64::from),
        1 => prop::sample::select(vec![0.0, -0.0, 1e300, -1e300, f64::MIN_POSITIVE, 5e-324]),
    ]
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * p;
    let (low, fraction) = (sorted[place as usize], place.fract());
    if fraction > 0.0 { low + fraction * (sorted[place as usize + 1] - low) } else { low }
}

fn median_absolute_deviation(values: &[f64]) -> f64 {
    let median = quantile(&sorted(values), 0.5);
    let deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    quantile(&sorted(&deviations), 0.5)
}

/// Everything that a view can be asked, against the values that should be in it.
fn check(view: &OrderView, expected: &[f64], asked: f64) -> Result<(), TestCaseError> {
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    prop_assert_eq!(view.len(), expected.len());
    let plain: Vec<f64> = expected.iter().map(|value| value + 0.0).collect();
    prop_assert_eq!(bits(&view.values().collect::<Vec<_>>()), bits(&plain));
    let order = sorted(expected);
    let selected: Vec<f64> = (0..view.len()).filter_map(|index| view.select(index)).collect();
    prop_assert_eq!(bits(&selected), bits(&order));
    prop_assert_eq!(view.select(view.len()), None);
    for x in expected.iter().copied().chain([asked]) {
        let count = |counted: &dyn Fn(f64) -> bool| order.iter().filter(|v| counted(**v)).count();
        prop_assert_eq!(view.bounds(x), (count(&|value| value < x), count(&|value| value <= x)));
    }
    if expected.is_empty() {
        prop_assert_eq!((view.median(), view.median_absolute_deviation()), (None, None));
        return Ok(());
    }
    for p in [0.0, 0.1, 0.25, 0.5, 0.77, 0.9, 1.0] {
        prop_assert_eq!(view.quantile(p).map(f64::to_bits), Some(quantile(&order, p).to_bits()));
    }
    prop_assert_eq!(view.median_absolute_deviation(), Some(median_absolute_deviation(expected)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_window_is_a_sorted_vector(
        capacity in 1..70_usize,
        stream in prop::collection::vec(values(), 0..200),
        asked in values(),
        seen in 1..12_usize,
    ) {
        let mut window = OrderWindow::new(capacity);
        let mut plain: Vec<f64> = Vec::new();
        for (index, value) in stream.into_iter().enumerate() {
            let evicted = if plain.len() == capacity { Some(plain.remove(0)) } else { None };
            plain.push(value);
            prop_assert_eq!(window.push(value), evicted);
            if index % seen == 0 {
                check(&window.view(), &plain, asked)?;
                prop_assert_eq!((window.below(asked), window.at_most(asked)), window.bounds(asked));
            }
        }
        check(&window.view(), &plain, asked)?;
    }

    #[test]
    fn a_view_after_a_value_is_the_window_after_it(
        capacity in 1..40_usize,
        stream in prop::collection::vec(values(), 0..90),
        next in values(),
        count in 0..50_usize,
    ) {
        let mut window = OrderWindow::new(capacity);
        for value in &stream {
            window.push(*value);
        }
        let mut later = window.clone();
        later.push(next);
        let expected: Vec<f64> = later.iter().collect();
        check(&window.after(next), &expected, next)?;
        // The newest of them, in both ways to look at them.
        let kept = count.max(1).min(expected.len());
        let newest = &expected[expected.len() - kept..];
        check(&window.after(next).newest(count), newest, next)?;
        check(&later.view().newest(count), newest, next)?;
        let before: Vec<f64> = window.iter().collect();
        let kept = count.max(1).min(before.len());
        check(&window.view().newest(count), &before[before.len() - kept..], next)?;
    }

    #[test]
    fn a_loaded_window_goes_on_as_if_nothing_had_been(
        capacity in 1..40_usize,
        stream in prop::collection::vec(values(), 0..90),
        rest in prop::collection::vec(values(), 0..90),
    ) {
        let mut window = OrderWindow::new(capacity);
        for value in stream {
            window.push(value);
        }
        let text = serde_json::to_string(&window).expect("plain data");
        let mut loaded: OrderWindow = serde_json::from_str(&text).expect("what was saved");
        prop_assert_eq!(&loaded, &window);
        let mut copied = OrderWindow::new(capacity);
        copied.copy_from(&window);
        for value in rest {
            let evicted = window.push(value);
            prop_assert_eq!(loaded.push(value), evicted);
            prop_assert_eq!(copied.push(value), evicted);
            let expected: Vec<f64> = window.iter().collect();
            check(&loaded.view(), &expected, value)?;
            check(&copied.view(), &expected, value)?;
        }
        prop_assert_eq!(serde_json::to_string(&loaded).expect("plain data"),
            serde_json::to_string(&window).expect("plain data"));
    }
}

#[test]
fn a_slot_takes_fifteen_bytes() {
    for capacity in [64, 1000, 10_000, 50_000, 1_000_000] {
        let mut window = OrderWindow::new(capacity);
        let bytes = window.bytes();
        assert!(bytes <= 15 * capacity + capacity / 2 + 128, "{bytes} bytes for {capacity}");
        window.push(1.0);
        assert_eq!(window.bytes(), bytes, "memory is taken at construction");
    }
    assert!(OrderWindow::new(50_000).bytes() <= 16 * 50_000);
}

#[test]
fn a_value_that_is_not_finite_is_left_out() {
    let mut window = OrderWindow::new(2);
    for value in [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0] {
        assert_eq!(window.push(value), None);
    }
    assert_eq!(
        window.iter().map(f64::to_bits).collect::<Vec<_>>(),
        [1.0_f64, 0.0].map(f64::to_bits)
    );
    assert_eq!(window.after(f64::NAN).len(), 2);
    assert_eq!(window.push(3.0), Some(1.0));
}

#[test]
fn a_long_stream_over_a_large_window_stays_sorted() {
    let mut window = OrderWindow::new(5_000);
    let mut random = 1_u64;
    for index in 0..20_000_u32 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let value = match index / 5_000 {
            0 => f64::from(index),
            1 => -f64::from(index),
            2 => 1.0,
            _ => (random >> 40) as f64,
        };
        window.push(value);
        if index % 2_500 == 2_499 {
            let order = sorted(&window.iter().collect::<Vec<_>>());
            assert!(window.ascending().eq(order));
        }
    }
}

#[test]
fn text_that_is_no_window_is_refused() {
    for text in [
        r#"{"capacity":0,"values":[]}"#,
        r#"{"capacity":1,"values":[1.0,2.0]}"#,
        r#"{"capacity":2,"values":[null]}"#,
        r#"{"capacity":2}"#,
        r#"{"capacity":2,"values":[],"next":0}"#,
        r#"{"capacity":5000000000,"values":[]}"#,
    ] {
        assert!(serde_json::from_str::<OrderWindow>(text).is_err(), "{text}");
    }
}
