//! Every law that a file can name: its configuration, its roles, and how it is wired.
//!
//! A new mechanism takes one variant of [`LawConfig`] and one arm of `build`.

use std::collections::BTreeMap;

use homeostat_ceiling::CeilingConfig;
use homeostat_core::{
    Clock, ConfigError, Controller, Entropy, FaultCount, GradientNorm, LearningRate, LogVariance,
    Metric, Multiplier, NormalizedLoss, NormalizerSlope, Optional, ParameterNorm, Port, PortId,
    Quantity, RawLoss, Setpoint, UpdateNorm, Weight, Wired,
};
use homeostat_governor::{ConstantConfig, CosineConfig, GovernorConfig, RampConfig};
use homeostat_multiplier::{Input, MultiplierConfig};
use homeostat_normalize::{Normalize, NormalizerConfig};
use homeostat_pid::PidConfig;
use homeostat_precision::PrecisionConfig;
use serde::{Deserialize, Serialize};

use crate::builder::{Builder, FAULTS};
use crate::config::ControllerConfig;
use crate::error::BuildError;

/// The law of a controller with its settings: `law.pid = { … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LawConfig {
    /// [`homeostat_multiplier`]
    Multiplier(Box<MultiplierConfig>),
    /// [`homeostat_normalize`]
    Normalize(NormalizerConfig),
    /// [`homeostat_pid`]
    Pid(PidConfig),
    /// [`homeostat_precision`]
    Precision(PrecisionConfig),
    /// [`homeostat_governor`]
    Governor(GovernorConfig),
    /// An open-loop ramp of a weight.
    Ramp(RampConfig),
    /// An open-loop cosine schedule of the learning rate.
    Cosine(CosineConfig),
    /// A constant learning rate.
    Constant(ConstantConfig),
    /// [`homeostat_ceiling`], one ceiling.
    Ceiling(Box<CeilingConfig>),
}

impl LawConfig {
    fn name(&self) -> &'static str {
        match self {
            Self::Multiplier(_) => "multiplier",
            Self::Normalize(_) => "normalize",
            Self::Pid(_) => "pid",
            Self::Precision(_) => "precision",
            Self::Governor(_) => "governor",
            Self::Ramp(_) => "ramp",
            Self::Cosine(_) => "cosine",
            Self::Constant(_) => "constant",
            Self::Ceiling(_) => "ceiling",
        }
    }
}

/// What a controller makes of a signal that others measure, or set a point for.
pub(crate) fn conditioned(config: &ControllerConfig) -> Option<PortId> {
    let name = match &config.law {
        LawConfig::Normalize(_) => config.writes.get("normalized_loss")?,
        _ => return None,
    };
    Some(Port::<NormalizedLoss>::new(name.as_str()).id())
}

/// Runs `$body` with `$type` standing for the scalar quantity of that name.
macro_rules! with_quantity {
    ($name:expr, $type:ident => $body:expr) => {
        match $name {
            name if name == RawLoss::NAME => {
                type $type = RawLoss;
                $body
            }
            name if name == NormalizedLoss::NAME => {
                type $type = NormalizedLoss;
                $body
            }
            name if name == Entropy::NAME => {
                type $type = Entropy;
                $body
            }
            name if name == NormalizerSlope::NAME => {
                type $type = NormalizerSlope;
                $body
            }
            name if name == GradientNorm::NAME => {
                type $type = GradientNorm;
                $body
            }
            name if name == ParameterNorm::NAME => {
                type $type = ParameterNorm;
                $body
            }
            name if name == UpdateNorm::NAME => {
                type $type = UpdateNorm;
                $body
            }
            name if name == FaultCount::NAME => {
                type $type = FaultCount;
                $body
            }
            name if name == Multiplier::NAME => {
                type $type = Multiplier;
                $body
            }
            name if name == Weight::NAME => {
                type $type = Weight;
                $body
            }
            name if name == LogVariance::NAME => {
                type $type = LogVariance;
                $body
            }
            name if name == LearningRate::NAME => {
                type $type = LearningRate;
                $body
            }
            _ => {
                type $type = Metric;
                $body
            }
        }
    };
}
/// The quantity of the signal of that name.
pub(crate) fn quantity_of(
    signals: &[PortId],
    owner: &str,
    name: &str,
) -> Result<&'static str, BuildError> {
    let found: Vec<_> =
        signals.iter().filter(|one| one.name == name).map(|one| one.quantity).collect();
    match found.as_slice() {
        [quantity] => Ok(quantity),
        [_, _, ..] => Err(BuildError::Ambiguous {
            owner: owner.to_owned(),
            name: name.to_owned(),
            quantities: found.join(" and as "),
        }),
        [] => {
            let names: Vec<_> = signals.iter().map(|one| format!("'{}'", one.name)).collect();
            Err(BuildError::UnknownSignal {
                owner: owner.to_owned(),
                name: name.to_owned(),
                known: names.join(", "),
            })
        }
    }
}

