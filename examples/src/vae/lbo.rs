//! The logarithmic bottleneck: goals, ceilings and verdicts of a run, on the host.

mod words;

use std::collections::BTreeMap;

use homeostat::Clock;
use homeostat::ceiling::{
    Batch, CalibrationConfig, Ceiling, CeilingConfig, CeilingState, Constraint, Decision,
    Evaluation, Event, Goals, GoalsConfig, GoalsState, Look, Outcome, Phase, SampleEvaluation,
    Samples, StepConfig, StepSearch, StepState, violation,
};
use serde::{Deserialize, Serialize};

use super::values::Values;
use crate::trainer::TrainError;

/// The names of the two divergences, as goals and as ceilings.
pub const DIVERGENCES: [&str; 2] = ["kl_core", "kl_detail"];

/// Groups that the small model does not have. `error` is the squared error alone: what the other methods minimise.
const FURTHER: [(&str, &[&str]); 4] = [
    ("covariance", &["cov", "detail_cov"]),
    ("error", &["mse"]),
    ("prior", &["prior_kl"]),
    ("traversal", &["traversal"]),
];

/// Which groups of goals make the gradient of a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Routing {
    /// The worst group alone: the note's first directive.
    Minimum,
    /// All of them, with shares that are the multipliers of the same problem, `max_θ min_g G_g`: the share
    /// of a group grows by `exp(rate·(−ln G))` and all are normalised. At the solution the scores of all
    /// groups that have a share are equal, as with the minimum, but the step is their balance and does not
    /// jump from one to the other.
    Balanced {
        /// How fast shares move per step.
        rate: f64,
        /// For the present step a share is larger by the factor `exp(proportional·(−ln G))`: what damps
        /// the circling that a multiplier alone falls into. Default 0.
        #[serde(default)]
        proportional: f64,
    },
}

/// `[lbo]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LboSettings {
    /// The groups beside the two divergences: of recon, core, swap, disentangle, latent, error, covariance,
    /// prior and traversal.
    pub groups: Vec<String>,
    /// Which groups make the gradient.
    pub routing: Routing,
    /// Whether goals are about means of the batch or about single images.
    #[serde(default)]
    pub samples: Samples,
    /// δ of the barrier.
    pub barrier_margin: f64,
    /// Scales of the goals.
    pub calibration: CalibrationConfig,
    /// The ceilings of the two divergences.
    pub ceiling: CeilingConfig,
    /// Whether a step stands.
    pub step: StepConfig,
}

impl LboSettings {
    /// The goals of the small model, without the groups that were not asked for.
    pub fn goals(&self) -> Result<GoalsConfig, TrainError> {
        let mut small = GoalsConfig::small();
        for (group, goals) in FURTHER {
            let goals: Vec<String> = goals.iter().map(|goal| (*goal).to_owned()).collect();
            for goal in &goals {
                let soft = Constraint::MinimizeSoft { scale: None };
                small.goals.entry(goal.clone()).or_insert(soft);
            }
            small.groups.insert(group.to_owned(), goals);
        }
        let wanted =
            |name: &String| DIVERGENCES.contains(&name.as_str()) || self.groups.contains(name);
        if let Some(unknown) = self.groups.iter().find(|name| !small.groups.contains_key(*name)) {
            let legal = small.groups.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(TrainError::Group { found: unknown.clone(), legal });
        }
        let groups: BTreeMap<_, _> =
            small.groups.into_iter().filter(|(name, _)| wanted(name)).collect();
        let subgroups: BTreeMap<_, _> = small
            .subgroups
            .into_iter()
            .filter(|(name, _)| groups.values().flatten().any(|member| member == name))
            .collect();
        let used = |name: &String| {
            groups.values().chain(subgroups.values()).flatten().any(|member| member == name)
        };
        let lower = self.ceiling.lower;
        let goals = small
            .goals
            .into_iter()
            .filter(|(name, _)| used(name))
            .map(|(name, constraint)| {
                let free = Constraint::BoxAsymmetric { lower, upper: None, healthy: 1.5 * lower };
                let own = DIVERGENCES.contains(&name.as_str());
                (name, if own { free } else { constraint })
            })
            .collect();
        Ok(GoalsConfig {
            goals,
            groups,
            subgroups,
            calibration: self.calibration.clone(),
            barrier_margin: self.barrier_margin,
            rules: small.rules,
        })
    }
}

/// Everything of [`Lbo`] that must outlive the process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedLbo {
    goals: GoalsState,
    ceiling: CeilingState,
    step: StepState,
    shares: Vec<f64>,
    /// What was wrong during the calibration; where a file lacks it, it is found again.
    #[serde(default)]
    boxes: Option<Vec<String>>,
}

