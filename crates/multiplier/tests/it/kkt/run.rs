//! Gradient descent on a problem, with the real engine for the multipliers.

use homeostat_multiplier::{
    Dual, DualConfig, DualState, ErrorMode, IndexedConfig, IndexedMultipliers, IndexedState,
    Measurement, SlopeConfig, Switch, UpdateOrder, Verdict,
};
use homeostat_normalize::NormalizerConfig;

use super::near;
use super::problem::{Problem, Run};

/// Where a run ended.
pub(crate) struct Found {
    pub(crate) x: Vec<f64>,
    pub(crate) multipliers: Vec<f64>,
    /// The iteration since which the solution has been within the tolerance.
    pub(crate) settled: Option<u64>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// `sum += factor · row`.
pub(crate) fn add(sum: &mut [f64], factor: f64, row: &[f64]) {
    for (sum, slope) in sum.iter_mut().zip(row) {
        *sum += factor * slope;
    }
}

pub(crate) fn go(problem: &Problem, run: &Run, order: UpdateOrder) -> Found {
    let names: Vec<_> = problem.functions.keys().collect();
    let mut iterate: Box<dyn Iterate> = match &problem.vector {
        None => Box::new(Engine::new(problem, run, order)),
        Some(_) => Box::new(Vector::new(problem, run, order)),
    };
    let expected: Vec<f64> = match &problem.vector {
        None => names.iter().map(|name| problem.optimum.multipliers[*name]).collect(),
        Some(_) => problem.optimum.vector.clone(),
    };
    let mut x = problem.start.clone();
    let mut settled = None;
    for iteration in 0..run.iterations {
        iterate.step(&mut x);
        let all = x.iter().zip(&problem.optimum.x);
        let multipliers = iterate.multipliers();
        let all = all.chain(multipliers.iter().zip(&expected));
        let inside = all.into_iter().all(|(found, expected)| near(*found, *expected));
        settled = if inside { settled.or(Some(iteration)) } else { None };
    }
    let verdicts = iterate.verdicts();
    Found { x, multipliers: iterate.multipliers(), settled, verdicts }
}

/// One iteration of primal and dual.
trait Iterate {
    fn step(&mut self, x: &mut [f64]);
    fn multipliers(&self) -> Vec<f64>;
    fn verdicts(&self) -> Vec<Verdict>;
}

/// The engine.
struct Engine<'a> {
    problem: &'a Problem,
    step: f64,
    dual: Dual,
    state: DualState,
}

impl<'a> Engine<'a> {
    fn new(problem: &'a Problem, run: &Run, order: UpdateOrder) -> Self {
        let mut config: DualConfig = problem.engine.clone();
        let defaults = &mut config.dual;
        defaults.rule = run.rule;
        defaults.order = order;
        defaults.rate = run.rate.unwrap_or(defaults.rate);
        defaults.initial = run.initial;
        // The problems have no noise and no outage.
        (defaults.smoothing, defaults.deadzone, defaults.leak) = (1.0, 0.0, 0.0);
        (defaults.spike, defaults.pause) = (Switch::Off, Switch::Off);
        defaults.slope = SlopeConfig::Raw;
        for constraint in config.constraints.values_mut() {
            constraint.normalizer = Some(NormalizerConfig::None);
            constraint.error = Some(ErrorMode::Absolute);
        }
        let dual = config.init().expect("a legal engine");
        let state = dual.init_state();
        Self { problem, step: run.step, dual, state }
    }

    fn measure(&self, x: &[f64]) -> Vec<Option<Measurement>> {
        let measure = |name: &String| Measurement {
            strict: self.problem.strict.get(name).map(|function| function.value(x)),
            ..Measurement::new(self.problem.functions[name].value(x))
        };
        self.dual.names().iter().map(|name| Some(measure(name))).collect()
    }

    /// `x − step · (∇f + Σ a_k ∇ℓ_k)`, with the gradients at another point.
    fn descend(&self, x: &[f64], at: &[f64]) -> Vec<f64> {
        let mut gradient = self.problem.objective.gradient(at);
        let coefficients = self.dual.coefficients(&self.state);
        for (name, coefficient) in self.dual.names().iter().zip(coefficients) {
            if *coefficient != 0.0 {
                add(&mut gradient, *coefficient, &self.problem.functions[name].gradient(at));
            }
        }
        let mut moved = x.to_vec();
        add(&mut moved, -self.step * self.dual.primal_scale(&self.state), &gradient);
        moved
    }
}

