use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat::burn::flatten_parameters;
use homeostat_examples::trainer::panel;
use homeostat_examples::trainer::settings::Settings;
use homeostat_testkit::Folder;
use serde_json::Value;

use crate::{document, faults::batch, rows, run, settings, stepper};

/// The parameters after some steps.
fn parameters<B: AutodiffBackend>(overrides: &[&str], steps: usize) -> Vec<f32> {
    let settings = settings(overrides);
    let split = rows(&settings);
    let mut stepper = stepper::<B>(&settings);
    for step in 0..steps {
        let (inputs, labels) = batch(&split.train, step);
        stepper.step(inputs, labels).expect("trains");
    }
    let flat = flatten_parameters::<B, _>(&stepper.models.trainee).expect("has parameters");
    flat.into_data().iter::<f32>().collect()
}

fn weights_of_one_per_row_are_the_plain_step<B: AutodiffBackend>() {
    // One step: Adam turns differences of rounding into differences of a whole rate.
    let plain = parameters::<B>(&[], 1);
    // The weights of the losses are the factors of the rows, so 1 for each row is the weighted total.
    let ones =
        format!("surgery={{ method = {{ weighted-sum = {{ weights = {:?} }} }} }}", [1.0; 18]);
    let rows = parameters::<B>(&[ones.as_str()], 1);
    let apart = plain.iter().zip(&rows).filter(|(a, b)| (*a - *b).abs() > 1e-4).count();
    assert_eq!(plain.len(), rows.len());
    // Where a gradient is nothing but rounding Adam's step of one rate has either sign.
    assert!(apart * 100 < plain.len(), "{apart} of {} differ", plain.len());
}

#[test]
fn weights_of_one_per_row_are_the_plain_step_on_flex() {
    weights_of_one_per_row_are_the_plain_step::<Autodiff<Flex>>();
}

#[test]
fn weights_of_one_per_row_are_the_plain_step_on_ndarray() {
    weights_of_one_per_row_are_the_plain_step::<Autodiff<NdArray<f32>>>();
}

#[test]
fn a_run_says_how_often_gradients_conflicted_and_what_surgery_cost() {
    for (rows, least, most) in [("reforward", 10.0, 20.0), ("groups", 2.0, 2.0)] {
        let folder = Folder::new(&format!("surgery-{rows}"));
        let rows = format!("rows={rows}");
        let outcome = run::<Autodiff<Flex>>(folder.path(), &["surgery=upgrad", "epochs=1", &rows]);
        let surgery = &outcome.summary["surgery"];
        let number = |name: &str| surgery[name].as_f64().unwrap_or(f64::NAN);
        assert_eq!(
            (surgery["method"].as_str(), surgery["steps"].as_u64()),
            (Some("upgrad"), Some(5))
        );
        assert!((0.0..=1.0).contains(&number("conflict_share")), "{surgery}");
        assert!((least..=most).contains(&number("passes_per_step")), "{surgery}");
        assert!(number("seconds_per_step") > number("extra_seconds_per_step"), "{surgery}");
        assert!(number("extra_seconds_per_step") > 0.0, "{surgery}");
        let last = &outcome.summary["final"];
        assert!(
            last["surgery_least_cosine"].as_f64().is_some_and(|cosine| cosine > -1e-6),
            "{last}"
        );
    }
    let plain = run::<Autodiff<Flex>>(Folder::new("surgery-none").path(), &["epochs=1"]);
    assert_eq!(plain.summary["surgery"], Value::Null);
}

#[test]
fn what_does_not_fit_the_run_is_refused_with_a_reason() {
    let refused = |overrides: &[&str]| {
        let mut document = document(overrides);
        match Settings::resolve(&mut document) {
            Err(error) => error.to_string(),
            Ok((settings, _)) => match panel::build(&settings, 5) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{overrides:?} is refused"),
            },
        }
    };
    let error = refused(&["surgery=upgrad", "rows=representation"]);
    assert!(error.contains("rows must be") && error.contains("reforward"), "{error}");
    let error = refused(&["surgery=upgrad", "rows=reforwards"]);
    assert!(error.contains("reforwards") && error.contains("groups"), "{error}");
    let error = refused(&["surgery=upgrade"]);
    assert!(error.contains("upgrade") && error.contains("upgrad"), "{error}");
    // The weights are multipliers, and MGDA turns their effect round.
    let error = refused(&["surgery=mgda"]);
    assert!(error.contains("surgery") && error.contains("force"), "{error}");
}
