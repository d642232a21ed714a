//! A run from its first to its last epoch: rows, messages, checkpoints, and what a resumed run refuses.

use burn::backend::Autodiff;
use burn_flex::Flex;
use homeostat_examples::checkpoint;
use homeostat_examples::data::Dataset;
use homeostat_examples::trainer::TrainError;
use homeostat_examples::vae::session::{Outcome, Start, is_told, train};
use homeostat_examples::vae::state::Header;
use homeostat_testkit::Folder;

use crate::{images, run, settings};

type B = Autodiff<Flex>;

fn number(outcome: &Outcome, epoch: usize, name: &str) -> f64 {
    outcome.rows[epoch - 1]
        .get(name)
        .copied()
        .flatten()
        .unwrap_or_else(|| panic!("{name} of epoch {epoch}"))
}

#[test]
fn rows_are_means_of_their_epoch() {
    let folder = Folder::new("vae-rows");
    let reject = |step: u64| step == 17 || step == 18;
    let start = Start { reject: Some(reject), ..Start::default() };
    let outcome = run::<B>(folder.path(), &[], start);
    assert_eq!(outcome.epochs, 5);
    for epoch in 1..=5 {
        let at = |name: &str| number(&outcome, epoch, name);
        assert_eq!(at("epoch"), epoch as f64);
        assert_eq!(at("step"), 8.0 * epoch as f64);
        // Two of the first eight steps calibrate.
        let judged = if epoch == 1 { 6.0 } else { 8.0 };
        assert_eq!(at("judged_steps"), judged);
        let rejected = if epoch == 3 { 2.0 } else { 0.0 };
        assert_eq!(at("rollbacks"), rejected);
        assert_eq!(at("rollback_rate"), rejected / judged);
        assert_eq!(at("restoration_rate"), at("restorations") / judged);
        assert_eq!(at("halvings"), 4.0 * rejected / judged);
        assert_eq!((at("nonfinite"), at("nonfinite_steps")), (0.0, 0.0));
        assert!((at("kl") - at("kl_core") - at("kl_detail")).abs() < 1e-4 * at("kl"));
        assert!((at("kl_core") - at("measure/kl_core")).abs() < 1e-6 * at("kl_core"));
        assert!((at("kl_detail") - at("measure/kl_detail")).abs() < 1e-6 * at("kl_detail"));
        assert!(at("minimum_score") > 0.0 && at("minimum_score") <= 1.0);
        let sum = |prefix: &str| -> f64 {
            let mine = outcome.rows[epoch - 1].iter().filter(|(name, _)| name.starts_with(prefix));
            mine.map(|(_, value)| value.expect("is measured")).sum()
        };
        assert!((sum("bottleneck/") - 1.0).abs() < 1e-9, "one group is the worst in every step");
        assert!((sum("share/") - 1.0).abs() < 1e-9, "shares sum to 1");
        assert!((at("lr") - 0.002).abs() < 1e-9);
        for (half, dimensions) in [("core", 4.0), ("detail", 4.0)] {
            assert!(at(&format!("{half}/active")) <= dimensions);
            assert!(at(&format!("test_kl_{half}")) > 0.0);
        }
        let both = at("test_kl_core") + at("test_kl_detail");
        assert!((at("test_kl") - both).abs() < 1e-9 * both);
    }
    // Without a ceiling nothing can be above it; afterwards each half has its own, which comes down.
    assert_eq!(outcome.rows[0].get("ceiling_core"), Some(&None));
    assert!(!outcome.rows[0].contains_key("over_ceiling"));
    for half in ["core", "detail"] {
        let ceiling = |epoch| number(&outcome, epoch, &format!("ceiling_{half}"));
        // Row 3 shows how far the ceiling had come before it went back; epoch 4 moves by half.
        assert!(ceiling(2) > ceiling(4) && ceiling(4) > ceiling(3));
        assert!(ceiling(4) > ceiling(5) && ceiling(5) > 3.0);
    }
    let backed = outcome.events.iter().find(|(_, text)| text.contains("Backoff"));
    assert_eq!(backed.expect("two of eight are too many").0, 3);
}

#[test]
fn over_ceiling_counts_batches_above_one_and_a_twentieth_of_it() {
    // At first every divergence is 8.01 nats, whatever the image; nothing moves it. The ceiling found is
    // 1.1 times that, the relative target a share of it.
    let still = ["optimizer.learning_rate=1e-30", "epochs=5"];
    let over = |share: &str| {
        let folder = Folder::new("vae-over");
        let target = format!("lbo.ceiling.target={{ relative = {share} }}");
        let outcome = run::<B>(folder.path(), &[&still[..], &[&target]].concat(), Start::default());
        // Nothing moves, so that every step stands.
        assert_eq!(number(&outcome, 5, "rollbacks"), 0.0);
        number(&outcome, 5, "over_ceiling")
    };
    // 1/(1.1·0.88) is 1.033, 1/(1.1·0.85) is 1.070.
    assert_eq!(over("0.88"), 0.0);
    assert_eq!(over("0.85"), 1.0);
}