impl Iterate for Engine<'_> {
    fn step(&mut self, x: &mut [f64]) {
        let losses = self.measure(x);
        self.dual.observe(&mut self.state, &losses).expect("a legal measurement");
        let moved = match self.dual.order() {
            UpdateOrder::Simultaneous => {
                let moved = self.descend(x, x);
                self.dual.update(&mut self.state);
                moved
            }
            UpdateOrder::DualFirst => {
                self.dual.update(&mut self.state);
                self.descend(x, x)
            }
            UpdateOrder::PrimalFirst => {
                let moved = self.descend(x, x);
                let losses = self.measure(&moved);
                self.dual.remeasure(&mut self.state, &losses).expect("a legal measurement");
                self.dual.update(&mut self.state);
                moved
            }
            UpdateOrder::Extragradient => {
                let trial = self.descend(x, x);
                self.dual.extrapolate(&mut self.state);
                let losses = self.measure(&trial);
                self.dual.remeasure(&mut self.state, &losses).expect("a legal measurement");
                let moved = self.descend(x, &trial);
                self.dual.update(&mut self.state);
                moved
            }
        };
        x.copy_from_slice(&moved);
    }

    fn multipliers(&self) -> Vec<f64> {
        self.dual.effective_multipliers(&self.state).to_vec()
    }

    fn verdicts(&self) -> Vec<Verdict> {
        (0..self.dual.len()).map(|index| self.dual.verdict(&self.state, index)).collect()
    }
}

/// A bound of every component, each with a multiplier of its own.
struct Vector<'a> {
    problem: &'a Problem,
    step: f64,
    order: UpdateOrder,
    multipliers: IndexedMultipliers,
    state: IndexedState,
}

impl<'a> Vector<'a> {
    fn new(problem: &'a Problem, run: &Run, order: UpdateOrder) -> Self {
        let vector = problem.vector.as_ref().expect("a vector");
        let config = IndexedConfig {
            rule: run.rule,
            rate: run.rate.expect("a rate"),
            initial: run.initial,
            ..IndexedConfig::new(vector.count, vector.target)
        };
        let multipliers = config.init().expect("legal");
        let state = multipliers.init_state();
        Self { problem, step: run.step, order, multipliers, state }
    }

    fn descend(&self, x: &[f64], at: &[f64], state: &IndexedState) -> Vec<f64> {
        let mut gradient = self.problem.objective.gradient(at);
        for (component, slope) in gradient.iter_mut().enumerate() {
            *slope += self.multipliers.price(state, component, at[component]);
        }
        let mut moved = x.to_vec();
        add(&mut moved, -self.step, &gradient);
        moved
    }

    fn ascend(&self, state: &mut IndexedState, at: &[f64]) {
        self.multipliers.step_all(state, at).expect("finite");
    }
}

impl Iterate for Vector<'_> {
    fn step(&mut self, x: &mut [f64]) {
        let mut next = self.state.clone();
        let moved = match self.order {
            UpdateOrder::Simultaneous => {
                self.ascend(&mut next, x);
                self.descend(x, x, &self.state)
            }
            UpdateOrder::DualFirst => {
                self.ascend(&mut next, x);
                self.descend(x, x, &next)
            }
            UpdateOrder::PrimalFirst => {
                let moved = self.descend(x, x, &self.state);
                self.ascend(&mut next, &moved);
                moved
            }
            UpdateOrder::Extragradient => {
                let trial = self.descend(x, x, &self.state);
                let mut there = self.state.clone();
                self.ascend(&mut there, x);
                self.ascend(&mut next, &trial);
                self.descend(x, &trial, &there)
            }
        };
        self.state = next;
        x.copy_from_slice(&moved);
    }

    fn multipliers(&self) -> Vec<f64> {
        self.state.multipliers().to_vec()
    }

    fn verdicts(&self) -> Vec<Verdict> {
        Vec::new()
    }
}