/// Puts a setpoint for a signal of this quantity on the board.
pub(crate) fn setpoint(
    builder: &mut Builder,
    quantity: &'static str,
    name: &str,
    value: f64,
) -> Result<(), BuildError> {
    with_quantity!(quantity, Q => builder.setpoint::<Q>(name, value))
}

/// The port of a signal of this quantity, for the engine.
pub(crate) fn input(quantity: &'static str, name: &str) -> Input {
    with_quantity!(quantity, Q => Input::of::<Q>(name))
}

/// The port of the setpoint of a signal of this quantity, for the engine.
pub(crate) fn setpoint_input(quantity: &'static str, name: &str) -> Input {
    with_quantity!(quantity, Q => Input::of::<Setpoint<Q>>(name))
}

/// The roles that a file wires, taken one by one; what is left over is unknown to the law.
struct Roles<'a> {
    controller: &'a str,
    law: &'static str,
    reads: BTreeMap<&'a str, &'a str>,
    writes: BTreeMap<&'a str, &'a str>,
    taken: Vec<(&'static str, &'static str)>,
}

impl<'a> Roles<'a> {
    fn new(controller: &'a str, config: &'a ControllerConfig) -> Self {
        fn borrow(map: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
            map.iter().map(|(role, name)| (role.as_str(), name.as_str())).collect()
        }
        Self {
            controller,
            law: config.law.name(),
            reads: borrow(&config.reads),
            writes: borrow(&config.writes),
            taken: Vec::new(),
        }
    }

    fn missing(&self, side: &'static str, role: &str) -> BuildError {
        BuildError::MissingRole {
            controller: self.controller.to_owned(),
            law: self.law,
            side,
            role: role.to_owned(),
        }
    }

