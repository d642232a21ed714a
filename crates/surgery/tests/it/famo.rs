//! FAMO in a closed loop, and losses that are measured again.

use homeostat_surgery::{
    FamoConfig, FamoUpdate, Input, Method, Surgery, SurgeryError, SurgeryState,
};

use crate::{fresh, step, surgery};

/// Two losses `½·c·x²` of curvatures 1 and 10, each with a parameter of its own, equal at first.
const CURVATURES: [f64; 2] = [1.0, 10.0];
const RATE: f64 = 1e-3;

fn losses(x: [f64; 2]) -> [f64; 2] {
    std::array::from_fn(|i| 0.5 * CURVATURES[i] * x[i] * x[i])
}

/// Where the losses of the next step come from.
#[derive(Clone, Copy, PartialEq)]
enum Measured {
    /// Each batch is measured once, before its step.
    Once,
    /// And again after it.
    Again,
}

/// A run: the losses without noise before each step, and the share z of the first logit in each.
struct Run {
    losses: Vec<[f64; 2]>,
    shares: Vec<f64>,
}

/// Descends; a batch multiplies each loss by `exp(±noise)`.
fn descend(surgery: &Surgery, steps: usize, noise: f64, measured: Measured) -> Run {
    let mut state = fresh(surgery, 2);
    let mut x = [1.0, 0.1_f64.sqrt()];
    let mut bits = 5_u64;
    let mut run = Run { losses: Vec::new(), shares: Vec::new() };
    for _ in 0..steps {
        let batch: [f64; 2] = std::array::from_fn(|_| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (noise * ((bits >> 11) as f64 / 2.0_f64.powi(52) - 1.0)).exp()
        });
        let on_batch = |x: [f64; 2]| {
            let plain = losses(x);
            [plain[0] * batch[0], plain[1] * batch[1]]
        };
        let seen = on_batch(x);
        let input = Input { losses: &seen, ..Input::default() };
        let (_, weights) = step(surgery, &mut state, &input).expect("legal");
        let parts = [weights[0] * seen[0], weights[1] * seen[1]];
        run.shares.push(parts[0] / (parts[0] + parts[1]));
        run.losses.push(losses(x));
        for i in 0..2 {
            x[i] -= RATE * weights[i] * batch[i] * CURVATURES[i] * x[i];
        }
        if measured == Measured::Again {
            surgery.remeasure(&mut state, &on_batch(x)).expect("legal");
        }
    }
    run
}

/// How fast the log-losses fell in the last steps, per step.
fn speeds(run: &Run, last: usize) -> [f64; 2] {
    let (from, to) = (run.losses[run.losses.len() - 1 - last], run.losses[run.losses.len() - 1]);
    std::array::from_fn(|i| (from[i].ln() - to[i].ln()) / last as f64)
}

fn famo(config: FamoConfig) -> Surgery {
    surgery(Method::Famo(config))
}

#[test]
fn losses_of_unequal_scale_come_to_fall_at_one_speed_and_with_equal_weights_do_not() {
    // In closed form: α_1·1 = α_2·10, so both fall by 2·rate·10/11 in a step.
    let balanced = 2.0 * RATE * 10.0 / 11.0;
    for config in [
        FamoConfig { decay: 0.0, ..FamoConfig::default() },
        FamoConfig { rate: 20.0, decay: 0.0, update: FamoUpdate::Plain },
    ] {
        let run = descend(&famo(config), 2000, 0.0, Measured::Once);
        for speed in speeds(&run, 500) {
            assert!((speed / balanced - 1.0).abs() < 0.02, "{config:?}: {speed}, not {balanced}");
        }
    }
    let equal = descend(&surgery(Method::Mean), 2000, 0.0, Measured::Once);
    let [slow, fast] = speeds(&equal, 500);
    assert!((fast / slow - 10.0).abs() < 0.1, "{slow}, {fast}");
}

#[test]
fn the_losses_of_the_next_step_stand_for_those_that_were_not_measured_again() {
    // Without noise they are the same numbers.
    let surgery = famo(FamoConfig::default());
    let once = descend(&surgery, 50, 0.0, Measured::Once);
    let again = descend(&surgery, 50, 0.0, Measured::Again);
    assert_eq!((once.losses, once.shares), (again.losses, again.shares));
}

