//! Goals, shares and ceilings of a run, on numbers given by hand.

use homeostat::Clock;
use homeostat::ceiling::{Look, Outcome};
use homeostat_examples::vae::lbo::{Lbo, SavedLbo};
use homeostat_examples::vae::values::Values;
use serde_json::Value;

use crate::settings;

fn lbo(overrides: &[&str]) -> Lbo {
    Lbo::new(&settings(overrides).lbo, Clock::new(8).expect("has steps"))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn means(means: &[f64]) -> Values {
    Values { means: means.to_vec(), ..Values::default() }
}

/// Goals are, by their names, kl_core, kl_detail and mse.
const ERROR: &str = "lbo.groups=[\"error\"]";
/// Goals are edge, kl_core, kl_detail and pixel; groups are kl_core, kl_detail and recon.
const RECON: &str = "lbo.groups=[\"recon\"]";

/// An epoch of eight steps with these values, the first `calibrating` of which calibrate.
fn epoch(lbo: &mut Lbo, values: &[f64], outcome: Outcome) -> Vec<String> {
    let mut lines = lbo.begin_epoch();
    for _ in 0..8 {
        if lbo.is_calibrating() {
            lbo.calibrate(values).expect("as many as goals");
            lbo.observe(values, None, None).expect("has divergences");
        } else {
            lbo.observe(values, Some(0.9), Some(outcome)).expect("has divergences");
        }
    }
    lines.extend(lbo.end_epoch());
    lines
}

#[track_caller]
fn close(found: f64, expected: f64) {
    let allowed = 1e-12 * expected.abs().max(1e-3);
    assert!((found - expected).abs() <= allowed, "{found} instead of {expected}");
}

#[test]
fn each_half_has_its_own_ceiling() {
    let mut lbo = lbo(&[ERROR]);
    let lines = epoch(&mut lbo, &[40.0, 20.0, 0.1], Outcome::Accepted);
    assert!(lines.iter().any(|line| line.contains("KL DISCOVERY")), "{lines:?}");
    let ceilings: Vec<_> = lbo.ceiling().ceilings().collect();
    close(ceilings[0].expect("found"), 44.0);
    close(ceilings[1].expect("found"), 22.0);
    let mut violation = |core, detail| {
        lbo.look(&means(&[core, detail, 0.1])).expect("the goals stay of their kind").violation
    };
    assert_eq!(violation(43.9, 21.9), 0.0);
    close(violation(43.0, 33.0), 0.5);
    close(violation(66.0, 21.0), 0.5);
    close(violation(66.0, 33.0), 1.0);
    // The scores are those of these ceilings: at h = 2.4 nats they are 1, and 0 at the ceiling.
    let mut logs = |core, detail| {
        lbo.look(&means(&[core, detail, 0.1])).expect("the goals stay of their kind");
        lbo.evaluation().group_logs().to_vec()
    };
    let found = logs(23.2, 12.2);
    close(found[1], 0.5_f64.ln());
    close(found[2], 0.5_f64.ln());
    close(logs(2.4, 2.4)[1], 0.0);
}

#[test]
fn the_guard_and_the_barrier_are_those_of_the_settings() {
    let guard = ["lbo.ceiling.lower=2.0", "lbo.ceiling.target.absolute=5.0"];
    let mut lbo = lbo(&[&guard[..], &[ERROR, "lbo.barrier_margin=0.5"]].concat());
    epoch(&mut lbo, &[40.0, 20.0, 0.1], Outcome::Accepted);
    let mut fresh = self::lbo(&[&guard[..], &[ERROR, "lbo.barrier_margin=0.5"]].concat());
    fresh.begin_epoch();
    for _ in 0..2 {
        fresh.calibrate(&[40.0, 20.0, 0.1]).expect("as many as goals");
    }
    // Without a ceiling the best value is 1.5 times the guard of 2: 2.6 has a slack of 0.6, 2.4 one of 0.4.
    fresh.look(&means(&[2.6, 2.4, 0.1])).expect("the goals stay of their kind");
    close(fresh.evaluation().group_logs()[1], 0.6_f64.ln());
    close(fresh.evaluation().group_logs()[2], 0.5_f64.ln() - 0.2);
    // With one it is 0.8 times the target, 4.
    lbo.look(&means(&[3.2, 2.8, 0.1])).expect("the goals stay of their kind");
    close(lbo.evaluation().group_logs()[1], 0.6_f64.ln());
    close(lbo.evaluation().group_logs()[2], 0.5_f64.ln() - 0.2);
}

#[test]
fn the_margin_of_the_scales_goes_and_tightening_comes() {
    let mut lbo = lbo(&[ERROR, "lbo.ceiling.tightening.start=2"]);
    let values = [40.0, 20.0, 0.2];
    let log = |lbo: &mut Lbo| {
        lbo.look(&means(&values)).expect("the goals stay of their kind");
        lbo.evaluation().group_logs()[0]
    };
    epoch(&mut lbo, &values, Outcome::Accepted);
    close(log(&mut lbo), -1.0 / 1.1);
    lbo.begin_epoch();
    close(log(&mut lbo), -1.0);
    epoch(&mut lbo, &values, Outcome::Accepted);
    close(log(&mut lbo), -1.0 / 0.95);
    epoch(&mut lbo, &values, Outcome::Accepted);
    close(log(&mut lbo), -1.0 / 0.95 / 0.95);
    // A backoff takes the last one back.
    let lines = epoch(&mut lbo, &values, Outcome::Rejected);
    assert!(lines.iter().any(|line| line.contains("Backoff")), "{lines:?}");
    close(log(&mut lbo), -1.0 / 0.95);
}

#[test]
fn shares_are_multipliers_that_remember() {
    // ln G of recon is the mean of edge −2 and pixel −1, of the halves ln 0.4 and 0, without a ceiling.
    let (rate, proportional) = (0.8, 0.5);
    let routing = "lbo.routing={ balanced = { rate = 0.8, proportional = 0.5 } }";
    let mut lbo = lbo(&[RECON, routing]);
    lbo.begin_epoch();
    let scale = [0.2, 5.0, 5.0, 0.1];
    for _ in 0..2 {
        lbo.calibrate(&scale).expect("as many as goals");
    }
    let measured = [2.0 * 1.1 * 0.2, 1.2, 5.0, 1.1 * 0.1];
    let logs = [0.4_f64.ln(), 0.0, -1.5];
    let mut memory = [1.0 / 3.0; 3];
    for step in 0..12 {
        lbo.look(&means(&measured)).expect("the goals stay of their kind");
        // A step that is taken back leaves the memory as it was.
        lbo.slopes();
        lbo.observe(&measured, None, Some(Outcome::Rejected)).expect("as many as goals");
        let slopes = lbo.slopes().to_vec();
        lbo.observe(&measured, None, Some(Outcome::Accepted)).expect("as many as goals");
        let mut shares = [0.0; 3];
        for group in 0..3 {
            // −1.5·0.8 = −1.2: the group that is far ahead loses a factor e, not more.
            let grown = memory[group] * f64::exp(f64::max(rate * (-1.5 - logs[group]), -1.0));
            memory[group] = f64::max(grown, 1e-3);
            shares[group] = memory[group] * f64::exp(proportional * (-1.5 - logs[group]));
        }
        let sums: (f64, f64) = (memory.iter().sum(), shares.iter().sum());
        memory = memory.map(|one| one / sums.0);
        shares = shares.map(|one| one / sums.1);
        for (found, expected) in lbo.shares().iter().zip(shares) {
            close(*found, expected);
        }
        assert!(step < 8 || shares[1] < 1e-3, "{shares:?}");
        // d(−ln s)/dx: 1/τ for each of two members; −1/(0.4·0.5) below the best value; 0 above it.
        close(slopes[0], shares[2] * 0.5 / 0.22);
        close(slopes[3], shares[2] * 0.5 / 0.11);
        close(slopes[1], -shares[0] * 5.0);
        assert_eq!(slopes[2], 0.0);
    }
}

#[test]
fn the_minimum_alone_has_the_slopes_of_the_worst_group() {
    let mut lbo = lbo(&[RECON, "lbo.routing=\"minimum\""]);
    lbo.begin_epoch();
    for _ in 0..2 {
        lbo.calibrate(&[0.2, 5.0, 5.0, 0.1]).expect("as many as goals");
    }
    lbo.look(&means(&[0.44, 1.2, 5.0, 0.11])).expect("the goals stay of their kind");
    let slopes = lbo.slopes().to_vec();
    close(slopes[0], 0.5 / 0.22);
    close(slopes[3], 0.5 / 0.11);
    assert_eq!(slopes[1..3], [0.0, 0.0]);
    assert_eq!(lbo.evaluation().bottleneck(), Some(2));
}

#[test]
fn a_memory_goes_on_where_it_was_and_a_broken_one_is_refused() {
    let routing = "lbo.routing={ balanced = { rate = 0.3, proportional = 2.0 } }";
    let mut lbo = lbo(&[RECON, routing]);
    lbo.begin_epoch();
    for _ in 0..2 {
        lbo.calibrate(&[0.2, 5.0, 5.0, 0.1]).expect("as many as goals");
    }
    let step = |lbo: &mut Lbo| {
        lbo.look(&means(&[0.44, 1.2, 5.0, 0.11])).expect("the goals stay of their kind");
        lbo.slopes().to_vec()
    };
    for _ in 0..3 {
        step(&mut lbo);
    }
    let saved = serde_json::to_value(lbo.save()).expect("is written");
    let load = |saved: &Value| {
        let mut other = self::lbo(&[RECON, routing]);
        let saved: SavedLbo = serde_json::from_value(saved.clone()).expect("is read");
        other.load(saved).map(|()| other)
    };
    let mut other = load(&saved).expect("is its own");
    for _ in 0..3 {
        assert_eq!(step(&mut other), step(&mut lbo));
    }
    for shares in ["[0.5, 0.5]", "[0.5, 0.5, 0.0]", "[0.5, 0.5, -0.1]"] {
        let mut broken = saved.clone();
        broken["shares"] = serde_json::from_str(shares).expect("is JSON");
        let error = load(&broken).expect_err(shares).to_string();
        assert!(error.contains("shares of 3 groups"), "{error}");
    }
}

#[test]
fn rejections_are_told_and_can_end_a_run() {
    let values = [40.0, 20.0, 0.1];
    let mut lbo = lbo(&[ERROR, "lbo.ceiling.backoff.give_up=2", "lbo.step.patience=3"]);
    epoch(&mut lbo, &values, Outcome::Accepted);
    lbo.begin_epoch();
    for batch in 0..8 {
        let outcome = if batch == 0 { Outcome::Rejected } else { Outcome::Accepted };
        lbo.observe(&values, Some(0.9), Some(outcome)).expect("has divergences");
    }
    let lines = lbo.end_epoch();
    assert!(lines.iter().any(|line| line.contains("1/8")), "{lines:?}");
    for stopped in [false, true] {
        epoch(&mut lbo, &values, Outcome::Rejected);
        assert_eq!(lbo.stop().is_some(), stopped, "two backoffs in a row");
    }
    let mut other = self::lbo(&[ERROR, "lbo.step.patience=3"]);
    let nothing = Look { loss: Ok(f64::NAN), violation: 0.0 };
    for stopped in [false, false, true] {
        other.decide(u32::MAX, nothing, nothing);
        assert_eq!(other.stop().is_some(), stopped, "three rollbacks in a row");
    }
}

#[test]
fn values_of_a_batch_are_means_and_rows() {
    let measures = [vec![1.0, 2.0, 6.0], vec![0.5]];
    let found = Values::new(&measures, 3, true);
    assert_eq!(found.means, [3.0, 0.5]);
    assert_eq!(found.rows, [1.0, 0.5, 2.0, 0.5, 6.0, 0.5]);
    assert_eq!(Values::new(&measures, 3, false).rows, [0.0; 0]);
    // A measure that lacks an image is no number there, and is then refused by the goals.
    assert!(Values::new(&[vec![1.0, 2.0]], 3, true).rows[2].is_nan());
}