#[test]
fn halves_stand_in_their_own_columns() {
    // Six dimensions of core have 12.02 nats at the start, two of detail 4.01.
    let folder = Folder::new("vae-halves");
    let overrides = ["model.core=6", "model.detail=2", "optimizer.learning_rate=1e-30", "epochs=2"];
    let outcome = run::<B>(folder.path(), &overrides, Start::default());
    for (half, nats) in [("core", 12.020), ("detail", 4.007)] {
        let close = |name: &str, expected: f64| {
            let found = number(&outcome, 2, &format!("{name}{half}"));
            assert!((found / expected - 1.0).abs() < 0.02, "{name}{half}: {found}");
        };
        close("kl_", nats);
        close("ceiling_", 1.1 * nats);
        close("test_kl_", nats);
    }
}

#[test]
fn every_epoch_has_its_own_order_of_all_images() {
    let order = |epoch| homeostat_examples::data::epoch_order(128, 42, epoch);
    let (first, second) = (order(0), order(1));
    assert_ne!(first, second);
    for mut one in [first, second] {
        one.sort_unstable();
        assert!(one.into_iter().eq(0..128));
    }
    // Nothing moves and no noise is left, so that epochs differ by the order of their images alone: the
    // statistics of a batch do, the mean over the epoch of a mean over images does not.
    let folder = Folder::new("vae-order");
    let still = ["optimizer.learning_rate=1e-30", "epochs=3", "model.start_log_variance=-30.0"];
    let still = [&still[..], &["model.log_variance_limits=[-30.0, 5.0]"]].concat();
    let outcome = run::<B>(folder.path(), &still, Start::default());
    let of = |epoch, name| number(&outcome, epoch, name);
    let (one, other) = (of(2, "reconstruction"), of(3, "reconstruction"));
    assert!((one / other - 1.0).abs() < 1e-5, "{one} {other}");
    let name = "measure/core_correlation";
    assert!((of(2, name) / of(3, name) - 1.0).abs() > 1e-3, "{} {}", of(2, name), of(3, name));
}

#[test]
fn a_long_row_of_rejections_is_told_now_and_then() {
    let told: Vec<u64> = (0..35).filter(|streak| is_told(*streak)).collect();
    assert_eq!(told, [1, 10, 20, 30]);
}

#[test]
fn a_batch_that_is_not_full_waits() {
    // 128 images are five batches of 24 and eight images.
    let folder = Folder::new("vae-rest");
    let outcome = run::<B>(folder.path(), &["batch_size=24", "epochs=2"], Start::default());
    assert_eq!(outcome.summary["steps"], 10);
    assert_eq!(number(&outcome, 2, "sigma"), 2.0);
    assert_eq!(number(&outcome, 2, "judged_steps"), 5.0);
    // An epoch of the schedules has as many steps as are made.
    let rates = |samples: &str| {
        let folder = Folder::new("vae-rest-rates");
        let cosine = "controller.cosine.enabled=true";
        let overrides = ["batch_size=24", "epochs=2", "lbo.calibration.batches=1", cosine, samples];
        let outcome = run::<B>(folder.path(), &overrides, Start::default());
        [1, 2].map(|epoch| number(&outcome, epoch, "lr"))
    };
    assert_eq!(rates("data.samples=128"), rates("data.samples=120"));
}

#[test]
fn a_run_that_gives_up_says_so_and_ends() {
    let folder = Folder::new("vae-give-up");
    let start = Start { reject: Some(|step| step >= 16), ..Start::default() };
    let outcome = run::<B>(folder.path(), &["lbo.ceiling.backoff.give_up=1"], start);
    assert_eq!(outcome.epochs, 3);
    assert_eq!(outcome.rows.len(), 3);
    assert_eq!(outcome.summary["epochs"], 3);
    assert_eq!(outcome.summary["epochs_planned"], 5);
}

