//! What stands in a file, and its check.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::{LambdaEffect, Method, Surgery};

/// What each gradient is divided by before the method sees it (the four options of Sener and Koltun 2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalize {
    /// Nothing. The default.
    #[default]
    None,
    /// Its length.
    Unit,
    /// Its loss.
    Loss,
    /// Its loss times its length.
    LossUnit,
}

/// How multipliers enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lambda {
    /// A row is the gradient times its factor: the Lagrangian's own. The default.
    #[default]
    Rows,
    /// A row is the gradient, and its factor multiplies its preference: for methods that do not see lengths.
    Preference,
}

/// Which parameters share one decision. Where no group's direction conflicts with a row, the whole does not:
/// its dot products are the sums of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// All. The default.
    #[default]
    Model,
    /// Those of a layer.
    Layer,
    /// Each tensor its own.
    Parameter,
}

/// How gradients are combined. In a file the name of a method, or a table.
///
/// ```toml
/// surgery = "upgrad"
/// surgery = { method = { cagrad = { radius = 0.4 } }, every = 4 }
/// ```
// `remote` makes reading and writing of the table inherent functions, so that a bare name can be read too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct SurgeryConfig {
    /// Which method. Default: sum.
    pub method: Method,
    /// What each gradient is divided by first. Default: none.
    pub normalize: Normalize,
    /// How multipliers enter. Default: rows.
    pub lambda: Lambda,
    /// Which share of the old weights is kept in a step, in [0, 1) (Zhou et al. 2022, "On the convergence of
    /// stochastic multi-objective gradient manipulation and beyond", CR-MOGM). Default 0.
    pub smoothing: f64,
    /// A Gramian is made in every n-th step, and its weights are kept in between. Default 1.
    pub every: u64,
    /// Which parameters share one decision. Default: model.
    pub granularity: Granularity,
    /// Combine multipliers with a method that works against them. Default: false.
    pub force: bool,
    /// The smallest cosine of d with a row that counts as no conflict is minus this; in (0, 0.1]. Default 1e-6:
    /// what sums in f32 can tell.
    pub tolerance: f64,
    /// In every n-th step with a Gramian the monitor takes eigenvalues and minimum norms; 0 for never.
    /// Default 10.
    pub monitor_every: u64,
}

impl Default for SurgeryConfig {
    fn default() -> Self {
        Self {
            method: Method::default(),
            normalize: Normalize::None,
            lambda: Lambda::Rows,
            smoothing: 0.0,
            every: 1,
            granularity: Granularity::Model,
            force: false,
            tolerance: 1e-6,
            monitor_every: 10,
        }
    }
}

impl From<Method> for SurgeryConfig {
    fn from(method: Method) -> Self {
        Self { method, ..Self::default() }
    }
}

impl SurgeryConfig {
    /// Checks the options and how they fit together.
    pub fn init(&self) -> Result<Surgery, ConfigError> {
        self.method.check()?;
        ConfigError::decay("surgery.smoothing", self.smoothing)?;
        let rule = "must be at least 1";
        ConfigError::unless(self.every >= 1, "surgery.every", rule, self.every)?;
        let legal = self.tolerance > 0.0 && self.tolerance <= 0.1;
        let (field, rule) = ("surgery.tolerance", "must lie in (0, 0.1]");
        ConfigError::unless(legal, field, rule, self.tolerance)?;
        let name = self.method.name();
        let rule = "must be 'rows' for a method without a preference";
        let legal = self.lambda == Lambda::Rows || self.method.has_preference();
        ConfigError::unless(
            legal,
            "surgery.lambda",
            rule,
            format_args!("'preference' for {name}"),
        )?;
        self.check_method()?;
        Ok(Surgery::new(self.clone()))
    }

    /// What the methods that are not a function of one Gramian cannot be combined with.
    fn check_method(&self) -> Result<(), ConfigError> {
        let name = self.method.name();
        let plain = !matches!(self.method, Method::Famo(_) | Method::Graddrop(_));
        let legal = plain || self.normalize == Normalize::None;
        let rule = "must be 'none' for a method that reads no gradient lengths";
        ConfigError::unless(legal, "surgery.normalize", rule, name)?;
        let once = plain && !matches!(self.method, Method::MomentumConfig(_));
        let rule = "must be 1 for a method that moves in every step";
        ConfigError::unless(once || self.every == 1, "surgery.every", rule, name)?;
        let legal = self.smoothing == 0.0 || !matches!(self.method, Method::Graddrop(_));
        let rule = "must be 0 for a method without weights";
        ConfigError::unless(legal, "surgery.smoothing", rule, name)?;
        let losses = matches!(self.method, Method::Famo(_) | Method::Gradnorm(_));
        let legal = !losses || self.granularity == Granularity::Model;
        let rule = "must be 'model' for a method that weighs losses";
        ConfigError::unless(legal, "surgery.granularity", rule, name)
    }

    /// Whether multipliers may scale the losses: refuses methods that work against them, unless `force` is
    /// set. For whoever combines the two; [`Surgery::decide`] refuses factors by the same rule.
    pub fn check_multipliers(&self) -> Result<(), ConfigError> {
        let rows = self.lambda == Lambda::Rows;
        let inverted = rows && self.method.respects_lambda() == LambdaEffect::Inverted;
        let rival = matches!(self.method, Method::Gradnorm(_) | Method::Famo(_));
        let rule =
            "must not be combined with multipliers, which it works against, unless force = true";
        let legal = self.force || !(inverted || rival);
        ConfigError::unless(legal, "surgery.method", rule, self.method.name())
    }
}
