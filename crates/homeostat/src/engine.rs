//! How the engine of a file is wired: `[dual]`, `[constraints.NAME]`, `[families.NAME]`.

use homeostat_core::{Clock, ConfigError, Controller, Multiplier, Quantity, Weight};
use homeostat_multiplier::{
    ConstraintInputs, DualConfig, DualConfigError, DualController, Input, MultiplierConfig, Supply,
};

use crate::builder::Builder;
use crate::catalog::{input, quantity_of, setpoint_input};
use crate::error::BuildError;

/// The name of the engine among the controllers.
pub(crate) const ENGINE: &str = "dual";

/// Wires the engine and makes room for what it decides.
pub(crate) fn build(
    builder: &mut Builder,
    config: &DualConfig,
    clock: Clock,
) -> Result<Box<dyn Controller>, BuildError> {
    let dual = config.init_with(clock)?;
    let mut inputs = Vec::with_capacity(config.constraints.len());
    for (name, constraint) in &config.constraints {
        inputs.push(wire(builder, name, constraint)?);
    }
    let controller = DualController::new(ENGINE, dual, inputs)?;
    let state = controller.state();
    let effective = controller.dual().effective_multipliers(state).to_vec();
    let multipliers: Vec<_> = state.constraints().iter().map(|one| one.multiplier()).collect();
    for ((name, weight), multiplier) in config.constraints.keys().zip(effective).zip(multipliers) {
        if builder.has_start(Weight::NAME, name) {
            return Err(BuildError::TwoWriters {
                port: format!("{} '{name}'", Weight::NAME),
                first: "a start value".into(),
                second: format!("constraint '{name}'"),
            });
        }
        builder.start_at::<Weight>(name, weight)?;
        builder.start_at::<Multiplier>(name, multiplier)?;
    }
    Ok(Box::new(controller))
}

fn wire(
    builder: &Builder,
    name: &str,
    constraint: &MultiplierConfig,
) -> Result<ConstraintInputs, BuildError> {
    let owner = format!("constraint '{name}'");
    let find = |signal: &str| -> Result<Input, BuildError> {
        Ok(input(quantity_of(&builder.measurable(), &owner, signal)?, signal))
    };
    let optional = |field: &'static str, supply: &Option<Supply>| {
        let Some(supply) = supply else { return Ok(None) };
        let signal = supply.signal().ok_or_else(|| DualConfigError::Constraint {
            name: name.to_owned(),
            source: ConfigError::new(
                field,
                "must be the name of a signal where the engine reads from a board",
                supply,
            ),
        })?;
        find(signal).map(Some)
    };
    let measured = constraint.measured.as_deref().unwrap_or(name);
    let quantity = quantity_of(&builder.measurable(), &owner, measured)?;
    Ok(ConstraintInputs {
        measured: input(quantity, measured),
        strict: optional("strict", &constraint.strict)?,
        ease: optional("ease", &constraint.ease)?,
        setpoint: constraint.reads_setpoint().then(|| setpoint_input(quantity, measured)),
    })
}
