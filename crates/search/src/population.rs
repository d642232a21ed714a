//! Population-based training: the worst copy the best and change a little.

use std::collections::BTreeMap;

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::design::latin_hypercube;
use crate::error::{MisfitError, SearchConfigError};
use crate::random::{Purpose, Stream};
use crate::space::{Variable, VariableConfig, variables};

/// What stands in a file about a population.
///
/// The defaults are those of Jaderberg et al. 2017, *Population Based Training of Neural Networks*,
/// section 4 (truncation selection with 20 %, perturbation by 1.2 and 0.8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationConfig {
    /// The targets that are searched.
    pub variables: BTreeMap<String, VariableConfig>,
    /// P: how many members train side by side; at least 2.
    pub size: usize,
    /// R: how many steps lie between two exchanges.
    pub every: u64,
    /// The part of the population that copies, and the part that is copied; at least one member.
    /// Default 0.2.
    #[serde(default = "default_fraction")]
    pub fraction: f64,
    /// The two factors of a perturbation. Default 0.8 and 1.2.
    #[serde(default = "default_factors")]
    pub factors: [f64; 2],
    /// The perturbation of a target whose range holds 0, where a factor would get stuck: ± this, in
    /// units of the constraint's scale S. Default 0.2.
    #[serde(default = "default_shift")]
    pub shift: f64,
    /// The seed of the start values and of the perturbations. Default 0.
    #[serde(default)]
    pub seed: u64,
}

fn default_fraction() -> f64 {
    0.2
}

fn default_factors() -> [f64; 2] {
    [0.8, 1.2]
}

fn default_shift() -> f64 {
    0.2
}

/// A checked population: says who copies whom. The caller copies model, optimizer and the whole memory of
/// the constraints with their windows, because a rank means nothing in another window.
#[derive(Clone, Debug)]
pub struct Population {
    variables: Vec<Variable>,
    config: PopulationConfig,
    start: Vec<Vec<f64>>,
    exchanged: usize,
}

/// The present targets of every member, and how many exchanges there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationState {
    /// One list per member, one value per variable.
    members: Vec<Vec<f64>>,
    exchanges: u64,
}

/// One member takes over another's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Who copies.
    pub member: usize,
    /// Who is copied: model, optimizer, multipliers, windows.
    pub parent: usize,
    /// The targets with which the member goes on.
    pub values: Vec<f64>,
}

impl PopulationConfig {
    /// The defaults for some variables.
    pub fn new(variables: BTreeMap<String, VariableConfig>, size: usize, every: u64) -> Self {
        let (fraction, factors, shift) = (default_fraction(), default_factors(), default_shift());
        Self { variables, size, every, fraction, factors, shift, seed: 0 }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// The first field that is not legal, with its variable.
    pub fn init(&self) -> Result<Population, SearchConfigError> {
        let variables = variables(&self.variables)?;
        ConfigError::unless(self.size >= 2, "size", "must be at least 2", self.size)?;
        ConfigError::unless(self.every >= 1, "every", "must be at least 1", self.every)?;
        let legal = self.fraction > 0.0 && self.fraction <= 0.5;
        let rule = "must be above 0 and at most 0.5";
        ConfigError::unless(legal, "fraction", rule, self.fraction)?;
        for factor in self.factors {
            ConfigError::positive("factors", factor)?;
        }
        ConfigError::positive("shift", self.shift)?;
        // Half of an odd population rounds down, so that nobody is both copied and overwritten.
        let exchanged = ((self.size as f64 * self.fraction) as usize).clamp(1, self.size / 2);
        let mut start = latin_hypercube(self.size, variables.len(), self.seed);
        for (member, point) in start.iter_mut().enumerate() {
            for (value, variable) in point.iter_mut().zip(&variables) {
                let keep = member == 0 || variable.tighten_only();
                *value = if keep { variable.start() } else { variable.value_at(*value) };
            }
        }
        Ok(Population { variables, config: self.clone(), start, exchanged })
    }
}

impl Population {
    /// The variables, in the order of every list of values.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Member 0 starts with the present targets, the others spread over the ranges; a target that may only
    /// tighten starts where it is.
    pub fn init_state(&self) -> PopulationState {
        PopulationState { members: self.start.clone(), exchanges: 0 }
    }

    /// Whether the members meet after so many steps.
    pub fn is_due(&self, steps: u64) -> bool {
        steps > 0 && steps.is_multiple_of(self.config.every)
    }

