//! The quickstart's rows have the multipliers of the step, as its sum has.

use burn::backend::Autodiff;
use burn_flex::Flex;
use homeostat::burn::DualEngine;
use homeostat::burn::surgery::{Surgeon, SurgeonConfig};
use homeostat_examples::quickstart::applicants::Applicants;
use homeostat_examples::quickstart::train::{Plan, Splits, Trainee};

type B = Autodiff<Flex>;

/// The parameters after some steps under constraints, whose multipliers leap, and the last task loss.
fn train(dual: &str, surgeon: Option<&str>) -> Vec<f64> {
    let device = Default::default();
    let draw = |count, split| Applicants::<B>::draw(count, 3, split, &device);
    let splits = Splits { train: draw(200, 0), guard: draw(400, 1), test: draw(200, 2) };
    let text = format!(
        "[dual]\nspike = 'off'\n{dual}\n[constraints.calibration]\ntarget = {{ raw = 0.001 }}\n\
         normalizer = 'none'\nrate = 5.0\n[constraints.parity]\ntarget = {{ raw = 0.001 }}\n\
         normalizer = 'none'\nstrict = true\nrate = 5.0\n"
    );
    let config = homeostat::read_dual("test.toml", &text).unwrap();
    let mut engine = DualEngine::new(&config).unwrap();
    let mut surgeon = surgeon.map(|text| {
        let config: SurgeonConfig = toml::from_str(text).unwrap();
        Surgeon::new(&config).unwrap()
    });
    let plan = Plan { steps: 4, hidden: 4, learning_rate: 0.05, seed: 3 };
    let mut trainee = Trainee::<B>::new(&plan, &device);
    trainee.go_on(&splits, 4, 0.05, Some(&mut engine), surgeon.as_mut(), |_, _, _, _| {}).unwrap();
    let probabilities = trainee.model.probabilities(splits.test.features.clone());
    assert!(engine.state().constraints().iter().any(|one| one.multiplier() > 0.1));
    probabilities.into_data().convert::<f64>().to_vec().unwrap()
}

#[test]
fn a_plain_sum_of_rows_is_training_without_surgery() {
    for dual in ["", "primal_rescale = 'one-plus-sum'", "order = 'dual-first'"] {
        let plain = train(dual, None);
        for rows in ["reforward", "representation", "groups"] {
            let found = train(dual, Some(&format!("surgery = 'sum'\nrows = '{rows}'")));
            let off = plain.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-4, "{dual} {rows}: {off}");
        }
    }
}
