//! A dual loop in the small: one parameter, one constraint, and settings that a remedy can change.

use std::collections::VecDeque;

use homeostat_telemetry::{
    Change, ConstraintProfile, Doctor, Finding, Gate, NormalizerKind, NormalizerStatus,
    Observation, Rule, RunProfile, Space, StepObservation,
};
use homeostat_testkit::Splitmix;

use crate::{doctor, of_rule};

/// Minimise `½·curvature·(x − centre)²` so that the loss `slope·x` does not exceed the target: gradient
/// descent in x against dual ascent with smoothing, deadzone, leak, clip and a proportional part.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    // The world.
    pub(crate) curvature: f64,
    pub(crate) slope: f64,
    pub(crate) centre: f64,
    /// What the centre gains per step.
    pub(crate) drift: f64,
    /// The loss never falls below this.
    pub(crate) floor: f64,
    /// Half width of the measurement noise.
    pub(crate) noise: f64,
    pub(crate) primal_rate: f64,
    // The settings.
    pub(crate) rate: f64,
    pub(crate) smoothing: f64,
    pub(crate) deadzone: f64,
    pub(crate) leak: f64,
    pub(crate) leak_always: bool,
    pub(crate) maximum: f64,
    pub(crate) target: f64,
    pub(crate) space: Space,
    /// λ per unit of smoothed error.
    pub(crate) proportional: f64,
    /// Length of the rank window; none without a normalizer.
    pub(crate) window: Option<usize>,
    // The memory.
    pub(crate) x: f64,
    pub(crate) multiplier: f64,
    pub(crate) smoothed: Option<f64>,
    pub(crate) past: VecDeque<f64>,
    pub(crate) scale: Option<f64>,
    pub(crate) random: Splitmix,
}

