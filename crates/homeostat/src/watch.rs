//! The doctor over an engine: what every step looked like, and what is wrong with the run.

use homeostat_core::ConfigError;
use homeostat_multiplier::{
    Dual, DualConfig, DualState, Gate, Measurement, MultiplierConfig, RuleConfig, Sense, Target,
};
use homeostat_normalize::{NormalizerConfig, Reference, Status};
use homeostat_surgery::Method;
use homeostat_telemetry::{
    ConstraintProfile, Doctor, DoctorConfig, DoctorError, DoctorState, Drift, DriftReading,
    FamilyProfile, Finding, NormalizerKind, NormalizerStatus, Observation, RunProfile, Space,
    StepObservation,
};

/// Lets a [`Doctor`] watch a [`Dual`]: one call per step, after the update.
///
/// ```
/// use homeostat::telemetry::{DoctorConfig, StepObservation};
/// use homeostat::multiplier::Measurement;
///
/// let config = homeostat::read_dual("run.toml", r#"
///     [dual]
///     rate = 0.1
///     maximum = 1.0
///
///     [constraints.kl]
///     target = { raw = 0.1 }
///     normalizer = "none"
/// "#)?;
/// let dual = config.init()?;
/// let mut state = dual.init_state();
/// let mut watch = homeostat::Watch::new(&config, &dual, DoctorConfig::default(), None)?;
/// let mut found = Vec::new();
/// for _ in 0..300 {
///     let measured = [Some(Measurement::new(0.5))]; // whatever the price, it stays at 0.5
///     dual.observe(&mut state, &measured)?;
///     dual.update(&mut state);
///     found.extend(watch.step(&dual, &state, &measured, StepObservation::default()));
/// }
/// assert!(found.iter().any(|finding| finding.to_string().contains("kl")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A `range` is watched as one constraint: its error is that of the side that is more violated, its
/// multiplier the larger one. What the doctor proposes for its target is meant for the violated end.
#[derive(Clone, Debug)]
pub struct Watch {
    doctor: Doctor,
    state: DoctorState,
    settings: Vec<Watched>,
    period: u64,
}

/// What enters every observation of a constraint beside the engine's own numbers.
#[derive(Clone, Copy, Debug)]
struct Watched {
    space: Space,
    rolling: bool,
    budget_hits: u64,
    note: Note,
}

/// What only the training loop knows of a constraint's measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Note {
    /// Over how many items the loss was averaged: a number that shrinks is a smell of wireheading.
    pub denominator: Option<f64>,
    /// Share of decodes without a valid continuation, 0 … 1.
    pub invalid_rate: Option<f64>,
}

impl Watch {
    /// A doctor that has seen nothing. `surgery` is the method that combines the gradients, where there is
    /// one; then every step's cosines go into its [`StepObservation`].
    ///
    /// # Errors
    ///
    /// A threshold of the doctor that is not legal.
    pub fn new(
        config: &DualConfig,
        dual: &Dual,
        doctor: DoctorConfig,
        surgery: Option<&Method>,
    ) -> Result<Self, ConfigError> {
        let resolved = config.resolved();
        let families: Vec<_> = config.families.keys().cloned().collect();
        let constraints = dual.names().iter().zip(&resolved);
        let profile = RunProfile {
            constraints: constraints.map(|(name, one)| profile(name, one, &families)).collect(),
            families: config
                .families
                .iter()
                .map(|(name, family)| FamilyProfile {
                    name: name.clone(),
                    budget: family.budget,
                    proportional: family.mode == homeostat_multiplier::BudgetMode::Proportional,
                })
                .collect(),
            surgery: surgery.map(|method| method.name().to_owned()),
        };
        let period = doctor.every;
        let doctor = doctor.init(profile)?;
        let state = doctor.init_state();
        Ok(Self { doctor, state, settings: resolved.iter().map(watched).collect(), period })
    }

    /// The doctor's memory, which saves itself with serde.
    pub fn state(&self) -> &DoctorState {
        &self.state
    }

    /// Takes over a saved memory, beside the engine's that was saved with it.
    ///
    /// # Errors
    ///
    /// A memory of other constraints. Nothing has changed then.
    pub fn load(&mut self, state: DoctorState, dual: &DualState) -> Result<(), DoctorError> {
        self.doctor.check(&state)?;
        self.state = state;
        for (watched, one) in self.settings.iter_mut().zip(dual.constraints()) {
            watched.budget_hits = one.counters().budget_hits;
        }
        Ok(())
    }

    /// Says what the engine cannot know of a constraint's measurement in the coming step.
    pub fn note(&mut self, index: usize, note: Note) {
        self.settings[index].note = note;
    }

