//! What stands in a file about an engine.

use std::collections::BTreeMap;

use homeostat_core::{Clock, ConfigError};
use serde::{Deserialize, Serialize};

use super::family::Family;
use super::{Dual, DualConfigError, DualDefaults, warnings};
use crate::budget::BudgetMode;
use crate::config::MultiplierConfig;
use crate::constraint::{Constraint, Use};

/// `[dual]`, `[constraints.NAME]` and `[families.NAME]`.
///
/// ```
/// use homeostat_multiplier::DualConfig;
///
/// let config: DualConfig = toml::from_str(
///     r#"
///     [dual]
///     rate = 5e-3
///
///     [constraints.kl]
///     target = { raw = 0.05 }
///     normalizer = "none"
///     "#,
/// )?;
/// let dual = config.init()?;
/// assert_eq!(dual.names(), ["kl"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DualConfig {
    /// What every constraint takes that does not say otherwise.
    pub dual: DualDefaults,
    /// The constraints by name.
    #[serde(alias = "losses")]
    pub constraints: BTreeMap<String, MultiplierConfig>,
    /// The families by name.
    pub families: BTreeMap<String, FamilyConfig>,
}

/// Constraints whose multipliers share a budget: `Σ b_k λ_k ≤ B`. A constraint says itself to which
/// family it belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyConfig {
    /// B.
    pub budget: f64,
    /// How the budget is kept. Default: euclidean.
    #[serde(default)]
    pub mode: BudgetMode,
    /// b_k by the name of the constraint. Default 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
}

impl DualConfig {
    /// Every constraint with what it takes from `[dual]`, in the order of the names.
    pub fn resolved(&self) -> Vec<MultiplierConfig> {
        let count = self.constraints.len();
        let constraints = self.constraints.values().enumerate();
        constraints.map(|(place, config)| self.dual.fill(config, place, count)).collect()
    }

    /// Checks every field and makes the engine, with one step per epoch.
    ///
    /// # Errors
    ///
    /// The first field that is not legal, with its table.
    pub fn init(&self) -> Result<Dual, DualConfigError> {
        self.init_with(Clock::default())
    }

    /// Checks every field and makes the engine; the clock turns rates per epoch to rates per step.
    ///
    /// # Errors
    ///
    /// The first field that is not legal, with its table.
    pub fn init_with(&self, clock: Clock) -> Result<Dual, DualConfigError> {
        self.dual.validate().map_err(DualConfigError::Dual)?;
        let count = self.constraints.len();
        ConfigError::unless(count > 0, "constraints", "must name at least one", "none")
            .map_err(DualConfigError::Dual)?;
        let mut constraints = Vec::with_capacity(count);
        let mut filled = Vec::with_capacity(count);
        for (place, (name, config)) in self.constraints.iter().enumerate() {
            let fail = |source| DualConfigError::Constraint { name: name.clone(), source };
            let config = self.dual.fill(config, place, count);
            constraints.push(Constraint::new(&config, clock, Use::Engine).map_err(fail)?);
            if let Some(family) = &config.family {
                let known: Vec<_> = self.families.keys().map(|name| format!("'{name}'")).collect();
                let found = format_args!("'{family}'; families are {}", known.join(", "));
                let rule = "must be the name of a family";
                let legal = self.families.contains_key(family);
                ConfigError::unless(legal, "family", rule, found).map_err(fail)?;
            }
            filled.push(config);
        }
        let mut families = Vec::with_capacity(self.families.len());
        for (name, config) in &self.families {
            let fail = |source| DualConfigError::Family { name: name.clone(), source };
            families.push(self.family(name, config, &constraints).map_err(fail)?);
        }
        let warnings = warnings::collect(self, &filled, &constraints, &families);
        Ok(Dual {
            names: self.constraints.keys().cloned().collect(),
            constraints,
            families,
            order: self.dual.order,
            primal_rescale: self.dual.primal_rescale,
            seed: self.dual.seed,
            warnings,
        })
    }

    fn family(
        &self,
        name: &str,
        config: &FamilyConfig,
        constraints: &[Constraint],
    ) -> Result<Family, ConfigError> {
        ConfigError::positive("budget", config.budget)?;
        let (mut members, mut weights) = (Vec::new(), Vec::new());
        for (index, (member, settings)) in self.constraints.iter().enumerate() {
            if settings.family.as_deref() != Some(name) {
                continue;
            }
            let weight = config.weights.get(member).copied().unwrap_or(1.0);
            ConfigError::positive("weights", weight)?;
            for side in 0..constraints[index].sense.sides().len() {
                members.push((index, side, constraints[index].hard));
                weights.push(weight);
            }
        }
        let rule = "must be members of the family";
        for member in config.weights.keys() {
            let is_member = self
                .constraints
                .get(member)
                .is_some_and(|settings| settings.family.as_deref() == Some(name));
            ConfigError::unless(is_member, "weights", rule, format_args!("'{member}'"))?;
        }
        let rule = "must be the family of at least one constraint";
        ConfigError::unless(!members.is_empty(), "budget", rule, "none")?;
        Ok(Family { budget: config.budget, mode: config.mode, members, weights })
    }
}
