//! What stands in a file about a PID controller.

use homeostat_core::{Clock, ConfigError, Scalar, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::anti_windup::AntiWindup;
use crate::derivative::Derivative;
use crate::form::Form;
use crate::law::Pid;

/// On which side of the setpoint the weight must rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A measurement above the setpoint raises the weight: a loss that should be low.
    #[default]
    Direct,
    /// A measurement below the setpoint raises the weight: an entropy that should stay high.
    Reverse,
}

/// What `initial` means for the first output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Bumpless: proportional and derivative part count from the first error, so the first output is
    /// `initial` and one increment of the integral.
    #[default]
    Bumpless,
    /// `initial` is the output at zero error: the proportional part acts from the first step.
    Bias,
}

/// Configuration of a [`Pid`].
///
/// ```toml
/// law.pid = { initial = 0.1, kp = 0.05, ki = 0.01, time_unit = "epoch" }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PidConfig {
    /// The weight before the first step; see [`Start`]. Without it the orchestrator takes the
    /// start value of the weight that the controller writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<f64>,
    /// Weight per unit of error. Default 0: no proportional part.
    #[serde(default)]
    pub kp: f64,
    /// Weight per unit of error and time unit. Default 0: no integral.
    #[serde(default)]
    pub ki: f64,
    /// Weight per unit of error per time unit. Default 0, the reference's.
    #[serde(default)]
    pub kd: f64,
    /// The unit of `ki`, `kd` and of all times. Default: step.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// What is computed. Default: positional.
    #[serde(default)]
    pub form: Form,
    /// On which side the weight rises. Default: direct.
    #[serde(default)]
    pub action: Action,
    /// What `initial` means. Default: bumpless.
    #[serde(default)]
    pub start: Start,
    /// The least output. Default 0, the reference's.
    #[serde(default)]
    pub minimum: f64,
    /// The greatest output. Default 10, the reference's.
    #[serde(default = "default_maximum")]
    pub maximum: f64,
    /// The greatest change of the output per time unit. Default: not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slew: Option<f64>,
    /// What the integral does at a limit (positional form). Default: conditional integration, which
    /// needs no number.
    #[serde(default)]
    pub anti_windup: AntiWindup,
    /// The integral part stays within ± this (positional form). Default: not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integral_limit: Option<f64>,
    /// Of what the derivative is taken. Default: the measurement.
    #[serde(default)]
    pub derivative: Derivative,
    /// Time constant of a first-order filter of the derivative. Default: no filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivative_time: Option<f64>,
    /// The error is clipped to ± this. Default: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_clip: Option<f64>,
}

fn default_maximum() -> f64 {
    10.0
}

impl PidConfig {
    /// A PI controller around an initial weight, with gains per step.
    pub fn new(initial: f64, kp: f64, ki: f64) -> Self {
        Self {
            initial: Some(initial),
            kp,
            ki,
            kd: 0.0,
            time_unit: TimeUnit::default(),
            form: Form::default(),
            action: Action::default(),
            start: Start::default(),
            minimum: 0.0,
            maximum: default_maximum(),
            slew: None,
            anti_windup: AntiWindup::default(),
            integral_limit: None,
            derivative: Derivative::default(),
            derivative_time: None,
            error_clip: None,
        }
    }

    /// The reference with its defects: kp = 0.05, ki = 0.01, kd = 0 per epoch, λ in `[0, 10]`.
    pub fn parity(initial: f64) -> Self {
        Self {
            time_unit: TimeUnit::Epoch,
            form: Form::Parity,
            start: Start::Bias,
            anti_windup: AntiWindup::None,
            derivative: Derivative::Error,
            ..Self::new(initial, 0.05, 0.01)
        }
    }

    /// Checks every field and makes the law.
    pub fn init<Q: Scalar>(&self, clock: Clock) -> Result<Pid<Q>, ConfigError> {
        let initial = ConfigError::given("initial", self.initial)?;
        ConfigError::not_negative("initial", initial)?;
        ConfigError::not_negative("kp", self.kp)?;
        ConfigError::not_negative("ki", self.ki)?;
        ConfigError::not_negative("kd", self.kd)?;
        ConfigError::unless(
            self.kp > 0.0 || self.ki > 0.0 || self.kd > 0.0,
            "kp, ki or kd",
            "must be above 0",
            "0 for all three",
        )?;
        ConfigError::not_negative("minimum", self.minimum)?;
        ConfigError::finite("maximum", self.maximum)?;
        ConfigError::unless(
            self.minimum < self.maximum,
            "maximum",
            "must be above minimum",
            format_args!("{} with minimum {}", self.maximum, self.minimum),
        )?;
        ConfigError::unless(
            (self.minimum..=self.maximum).contains(&initial),
            "initial",
            "must lie between minimum and maximum",
            format_args!("{initial} outside {} … {}", self.minimum, self.maximum),
        )?;
        for (field, value) in [
            ("slew", self.slew),
            ("integral_limit", self.integral_limit),
            ("derivative_time", self.derivative_time),
            ("error_clip", self.error_clip),
        ] {
            value.map_or(Ok(()), |value| ConfigError::positive(field, value))?;
        }
        if let AntiWindup::BackCalculation { tracking_time } = self.anti_windup {
            ConfigError::positive("anti_windup.back-calculation.tracking_time", tracking_time)?;
        }
        self.check_form()?;
        Ok(Pid::new(self, initial, clock))
    }

    /// A setting that the form would silently ignore is refused.
    fn check_form(&self) -> Result<(), ConfigError> {
        let needs = |legal, field, rule| ConfigError::unless(legal, field, rule, "another setting");
        match self.form {
            Form::Positional => Ok(()),
            Form::Velocity => {
                let rule = "belongs to the positional form; the velocity form cannot wind up";
                needs(self.anti_windup == AntiWindup::Conditional, "anti_windup", rule)?;
                needs(self.integral_limit.is_none(), "integral_limit", rule)
            }
            Form::Parity => {
                needs(
                    self.anti_windup == AntiWindup::None,
                    "anti_windup",
                    "must be \"none\" in the parity form",
                )?;
                needs(self.start == Start::Bias, "start", "must be \"bias\" in the parity form")?;
                needs(
                    self.derivative == Derivative::Error,
                    "derivative",
                    "must be \"error\" in the parity form",
                )?;
                let rule = "has no meaning in the parity form";
                needs(self.integral_limit.is_none(), "integral_limit", rule)?;
                needs(self.derivative_time.is_none(), "derivative_time", rule)?;
                needs(self.slew.is_none(), "slew", rule)
            }
        }
    }
}