    /// Lets the worst members copy the best ones and perturb their soft targets.
    ///
    /// `scores` holds one number per member, smaller is better; one that is not finite counts as the
    /// worst and is never copied. `scales` holds for every member the scale S of every variable's
    /// constraint, 1 over the slope of its normalizer; it is used where the range holds 0.
    ///
    /// A target that may only tighten is not perturbed: the member goes on with the tighter of its own
    /// and its parent's, so that it never loosens on either way.
    ///
    /// # Errors
    ///
    /// Another number of scores or scales than there are members and variables, or a scale that is negative
    /// or not finite. Nothing has changed then.
    pub fn exchange(
        &self,
        state: &mut PopulationState,
        scores: &[f64],
        scales: &[Vec<f64>],
    ) -> Result<Vec<Exchange>, MisfitError> {
        self.check(state)?;
        let (size, rule) = (self.config.size, "must be as many as there are members");
        MisfitError::unless(scores.len() == size, "scores", rule, scores.len())?;
        MisfitError::unless(scales.len() == size, "scales", rule, scales.len())?;
        for scales in scales {
            let rule = "must be as many as there are variables";
            MisfitError::unless(
                scales.len() == self.variables.len(),
                "scales",
                rule,
                scales.len(),
            )?;
            let wrong = scales.iter().find(|scale| !(scale.is_finite() && **scale >= 0.0));
            let rule = "must be finite and not negative";
            MisfitError::unless(wrong.is_none(), "scales", rule, wrong.unwrap_or(&0.0))?;
        }
        let mut order: Vec<usize> = (0..size).collect();
        let rank = |member: usize| match scores[member] {
            score if score.is_finite() => score,
            _ => f64::INFINITY,
        };
        order.sort_by(|a, b| rank(*a).total_cmp(&rank(*b)));
        let parents: Vec<usize> =
            order[..self.exchanged].iter().copied().filter(|one| rank(*one).is_finite()).collect();
        let mut stream = Stream::new(self.config.seed, Purpose::Exchange, state.exchanges);
        let mut exchanges = Vec::new();
        for &member in &order[size - self.exchanged..] {
            if parents.is_empty() {
                break;
            }
            let parent = parents[stream.below(parents.len())];
            let values: Vec<f64> = (0..self.variables.len())
                .map(|index| {
                    // Drawn for every target, so that one target's kind does not shift the others.
                    let up = stream.bits() & 1 == 1;
                    let (own, theirs) =
                        (state.members[member][index], state.members[parent][index]);
                    self.inherit(index, own, theirs, scales[parent][index], up)
                })
                .collect();
            // Without a better member there is nothing to copy.
            if rank(parent) < rank(member) {
                exchanges.push(Exchange { member, parent, values });
            }
        }
        for exchange in &exchanges {
            state.members[exchange.member].clone_from(&exchange.values);
        }
        state.exchanges += 1;
        Ok(exchanges)
    }

    /// Tells where the targets of a member are now, where something else moved them: a curriculum, a
    /// baseline.
    ///
    /// # Errors
    ///
    /// Another number of values than there are variables, a value out of its range, or a target that may
    /// only tighten and is looser than it was. Nothing has changed then.
    pub fn retarget(
        &self,
        state: &mut PopulationState,
        member: usize,
        values: &[f64],
    ) -> Result<(), MisfitError> {
        let rule = "must be one of the population";
        MisfitError::unless(member < state.members.len(), "member", rule, member)?;
        self.check_values(values)?;
        let own = &mut state.members[member];
        for ((variable, value), before) in self.variables.iter().zip(values).zip(own.iter()) {
            let loosened = variable.tighten_only() && variable.tighter(*value, *before) != *value;
            let rule = "must not be looser than it was, because it only tightens";
            MisfitError::unless(!loosened, variable.name(), rule, value)?;
        }
        own.copy_from_slice(values);
        Ok(())
    }

    /// Whether a saved memory belongs to this population.
    ///
    /// # Errors
    ///
    /// Another number of members or values, or a value that is out of its range.
    pub fn check(&self, state: &PopulationState) -> Result<(), MisfitError> {
        let (wanted, found) = (self.config.size, state.members.len());
        MisfitError::unless(
            wanted == found,
            "saved members",
            "must be those of the population",
            found,
        )?;
        state.members.iter().try_for_each(|member| self.check_values(member))
    }

    fn check_values(&self, values: &[f64]) -> Result<(), MisfitError> {
        let rule = "must be as many as there are variables";
        MisfitError::unless(values.len() == self.variables.len(), "values", rule, values.len())?;
        for (variable, value) in self.variables.iter().zip(values) {
            let legal = variable.clamp(*value) == *value;
            MisfitError::unless(legal, variable.name(), "must lie in its range", value)?;
        }
        Ok(())
    }

    fn inherit(&self, index: usize, own: f64, theirs: f64, scale: f64, up: bool) -> f64 {
        let variable = &self.variables[index];
        if variable.tighten_only() {
            return variable.tighter(own, theirs);
        }
        let [down_factor, up_factor] = self.config.factors;
        variable.clamp(match (variable.touches_zero(), up) {
            (true, true) => theirs + self.config.shift * scale,
            (true, false) => theirs - self.config.shift * scale,
            (false, true) => theirs * up_factor,
            (false, false) => theirs * down_factor,
        })
    }
}

impl PopulationState {
    /// The present targets of every member, in the order of [`Population::variables`].
    pub fn members(&self) -> &[Vec<f64>] {
        &self.members
    }

    /// How many exchanges there were.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }
}