/// Goals, ceilings and step search of a run, with their memory.
#[derive(Clone, Debug)]
pub struct Lbo {
    goals: Goals,
    goals_state: GoalsState,
    evaluation: Evaluation,
    samples: Samples,
    /// Room for the images of a batch, where goals are about single ones.
    by_sample: Option<SampleEvaluation>,
    ceiling: Ceiling,
    ceiling_state: CeilingState,
    search: StepSearch,
    search_state: StepState,
    routing: Routing,
    /// What balanced routing remembers of every group, and the shares of the last step.
    memory: Vec<f64>,
    /// What it will remember where the step stands.
    next: Vec<f64>,
    moved: bool,
    shares: Vec<f64>,
    /// Goals that left their bounds during the calibration; `None` before its end.
    boxes: Option<Vec<String>>,
    slopes: Vec<f64>,
    /// Where the two divergences stand among the goals.
    places: [usize; 2],
}

impl Lbo {
    /// The start of a run; the clock says how many steps an epoch has.
    pub fn new(settings: &LboSettings, clock: Clock) -> Result<Self, TrainError> {
        let goals = settings.goals()?.init()?;
        let ceiling = settings.ceiling.init(clock)?;
        let search = settings.step.init()?;
        let place = |name: &str| {
            goals
                .index(name)
                .ok_or(TrainError::Group { found: name.to_owned(), legal: DIVERGENCES.join(", ") })
        };
        let places = [place(DIVERGENCES[0])?, place(DIVERGENCES[1])?];
        let groups = goals.group_names().count();
        Ok(Self {
            goals_state: goals.init_state(),
            evaluation: goals.evaluation(),
            samples: settings.samples,
            by_sample: None,
            ceiling_state: ceiling.init_state(),
            search_state: search.init_state(),
            routing: settings.routing,
            memory: vec![1.0 / groups as f64; groups],
            next: vec![1.0 / groups as f64; groups],
            moved: false,
            boxes: None,
            shares: vec![1.0 / groups as f64; groups],
            slopes: vec![0.0; goals.len()],
            goals,
            ceiling,
            search,
            places,
        })
    }

    /// The goals, whose names are those of the measures.
    pub fn goals(&self) -> &Goals {
        &self.goals
    }

    /// Whether scales are still being found.
    pub fn is_calibrating(&self) -> bool {
        !self.goals_state.is_calibrated()
    }

    /// The memory of the ceilings.
    pub fn ceiling(&self) -> &CeilingState {
        &self.ceiling_state
    }

    /// The memory of the step search.
    pub fn search(&self) -> &StepState {
        &self.search_state
    }

    /// What was found last, of the batch as a whole.
    pub fn evaluation(&self) -> &Evaluation {
        self.by_sample.as_ref().map_or(&self.evaluation, SampleEvaluation::batch)
    }

    /// The share of every group in the gradient, with balanced routing.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// The factor of the learning rate after a rollback.
    pub fn rate_factor(&self) -> f64 {
        self.search.rate_factor(&self.search_state)
    }

    /// Begins an epoch, and says what happened.
    pub fn begin_epoch(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        self.ceiling.begin_epoch(&mut self.ceiling_state, &mut |event| lines.push(line(&event)));
        if self.ceiling_state.epoch() > 1 {
            self.goals.remove_margin(&mut self.goals_state);
        }
        lines
    }

    /// Ends an epoch, and says what happened.
    pub fn end_epoch(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.ceiling_state.phase() == Phase::Discover {
            let boxes = self.boxes.iter().flatten();
            lines.extend(boxes.map(|one| format!("⚠️  WARNING: BOX CONSTRAINT VIOLATIONS: {one}")));
        }
        self.ceiling.end_epoch(&mut self.ceiling_state, &mut |event| lines.push(line(&event)));
        let counts = self.ceiling_state.rejections();
        if counts.rejected > 0 {
            lines.push(counts.to_string());
        }
        let softness = self.ceiling.softness(&self.ceiling_state);
        self.goals.set_tightening(&mut self.goals_state, softness);
        lines
    }

    /// The divergences among measured values.
    fn divergences(&self, measured: &[f64]) -> [f64; 2] {
        self.places.map(|place| measured.get(place).copied().unwrap_or(f64::NAN))
    }

    /// Takes in one batch of the calibration.
    pub fn calibrate(&mut self, measured: &[f64]) -> Result<(), TrainError> {
        if self.goals.calibrate(&mut self.goals_state, measured)? && self.boxes.is_none() {
            // Bounds that move later say nothing about the calibration.
            self.boxes = Some(self.find_boxes());
        }
        Ok(())
    }

