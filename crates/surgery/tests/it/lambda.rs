//! What becomes of multipliers: the measured table of the reference specification, §8.4.

use homeostat_surgery::{
    ConfigConfig, FairgradConfig, FamoConfig, GradnormConfig, Input, KrumConfig, Lambda,
    LambdaEffect, Method, MomentumConfigConfig, Normalize, Outcome, SurgeryConfig, SurgeryError,
};
use homeostat_testkit::golden::{close, load};
use proptest::prelude::*;
use serde::Deserialize;

use crate::rows::few_rows;
use crate::{fresh, gramian, step, surgery, weights};

#[derive(Deserialize)]
struct Table {
    cosine: f64,
    tolerance: f64,
    lambda: Vec<f64>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    method: Method,
    ratio: Vec<f64>,
}

/// How much more of the unit row of the constraint than of that of the task is in d.
fn ratio(config: &SurgeryConfig, cosine: f64, lambda: f64) -> f64 {
    let rows = [vec![1.0, 0.0], vec![cosine, (1.0 - cosine * cosine).sqrt()]];
    let gramian = gramian(&rows);
    let surgery = surgery(config.clone());
    let input = Input {
        gramian: Some(&gramian),
        factors: &[1.0, lambda],
        losses: &[1.0; 2],
        ..Input::default()
    };
    let (_, weights) = step(&surgery, &mut fresh(&surgery, 2), &input).expect("legal");
    weights[1] / weights[0]
}

fn forced(method: Method) -> SurgeryConfig {
    SurgeryConfig { force: true, ..method.into() }
}

#[test]
fn the_measured_table_of_multipliers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/multipliers.toml");
    let table: Table = load(path);
    assert_eq!(table.case.len(), 10);
    for case in table.case {
        for (lambda, expected) in table.lambda.iter().zip(&case.ratio) {
            let found = ratio(&forced(case.method.clone()), table.cosine, *lambda);
            let what = format!("{:?} at {lambda}", case.method);
            close(&what, found, *expected, 0.0, table.tolerance);
        }
    }
}

#[test]
fn what_a_method_says_of_multipliers_is_what_it_does() {
    let fairgrad = |fairness| Method::Fairgrad(FairgradConfig { fairness });
    let mut methods = crate::properties::methods();
    methods.extend([0.3, 1.0, 4.0].map(fairgrad));
    methods.push(Method::MomentumConfig(MomentumConfigConfig::default()));
    for method in methods {
        let config = forced(method.clone());
        let ratio = |lambda| match method {
            Method::MomentumConfig(_) => ratio_of_averages(&config, lambda),
            _ => ratio(&config, -0.2, lambda),
        };
        // Relative to no multiplier, because GradVac may turn one of two equal rows further.
        let (two, four) = (ratio(2.0) / ratio(1.0), ratio(4.0) / ratio(1.0));
        let says = method.respects_lambda();
        let does = match says {
            LambdaEffect::Full => (two - 2.0).abs() < 1e-9 && (four - 4.0).abs() < 1e-9,
            LambdaEffect::Compressed => two > 1.1 && four > two && two < 2.0 && four < 4.0,
            LambdaEffect::Weak => two < 1.1 && four > 1.1 && four < 1.5,
            LambdaEffect::Ignored => two > 1.0 && four > two && four < 1.5,
            LambdaEffect::Erased => (two - 1.0).abs() < 1e-9 && (four - 1.0).abs() < 1e-9,
            LambdaEffect::Inverted => two < 0.95 && four < two,
        };
        assert!(does, "{method:?} says {says:?}: {two}, {four}");
        assert!(says.to_string().starts_with("multipliers "));
    }
}

