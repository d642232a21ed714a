//! The governor in the loop with a descent whose stability limit is known.

use homeostat_core::{Clock, Law};
use homeostat_governor::{GovernorConfig, UpdateRatioMeasure};
use homeostat_testkit::Splitmix;

use crate::{Step, probe, step};

const CURVATURE: f64 = 10.0;
/// Gradient descent on ½·L·x² is stable below 2/L.
const STABLE: f64 = 2.0 / CURVATURE;

/// Plain descent on 1 + ½·L·x², from gradients with noise; the loss is measured within 2 %.
struct Descent {
    x: f64,
    noise: f64,
    random: Splitmix,
}

impl Descent {
    fn new(noise: f64) -> Self {
        Self { x: 5.0, noise, random: Splitmix(11) }
    }

    fn loss(&mut self) -> f64 {
        let noise = self.random.between(-0.02, 0.02);
        1.0 + 0.5 * CURVATURE * self.x * self.x + noise
    }

    fn gradient(&mut self) -> f64 {
        CURVATURE * self.x + self.random.between(-self.noise, self.noise)
    }
}

/// What a run has shown.
#[derive(Debug)]
struct Run {
    highest: f64,
    last: f64,
    /// The mean of the last 500 steps.
    loss: f64,
    shrinks: f64,
}

/// Descends at the rates that `rate` makes of loss and gradient.
fn descend(noise: f64, steps: usize, mut rate: impl FnMut(f64, f64) -> f64) -> Run {
    let mut descent = Descent::new(noise);
    let mut run = Run { highest: 0.0, last: 0.0, loss: 0.0, shrinks: 0.0 };
    for index in 0..steps {
        let (loss, gradient) = (descent.loss(), descent.gradient());
        run.last = rate(loss, gradient);
        run.highest = run.highest.max(run.last);
        descent.x -= run.last * gradient;
        if index + 500 >= steps {
            run.loss += loss / 500.0;
        }
    }
    run
}

fn governed(config: &GovernorConfig, noise: f64, steps: usize) -> Run {
    let governor = config.init(Clock::default()).expect("legal");
    let mut state = governor.init();
    let run = descend(noise, steps, |loss, gradient| {
        let readings = Step { gradient: Some(gradient.abs()), ..Step::loss(loss) };
        step(&governor, &mut state, readings)
    });
    Run { shrinks: probe(&governor, &state)["shrinks"], ..run }
}

/// The plateau is off: it would lower the rate as soon as the descent has arrived.
fn config(initial: f64) -> GovernorConfig {
    GovernorConfig { window: 20.0, plateau_patience: 0, ..GovernorConfig::new(initial, 1.0) }
}

/// `initial`, noise, range of the highest rate (in units of 2/L), largest loss at the end.
#[track_caller]
fn check(initial: f64, noise: f64, highest: std::ops::Range<f64>, loss: f64) {
    let run = governed(&config(initial), noise, 20_000);
    assert!(highest.contains(&(run.highest / STABLE)), "{run:?}");
    assert!(run.last < STABLE, "{run:?}");
    assert!(run.loss < loss, "{run:?}");
    assert!(run.shrinks > 0.0, "{run:?}");
}

#[test]
fn the_rate_grows_until_near_the_stability_limit() {
    check(1e-3, 0.1, 0.9..1.2, 1.005);
    check(1e-3, 1.0, 0.7..1.2, 1.15); // near the limit the noise alone costs 10 %
}

#[test]
fn a_diverging_descent_is_brought_back() {
    check(0.5, 0.1, 2.4..2.6, 1.005);
    // With a short window it turns round many times. The averages must follow each time.
    let short = GovernorConfig { window: 5.0, ..config(0.5) };
    let run = governed(&short, 0.1, 20_000);
    assert!(run.loss < 1.05, "{run:?}");
    check(0.5, 1.0, 2.4..2.6, 1.15);
}

#[test]
fn a_fixed_rate_that_is_too_large_or_too_small_ends_higher() {
    let fixed = |rate| descend(0.1, 2_000, move |_, _| rate).loss;
    let governed = |initial| {
        let config = GovernorConfig { window: 5.0, ..config(initial) };
        governed(&config, 0.1, 2_000).loss
    };
    for rate in [0.21, 1e-4] {
        // What has overflowed is infinite, or NaN.
        let (fixed, governed) = (fixed(rate), governed(rate));
        assert!(governed < 1.2, "{governed}");
        assert!(
            fixed.is_nan() || fixed > 2.0 * governed,
            "{fixed} at a fixed rate of {rate}, {governed} governed"
        );
    }
}