    /// Scores, loss and violation of measured values under the ceilings in force. The violation is that of
    /// the means, because it was means that showed the ceilings.
    pub fn look(&mut self, measured: &Values) -> Result<Look, TrainError> {
        for (index, place) in self.places.into_iter().enumerate() {
            let bounds = self.ceiling_state.goals()[index].bounds();
            let constraint = Constraint::BoxAsymmetric {
                lower: bounds.lower,
                upper: bounds.upper,
                healthy: bounds.healthy,
            };
            self.goals.set_constraint(&mut self.goals_state, place, constraint)?;
        }
        let (goals, state) = (&self.goals, &self.goals_state);
        let found = match self.samples.count(measured.images) {
            None => goals.evaluate(state, &measured.means, &mut self.evaluation),
            Some(worst) => {
                let rows = &measured.rows;
                let room =
                    self.by_sample.get_or_insert_with(|| goals.sample_evaluation(measured.images));
                goals.evaluate_samples(state, rows, worst, room)
            }
        };
        let loss = found.map(|()| self.evaluation().loss().unwrap_or(f64::NAN));
        let violation =
            violation(&self.divergences(&measured.means), self.ceiling_state.ceilings());
        Ok(Look { loss, violation })
    }

    /// d loss / d measure for the gradient of the step, after [`Self::look`]: one per goal, or, where goals
    /// are about single images, a row of them per image. With balanced routing the shares move here; they are
    /// remembered when [`Self::observe`] hears that the step stands.
    pub fn slopes(&mut self) -> &[f64] {
        if let Some(by_sample) = &self.by_sample {
            return by_sample.slopes();
        }
        let Routing::Balanced { rate, proportional } = self.routing else {
            return self.evaluation.slopes();
        };
        let logs = self.evaluation.group_logs();
        let worst = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let mut sums = [0.0; 2];
        let memories = self.memory.iter().zip(&mut self.next);
        for ((share, (memory, next)), log) in self.shares.iter_mut().zip(memories).zip(logs) {
            // A group that is far ahead loses at most a factor e per step.
            *next = (memory * (rate * (worst - log)).max(-1.0).exp()).max(LEAST_SHARE);
            *share = *next * (proportional * (worst - log)).max(-LARGEST_LOG).exp();
            sums = [sums[0] + *share, sums[1] + *next];
        }
        self.moved = true;
        self.slopes.fill(0.0);
        for group in 0..self.shares.len() {
            self.next[group] /= sums[1];
            self.shares[group] /= sums[0];
            for (goal, power) in self.goals.members(group) {
                let slope = self.evaluation.scores()[goal].log_slope;
                self.slopes[goal] -= self.shares[group] * power * slope;
            }
        }
        &self.slopes
    }

    /// What to do with an attempt at a step.
    pub fn decide(&mut self, attempt: u32, before: Look, after: Look) -> Decision {
        self.search.decide(&mut self.search_state, attempt, before, after)
    }

    /// Ends a step: the ceilings see what was measured before it and what became of it.
    pub fn observe(
        &mut self,
        measured: &[f64],
        minimum_score: Option<f64>,
        outcome: Option<Outcome>,
    ) -> Result<(), TrainError> {
        // A rejected step moves no share, as it moves no other multiplier.
        let stands = outcome.is_some_and(|outcome| outcome != Outcome::Rejected);
        if std::mem::take(&mut self.moved) && stands {
            self.memory.copy_from_slice(&self.next);
        }
        let values = self.divergences(measured);
        let batch = Batch { values: &values, minimum_score, outcome };
        self.ceiling
            .observe(&mut self.ceiling_state, batch)
            .map_err(|error| TrainError::Ceiling { reason: error.to_string() })
    }

    /// The memory.
    pub fn save(&self) -> SavedLbo {
        SavedLbo {
            goals: self.goals_state.clone(),
            ceiling: self.ceiling_state.clone(),
            step: self.search_state,
            shares: self.memory.clone(),
            boxes: self.boxes.clone(),
        }
    }

    /// Takes a memory over. One that had stopped goes on.
    pub fn load(&mut self, saved: SavedLbo) -> Result<(), TrainError> {
        if saved.shares.len() != self.shares.len()
            || !saved.shares.iter().all(|share| share.is_finite() && *share > 0.0)
        {
            let reason = format!("shares of {} groups, got {:?}", self.shares.len(), saved.shares);
            return Err(TrainError::Ceiling { reason });
        }
        let goals = self.goals.load(saved.goals)?;
        self.ceiling_state = self.ceiling.load(saved.ceiling)?;
        self.goals_state = goals;
        self.search_state = saved.step;
        self.memory = saved.shares;
        self.boxes = saved.boxes;
        if self.boxes.is_none() && self.goals_state.is_calibrated() {
            self.boxes = Some(self.find_boxes());
        }
        self.go_on();
        Ok(())
    }
}

/// No share falls below this, so that a group can come back.
const LEAST_SHARE: f64 = 1e-3;

/// e to this power is far from the ends of f64.
const LARGEST_LOG: f64 = 50.0;

fn line(event: &Event<'_>) -> String {
    event.to_string().trim_end().to_owned()
}
