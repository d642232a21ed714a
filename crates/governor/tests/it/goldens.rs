//! The reference's tables.

use homeostat_core::{Clock, Law, LearningRate, Weight};
use homeostat_governor::{GovernorConfig, RampConfig};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{Step, probe, step};

#[derive(Deserialize)]
struct LearningRates {
    relative: f64,
    printed: f64,
    constant_loss: ConstantLoss,
    table: Vec<Table>,
}

#[derive(Deserialize)]
struct ConstantLoss {
    loss: f64,
    initial: f64,
    maximum: f64,
    epochs: u64,
    factor: f64,
    grows_after: Vec<u64>,
}

#[derive(Deserialize)]
struct Table {
    name: String,
    initial: f64,
    maximum: f64,
    start: Option<f64>,
    #[serde(default)]
    grounding_warmup: u64,
    plateau_patience: Option<u64>,
    stable_patience: Option<u64>,
    rows: Vec<[f64; 12]>,
}

fn learning_rates() -> LearningRates {
    load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/learning_rate.toml"))
}

/// The table gives the epoch's information and its running average by hand, independently of each
/// other; the law takes the larger of its own two. So the larger one is fed, and the law's average
/// does not remember (decay 0). A number that is not finite is fed as a missing reading.
#[track_caller]
fn check(table: &Table, relative: f64, printed: f64) {
    let defaults = GovernorConfig::parity(table.initial, table.maximum);
    let config = GovernorConfig {
        grounding_warmup: table.grounding_warmup,
        plateau_patience: table.plateau_patience.unwrap_or(defaults.plateau_patience),
        stable_patience: table.stable_patience.unwrap_or(defaults.stable_patience),
        information_decay: 0.0,
        ..defaults
    };
    let governor = config.init(Clock::default()).expect("legal");
    let mut state = match table.start {
        Some(rate) => governor.init_at(LearningRate::new(rate).expect("a rate")),
        None => governor.init(),
    };
    for &[
        epoch,
        loss,
        information,
        running,
        gradient,
        parameters,
        rate,
        average,
        best,
        unstable,
        stable,
        plateau,
    ] in &table.rows
    {
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let readings = Step {
            loss: finite(loss),
            gradient: finite(gradient),
            parameters: Some(parameters),
            information: Some(if running <= 0.0 { information } else { information.max(running) }),
            ..Step::default()
        };
        let found = step(&governor, &mut state, readings);
        let numbers = probe(&governor, &state);
        for (what, found, expected, absolute) in [
            ("rate", found, rate, 0.0),
            ("loss_ema", numbers["loss_ema"], average, printed),
            ("best", numbers["best"], best, printed),
            ("unstable", numbers["unstable"], unstable, 0.0),
            ("stable", numbers["stable"], stable, 0.0),
            ("plateau", numbers["plateau"], plateau, 0.0),
        ] {
            let place = format!("{}, epoch {epoch}: {what}", table.name);
            close(&place, found, expected, relative, absolute);
        }
    }
}

#[test]
fn parity_reproduces_the_tables_of_the_learning_rate_controller() {
    let golden = learning_rates();
    assert_eq!(golden.table.len(), 7);
    for table in &golden.table {
        check(table, golden.relative, golden.printed);
    }
}

#[test]
fn parity_never_reaches_a_plateau_with_default_patiences() {
    let golden = learning_rates();
    let case = golden.constant_loss;
    let governor =
        GovernorConfig::parity(case.initial, case.maximum).init(Clock::default()).expect("legal");
    let mut state = governor.init();
    let mut expected = case.initial;
    for epoch in 0..case.epochs {
        if case.grows_after.contains(&epoch) {
            expected *= case.factor;
        }
        let readings =
            Step { gradient: Some(0.5), parameters: Some(14.0), ..Step::loss(case.loss) };
        let found = step(&governor, &mut state, readings);
        close(&format!("epoch {epoch}"), found, expected, golden.relative, 0.0);
    }
}

#[derive(Deserialize)]
struct JumpSchedule {
    relative: f64,
    absolute: f64,
    table: Vec<Jump>,
}

#[derive(Deserialize)]
struct Jump {
    name: String,
    start: u64,
    end: u64,
    r#final: f64,
    rows: Vec<(u64, f64)>,
}

#[test]
fn parity_reproduces_the_jump_schedule() {
    let golden: JumpSchedule =
        load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/jump_schedule.toml"));
    for Jump { name, start, end, r#final, rows } in &golden.table {
        let ramp = RampConfig::parity(*start, *end).init(Clock::default()).expect("legal");
        let mut state = ramp.init();
        let weight = Weight::new(*r#final).expect("a weight");
        let weights: Vec<f64> = (0..=60)
            .map(|_| ramp.step(&mut state, (weight, None)).expect("never refused").get())
            .collect();
        for (epoch, expected) in rows {
            let place = format!("{name}, epoch {epoch}");
            let found = weights[*epoch as usize];
            close(&place, found, *expected, golden.relative, golden.absolute);
        }
    }
}
