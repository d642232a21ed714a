//! The engine in a file: wiring, running, saving.

use homeostat::{
    Builder, Clock, ControlConfig, Multiplier, Orchestrator, Port, RawLoss, Slot, Weight,
};

use crate::{builder, read};

const ENGINE: &str = r#"
    [weight]
    recon = 1.0
    [setpoint]
    kl = 1.0
    [dual]
    rate = 0.1
    smoothing = 1.0
    deadzone = 0.0
    leak = 0.0
    [constraints.kl]
    target = "setpoint"
    normalizer = "none"
    [constraints.low-usage]
    measured = "usage"
    ease = "gradient_norm"
    target = { raw = 0.5 }
    normalizer = { rank = { window = 50, min_count = 4 } }
    family = "both"
    [families.both]
    budget = 0.75
"#;

fn config(text: &str) -> (Builder, crate::Sensors, ControlConfig) {
    let (builder, sensors) = builder();
    (builder, sensors, read(text))
}

struct Desk {
    control: Orchestrator,
    sensors: crate::Sensors,
    kl: Slot<Weight>,
    usage: Slot<Weight>,
}

fn desk() -> Desk {
    let (mut builder, sensors, config) = config(ENGINE);
    builder.configure(&config).expect("legal");
    let kl = builder.weight_slot("kl").expect("declared by its constraint");
    let usage = builder.weight_slot("low-usage").expect("declared by its constraint");
    Desk { control: builder.build().expect("legal"), sensors, kl, usage }
}

impl Desk {
    fn step(&mut self, index: u64) {
        let wave = (index as f64 * 0.7).sin();
        let board = self.control.board_mut();
        board.observe(self.sensors.kl, 1.5 + wave).expect("finite");
        board.observe(self.sensors.usage, 0.6 + 0.3 * wave).expect("finite");
        board.observe(self.sensors.gradient_norm, 1.0).expect("finite");
        self.control.step().expect("nothing stops");
    }

    fn weights(&self) -> [f64; 2] {
        let board = self.control.board();
        [self.kl, self.usage].map(|slot| board.get(slot).expect("always there").get())
    }
}

#[test]
fn the_engine_decides_the_weights_of_its_constraints() {
    let mut desk = desk();
    assert_eq!(desk.weights(), [0.0, 0.0], "before the first step");
    for index in 0..40 {
        desk.step(index);
    }
    let [kl, usage] = desk.weights();
    assert!(kl > 0.5 && usage > 0.0, "{kl} {usage}");
    let board = desk.control.board();
    let multiplier = board.layout().resolve(&Port::<Multiplier>::new("low-usage"));
    let multiplier = board.get(multiplier.expect("declared")).expect("written").get();
    assert!(multiplier > 0.0 && multiplier <= 0.75 && multiplier != usage, "{multiplier} {usage}");
    let wiring = desk.control.wiring();
    assert!(
        wiring.contains("dual (dual): raw loss 'kl', setpoint of raw loss 'kl', entropy 'usage'")
    );
    let mut probed = Vec::new();
    desk.control.probe(&mut |name, key, value| probed.push((name.to_owned(), key, value)));
    assert!(probed.iter().any(|(name, key, _)| name == "dual" && *key == "multiplier_sum"));
}

#[test]
fn a_loss_that_is_absent_is_a_constraint_that_was_not_measured() {
    let mut desk = desk();
    for index in 0..10 {
        desk.step(index);
    }
    let before = desk.weights();
    let board = desk.control.board_mut();
    board.clear(desk.sensors.kl.index());
    board.clear(desk.sensors.usage.index());
    desk.control.step().expect("nothing stops");
    assert_eq!(desk.weights(), before);
}

#[test]
fn a_saved_engine_goes_on_to_the_bit() {
    let (mut whole, mut half) = (desk(), desk());
    for index in 0..100 {
        whole.step(index);
        half.step(index);
    }
    let text = serde_json::to_string(&half.control.save()).expect("plain data");
    let mut other = desk();
    for index in 300..330 {
        other.step(index);
    }
    other.control.load(&serde_json::from_str(&text).expect("plain data")).expect("its own");
    for index in 100..200 {
        whole.step(index);
        other.step(index);
        assert_eq!(whole.weights(), other.weights());
    }
    assert_eq!(whole.control.save(), other.control.save());
}

#[test]
fn what_cannot_stand_on_a_board_is_refused() {
    #[track_caller]
    fn check(from: &str, to: &str, expected: &str) {
        let (mut builder, _, config) = config(&ENGINE.replacen(from, to, 1));
        let error = builder.configure(&config).expect_err("illegal").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let raw = "target = { raw = 0.5 }";
    check(
        raw,
        "sense = \"ge\"\ntarget = { raw = 0.5 }",
        "[constraints.low-usage] sense must be \"le\"",
    );
    check(raw, "target = { normalized = 0.5 }\nsense = \"eq\"", "must not be \"eq\" in a family");
    check("rate = 0.1", "order = \"extragradient\"", "[dual] order must be \"simultaneous\"");
    check(
        "measured = \"usage\"",
        "measured = \"use\"",
        "constraint 'low-usage': nothing measures 'use'",
    );
    check(
        "recon = 1.0",
        "kl = 1.0",
        "weight 'kl' is written by a start value and by constraint 'kl'",
    );
    check("budget = 0.75", "budget = 0.0", "[families.both] budget must be finite and above 0");
    for field in ["strict", "ease"] {
        check(
            "ease = \"gradient_norm\"",
            &format!("{field} = true"),
            &format!(
                "[constraints.low-usage] {field} must be the name of a signal where the engine reads \
                 from a board, got true"
            ),
        );
    }
    let (mut builder, _, config) = config("[dual]\nrate = 0.1\n");
    let error = builder.configure(&config).expect_err("no constraint").to_string();
    assert_eq!(error, "[dual] constraints must name at least one, got none");
}

#[test]
fn a_setpoint_that_nobody_gives_is_found_at_the_start() {
    let mut builder = Builder::new(Clock::default());
    builder.sensor::<RawLoss>("kl").expect("new");
    let text = "[constraints.kl]\ntarget = \"setpoint\"\nnormalizer = \"none\"\n";
    builder.configure(&read(text)).expect("the rest is legal");
    let error = builder.build().err().expect("no setpoint").to_string();
    assert!(error.contains("setpoint of raw loss named 'kl'"), "{error}");
}
