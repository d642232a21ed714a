//! Update rules: published traces, reductions, properties, and what a file may say.

mod config;
mod goldens;
mod properties;

use homeostat_multiplier::{DualStep, RuleConfig, RuleMemory, UpdateRule};

/// One multiplier under a rule, clipped by the test as the engine clips it.
struct Alone {
    rule: Box<dyn UpdateRule>,
    memory: RuleMemory,
    multiplier: f64,
    first: bool,
    rate: f64,
    leak: f64,
    limits: (f64, f64),
}

impl Alone {
    #[track_caller]
    fn new(rule: RuleConfig, rate: f64) -> Self {
        let rule = rule.init().expect("a legal rule");
        let memory = rule.start();
        let limits = (0.0, 50.0);
        Self { rule, memory, multiplier: 0.0, first: true, rate, leak: 0.0, limits }
    }

    fn equality(rule: RuleConfig, rate: f64) -> Self {
        let alone = Self::new(rule, rate);
        let rule = rule.init_equality().expect("a legal rule of an equality");
        Self { rule, limits: (-50.0, 50.0), ..alone }
    }

    fn step(&mut self, error: f64) -> f64 {
        let (minimum, maximum) = self.limits;
        let step = DualStep {
            multiplier: self.multiplier,
            error,
            rate: self.rate,
            factor: 1.0,
            leak: self.leak,
            minimum,
            maximum,
            first: self.first,
        };
        self.multiplier = self.rule.propose(&mut self.memory, step).clamp(minimum, maximum);
        self.rule.settle(&mut self.memory, error, self.multiplier);
        self.first = false;
        self.multiplier
    }
}
