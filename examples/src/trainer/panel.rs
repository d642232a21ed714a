//! The board of the trainer: what it measures, and where it finds the decisions.

use homeostat::burn::{Delay, Reader};
use homeostat::{
    BuildError, Builder, Clock, ConfigError, Entropy, GradientNorm, LearningRate, Metric,
    Orchestrator, ParameterNorm, RawLoss, Slot, SurgerySlots, UpdateNorm, Weight,
};

use burn::prelude::Backend;

use super::settings::Settings;
use crate::topoencoder::{LossName, LossSet};

/// The learning rate's port.
pub const LEARNING_RATE: &str = "learning_rate";

/// One loss: where its value and its weight stand.
#[derive(Clone, Copy, Debug)]
pub struct LossSlots {
    /// Which loss.
    pub name: LossName,
    /// Where its value stands.
    pub value: Slot<RawLoss>,
    /// Where its weight stands.
    pub weight: Slot<Weight>,
}

/// Slots of everything the trainer measures or applies.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The losses that are computed in every step, in the order of [`LossName::ALL`].
    pub losses: Vec<LossSlots>,
    /// The spread of the singular values, measured on the host every few steps.
    pub orthogonality: (Slot<RawLoss>, Slot<Weight>),
    /// Weight of all supervised losses together.
    pub supervision: Slot<Weight>,
    /// H(K|X).
    pub charts_given_input: Slot<Entropy>,
    /// H(K).
    pub charts: Slot<Entropy>,
    /// I(X;K).
    pub information: Slot<Entropy>,
    /// recon + vq + route with constant weights: what the governor watches. Adaptive weights stay out
    /// of it, because a weight that rises would look like a loss that spikes.
    pub stability: Slot<RawLoss>,
    /// The total loss as it was differentiated.
    pub total: Slot<Metric>,
    /// ‖g‖ before clipping.
    pub gradient_norm: Slot<GradientNorm>,
    /// ‖θ‖.
    pub parameter_norm: Slot<ParameterNorm>,
    /// ‖Δθ‖ of the last optimizer step.
    pub update_norm: Slot<UpdateNorm>,
    /// The rate that made that step.
    pub update_rate: Slot<LearningRate>,
    /// The learning rate.
    pub learning_rate: Slot<LearningRate>,
    /// The numbers of gradient surgery, where the run has it.
    pub surgery: Option<SurgerySlots>,
}

/// Which losses a run computes. What is measured at all is measured in every step, whatever its
/// weight, so that a weight that fell to zero can return.
pub fn loss_set(settings: &Settings) -> LossSet {
    let mut set = LossSet::unsupervised().with(LossName::Jump);
    if settings.supervision.enabled {
        set = set.with_supervised();
    }
    let weighted = |name: &str| settings.weight.get(name).is_some_and(|weight| *weight > 0.0);
    if weighted("orbit") {
        set = set.with(LossName::Orbit);
    }
    if weighted("vicreg_inv") {
        set = set.with(LossName::VicregInv);
    }
    set
}

/// Declares every sensor, start value and controller.
pub fn build(
    settings: &Settings,
    steps_per_epoch: u64,
) -> Result<(Panel, Orchestrator), BuildError> {
    let clock = Clock::new(steps_per_epoch)
        .map_err(|source| BuildError::Config { controller: "clock".into(), source })?;
    let mut builder = Builder::new(clock);
    let names: Vec<LossName> = loss_set(settings).iter().collect();
    let values = names
        .iter()
        .map(|name| builder.sensor::<RawLoss>(name.name()))
        .collect::<Result<Vec<_>, _>>()?;
    let orthogonality = builder.sensor::<RawLoss>("orthogonality")?;
    let charts_given_input = builder.sensor::<Entropy>("h_k_given_x")?;
    let charts = builder.sensor::<Entropy>("h_k")?;
    let information = builder.sensor::<Entropy>("i_xk")?;
    let stability = builder.sensor::<RawLoss>("stability")?;
    let total = builder.sensor::<Metric>("total")?;
    let gradient_norm = builder.sensor::<GradientNorm>("gradient_norm")?;
    let parameter_norm = builder.sensor::<ParameterNorm>("parameter_norm")?;
    let update_norm = builder.sensor::<UpdateNorm>("update_norm")?;
    let update_rate = builder.sensor::<LearningRate>("update_rate")?;

    let rate = settings.optimizer.learning_rate;
    let learning_rate = builder.learning_rate(LEARNING_RATE, rate)?;
    let target = &settings.target;
    let (charts_most, codes_most) =
        ((settings.model.charts as f64).ln(), (settings.model.codes_per_chart as f64).ln());
    let gap = (1.0 - target.code_entropy_ratio) * codes_most;
    for (name, value) in [
        ("h_k_given_x", target.entropy_ratio * charts_most),
        ("h_k", target.hk_ratio * charts_most),
        ("i_xk", settings.loss.window_epsilon),
        ("code_entropy", gap),
        ("per_chart_code_entropy", gap),
        ("consistency", target.consistency),
    ] {
        if !settings.setpoint.contains_key(name) {
            builder.setpoint_of(name, value)?;
        }
    }
    // Every loss has a weight, be it only the constant of the file; without an entry it is 0.
    let mut control = settings.control();
    for name in names.iter().map(|name| name.name()).chain(["orthogonality", "sup", "jump_final"]) {
        control.weight.entry(name.to_owned()).or_insert(0.0);
    }
    control.weight.insert(LossName::SupRoute.name().to_owned(), 1.0);
    control.weight.remove(LossName::Jump.name());
    if !control.controller.values().any(|one| {
        one.enabled && one.writes.get("weight").is_some_and(|name| name == LossName::Jump.name())
    }) {
        let last = control.weight["jump_final"];
        control.weight.insert(LossName::Jump.name().to_owned(), last);
    } else {
        control.weight.insert(LossName::Jump.name().to_owned(), 0.0);
    }
    builder.configure(&control)?;
    let surgery = control.surgery.is_some().then(|| builder.surgery()).transpose()?;

    let losses = names
        .into_iter()
        .zip(values)
        .map(|(name, value)| {
            Ok(LossSlots { name, value, weight: builder.weight_slot(name.name())? })
        })
        .collect::<Result<Vec<_>, BuildError>>()?;
    let panel = Panel {
        losses,
        orthogonality: (orthogonality, builder.weight_slot("orthogonality")?),
        supervision: builder.weight_slot("sup")?,
        charts_given_input,
        charts,
        information,
        stability,
        total,
        gradient_norm,
        parameter_norm,
        update_norm,
        update_rate,
        learning_rate,
        surgery,
    };
    Ok((panel, builder.build()?))
}

/// The reader of a run.
pub fn reader<B: Backend>(
    settings: &Settings,
    control: &Orchestrator,
) -> Result<Reader<B>, ConfigError> {
    Ok(Reader::new(Delay::try_from(settings.delay)?, control.faults()))
}
