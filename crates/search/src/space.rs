//! The targets that are searched: names, bounds, and which way is tighter.

use std::collections::BTreeMap;

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::error::SearchConfigError;

/// How a range is divided evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// By differences.
    #[default]
    Linear,
    /// By ratios; the range lies above 0.
    Log,
}

/// In which direction a target becomes harder to meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tighter {
    /// Smaller is tighter: the measurement shall be at most the target.
    #[default]
    Down,
    /// Larger is tighter: the measurement shall be at least the target.
    Up,
}

/// What stands in a file about one target that is searched.
///
/// ```toml
/// [variables.kl]
/// low = 0.01
/// high = 0.2
/// start = 0.05
/// scale = "log"
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariableConfig {
    /// The least value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
    /// The present value, between them.
    pub start: f64,
    /// Default: linear.
    #[serde(default)]
    pub scale: Scale,
    /// Default: down.
    #[serde(default)]
    pub tighter: Tighter,
    /// Whether the target may only become tighter than it is: hard constraints, ratchets. Default: no.
    #[serde(default)]
    pub tighten_only: bool,
}

/// A checked target.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    pub(crate) name: String,
    config: VariableConfig,
}

impl VariableConfig {
    /// A soft target with a linear range, tighter downwards.
    pub fn new(low: f64, high: f64, start: f64) -> Self {
        let (scale, tighter) = (Scale::default(), Tighter::default());
        Self { low, high, start, scale, tighter, tighten_only: false }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// A bound or start that is not finite, an empty range, a start outside it, a logarithmic range
    /// that does not lie above 0.
    pub fn init(&self, name: &str) -> Result<Variable, ConfigError> {
        ConfigError::finite("low", self.low)?;
        ConfigError::finite("high", self.high)?;
        ConfigError::finite("start", self.start)?;
        if self.scale == Scale::Log {
            let rule = "must be above 0 for the scale \"log\"";
            ConfigError::unless(self.low > 0.0, "low", rule, self.low)?;
        }
        ConfigError::unless(
            self.low < self.high && (self.high - self.low).is_finite(),
            "high",
            "must be above low",
            format_args!("{} with low {}", self.high, self.low),
        )?;
        ConfigError::unless(
            (self.low..=self.high).contains(&self.start),
            "start",
            "must lie between low and high",
            format_args!("{} outside {} … {}", self.start, self.low, self.high),
        )?;
        Ok(Variable { name: name.to_owned(), config: *self })
    }
}

impl Variable {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value before the search.
    pub fn start(&self) -> f64 {
        self.config.start
    }

    /// Whether the target may only become tighter.
    pub fn tighten_only(&self) -> bool {
        self.config.tighten_only
    }

    /// Whether the range holds 0, so that a factor could get stuck there.
    pub(crate) fn touches_zero(&self) -> bool {
        self.config.low <= 0.0 && self.config.high >= 0.0
    }

    /// The nearest value inside the range.
    pub(crate) fn clamp(&self, value: f64) -> f64 {
        value.clamp(self.config.low, self.config.high)
    }

    /// The tighter of two values.
    pub(crate) fn tighter(&self, a: f64, b: f64) -> f64 {
        match self.config.tighter {
            Tighter::Down => a.min(b),
            Tighter::Up => a.max(b),
        }
    }

    /// A value that is looser by `distance`, or tighter by a negative one; inside the range.
    pub(crate) fn loosened(&self, value: f64, distance: f64) -> f64 {
        self.clamp(match self.config.tighter {
            Tighter::Down => value + distance,
            Tighter::Up => value - distance,
        })
    }

    /// The values that may be tried: all, or those not looser than the start.
    pub(crate) fn reach(&self) -> (f64, f64) {
        let VariableConfig { low, high, start, tighter, tighten_only, .. } = self.config;
        match (tighten_only, tighter) {
            (false, _) => (low, high),
            (true, Tighter::Down) => (low, start),
            (true, Tighter::Up) => (start, high),
        }
    }

    /// From `[0, 1]` to the values that may be tried.
    pub(crate) fn value_at(&self, unit: f64) -> f64 {
        let (low, high) = self.reach();
        let value = match self.config.scale {
            Scale::Linear => low + unit * (high - low),
            Scale::Log => (low.ln() + unit * (high.ln() - low.ln())).exp(),
        };
        value.clamp(low, high)
    }

    /// From a value to `[0, 1]`.
    pub(crate) fn unit_of(&self, value: f64) -> f64 {
        let (low, high) = self.reach();
        let unit = match self.config.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value.ln() - low.ln()) / (high.ln() - low.ln()),
        };
        unit.clamp(0.0, 1.0)
    }
}

/// Checks the variables of a file, in the order of their names.
pub(crate) fn variables(
    configs: &BTreeMap<String, VariableConfig>,
) -> Result<Vec<Variable>, SearchConfigError> {
    let rule = "must name at least one";
    ConfigError::unless(!configs.is_empty(), "variables", rule, "none")?;
    configs
        .iter()
        .map(|(name, config)| {
            config
                .init(name)
                .map_err(|source| SearchConfigError::Variable { name: name.clone(), source })
        })
        .collect()
}