    /// Looks at the step that the engine has just ended, and says what is news.
    pub fn step(
        &mut self,
        dual: &Dual,
        state: &DualState,
        measurements: &[Option<Measurement>],
        step: StepObservation,
    ) -> Vec<Finding> {
        for (index, watched) in self.settings.iter_mut().enumerate() {
            let one = state.constraint(index);
            let measured = measurements.get(index).copied().flatten();
            let hits = one.counters().budget_hits;
            let at_budget = std::mem::replace(&mut watched.budget_hits, hits) < hits;
            let settings = dual.effective(index);
            let note = std::mem::take(&mut watched.note);
            let observation = Observation {
                raw: measured.map_or(one.value(), |measured| measured.value),
                normalized: one.normalized(),
                target: one.target(),
                error: one.error(),
                smoothed: one.smoothed_error(),
                multiplier: one.multipliers().fold(f64::NEG_INFINITY, f64::max),
                maximum: settings.maximum,
                effective: dual.effective_multipliers(state)[index],
                rate: settings.rate,
                leak: settings.leak,
                leak_always: settings.leak_always,
                deadzone: settings.deadzone,
                gate: gate(one.gate()),
                normalizer: status(one.status()),
                slope: one.slope().unwrap_or(1.0),
                strict: measured.and_then(|measured| measured.strict),
                ease: measured.and_then(|measured| measured.ease),
                denominator: note.denominator,
                invalid_rate: note.invalid_rate,
                at_budget,
                space: watched.space,
                rolling: watched.rolling,
                ..Observation::new(index)
            };
            self.doctor.observe(&mut self.state, &observation).expect(
                "the engine's own numbers are finite, and its constraints are the doctor's",
            );
        }
        if state.steps().is_multiple_of(self.period) {
            self.look_for_drift(dual, state);
        }
        self.doctor.step(&mut self.state, &step)
    }

    /// The detectors sort a window: asked only where the doctor is about to evaluate.
    fn look_for_drift(&mut self, dual: &Dual, state: &DualState) {
        for index in 0..self.settings.len() {
            let Some(health) = dual.health(state, index) else { continue };
            let reading = |found: Option<homeostat_signal::Drift>| {
                found.map(|one| DriftReading { statistic: one.statistic, critical: one.threshold })
            };
            let drift = Drift {
                kolmogorov_smirnov: reading(health.distribution),
                population_stability: reading(health.population),
                page_hinkley: reading(health.rise),
            };
            self.doctor
                .drift(&mut self.state, index, drift)
                .expect("the engine's constraints are the doctor's");
        }
    }
}

fn gate(gate: Gate) -> homeostat_telemetry::Gate {
    use homeostat_telemetry::Gate as Told;
    match gate {
        Gate::Missing => Told::Missing,
        Gate::NonFinite => Told::NonFinite,
        Gate::Spike => Told::Spike,
        Gate::Frozen => Told::Frozen,
        Gate::Warmup => Told::Warmup,
        Gate::Waiting => Told::Waiting,
        Gate::Paused => Told::Paused,
        Gate::Deadzone => Told::Deadzone,
        Gate::Update => Told::Update,
    }
}

fn status(status: Status) -> NormalizerStatus {
    match status {
        Status::Warming => NormalizerStatus::Warming,
        Status::Ok => NormalizerStatus::Ok,
        Status::Degenerate => NormalizerStatus::Degenerate,
        Status::NonFinite => NormalizerStatus::NonFinite,
    }
}

fn watched(config: &MultiplierConfig) -> Watched {
    Watched {
        space: match config.target {
            Some(Target::Normalized(_)) => Space::Normalized,
            _ => Space::Raw,
        },
        rolling: match &config.normalizer {
            Some(NormalizerConfig::Rank(rank)) => rank.reference == Reference::Rolling,
            None | Some(NormalizerConfig::None) => false,
            Some(_) => true,
        },
        budget_hits: 0,
        note: Note::default(),
    }
}

fn profile(name: &str, config: &MultiplierConfig, families: &[String]) -> ConstraintProfile {
    let place = |family: &String| families.iter().position(|known| known == family);
    let spike = config.spike.as_ref().and_then(|spike| spike.on());
    let (normalizer, window, jitter) = match &config.normalizer {
        None | Some(NormalizerConfig::None) => (NormalizerKind::None, None, 0.0),
        Some(NormalizerConfig::Rank(rank)) => {
            (NormalizerKind::Rank, Some(rank.window), rank.jitter)
        }
        Some(NormalizerConfig::Winsor(winsor)) => {
            (NormalizerKind::Winsor, Some(winsor.window), winsor.jitter)
        }
        Some(NormalizerConfig::Ema(_)) => (NormalizerKind::Ema, None, 0.0),
        Some(NormalizerConfig::Auto(auto)) => {
            (NormalizerKind::AutoRank, Some(auto.rank.window), auto.rank.jitter)
        }
    };
    let default = ConstraintProfile::new(name);
    ConstraintProfile {
        sense: match config.sense {
            Sense::Le | Sense::Range => homeostat_telemetry::Sense::AtMost,
            Sense::Ge => homeostat_telemetry::Sense::AtLeast,
            Sense::Eq => homeostat_telemetry::Sense::Equal,
        },
        hard: config.hard,
        family: config.family.as_ref().and_then(place),
        weight: config.weight.unwrap_or(1.0),
        rate: config.rate,
        smoothing: config.smoothing.unwrap_or(1.0),
        proportional: !matches!(
            config.rule,
            None | Some(
                RuleConfig::Ascent | RuleConfig::Multiplicative(_) | RuleConfig::Softplus(_)
            )
        ),
        normalizer,
        window,
        jitter,
        spike_threshold: spike.map_or(default.spike_threshold, |spike| spike.threshold),
        maximum_freeze: spike.map_or(default.maximum_freeze, |spike| spike.maximum_freeze.into()),
        ..default
    }
}