/// The same where both averages have been renewed.
fn ratio_of_averages(config: &SurgeryConfig, lambda: f64) -> f64 {
    let gramian = gramian(&[vec![1.0, 0.0], vec![-0.2, 0.96_f64.sqrt()]]);
    let surgery = surgery(config.clone());
    let mut state = fresh(&surgery, 2);
    let factors = [1.0, lambda];
    let input = Input { gramian: Some(&gramian), factors: &factors, ..Input::default() };
    step(&surgery, &mut state, &input).expect("legal");
    let (_, weights) = step(&surgery, &mut state, &input).expect("legal");
    weights[1] / weights[0]
}

#[test]
fn methods_that_work_against_multipliers_are_refused_unless_forced() {
    let against = [
        Method::Mgda,
        Method::Sdmgrad(Default::default()),
        Method::Krum(KrumConfig { byzantine: 0, selected: 1 }),
        Method::Fairgrad(FairgradConfig { fairness: 2.0 }),
        Method::Gradnorm(GradnormConfig::default()),
        Method::Famo(FamoConfig::default()),
    ];
    for method in crate::config::all_methods() {
        let expected = against.iter().any(|one| match (one, &method) {
            (Method::Fairgrad(_), Method::Fairgrad(config)) => config.fairness > 1.0,
            _ => one.name() == method.name(),
        });
        let config = SurgeryConfig::from(method);
        let found = config.check_multipliers().is_err();
        assert_eq!(found, expected, "{:?}", config.method);
        assert!(forced(config.method).check_multipliers().is_ok());
    }
    let gramian = gramian(&[vec![1.0], vec![2.0]]);
    let input = Input { gramian: Some(&gramian), factors: &[1.0, 2.0], ..Input::default() };
    let refused = surgery(Method::Mgda);
    let mut state = fresh(&refused, 2);
    let error = step(&refused, &mut state, &input).expect_err("multipliers");
    assert_eq!(error, SurgeryError::Multipliers("mgda"));
    assert_eq!(state, fresh(&refused, 2));
    assert!(step(&refused, &mut state, &Input { factors: &[], ..input }).is_ok());
    let forced = surgery(forced(Method::Mgda));
    assert!(step(&forced, &mut fresh(&forced, 2), &input).is_ok());
    let error = SurgeryConfig::from(Method::Mgda).check_multipliers().expect_err("multipliers");
    assert_eq!(error.field, "surgery.method");
    assert!(error.to_string().ends_with("unless force = true, got mgda"), "{error}");
}

#[test]
fn a_multiplier_of_zero_leaves_the_row_out() {
    let rows = [vec![1.0, 0.0], vec![-2.0, 1.0], vec![0.0, 3.0]];
    let all = gramian(&rows);
    let few = gramian(&[rows[0].clone(), rows[2].clone()]);
    for method in [Method::Upgrad(Default::default()), Method::Pcgrad(Default::default())] {
        let surgery = surgery(method.clone());
        let input = Input { gramian: Some(&all), factors: &[1.0, 0.0, 1.0], ..Input::default() };
        let (report, found) = step(&surgery, &mut fresh(&surgery, 3), &input).expect("legal");
        let expected = weights(&method, &few);
        assert_eq!(found, [expected[0], 0.0, expected[1]]);
        assert!(!report.used.contains(1) && !report.zero.contains(1) && !report.conflict);
    }
}