#[test]
fn checkpoints_are_written_when_they_are_asked_for() {
    let there = |overrides: &[&str]| {
        let folder = Folder::new("vae-checkpoints");
        run::<B>(folder.path(), overrides, Start::default());
        let mut names: Vec<String> = std::fs::read_dir(folder.path().join("checkpoints"))
            .expect("is there")
            .map(|entry| entry.expect("is readable").file_name().into_string().expect("is text"))
            .map(|name| name.replace(".checkpoint", ""))
            .collect();
        names.sort();
        names
    };
    assert_eq!(there(&["save_every=2", "epochs=5"]), ["epoch_00002", "epoch_00004", "epoch_00005"]);
    let inside = there(&["save_every=0", "save_every_batches=4", "epochs=2"]);
    assert_eq!(
        inside,
        ["epoch_00000_batch_0000004", "epoch_00001_batch_0000004", "epoch_00002"],
        "the end of an epoch is no batch inside it"
    );
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let folder = Folder::new("vae-refuse");
    run::<B>(folder.path(), &["epochs=1"], Start::default());
    let file = checkpoint::path_of(folder.path(), 1);
    let resume = |overrides: &[&str], change: &dyn Fn(&mut serde_json::Value)| {
        let (header, record) = checkpoint::read::<Header>(&file).expect("was written");
        let mut header = serde_json::to_value(header).expect("is written");
        change(&mut header);
        let header = serde_json::from_value(header).expect("is read");
        let other = Folder::new("vae-refused");
        let output = format!("output_dir={:?}", other.path().display().to_string());
        let settings = settings(&[overrides, &[&output]].concat());
        let start = Start { resume: Some((header, record)), silent: true, ..Start::default() };
        train::<B>(&settings, &images(&settings), start, &Default::default())
    };
    let same = |_: &mut serde_json::Value| {};
    assert!(resume(&["epochs=1"], &same).is_ok());
    let error = resume(&["seed=7"], &same).expect_err("other images");
    assert!(matches!(error, TrainError::OtherData { .. }), "{error}");
    // Other images to test on are other data too.
    let error = resume(&["data.test_samples=39"], &same).expect_err("other test images");
    assert!(matches!(error, TrainError::OtherData { .. }), "{error}");
    let error = resume(&["method=beta"], &same).expect_err("another method").to_string();
    assert!(error.contains("another method"), "{error}");
    for format in [0, 2] {
        let error = resume(&[], &|header| header["format"] = format.into());
        assert!(matches!(error, Err(TrainError::Format { expected: 1, .. })));
    }
}

#[test]
fn a_resumed_run_counts_on() {
    let folder = Folder::new("vae-count");
    run::<B>(folder.path(), &["epochs=2"], Start::default());
    let file = checkpoint::path_of(folder.path(), 1);
    let (header, record) = checkpoint::read::<Header>(&file).expect("was written");
    let mut header = serde_json::to_value(header).expect("is written");
    header["seconds"] = 1000.0.into();
    header["nonfinite"] = 3.into();
    let header = serde_json::from_value(header).expect("is read");
    let start = Start { resume: Some((header, record)), ..Start::default() };
    let outcome = run::<B>(folder.path(), &["epochs=2"], start);
    assert!(outcome.summary["wall_seconds"].as_f64().expect("is a number") >= 1000.0);
    assert_eq!(outcome.summary["nonfinite_steps"], 3);
    assert_eq!(outcome.summary["steps"], 16);
}

#[test]
fn patience_ends_a_run_at_once_with_its_reason_and_resume_goes_on() {
    let folder = Folder::new("vae-patience");
    let start = Start { reject: Some(|step| step >= 17), ..Start::default() };
    let outcome = run::<B>(folder.path(), &["lbo.step.patience=3"], start);
    assert_eq!(outcome.stopped.as_deref(), Some("3 steps in a row were taken back"));
    assert_eq!((outcome.epochs, outcome.summary["steps"].as_u64()), (2, Some(20)));
    let (file, _) = checkpoint::find::<Header>(folder.path()).expect("a checkpoint of the stop");
    let (header, record) = checkpoint::read::<Header>(&file).expect("was written");
    assert_eq!((header.position.epoch, header.position.batch), (2, 4));
    let start = Start { resume: Some((header, record)), ..Start::default() };
    let outcome = run::<B>(folder.path(), &["lbo.step.patience=3"], start);
    assert_eq!((outcome.epochs, outcome.stopped), (5, None));
}

#[test]
fn a_run_that_gave_up_says_why_and_resume_goes_on() {
    let folder = Folder::new("vae-gave-up");
    let twice = "lbo.ceiling.backoff.give_up=2";
    let start = Start { reject: Some(|step| (16..32).contains(&step)), ..Start::default() };
    let outcome = run::<B>(folder.path(), &[twice], start);
    let why = outcome.stopped.as_deref();
    assert_eq!(why, Some("2 epochs in a row had too many steps taken back"));
    assert_eq!(outcome.epochs, 4);
    let file = checkpoint::path_of(folder.path(), 4);
    let (header, record) = checkpoint::read::<Header>(&file).expect("was written");
    // The failure of one more epoch is the first of a new row.
    let start = Start {
        resume: Some((header, record)),
        reject: Some(|step| (32..40).contains(&step)),
        ..Start::default()
    };
    let outcome = run::<B>(folder.path(), &[twice, "epochs=7"], start);
    assert_eq!((outcome.epochs, outcome.stopped), (7, None));
}

