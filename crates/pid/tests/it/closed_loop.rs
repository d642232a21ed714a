//! The law on plants whose answer is known.

use homeostat_core::Law;
use homeostat_pid::{Action, AntiWindup, Form, PidConfig};
use homeostat_testkit::Plant;
use homeostat_testkit::golden::close;

use crate::{decide, law};

/// What a closed loop did.
struct Course {
    outputs: Vec<f64>,
}

impl Course {
    fn run(config: &PidConfig, mut plant: Plant, setpoint: f64, steps: usize) -> Self {
        let law = law(config, 1);
        let mut state = law.init();
        let mut measured = plant.output();
        let outputs = (0..steps)
            .map(|_| {
                measured = plant.step(decide(&law, &mut state, measured, setpoint));
                plant.output()
            })
            .collect();
        Self { outputs }
    }

    fn end(&self) -> f64 {
        *self.outputs.last().expect("at least one step")
    }

    /// By how much the output went beyond the setpoint, as a part of the whole change.
    fn overshoot(&self, offset: f64, setpoint: f64) -> f64 {
        let change = setpoint - offset;
        self.outputs.iter().map(|output| (output - setpoint) / change).fold(0.0, f64::max)
    }
}

/// A loop settles at the setpoint and goes beyond it by no more than `overshoot` of the change.
#[track_caller]
fn check(config: &PidConfig, plant: Plant, setpoint: f64, tolerance: f64, overshoot: f64) {
    let offset = plant.offset;
    let course = Course::run(config, plant, setpoint, 4_000);
    close("end", course.end(), setpoint, tolerance, 0.0);
    let found = course.overshoot(offset, setpoint);
    assert!(found <= overshoot, "overshoot {found}");
}

#[test]
fn pi_control_settles_at_the_setpoint_without_a_remaining_error() {
    // Skogestad 2003 (SIMC): kp = T / (K·(L + Tc)), ki = kp / T for a lag T = 20, gain K = 2, delay L
    // and a wanted closed-loop time constant Tc.
    let tuned = |wanted: f64, delay: f64| {
        let kp = 20.0 / (2.0 * (delay + wanted));
        PidConfig::new(0.0, kp, kp / 20.0)
    };
    for form in [Form::Positional, Form::Velocity] {
        let with = |config: PidConfig| PidConfig { form, ..config };
        let plant = |delay, noise| Plant::new(-2.0, 10.0, 20.0, delay, noise);
        check(&with(tuned(20.0, 0.0)), plant(0, 0.0), 6.0, 1e-9, 0.02);
        check(&with(tuned(20.0, 5.0)), plant(5, 0.0), 6.0, 1e-9, 0.02);
        check(&with(tuned(5.0, 0.0)), plant(0, 0.0), 6.0, 1e-9, 0.20);
        check(&with(tuned(20.0, 0.0)), plant(0, 0.1), 6.0, 1e-2, 0.06);
        // An entropy that rises with its weight, wanted higher than it is.
        let reverse = PidConfig { action: Action::Reverse, ..with(tuned(20.0, 0.0)) };
        check(&reverse, Plant::new(2.0, 1.0, 20.0, 0, 0.0), 3.0, 1e-9, 0.02);
        let pid = PidConfig { kd: 2.0, derivative_time: Some(3.0), ..with(tuned(20.0, 0.0)) };
        check(&pid, plant(2, 0.0), 6.0, 1e-9, 0.10);
    }
}

#[test]
fn proportional_control_leaves_the_error_that_theory_gives() {
    let config = PidConfig { start: homeostat_pid::Start::Bias, ..PidConfig::new(0.0, 0.5, 0.0) };
    let course = Course::run(&config, Plant::new(-2.0, 10.0, 5.0, 0, 0.0), 6.0, 500);
    // e = (offset − setpoint) / (1 + kp·K).
    close("remaining error", course.end() - 6.0, 4.0 / (1.0 + 0.5 * 2.0), 1e-9, 0.0);
}

/// Steps to settle for good at a setpoint that for long was out of reach.
fn recovery(anti_windup: AntiWindup) -> usize {
    let config = PidConfig { maximum: 5.0, anti_windup, ..PidConfig::new(0.0, 0.5, 0.05) };
    let law = law(&config, 1);
    let mut state = law.init();
    let mut plant = Plant::new(-1.0, 10.0, 10.0, 0, 0.0);
    for _ in 0..300 {
        let weight = decide(&law, &mut state, plant.output(), 2.0);
        plant.step(weight);
    }
    assert_eq!(state.output(), 5.0);
    assert!(state.saturated_steps() > 200);
    plant.offset = 4.0;
    let far: Vec<bool> = (0..3_000)
        .map(|_| {
            let weight = decide(&law, &mut state, plant.output(), 2.0);
            plant.step(weight);
            (plant.output() - 2.0).abs() > 0.05
        })
        .collect();
    far.iter().rposition(|far| *far).map_or(0, |last| last + 1)
}

#[test]
fn anti_windup_recovers_faster_than_none() {
    let wound_up = recovery(AntiWindup::None);
    for anti_windup in
        [AntiWindup::Conditional, AntiWindup::BackCalculation { tracking_time: 10.0 }]
    {
        let steps = recovery(anti_windup);
        assert!(steps * 3 < wound_up, "{anti_windup:?}: {steps}, without: {wound_up}");
    }
}