#[test]
fn losses_measured_again_take_the_noise_of_the_batches_out() {
    let surgery = famo(FamoConfig { decay: 0.0, ..FamoConfig::default() });
    let jitter = |measured| {
        let run = descend(&surgery, 3000, 0.5, measured);
        let moves = run.shares.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        (moves.sum::<f64>(), speeds(&run, 1000))
    };
    let (quiet, [slow, fast]) = jitter(Measured::Again);
    let (loud, _) = jitter(Measured::Once);
    assert!(quiet < 0.5 * loud, "{quiet}, {loud}");
    assert!((fast / slow - 1.0).abs() < 0.1, "{slow}, {fast}");
}

#[test]
fn measured_again_before_or_with_the_next_step_is_the_same_to_the_bit() {
    for update in [FamoUpdate::Adam, FamoUpdate::Plain] {
        let surgery = famo(FamoConfig { update, ..FamoConfig::default() });
        let (mut early, mut late) = (fresh(&surgery, 3), fresh(&surgery, 3));
        let mut again = [f64::NAN; 3];
        for time in 0..20 {
            let time = f64::from(time);
            let now = [1.0 + (0.3 * time).sin(), 5.0 / (1.0 + time), 1e-3];
            let given = Input { losses: &now, ..Input::default() };
            let taken = step(&surgery, &mut early, &given).expect("legal");
            let with = Input { remeasured: &again, ..given };
            assert_eq!(taken, step(&surgery, &mut late, &with).expect("legal"));
            // The last one cannot be measured again, and learns nothing.
            again = [0.9 * now[0], 0.5 * now[1], f64::NAN];
            surgery.remeasure(&mut early, &again).expect("legal");
            // Saved in between.
            let text = serde_json::to_string(&early).expect("finite");
            early = serde_json::from_str::<SurgeryState>(&text).expect("as saved");
        }
        assert_ne!(early, late, "the last losses are known to one of them only");
        let next = Input { losses: &[1.0; 3], ..Input::default() };
        let taken = step(&surgery, &mut early, &next).expect("legal");
        let with = Input { remeasured: &again, ..next };
        assert_eq!(taken, step(&surgery, &mut late, &with).expect("legal"));
        assert_eq!(early, late);
    }
}

#[test]
fn adam_goes_a_rate_in_its_first_step_however_little_a_loss_fell() {
    let surgery = famo(FamoConfig { decay: 0.0, ..FamoConfig::default() });
    let mut state = fresh(&surgery, 2);
    let input = Input { losses: &[1.0; 2], ..Input::default() };
    step(&surgery, &mut state, &input).expect("legal");
    surgery.remeasure(&mut state, &[1.0, 0.99]).expect("legal");
    let (_, weights) = step(&surgery, &mut state, &input).expect("legal");
    // The logits are ±0.025 but for Adam's ε.
    assert!(((weights[0] / weights[1]).ln() - 0.05).abs() < 1e-6, "{weights:?}");
}

#[test]
fn losses_measured_again_are_refused_where_they_do_not_fit() {
    let surgery = famo(FamoConfig::default());
    let mut state = fresh(&surgery, 2);
    // Before the first step there is nothing to compare with.
    surgery.remeasure(&mut state, &[1.0, 2.0]).expect("legal");
    assert_eq!(state, fresh(&surgery, 2));
    let input = Input { losses: &[1.0; 2], ..Input::default() };
    step(&surgery, &mut state, &input).expect("legal");
    let before = state.clone();
    let what = "the losses measured again";
    let error = surgery.remeasure(&mut state, &[1.0]).expect_err("two rows");
    assert_eq!(error, SurgeryError::Length { what, expected: 2, found: 1 });
    let error = surgery.remeasure(&mut state, &[1.0, -1.0]).expect_err("negative");
    assert_eq!(error, SurgeryError::Loss { row: 1, value: -1.0 });
    assert_eq!(state, before);
    for method in crate::config::all_methods() {
        let learns = method.learns_from_losses_after();
        assert_eq!(learns, method.name() == "famo");
        let other = crate::surgery(method);
        let mut state = fresh(&other, 3);
        assert_eq!(other.remeasure(&mut state, &[1.0; 3]).is_ok(), learns);
    }
    let mgda = crate::surgery(Method::Mgda);
    let error = mgda.remeasure(&mut fresh(&mgda, 2), &[1.0; 2]).expect_err("no use for them");
    assert_eq!(error.to_string(), "mgda learns nothing from losses measured again: only famo does");
}
