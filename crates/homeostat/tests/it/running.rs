use homeostat::{LearningRate, Optional, Orchestrator, OrchestratorSnapshot, Slot, Weight};

use crate::{Sensors, builder, read};

const CONTROL: &str = "
    [weight]
    kl = 0.1
    usage = 0.2

    [setpoint]
    kl = 1.0
    usage = 2.0

    [controller.kl-weight]
    reads = { measured = \"kl\", setpoint = \"kl\" }
    writes = { weight = \"kl\" }
    law.multiplier = { rate = 0.1 }

    [controller.usage-weight]
    reads = { measured = \"usage\", setpoint = \"usage\" }
    writes = { weight = \"usage\" }
    law.pid = { kp = 0.1, ki = 0.02, action = \"reverse\" }

    [controller.learning-rate]
    reads = { loss = \"recon\", gradient_norm = \"gradient_norm\" }
    writes = { learning_rate = \"learning_rate\" }
    law.governor = { maximum = 1e-2 }
";

struct Desk {
    control: Orchestrator,
    sensors: Sensors,
    kl: Slot<Weight>,
    usage: Slot<Weight>,
    rate: Slot<LearningRate>,
}

fn desk(text: &str) -> Desk {
    let (mut builder, sensors) = builder();
    builder.configure(&read(text)).expect("legal");
    let kl = builder.weight_slot("kl").expect("declared");
    let usage = builder.weight_slot("usage").expect("declared");
    let rate = builder.learning_rate("learning_rate", 1e-3).expect("legal");
    Desk { control: builder.build().expect("legal"), sensors, kl, usage, rate }
}

impl Desk {
    fn measure(&mut self, step: u64) {
        let wave = (step as f64 * 0.3).sin();
        let board = self.control.board_mut();
        board.observe(self.sensors.recon, 3.0 / (1.0 + step as f64)).expect("finite");
        board.observe(self.sensors.kl, 1.2 + 0.5 * wave).expect("finite");
        board.observe(self.sensors.usage, 1.5 - 0.2 * wave).expect("finite");
        board.observe(self.sensors.gradient_norm, 1.0 + 0.1 * wave).expect("finite");
        self.faults(0.0);
    }

    fn faults(&mut self, count: f64) {
        let slot = self.control.faults();
        self.control.board_mut().observe(slot, count).expect("a count");
    }

    fn run(&mut self, steps: std::ops::Range<u64>) -> Vec<[f64; 3]> {
        steps
            .map(|step| {
                self.measure(step);
                self.control.step().expect("nothing stops");
                self.decisions()
            })
            .collect()
    }

    fn decisions(&self) -> [f64; 3] {
        let board = self.control.board();
        let weight = |slot: Slot<Weight>| board.get(slot).expect("set").get();
        [weight(self.kl), weight(self.usage), board.get(self.rate).expect("set").get()]
    }
}

#[test]
fn controllers_start_from_the_start_values_of_what_they_write() {
    let mut desk = desk(CONTROL);
    assert_eq!(desk.decisions(), [0.1, 0.2, 1e-3]);
    let first = desk.run(0..1)[0];
    // The multiplier adds rate · (1.2 − 1), the bumpless PID one increment ki · (2 − 1.5).
    assert!((first[0] - 0.12).abs() < 1e-12, "{first:?}");
    assert!((first[1] - 0.21).abs() < 1e-12, "{first:?}");
}

#[test]
fn in_a_faulty_step_only_the_governor_decides_and_it_cuts_the_rate() {
    let mut desk = desk(CONTROL);
    desk.run(0..5);
    let before = desk.decisions();
    desk.measure(5);
    let kl = desk.sensors.kl;
    desk.control.board_mut().observe(kl, f64::NAN).expect_err("refused");
    desk.faults(1.0);
    let report = desk.control.step().expect("nothing stops");
    assert_eq!((report.decided, report.held, report.refused), (1, 2, 0));
    let after = desk.decisions();
    assert_eq!(after[..2], before[..2], "no weight moves on half a step's readings");
    assert!(after[2] < before[2], "the rate is cut at once: {before:?} {after:?}");
}

#[test]
fn a_controller_without_its_reading_holds() {
    let mut desk = desk(CONTROL);
    desk.run(0..3);
    let before = desk.decisions();
    desk.measure(3);
    let slot = desk.sensors.usage.index();
    desk.control.board_mut().clear(slot);
    assert_eq!(desk.control.step().expect("nothing stops").held, 1);
    let after = desk.decisions();
    assert_eq!(after[1], before[1]);
    assert_ne!(after[0], before[0]);
}

#[test]
fn saved_state_goes_through_text_and_resumes_to_the_bit() {
    let mut whole = desk(CONTROL);
    let expected = whole.run(0..80);
    let mut first = desk(CONTROL);
    first.run(0..40);
    let text = serde_json::to_string(&first.control.save()).expect("plain data");
    let snapshot: OrchestratorSnapshot = serde_json::from_str(&text).expect("loads");
    let mut used = desk(CONTROL);
    used.run(7..29);
    used.control.load(&snapshot).expect("fits");
    assert_eq!(used.decisions(), first.decisions());
    assert_eq!(used.run(40..80), expected[40..]);
    assert_eq!(used.control.save(), whole.control.save());
}

#[test]
fn configuration_is_never_loaded() {
    let mut old = desk(CONTROL);
    old.run(0..10);
    let snapshot = old.control.save();
    let mut new = desk(&CONTROL.replace("kl = 1.0", "kl = 1.4"));
    new.control.load(&snapshot).expect("fits");
    let (a, b) = (old.run(10..11)[0], new.run(10..11)[0]);
    // The same memory, another setpoint: 0.4 less error at a dual step of 0.1.
    assert!((a[0] - b[0] - 0.04).abs() < 1e-12, "{a:?} {b:?}");
}

#[test]
fn an_illegal_number_in_a_snapshot_is_refused() {
    let mut desk = desk(CONTROL);
    desk.run(0..3);
    let before = desk.control.save();
    let text = serde_json::to_string(&before).expect("plain data");
    let at = text.find("\"weight\",\"kl\",[").expect("saved") + "\"weight\",\"kl\",[".len();
    let broken = format!("{}-{}", &text[..at], &text[at..]);
    let broken: OrchestratorSnapshot = serde_json::from_str(&broken).expect("a number");
    let error = desk.control.load(&broken).expect_err("negative").to_string();
    assert!(error.starts_with("weight 'kl': weight must be finite and not negative"), "{error}");
    assert_eq!(desk.control.save(), before);
}

#[test]
fn a_foreign_snapshot_is_refused_and_changes_nothing() {
    let mut desk_a = desk(CONTROL);
    desk_a.run(0..10);
    let before = desk_a.control.save();
    let other = CONTROL.replace("[controller.kl-weight]", "[controller.other]");
    let mut desk_b = desk(&other);
    desk_b.run(0..3);
    let error = desk_a.control.load(&desk_b.control.save()).expect_err("other controllers");
    assert!(error.to_string().contains("'other'"), "{error}");
    assert_eq!(desk_a.control.save(), before);

    // The second of three controllers does not fit: the first must be as it was.
    let text = serde_json::to_string(&before).expect("plain data");
    let broken = text.replacen("\"law\":\"pid\"", "\"law\":\"precision\"", 1);
    assert_ne!(text, broken);
    let broken: OrchestratorSnapshot = serde_json::from_str(&broken).expect("loads");
    desk_a.run(10..12);
    let before = desk_a.control.save();
    let error = desk_a.control.load(&broken).expect_err("another law");
    assert!(error.to_string().contains("'precision'"), "{error}");
    assert_eq!(desk_a.control.save(), before);
}

/// A law that refuses every loss above one.
struct Strict;

impl homeostat::Law for Strict {
    const NAME: &'static str = "strict";
    const VERSION: u32 = 1;
    type Input = (homeostat::RawLoss, Option<homeostat::RawLoss>);
    type Output = Weight;
    type State = u64;

    fn init(&self) -> u64 {
        0
    }

    fn step(
        &self,
        state: &mut u64,
        (loss, _): Self::Input,
    ) -> Result<Weight, homeostat::StepError> {
        let (quantity, rule, value) = ("loss", "must be at most 1", loss.get());
        if value > 1.0 {
            return Err(homeostat::RangeError { quantity, rule, value }.into());
        }
        *state += 1;
        Ok(Weight::new(*state as f64)?)
    }
}

#[test]
fn a_refusal_is_answered_as_configured_and_counted() {
    use homeostat::{OnRefusal, Port, Wired};
    for (answer, expected) in
        [(OnRefusal::Hold, Some(3.0)), (OnRefusal::Reset, Some(1.0)), (OnRefusal::Stop, None)]
    {
        let (mut builder, sensors) = builder();
        let weight = builder.output::<Weight>("strict");
        let ports = (Port::new("kl"), Optional(None));
        let strict = Wired::new("strict", Strict, ports, Port::<Weight>::new("strict"));
        builder.controller(Box::new(strict), answer);
        let mut control = builder.build().expect("legal");
        let mut step = |loss: f64| {
            control.board_mut().observe(sensors.kl, loss).expect("finite");
            control.step().map(|report| report.refused)
        };
        assert_eq!((step(0.5), step(0.5)), (Ok(0), Ok(0)));
        match expected {
            Some(expected) => {
                assert_eq!((step(2.0), step(0.5)), (Ok(1), Ok(0)));
                assert_eq!(control.board().get(weight).expect("set").get(), expected);
                let counts = control.controllers().next().expect("one").1;
                assert_eq!((counts.decided, counts.refused), (3, 1));
            }
            None => {
                let error = step(2.0).expect_err("stops").to_string();
                assert_eq!(
                    error,
                    "controller 'strict' refused the step: loss must be at most 1, got 2"
                );
            }
        }
    }
}