    fn read_name(&mut self, role: &'static str) -> Option<&'a str> {
        self.taken.push(("reads", role));
        self.reads.remove(role)
    }

    fn optional<Q: Quantity>(&mut self, role: &'static str) -> Optional<Q> {
        Optional(self.read_name(role).map(Port::new))
    }

    fn read<Q: Quantity>(&mut self, role: &'static str) -> Result<Port<Q>, BuildError> {
        self.read_name(role).map(Port::new).ok_or_else(|| self.missing("reads", role))
    }

    fn write<Q: Quantity>(
        &mut self,
        builder: &mut Builder,
        role: &'static str,
    ) -> Result<Port<Q>, BuildError> {
        self.taken.push(("writes", role));
        let name = self.writes.remove(role).ok_or_else(|| self.missing("writes", role))?;
        builder.output::<Q>(name);
        Ok(Port::new(name))
    }

    fn finish(self) -> Result<(), BuildError> {
        let left = [("reads", &self.reads), ("writes", &self.writes)];
        for (side, roles) in left {
            if let Some(role) = roles.keys().next() {
                let legal: Vec<_> = self
                    .taken
                    .iter()
                    .filter(|(known, _)| *known == side)
                    .map(|(_, role)| format!("'{role}'"))
                    .collect();
                return Err(BuildError::UnknownRole {
                    controller: self.controller.to_owned(),
                    law: self.law,
                    side,
                    role: (*role).to_owned(),
                    legal: if legal.is_empty() { "none".into() } else { legal.join(", ") },
                });
            }
        }
        Ok(())
    }
}

/// Wires one declared controller. `start` is the start value of what it writes, for a law that was
/// not given one of its own.
pub(crate) fn build(
    builder: &mut Builder,
    name: &str,
    config: &ControllerConfig,
    clock: Clock,
    start: Option<f64>,
) -> Result<Box<dyn Controller>, BuildError> {
    let fail = |source: ConfigError| BuildError::Config { controller: name.to_owned(), source };
    let mut roles = Roles::new(name, config);
    let controller: Box<dyn Controller> = match &config.law {
        LawConfig::Multiplier(law) => {
            let law = MultiplierConfig { initial: law.initial.or(start), ..(**law).clone() };
            let (measured, quantity, output) = weigh(builder, &mut roles, law.initial)?;
            with_quantity!(quantity, Q => {
                let setpoint: Optional<Setpoint<Q>> = roles.optional("setpoint");
                law.check_setpoint(setpoint.0.is_some()).map_err(fail)?;
                let input = (Port::<Q>::new(measured), setpoint);
                Box::new(Wired::new(name, law.init::<Q>(clock).map_err(fail)?, input, output))
            })
        }
        LawConfig::Normalize(law) => {
            let input = roles.read::<RawLoss>("loss")?;
            let outputs = (
                roles.write::<NormalizedLoss>(builder, "normalized_loss")?,
                roles.write::<NormalizerSlope>(builder, "slope")?,
            );
            let law = Normalize::new(law.init().map_err(fail)?);
            Box::new(Wired::new(name, law, input, outputs))
        }
        LawConfig::Pid(law) => {
            let law = PidConfig { initial: law.initial.or(start), ..law.clone() };
            let (measured, quantity, output) = weigh(builder, &mut roles, law.initial)?;
            with_quantity!(quantity, Q => {
                let input = (Port::<Q>::new(measured), roles.read::<Setpoint<Q>>("setpoint")?);
                Box::new(Wired::new(name, law.init::<Q>(clock).map_err(fail)?, input, output))
            })
        }
        LawConfig::Precision(law) => {
            let input = roles.read::<RawLoss>("loss")?;
            let outputs = (
                roles.write::<Weight>(builder, "weight")?,
                roles.write::<LogVariance>(builder, "log_variance")?,
            );
            // Both follow from the law's own start, s; a start value of the weight has no say.
            builder.start_at::<Weight>(outputs.0.name(), (-law.initial).exp())?;
            builder.start_at::<LogVariance>(outputs.1.name(), law.initial)?;
            Box::new(Wired::new(name, law.init(clock).map_err(fail)?, input, outputs))
        }
        LawConfig::Governor(law) => {
            let law = GovernorConfig { initial: law.initial.or(start), ..law.clone() };
            let inputs = (
                roles.optional::<RawLoss>("loss"),
                roles.optional::<GradientNorm>("gradient_norm"),
                roles.optional::<ParameterNorm>("parameter_norm"),
                roles.optional::<UpdateNorm>("update_norm"),
                roles.optional::<LearningRate>("update_rate"),
                roles.optional::<Entropy>("information"),
                Port::<FaultCount>::new(FAULTS),
            );
            let (loss, gradient) = (inputs.0.0.is_some(), inputs.1.0.is_some());
            let (parameters, update) = (inputs.2.0.is_some(), inputs.3.0.is_some());
            law.check_wiring(loss, gradient, parameters, update).map_err(fail)?;
            let output = roles.write::<LearningRate>(builder, "learning_rate")?;
            if let Some(initial) = law.initial {
                builder.start_at::<LearningRate>(output.name(), initial)?;
            }
            Box::new(Wired::new(name, law.init(clock).map_err(fail)?, inputs, output))
        }
        LawConfig::Ramp(law) => {
            let inputs = (roles.read::<Weight>("final")?, roles.optional::<Entropy>("gate"));
            let gate = inputs.1.0.is_some();
            let rule = "must be set exactly where 'reads.gate' is wired";
            let found = if gate { "a wired gate" } else { "no wired gate" };
            ConfigError::unless(gate == law.gate.is_some(), "gate", rule, found).map_err(fail)?;
            let output = roles.write::<Weight>(builder, "weight")?;
            Box::new(Wired::new(name, law.init(clock).map_err(fail)?, inputs, output))
        }
        LawConfig::Cosine(law) => {
            let law = CosineConfig { initial: law.initial.or(start), ..law.clone() };
            let output = roles.write::<LearningRate>(builder, "learning_rate")?;
            if let Some(initial) = law.initial {
                builder.start_at::<LearningRate>(output.name(), initial)?;
            }
            Box::new(Wired::new(name, law.init(clock).map_err(fail)?, (), output))
        }
        LawConfig::Constant(law) => {
            let output = roles.write::<LearningRate>(builder, "learning_rate")?;
            Box::new(Wired::new(name, law.init(clock).map_err(fail)?, (), output))
        }
        LawConfig::Ceiling(law) => {
            let (measured, quantity) = measured(builder, &mut roles)?;
            let score = roles.optional("score");
            let counts = (roles.optional("rejections"), roles.optional("restorations"));
            with_quantity!(quantity, Q => {
                let output = Optional(Some(roles.write::<Setpoint<Q>>(builder, "setpoint")?));
                let measured = Optional(Some(Port::<Q>::new(measured)));
                let inputs = (measured, score, counts.0, counts.1);
                let law = law.init_law::<Q>(clock).map_err(fail)?;
                Box::new(Wired::new(name, law, inputs, output))
            })
        }
    };
    roles.finish()?;
    Ok(controller)
}

/// The roles of a law that turns one measurement into one weight: what is measured, as which quantity,
/// and the weight, which stands on the board from the start.
fn weigh<'a>(
    builder: &mut Builder,
    roles: &mut Roles<'a>,
    initial: Option<f64>,
) -> Result<(&'a str, &'static str, Port<Weight>), BuildError> {
    let (measured, quantity) = measured(builder, roles)?;
    let output = roles.write::<Weight>(builder, "weight")?;
    if let Some(initial) = initial {
        builder.start_at::<Weight>(output.name(), initial)?;
    }
    Ok((measured, quantity, output))
}

/// What is measured, and as which quantity.
fn measured<'a>(
    builder: &Builder,
    roles: &mut Roles<'a>,
) -> Result<(&'a str, &'static str), BuildError> {
    let measured = roles.read_name("measured");
    let measured = measured.ok_or_else(|| roles.missing("reads", "measured"))?;
    let quantity = quantity_of(&builder.measurable(), &owner(roles.controller), measured)?;
    Ok((measured, quantity))
}

fn owner(name: &str) -> String {
    format!("controller '{name}'")
}
