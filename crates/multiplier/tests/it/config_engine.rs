//! What a file may say about an engine.

use homeostat_core::{Clock, Metric};
use homeostat_multiplier::{
    ConstraintInputs, DualConfig, DualController, ErrorMode, Input, LeakWhen, Measurement,
    MultiplierConfig, Schedule, Sense, SlopeConfig, SpikeConfig, Supply, Switch, Target,
    UpdateOrder,
};
use homeostat_testkit::settings;

use crate::engine::engine;

/// Parses and checks a configuration; the error of either as text.
fn read(text: &str) -> Result<DualConfig, String> {
    settings::read(text, DualConfig::init)
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    settings::refused(text, read(text), expected);
}

const KL: &str = "[constraints.kl]\ntarget = { raw = 0.05 }\nnormalizer = \"none\"\n";

#[test]
fn the_defaults_are_those_of_the_design_note() {
    let dual = read(KL).expect("legal").dual;
    assert_eq!((dual.rate, dual.maximum, dual.initial), (5e-3, 50.0, 0.0));
    assert_eq!((dual.smoothing, dual.deadzone, dual.leak), (0.1, 0.02, 1e-4));
    assert_eq!((dual.leak_when, dual.order), (LeakWhen::Satisfied, UpdateOrder::Simultaneous));
    assert_eq!(dual.spike, Switch::On(SpikeConfig::default()));
    assert_eq!(dual.slope, SlopeConfig::Limit(1.05));
}

#[test]
fn the_names_of_the_design_note_are_understood() {
    let text = "[dual]\neta_lambda = 1e-2\nlambda_max = 20.0\nema_alpha = 0.2\n\
                [losses.kl]\ntarget = { raw = 0.05 }\nnormalizer = \"none\"\neta = 2e-3\n";
    let config = read(text).expect("legal");
    assert_eq!((config.dual.rate, config.dual.maximum, config.dual.smoothing), (1e-2, 20.0, 0.2));
    assert_eq!(config.constraints["kl"].rate, Some(2e-3));
}

#[test]
fn a_file_is_read_as_it_is_written() {
    let config = read(crate::resume::EVERYTHING).expect("legal");
    let text = toml::to_string(&config).expect("plain data");
    assert_eq!(read(&text).expect("legal"), config);
    let constraint = &config.constraints["d"];
    assert_eq!(constraint.error, Some(ErrorMode::Mapped));
    assert_eq!(constraint.target, Some(Target::Raw(Schedule::Range { low: 0.3, high: 0.6 })));
    let off = read(&format!("{KL}spike = \"off\"\nslope = \"frozen\"\n")).expect("legal");
    assert_eq!(off.constraints["kl"].spike, Some(Switch::Off));
    assert_eq!(off.constraints["kl"].slope, Some(SlopeConfig::Frozen));
}

#[test]
fn an_error_names_the_table_the_field_the_rule_and_the_value() {
    for (text, expected) in [
        ("[dual]\nrate = -1.0\n".to_owned() + KL, "[dual] rate must be finite and not negative"),
        ("[dual]\nevery = 0\n".to_owned() + KL, "[dual] every must be at least 1, got 0"),
        ("[dual]\nrate = 1.0".to_owned(), "[dual] constraints must name at least one, got none"),
        (format!("{KL}smoothing = 0.0"), "[constraints.kl] smoothing must be above 0 and at most 1"),
        (format!("{KL}leak = 1.0"), "[constraints.kl] leak must be at least 0 and below 1, got 1"),
        (format!("{KL}weight = 0.0"), "[constraints.kl] weight must be finite and above 0, got 0"),
        (format!("{KL}every = 0"), "[constraints.kl] every must be at least 1, got 0"),
        (format!("{KL}spike = {{ minimum = 65 }}"), "spike.minimum must be at most spike.window"),
        (format!("{KL}pause = {{ release = 0.9 }}"), "pause.release must be above 0 and at most"),
        (format!("{KL}resume = {{ factor = 0.0 }}"), "resume.factor must be above 0 and at most 1"),
        (format!("{KL}slope = {{ limit = 1.0 }}"), "slope.limit must be finite and above 1, got 1"),
        (format!("{KL}spike = \"on\""), "\"off\" or a table of settings"),
        (format!("{KL}slope = \"smooth\""), "\"raw\", \"frozen\" or { limit = 1.05 }"),
        (format!("{KL}error = \"normalized\""), "must be \"normalized\" exactly where the target is"),
        (format!("{KL}lamda = 1.0"), "unknown field `lamda`"),
        (format!("{KL}family = \"f\""), "family must be the name of a family, got 'f'"),
        (
            format!("{KL}family = \"f\"\nsense = \"eq\"\n[families.f]\nbudget = 1.0"),
            "sense must not be \"eq\" in a family",
        ),
        (
            format!("{KL}family = \"f\"\nminimum = 0.1\n[families.f]\nbudget = 1.0"),
            "minimum must be 0 in a family",
        ),
        (format!("{KL}[families.f]\nbudget = 1.0"), "[families.f] budget must be the family of"),
        (
            format!("{KL}family = \"f\"\n[families.f]\nbudget = 0.0"),
            "[families.f] budget must be finite and above 0, got 0",
        ),
        (
            format!("{KL}family = \"f\"\n[families.f]\nbudget = 1.0\nweights = {{ cfs = 1.0 }}"),
            "[families.f] weights must be members of the family, got 'cfs'",
        ),
        (
            format!("{KL}hard = true\nrestart_after = 3"),
            "restart_after must not be set for a hard constraint or an equality",
        ),
        (
            "[constraints.kl]\ntarget = { raw = 0.05 }\nnormalizer = \"ranc\"".to_owned(),
            "unknown variant `ranc`, expected one of `none`, `rank`",
        ),
        (
            "[constraints.kl]\ntarget = { raw = 1.0 }\nerror = \"relative\"\nnormalizer = \"rank\""
                .to_owned(),
            "normalizer must be \"none\" where the error is absolute, relative or log-ratio",
        ),
        (
            "[constraints.kl]\ntarget = { normalized = 0.1 }\nerror = \"scaled\"\nnormalizer = \"rank\""
                .to_owned(),
            "must be \"normalized\" exactly where the target is",
        ),
        (
            "[constraints.kl]\ntarget = { raw = 0.1 }\nnormalizer = { winsor = { tau = 0.0 } }"
                .to_owned(),
            "[constraints.kl] normalizer.tau must be finite and above 0, got 0",
        ),
        (
            "[constraints.kl]\nsense = \"range\"\ntarget = \"setpoint\"\nnormalizer = \"none\"".to_owned(),
            "where the sense is \"range\"",
        ),
    ] {
        refused(&text, expected);
    }
}

