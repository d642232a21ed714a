//! The weighted sum.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

/// `α = w`, also where only one gradient is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedSumConfig {
    /// One finite number for each gradient. It has no default.
    pub weights: Vec<f64>,
}

impl WeightedSumConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let field = "method.weighted-sum.weights";
        self.weights.iter().try_for_each(|weight| ConfigError::finite(field, *weight))
    }
}