/// Adam (Kingma and Ba 2015) on a quadratic of 500 parameters, from noisy gradients times `scale`.
/// Gives the relative size of the first update, and of the others.
fn adam(config: &GovernorConfig, scale: f64) -> (f64, Vec<f64>) {
    const SIZE: usize = 500;
    let governor = config.init(Clock::default()).expect("legal");
    let mut state = governor.init();
    let mut random = Splitmix(5);
    let (mut first, mut second) = ([0.0; SIZE], [0.0; SIZE]);
    let mut theta: [f64; SIZE] = std::array::from_fn(|_| random.between(-3.0, 3.0));
    let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let mut update = None;
    let mut ratios = Vec::new();
    for time in 1..=2_000 {
        let gradient: [f64; SIZE] = std::array::from_fn(|index| {
            scale * (2.0 * (theta[index] - 2.0) + random.between(-1.0, 1.0))
        });
        let readings = Step {
            gradient: Some(norm(&gradient)),
            parameters: Some(norm(&theta)),
            update,
            ..Step::loss(norm(&gradient))
        };
        let rate = step(&governor, &mut state, readings);
        let before = theta;
        for index in 0..SIZE {
            first[index] = 0.9 * first[index] + 0.1 * gradient[index];
            second[index] = 0.999 * second[index] + 0.001 * gradient[index].powi(2);
            let mean = first[index] / (1.0 - 0.9f64.powi(time));
            let square: f64 = second[index] / (1.0 - 0.999f64.powi(time));
            theta[index] -= rate * mean / (square.sqrt() + 1e-30);
        }
        let change: [f64; SIZE] = std::array::from_fn(|index| theta[index] - before[index]);
        update = Some(norm(&change));
        ratios.push(norm(&change) / norm(&before));
    }
    (ratios.remove(0), ratios)
}

#[test]
fn the_cap_on_the_measured_ratio_holds_under_adam() {
    let largest = |ratios: &[f64]| ratios.iter().copied().fold(0.0, f64::max);
    let free = GovernorConfig { window: 20.0, ..GovernorConfig::new(0.02, 0.05) };
    assert!(largest(&adam(&free, 1.0).1) > 5e-3, "the cap would have nothing to do");
    let capped = GovernorConfig { maximum_update_ratio: Some(1e-3), ..free };
    let gradient =
        GovernorConfig { update_ratio_measure: UpdateRatioMeasure::Gradient, ..capped.clone() };
    // Adam's updates do not depend on the size of the gradient, and the measured cap knows.
    for scale in [1.0, 1e-3] {
        let (first, ratios) = adam(&capped, scale);
        assert!(first > 5e-3, "the first update has nothing measured before it");
        assert!(largest(&ratios) <= 1.1e-3, "{}", largest(&ratios));
        let mean = ratios[..200].iter().sum::<f64>() / 200.0;
        assert!(mean > 0.8e-3, "the cap holds back more than it must: {mean}");
    }
    // The reference's measure holds back five times too much for one size, and nothing for another.
    assert!(largest(&adam(&gradient, 1.0).1) < 0.2e-3);
    assert!(largest(&adam(&gradient, 1e-3).1) > 5e-3);
}

#[test]
fn the_velocity_limit_bounds_every_step_of_a_descent() {
    let config = GovernorConfig { maximum_velocity: Some(0.01), ..config(0.1) };
    let governor = config.init(Clock::default()).expect("legal");
    let mut state = governor.init();
    descend(1.0, 5_000, |loss, gradient| {
        let readings = Step { gradient: Some(gradient.abs()), ..Step::loss(loss) };
        let rate = step(&governor, &mut state, readings);
        assert!(rate * gradient.abs() <= 0.01 * (1.0 + 1e-12));
        rate
    });
    assert_eq!(probe(&governor, &state)["faults"], 0.0);
}

#[test]
fn the_cap_holds_for_a_loop_that_measures_an_update_older_than_the_last_rate() {
    // A plant whose update is 9.1 times the rate, read as a trainer does that asks the governor after
    // the optimizer step: the update of the step before, with the rate that made it.
    let config = GovernorConfig {
        maximum_update_ratio: Some(1e-3),
        plateau_patience: 0,
        ..GovernorConfig::new(1e-2, 1e-2)
    };
    let run = |says_rate: bool| {
        let governor = config.init(Clock::default()).expect("legal");
        let mut state = governor.init();
        let (mut rate, mut before) = (1e-2, None);
        for _ in 0..40 {
            let readings = Step {
                loss: Some(1.0),
                parameters: Some(1.0),
                update: before.map(|rate: f64| 9.1 * rate),
                update_rate: before.filter(|_| says_rate),
                ..Step::default()
            };
            before = Some(rate);
            rate = step(&governor, &mut state, readings);
        }
        rate
    };
    homeostat_testkit::golden::close("rate under the cap", run(true), 1e-3 / 9.1, 1e-9, 0.0);
    assert!(run(false) < 0.9e-3 / 9.1, "without the rate the cap is judged by the wrong one");
}