/// Sixteen images, of which one has a NaN in batch 6.
fn batch(data: &Dataset, step: usize) -> burn::tensor::Tensor<Flex, 2> {
    let rows: Vec<u32> = (0..16).map(|row| ((row * 5 + step * 7) % data.len()) as u32).collect();
    let (mut inputs, _) = data.gather(&rows).expect("rows that exist");
    if step == 6 {
        inputs[40] = f32::NAN;
    }
    let inputs = burn::tensor::TensorData::new(inputs, [16, data.features()]);
    burn::tensor::Tensor::from_data(inputs, &Default::default())
}

#[test]
fn rows_show_the_scores_of_steps_that_stand() {
    // Nothing moves: every step before the squeeze has the same scores but for its batch and noise.
    let settings = settings(&["lbo.routing=\"minimum\""]);
    let data = images(&settings).train;
    let mut stepper = crate::stepper::<B>(&settings);
    stepper.reject = |step| step == 5;
    for step in 0..8 {
        let stepped =
            stepper.step(batch(&data, step)).expect("a faulty batch does not end the run");
        if step < 2 || step == 6 {
            assert!(stepped.groups.is_empty(), "step {step} has no scores");
            continue;
        }
        // What the step began with, not what the judge saw after it.
        let worst = stepped.groups.iter().copied().fold(f64::INFINITY, f64::min);
        let minimum = stepped.minimum_score.expect("is measured");
        assert!((worst / minimum - 1.0).abs() < 1e-12, "step {step}: {worst} and {minimum}");
    }
}

#[test]
fn scores_of_rejected_steps_are_in_no_row() {
    let folder = Folder::new("vae-scores");
    // All of epoch 3 is rejected, so that it has no scores at all.
    let start = Start { reject: Some(|step| (16..24).contains(&step)), ..Start::default() };
    let outcome = run::<B>(folder.path(), &["epochs=4"], start);
    let has = |epoch: usize| {
        let names = outcome.rows[epoch - 1].keys();
        names.filter(|name| name.starts_with("group/") || *name == "minimum_score").count()
    };
    assert_eq!(has(3), 0);
    assert!(has(2) > 1 && has(4) > 1);
}

#[test]
fn the_calibrations_violations_do_not_follow_the_ceiling() {
    let folder = Folder::new("vae-boxes");
    let outcome = run::<B>(folder.path(), &["epochs=5"], Start::default());
    for epoch in 1..=5 {
        assert_eq!(number(&outcome, epoch, "box_violations"), 0.0, "epoch {epoch}");
    }
    // A guard above what a new model has is left at once, and stays so.
    let folder = Folder::new("vae-boxes-guard");
    let guard = ["lbo.ceiling.lower=20.0", "lbo.ceiling.target={ relative = 1.0 }", "epochs=3"];
    let outcome = run::<B>(folder.path(), &guard, Start::default());
    for epoch in 1..=3 {
        assert_eq!(number(&outcome, epoch, "box_violations"), 2.0, "epoch {epoch}");
    }
}

#[test]
fn a_rejection_is_told_with_names_and_values_and_its_end_too() {
    use homeostat_examples::vae::session::rejection_line;
    let settings = settings(&[]);
    let data = images(&settings).train;
    let mut stepper = crate::stepper::<B>(&settings);
    stepper.reject = |step| step == 4;
    let mut lines = Vec::new();
    for step in 0..8 {
        let before = stepper.lbo.as_ref().expect("the bottleneck").search().streak();
        let stepped =
            stepper.step(batch(&data, step)).expect("a faulty batch does not end the run");
        lines.extend(rejection_line(&stepper, 1, before, &stepped));
    }
    let [forced, end, faulty, last] = &lines[..] else { panic!("{lines:#?}") };
    assert!(forced.starts_with(
        "[ROLLBACK] epoch 1, step 5, 1 in a row: the loss is not finite; S_min before"
    ));
    assert_eq!(end, "[RECOVERED] epoch 1, step 6: after 1 step taken back");
    // The first goal in the order of names that a batch with a NaN spoils.
    assert!(faulty.contains("1 in a row: goal ") && faulty.contains(" is not finite"), "{faulty}");
    assert!(faulty.contains("; S_min before none; outside their bounds: "), "{faulty}");
    assert!(faulty.contains("kl_core NaN of 1.0000 to none"), "{faulty}");
    assert!(last.starts_with("[RECOVERED]"), "{last}");
}