#[test]
fn config_with_preferences_follows_multipliers() {
    let method = Method::Config(ConfigConfig::default());
    let config = SurgeryConfig { lambda: Lambda::Preference, ..method.into() };
    // Orthogonal unit rows: the cosines are the weights.
    for lambda in [1.0, 2.0, 4.0] {
        assert!((ratio(&config, 0.0, lambda) - lambda).abs() < 1e-12);
    }
    let rows = SurgeryConfig { lambda: Lambda::Rows, ..config };
    assert!((ratio(&rows, 0.0, 4.0) - 1.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn factors_are_scaled_rows(rows in few_rows(3), exponents in prop::collection::vec((-3.0..3.0, any::<bool>()), 8)) {
        let factors: Vec<f64> = exponents[..rows.len()].iter()
            .map(|(exponent, sign)| if *sign { 10.0_f64.powf(*exponent) } else { -10.0_f64.powf(*exponent) })
            .collect();
        let scaled: Vec<Vec<f64>> = rows.iter().zip(&factors)
            .map(|(row, factor)| row.iter().map(|x| factor * x).collect()).collect();
        for method in crate::properties::methods() {
            let surgery = surgery(forced(method.clone()));
            let gramian_of_rows = gramian(&rows);
            let input = Input { gramian: Some(&gramian_of_rows), factors: &factors, ..Input::default() };
            let (report, found) = step(&surgery, &mut fresh(&surgery, rows.len()), &input).expect("legal");
            let expected = weights(&method, &gramian(&scaled));
            let size = crate::parts(&scaled, &expected);
            for (((found, expected), factor), row) in found.iter().zip(expected).zip(&factors).zip(&rows) {
                let away = (found - expected * factor).abs() * crate::norm(row);
                prop_assert!(away <= 1e-7 * size, "{method:?}");
            }
            prop_assert!(report.outcome == Outcome::Combined);
        }
    }

    #[test]
    fn for_upgrad_and_dualproj_rows_and_preferences_are_the_same(
        rows in few_rows(3), factors in prop::collection::vec(0.01..100.0, 8), sign in any::<bool>(),
    ) {
        let mut factors: Vec<f64> = factors[..rows.len()].to_vec();
        if sign {
            factors[0] = -factors[0];
        }
        let gramian = gramian(&rows);
        for method in [Method::Upgrad(Default::default()), Method::Dualproj(Default::default())] {
            let [one, other] = [Lambda::Rows, Lambda::Preference].map(|lambda| {
                let surgery = surgery(SurgeryConfig { lambda, ..method.clone().into() });
                let input = Input { gramian: Some(&gramian), factors: &factors, ..Input::default() };
                step(&surgery, &mut fresh(&surgery, rows.len()), &input).expect("legal").1
            });
            let size = crate::parts(&rows, &one);
            for ((one, other), row) in one.iter().zip(&other).zip(&rows) {
                prop_assert!((one - other).abs() * crate::norm(row) <= 1e-9 * size);
            }
        }
    }

    #[test]
    fn normalized_rows_are_scaled_rows(rows in few_rows(6), losses in prop::collection::vec(0.01..100.0, 8)) {
        let losses = &losses[..rows.len()];
        let gramian_of_rows = gramian(&rows);
        for (normalize, divisor) in [
            (Normalize::Unit, 0), (Normalize::Loss, 1), (Normalize::LossUnit, 2),
        ] {
            let divisors: Vec<f64> = rows.iter().zip(losses).map(|(row, loss)| match divisor {
                0 => crate::norm(row),
                1 => *loss,
                _ => crate::norm(row) * loss,
            }).collect();
            let scaled: Vec<Vec<f64>> = rows.iter().zip(&divisors)
                .map(|(row, divisor)| row.iter().map(|x| x / divisor).collect()).collect();
            for method in [Method::Mgda, Method::Sum, Method::Pcgrad(Default::default())] {
                let surgery = surgery(SurgeryConfig { normalize, ..method.clone().into() });
                let input = Input { gramian: Some(&gramian_of_rows), losses, ..Input::default() };
                let (_, found) = step(&surgery, &mut fresh(&surgery, rows.len()), &input).expect("legal");
                let expected = weights(&method, &gramian(&scaled));
                let size = crate::parts(&scaled, &expected);
                for (((found, expected), divisor), row) in
                    found.iter().zip(expected).zip(&divisors).zip(&scaled)
                {
                    let away = (found * divisor - expected).abs() * crate::norm(row);
                    prop_assert!(away <= 1e-7 * size, "{method:?}");
                }
            }
        }
    }
}
