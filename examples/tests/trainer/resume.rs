use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat_examples::checkpoint;
use homeostat_examples::trainer::session::{Start, train};
use homeostat_examples::trainer::state::Header;
use homeostat_testkit::Folder;
use serde_json::Value;

use crate::{rows, run, settings};

/// The summary without what a clock decides.
pub(crate) fn timeless(summary: &Value) -> Value {
    let mut summary = summary.clone();
    if let Value::Object(fields) = &mut summary {
        fields.remove("wall_seconds");
        if let Some(Value::Object(surgery)) = fields.get_mut("surgery") {
            surgery.retain(|name, _| !name.contains("seconds"));
        }
        for part in ["final", "best"] {
            if let Some(Value::Object(numbers)) = fields.get_mut(part) {
                numbers.remove("seconds");
                numbers.remove("samples_per_second");
            }
        }
    }
    summary
}

/// Names the first number that differs; whole summaries are too long to read.
#[track_caller]
fn same(path: &str, a: &Value, b: &Value) {
    match (a, b) {
        (Value::Object(a_fields), Value::Object(b_fields)) => {
            let names = |fields: &serde_json::Map<String, Value>| -> Vec<String> {
                fields.keys().cloned().collect()
            };
            assert_eq!(names(a_fields), names(b_fields), "{path}");
            for (name, value) in a_fields {
                same(&format!("{path}/{name}"), value, &b_fields[name]);
            }
        }
        _ => assert_eq!(a, b, "{path}"),
    }
}

fn check<B: AutodiffBackend>(name: &str, overrides: &[&str]) {
    let device = B::Device::default();
    let (one_go, halves) = (Folder::new(&format!("{name}-whole")), Folder::new(name));
    let whole = run::<B>(one_go.path(), overrides);

    let output = format!("output_dir={}", halves.path().display());
    let half = run::<B>(halves.path(), &[overrides, &["epochs=2"]].concat());
    assert_eq!((half.epochs, whole.epochs), (2, 4));
    // Something else happens in between, as in another process: other tensors, other random draws.
    run::<B>(Folder::new(&format!("{name}-noise")).path(), &["epochs=1", "seed=9"]);

    let settings = settings(&[overrides, &[output.as_str()]].concat());
    let (file, damaged) = checkpoint::find::<Header>(halves.path()).expect("was written");
    assert!(damaged.is_empty());
    let (header, record) = checkpoint::read::<Header>(&file).expect("is whole");
    assert_eq!(header.epoch, 2);
    let start = Start { resume: Some((header, record)), quiet: true, ..Start::default() };
    let resumed = train::<B>(&settings, &rows(&settings), start, &device).expect("goes on");
    same("", &timeless(&resumed.summary), &timeless(&whole.summary));
    assert_eq!(whole.summary["final"]["epoch"], Value::Null, "epochs are no result");
    assert_ne!(
        half.summary["parameter_hash"], whole.summary["parameter_hash"],
        "two more epochs change the model"
    );
}

#[test]
fn two_epochs_and_two_more_equal_four_to_the_bit_on_flex() {
    check::<Autodiff<Flex>>("resume-flex", &[]);
}

#[test]
fn two_epochs_and_two_more_equal_four_to_the_bit_on_ndarray() {
    check::<Autodiff<NdArray<f32>>>("resume-ndarray", &[]);
}

#[test]
fn noise_learned_precisions_spread_and_full_tensors_resume_as_well() {
    let overrides = [
        "weight.orbit=0.1",
        "weight.vicreg_inv=0.05",
        "weight.orthogonality=0.1",
        "precisions.enabled=true",
        "model.tensorization=full",
        "batch_size=50",
    ];
    check::<Autodiff<Flex>>("resume-all", &overrides);
}

#[test]
fn delayed_readings_resume_as_well() {
    check::<Autodiff<Flex>>("resume-delay", &["delay=1"]);
}

#[test]
fn other_rows_are_refused() {
    type B = Autodiff<Flex>;
    let folder = Folder::new("resume-other");
    run::<B>(folder.path(), &["epochs=1"]);
    let (file, _) = checkpoint::find::<Header>(folder.path()).expect("was written");
    let resume = Some(checkpoint::read::<Header>(&file).expect("is whole"));
    let settings =
        settings(&[&format!("output_dir={}", folder.path().display()), "data.samples=150"]);
    let start = Start { resume, quiet: true, ..Start::default() };
    let error = train::<B>(&settings, &rows(&settings), start, &Default::default())
        .expect_err("other rows");
    assert!(error.to_string().contains("trained on other rows"), "{error}");
}

#[test]
fn a_resumed_run_with_gradient_surgery_equals_an_uninterrupted_one_to_the_bit() {
    let pcgrad = "surgery={ method = \"pcgrad\", every = 2 }";
    check::<Autodiff<Flex>>("resume-surgery", &[pcgrad, "rows=groups"]);
}

#[test]
fn averaged_gradients_resume_as_well_on_flex() {
    check::<Autodiff<Flex>>("resume-momentum", &["surgery=momentum-config"]);
}

#[test]
fn averaged_gradients_resume_as_well_on_ndarray() {
    let overrides = ["surgery=momentum-config", "rows=groups"];
    check::<Autodiff<NdArray<f32>>>("resume-momentum-ndarray", &overrides);
}
