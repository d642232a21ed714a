//! A trainer that is small enough to be solved by hand.
//!
//! The "model" is x, its loss ½(x − 2)². `level` measures x with noise and holds it at its target, so after
//! a hundred steps x is the target of `level`; `shape` ranks the same number in its window and asks for
//! nothing, and `speed` measures 0.3·x. The score of a validation is (x − 1.2)²: the best target is 1.2.

use std::convert::Infallible;
use std::path::Path;

use homeostat::multiplier::{Dual, DualConfig, DualState, LoadPolicy};
use homeostat::tuning::{Job, Validation};
use homeostat_testkit::Splitmix;
use serde::{Deserialize, Serialize};

/// The target that gives the best score.
pub(crate) const BEST: f64 = 1.2;

/// Model, optimizer, noise and the memory of the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) x: f64,
    velocity: f64,
    noise: u64,
    pub(crate) dual: DualState,
}

impl Checkpoint {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a checkpoint");
        serde_json::from_str(&text).expect("what was written")
    }

    pub(crate) fn write(&self, path: &Path) {
        let text = serde_json::to_string(self).expect("plain data");
        std::fs::write(path, text).expect("a folder that can be written");
    }

    /// An engine over the memory of this run.
    pub(crate) fn engine(&self, config: &DualConfig) -> (Dual, DualState) {
        let dual = config.init().expect("legal");
        let state = dual.load(self.dual.clone(), LoadPolicy::default()).expect("the same settings");
        (dual, state)
    }

    /// One step of descent with momentum.
    pub(crate) fn step(&mut self, dual: &Dual, state: &mut DualState) {
        let mut random = Splitmix(self.noise);
        let level = self.x + random.between(-0.05, 0.05);
        let speed = 0.3 * self.x + random.between(-0.01, 0.01);
        self.noise = random.0;
        dual.observe(state, &[Some(level.into()), Some(level.into()), Some(speed.into())])
            .expect("as many as constraints");
        let rows = dual.coefficients(state);
        let gradient = self.x - 2.0 + rows[0] + rows[1] + 0.3 * rows[2];
        self.velocity = 0.5 * self.velocity + gradient;
        self.x -= 0.1 * self.velocity;
        dual.update(state);
    }

    pub(crate) fn run(&mut self, config: &DualConfig, steps: u64) {
        let (dual, mut state) = self.engine(config);
        for _ in 0..steps {
            self.step(&dual, &mut state);
        }
        self.dual = state;
    }

    fn measured(&self) -> Validation {
        let validation = Validation::new((self.x - BEST).powi(2)).scales_of(&self.dual);
        validation.measured("level", self.x).measured("speed", 0.3 * self.x)
    }
}

/// The checkpoint that every search begins from.
pub(crate) fn write_start(config: &DualConfig, path: &Path) {
    let dual = config.init().expect("legal").init_state();
    let mut start = Checkpoint { x: 2.0, velocity: 0.0, noise: 11, dual };
    start.run(config, 300);
    start.write(path);
}

/// Goes on from the job's checkpoint.
pub(crate) fn trainer(job: &Job) -> Result<Validation, Infallible> {
    let mut run = Checkpoint::read(&job.from);
    run.run(&job.dual, job.steps);
    run.write(&job.to);
    Ok(run.measured())
}