#[test]
fn a_strict_quantity_and_an_ease_come_from_the_loop_or_from_a_signal() {
    for (text, expected) in
        [("true", Supply::Loop), ("\"true-kl\"", Supply::Signal("true-kl".into()))]
    {
        let config = read(&format!("{KL}strict = {text}\nease = {text}\n")).expect("legal");
        let constraint = &config.constraints["kl"];
        assert_eq!(constraint.strict, Some(expected.clone()));
        assert_eq!(constraint.ease, Some(expected));
        let written = toml::to_string(&config).expect("plain data");
        assert_eq!(read(&written).expect("legal"), config);
        let dual = config.init().expect("legal");
        let measurement = Measurement { strict: Some(1.0), ease: Some(0.0), ..1.0.into() };
        dual.observe(&mut dual.init_state(), &[Some(measurement)]).expect("both have a use");
    }
    refused(&format!("{KL}strict = false"), "true where the training loop gives the number, or");
    refused(&format!("{KL}ease = 3"), "true where the training loop gives the number, or");
}

#[test]
fn an_error_shows_what_was_found_in_the_words_of_a_file() {
    let of = |text: &str| format!("[constraints.kl]\n{text}\n");
    for (text, expected) in [
        (
            "target = { normalized = 0.1 }\nerror = \"log-ratio\"\nnormalizer = \"rank\"",
            "got log-ratio",
        ),
        ("target = { raw = 0.1 }\nerror = \"relative\"\nnormalizer = \"winsor\"", "got winsor"),
        ("sense = \"range\"\ntarget = \"setpoint\"\nnormalizer = \"none\"", "got setpoint"),
        (
            "sense = \"range\"\ntarget = { raw = { linear = { from = 1, to = 0, duration = 1 } } }\n\
             normalizer = \"none\"",
            "got { linear = … }",
        ),
        (
            "sense = \"eq\"\ntarget = { raw = { percentile = { until = 1 } } }\nnormalizer = \"none\"",
            "only for an upper or a lower bound, got eq",
        ),
        (
            "sense = \"ge\"\nnormalizer = \"none\"\n\
             target = { raw = { sigmoid = { high = 0.9, low = 0.1, width = 1, midpoint = 1 } } }",
            "write from = the low end and to = the high end",
        ),
    ] {
        refused(&of(text), expected);
    }
    let law = MultiplierConfig { sense: Sense::Eq, ..MultiplierConfig::new(0.0, 0.1) };
    let error = law.init::<Metric>(Clock::default()).expect_err("a sign");
    assert!(error.to_string().ends_with("got eq"), "{error}");
    let law = MultiplierConfig { ease: Some(Supply::Loop), ..MultiplierConfig::new(0.0, 0.1) };
    let error = law.init::<Metric>(Clock::default()).expect_err("no engine");
    assert_eq!(
        error.to_string(),
        "ease belongs to a constraint of the engine; leave it out, got true"
    );
    let board = |dual: &str, constraint: &str| {
        let dual = engine(&format!("[dual]\n{dual}\n{KL}{constraint}\n"));
        let inputs = vec![ConstraintInputs::new(Input::of::<Metric>("kl"))];
        DualController::new("dual", dual, inputs).expect_err("no board").to_string()
    };
    let error = board("order = \"primal-first\"", "");
    assert!(error.ends_with("got primal-first"), "{error}");
    let error = board("", "sense = \"ge\"");
    assert!(error.ends_with("got ge"), "{error}");
}