impl Loop {
    /// At its optimum: the loss at 1, the multiplier at 1, well damped.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            curvature: 1.0,
            slope: 1.0,
            centre: 2.0,
            drift: 0.0,
            floor: f64::NEG_INFINITY,
            noise: 0.01,
            primal_rate: 0.1,
            rate: 5e-3,
            smoothing: 0.1,
            deadzone: 0.02,
            leak: 0.0,
            leak_always: false,
            maximum: 50.0,
            target: 1.0,
            space: Space::Raw,
            proportional: 0.0,
            window: None,
            x: 1.0,
            multiplier: 1.0,
            smoothed: None,
            past: VecDeque::new(),
            scale: None,
            random: Splitmix(seed),
        }
    }

    pub(crate) fn loss(&self) -> f64 {
        (self.slope * self.x).max(self.floor)
    }

    pub(crate) fn step(&mut self) -> (Observation, StepObservation) {
        let raw = self.loss() + self.random.between(-self.noise, self.noise);
        let (normalized, scale) = self.normalize(raw);
        let error = match self.space {
            Space::Raw => (raw - self.target) * scale,
            Space::Normalized => normalized - self.target,
        };
        let before = self.smoothed.unwrap_or(error);
        let smoothed = before + self.smoothing * (error - before);
        self.smoothed = Some(smoothed);
        let gate = if smoothed.abs() < self.deadzone { Gate::Deadzone } else { Gate::Update };
        let price = (self.multiplier + self.proportional * smoothed).clamp(0.0, self.maximum);
        let task = self.curvature * (self.x - self.centre);
        let observation = Observation {
            raw,
            normalized,
            target: self.target,
            error,
            smoothed,
            multiplier: self.multiplier,
            maximum: self.maximum,
            effective: price * scale,
            rate: self.rate,
            leak: self.leak,
            leak_always: self.leak_always,
            deadzone: self.deadzone,
            gate,
            normalizer: NormalizerStatus::Ok,
            slope: scale,
            space: self.space,
            rolling: self.window.is_some(),
            ..Observation::new(0)
        };
        let task_loss = 0.5 * task * (self.x - self.centre);
        if gate == Gate::Update {
            let leaks = self.leak_always || smoothed <= 0.0;
            let leak = if leaks { self.leak } else { 0.0 };
            let next = (1.0 - leak) * self.multiplier + self.rate * smoothed;
            self.multiplier = next.clamp(0.0, self.maximum);
        }
        self.x -= self.primal_rate * (task + price * scale * self.slope);
        self.centre += self.drift;
        (observation, StepObservation { task_loss: Some(task_loss), ..StepObservation::default() })
    }

    /// Rank among the last values, and 1 over the scale of their spread. The scale stays as it is when
    /// the window is full for the first time: a slope that moves with the loss is unstable by itself.
    fn normalize(&mut self, raw: f64) -> (f64, f64) {
        let Some(window) = self.window else { return (raw, 1.0) };
        self.past.push_back(raw);
        if self.past.len() > window {
            self.past.pop_front();
        }
        let count = self.past.len() as f64;
        let below = self.past.iter().filter(|value| **value < raw).count() as f64;
        let equal = self.past.iter().filter(|value| **value == raw).count() as f64;
        let mut sorted: Vec<f64> = self.past.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((count - 1.0) * share) as usize];
        let scale = self.scale.unwrap_or(1.6 / (at(0.9) - at(0.1)).max(1e-6));
        if self.past.len() == window {
            self.scale = Some(scale);
        }
        (2.0 * (below + 0.5 * equal) / count - 1.0, scale)
    }

    pub(crate) fn profile(&self) -> ConstraintProfile {
        ConstraintProfile {
            smoothing: self.smoothing,
            proportional: self.proportional > 0.0,
            normalizer: match self.window {
                Some(_) => NormalizerKind::Rank,
                None => NormalizerKind::None,
            },
            window: self.window,
            ..ConstraintProfile::new("kl")
        }
    }

    /// A doctor who knows the present settings.
    pub(crate) fn doctor(&self) -> Doctor {
        doctor(RunProfile::new(vec![self.profile()]))
    }

    /// Runs on with a new doctor, and collects what is told.
    pub(crate) fn run(&mut self, steps: usize) -> Vec<Finding> {
        let doctor = self.doctor();
        let mut state = doctor.init_state();
        crate::watch(&doctor, &mut state, steps, |_| self.step())
    }

    /// Does what a change says.
    #[track_caller]
    pub(crate) fn apply(&mut self, change: &Change) {
        let key = change.key().expect("a setting");
        let field = key.strip_prefix("constraints.kl.").expect("a setting of this constraint");
        let value = change.value().expect("a setting");
        let number = || change.number().unwrap_or_else(|| panic!("no number in {change}"));
        match field {
            "rate" => self.rate = number(),
            "smoothing" => self.smoothing = number(),
            "deadzone" => self.deadzone = number(),
            "leak" => self.leak = number(),
            "leak_when" => self.leak_always = value != "\"satisfied\"",
            "maximum" => self.maximum = number(),
            "error" => assert_eq!(value, "\"scaled\""),
            "target" => {
                self.target = number();
                let raw = value.contains("raw");
                self.space = if raw { Space::Raw } else { Space::Normalized };
                self.smoothed = None; // another unit
            }
            "rule" => {
                let table: toml::Table = format!("rule = {value}").parse().expect("TOML");
                let gain = table["rule"]["pid"]["proportional"].as_float();
                self.proportional = gain.expect("a number");
            }
            _ => panic!("nobody can do {change}"),
        }
    }
}

/// Runs until a rule speaks, does what the remedy says and lets the loop settle, until the rule is
/// silent for a whole run. Answers how many remedies it took, and the first finding.
#[track_caller]
pub(crate) fn mend(plant: &mut Loop, rule: Rule, steps: usize, most: usize) -> (usize, Finding) {
    let mut first = None;
    for count in 0..=most {
        let news = plant.run(steps);
        let Some(finding) = of_rule(&news, rule) else {
            let first = first.unwrap_or_else(|| panic!("{rule} never spoke"));
            return (count, first);
        };
        for change in &finding.remedy {
            plant.apply(change);
        }
        first.get_or_insert(finding.clone());
        plant.run(steps);
    }
    panic!("{rule} still speaks after {most} remedies")
}
