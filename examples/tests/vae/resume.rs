//! A run that is cut at any batch of any phase and goes on is the run that was not cut, to the bit.

use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat_examples::checkpoint;
use homeostat_examples::launch::RunHeader as _;
use homeostat_examples::trainer::rows::Row;
use homeostat_examples::vae::session::{Outcome, Start};
use homeostat_examples::vae::state::Header;
use homeostat_testkit::Folder;
use serde_json::Value;

use crate::run;

/// The summary without what a clock decides.
fn timeless(summary: &Value) -> Value {
    let mut summary = summary.clone();
    if let Value::Object(fields) = &mut summary {
        fields.remove("wall_seconds");
        if let Some(Value::Object(numbers)) = fields.get_mut("final") {
            numbers.remove("seconds");
            numbers.remove("samples_per_second");
        }
    }
    summary
}

fn timeless_rows(rows: &[Row]) -> Vec<Row> {
    let strip = |row: &Row| {
        let mut row = row.clone();
        row.remove("seconds");
        row.remove("samples_per_second");
        row
    };
    rows.iter().map(strip).collect()
}

#[track_caller]
fn same(resumed: &Outcome, whole: &Outcome, place: &str) {
    for (mine, other) in timeless_rows(&resumed.rows).iter().zip(timeless_rows(&whole.rows)) {
        for (name, value) in mine {
            assert_eq!(*value, other[name], "{place}: {name} of epoch {:?}", mine["epoch"]);
        }
    }
    assert_eq!(timeless(&resumed.summary), timeless(&whole.summary), "{place}");
}

/// Cuts a run after every `places` and compares what comes of it. `(epoch, batch)` says how much is done.
fn check<B: AutodiffBackend>(name: &str, overrides: &[&str], places: &[(u64, u64)]) {
    let every = ["save_every_batches=3"];
    let all = [overrides, &every].concat();
    let whole_folder = Folder::new(&format!("vae-{name}-whole"));
    let whole = run::<B>(whole_folder.path(), &all, Start::default());
    for &(epoch, batch) in places {
        // Something else happens in between, as in another process: other tensors, other draws.
        let noise = Folder::new(&format!("vae-{name}-noise"));
        run::<B>(noise.path(), &["epochs=1", "seed=9"], Start::default());
        let file = match batch {
            0 => checkpoint::path_of(whole_folder.path(), epoch),
            batch => checkpoint::path_within(whole_folder.path(), epoch, batch),
        };
        let (header, record) = checkpoint::read::<Header>(&file).expect("was written");
        assert_eq!((header.epoch(), header.position.batch), (epoch, batch));
        let folder = Folder::new(&format!("vae-{name}-{epoch}-{batch}"));
        std::fs::create_dir_all(folder.path()).expect("is made");
        let rows = "metrics.jsonl";
        std::fs::copy(whole_folder.path().join(rows), folder.path().join(rows)).expect("is copied");
        let start = Start { resume: Some((header, record)), ..Start::default() };
        let resumed = run::<B>(folder.path(), &all, start);
        same(&resumed, &whole, &format!("{name}: after {epoch} epochs and {batch} batches"));
    }
}

/// Epoch 1 calibrates for two batches and discovers, 2 holds, 3 and 4 squeeze, 5 is at the target.
const PHASES: &[(u64, u64)] = &[(0, 3), (1, 0), (1, 6), (2, 3), (3, 6), (4, 3)];

#[test]
fn the_bottleneck_resumes_in_every_phase_on_flex() {
    check::<Autodiff<Flex>>("resume-flex", &[], PHASES);
}

#[test]
fn the_bottleneck_resumes_in_every_phase_on_ndarray() {
    let balanced = "lbo.routing={ balanced = { rate = 0.05, proportional = 1.0 } }";
    check::<Autodiff<NdArray<f32>>>("resume-ndarray", &[balanced], &[(0, 3), (2, 6), (4, 3)]);
}

#[test]
fn a_calibration_resumes_in_its_middle() {
    let long = "lbo.calibration.batches=4";
    check::<Autodiff<Flex>>("resume-calibration", &[long, "epochs=2"], &[(0, 3)]);
}

#[test]
fn the_other_methods_and_convolutions_resume() {
    let convolutional = ["epochs=2", "model.architecture=convolutional"];
    check::<Autodiff<Flex>>(
        "resume-pid",
        &[&convolutional[..], &["method=pid"]].concat(),
        &[(1, 3)],
    );
    check::<Autodiff<Flex>>("resume-geco", &["epochs=2", "method=geco"], &[(0, 6), (1, 3)]);
    let beta = ["epochs=2", "method=beta", "controller.beta-ramp.enabled=true"];
    check::<Autodiff<Flex>>("resume-beta", &beta, &[(1, 3)]);
}
