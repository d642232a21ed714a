//! What `auto` chooses.

use homeostat_normalize::{Choice, Status};

use crate::{KINDS, normalizer, read, uniform};

fn choice(losses: &[f64]) -> Option<Choice> {
    read(&normalizer("{ auto = { warmup = 256 } }"), losses).0.choice()
}

#[test]
fn continuous_losses_get_a_z_score_discrete_and_heavy_tailed_ones_a_rank() {
    let even = uniform(1, 256, -1.0, 1.0);
    assert_eq!(choice(&even), Some(Choice::Winsor));
    assert_eq!(choice(&even[..255]), None);
    // Nearly normal: a sum of uniform numbers.
    let sums: Vec<f64> =
        uniform(2, 2048, -1.0, 1.0).chunks(8).map(|part| part.iter().sum()).collect();
    assert_eq!(choice(&sums), Some(Choice::Winsor));
    // Heavy tails: the excess kurtosis of the fifth power of a uniform number is 2.8.
    let heavy: Vec<f64> = even.iter().map(|value| value.powi(5)).collect();
    assert_eq!(choice(&heavy), Some(Choice::Rank));
    // Discrete: 50 of 256 values is below a fifth, 60 is not.
    let steps = |count: f64| -> Vec<f64> {
        let values = (0..256).map(|index| f64::from(index) % count);
        values.collect()
    };
    assert_eq!(choice(&steps(50.0)), Some(Choice::Rank));
    assert_eq!(choice(&steps(60.0)), Some(Choice::Winsor));
    assert_eq!(choice(&[1.0; 256]), Some(Choice::Rank));
}

#[test]
fn after_the_choice_auto_is_the_chosen_normalizer() {
    let auto = normalizer(KINDS[16]);
    let chosen = normalizer("{ winsor = { window = 35, min_count = 5 } }");
    let losses = uniform(4, 200, 0.0, 1.0);
    let (readings, expected) = (read(&auto, &losses).1, read(&chosen, &losses).1);
    assert_eq!(readings[30..], expected[30..]);
    assert!(readings[..30].iter().all(|reading| {
        reading.status == Status::Warming && reading.value == 0.0 && reading.slope.is_finite()
    }));
    assert!(readings[20].slope > 0.0, "a row is kept while warming");
    assert_eq!(read(&chosen, &losses).0.choice(), None);
}
