//! The board of the trainer: what it measures, and where it finds the decisions.

use homeostat::{
    BuildError, Builder, Clock, GradientNorm, LearningRate, Metric, Orchestrator, RawLoss, Slot,
    Weight,
};

use super::settings::Settings;

/// Slots of everything the trainer measures or applies.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// The squared error summed over the pixels of an image, and its weight.
    pub reconstruction: (Slot<RawLoss>, Slot<Weight>),
    /// The divergence of both halves in nats, and its weight.
    pub divergence: (Slot<RawLoss>, Slot<Weight>),
    /// The divergences of core and detail.
    pub halves: [Slot<RawLoss>; 2],
    /// Structural similarity.
    pub similarity: Slot<Metric>,
    /// The loss as it was differentiated.
    pub total: Slot<Metric>,
    /// ‖g‖ before clipping or scaling.
    pub gradient_norm: Slot<GradientNorm>,
    /// The learning rate.
    pub learning_rate: Slot<LearningRate>,
}

/// Declares every sensor, start value and controller.
pub fn build(settings: &Settings, clock: Clock) -> Result<(Panel, Orchestrator), BuildError> {
    let mut builder = Builder::new(clock);
    let reconstruction = builder.sensor::<RawLoss>("reconstruction")?;
    let divergence = builder.sensor::<RawLoss>("kl")?;
    let halves = [builder.sensor::<RawLoss>("kl_core")?, builder.sensor::<RawLoss>("kl_detail")?];
    let similarity = builder.sensor::<Metric>("similarity")?;
    let total = builder.sensor::<Metric>("total")?;
    let gradient_norm = builder.sensor::<GradientNorm>("gradient_norm")?;
    let learning_rate = builder.learning_rate("learning_rate", settings.optimizer.learning_rate)?;
    let mut control = settings.control();
    for name in ["reconstruction", "kl"] {
        control.weight.entry(name.to_owned()).or_insert(1.0);
    }
    // What a ramp of the divergence's weight ends at.
    let last = control.weight["kl"];
    control.weight.insert("kl_final".to_owned(), last);
    builder.configure(&control)?;
    let panel = Panel {
        reconstruction: (reconstruction, builder.weight_slot("reconstruction")?),
        divergence: (divergence, builder.weight_slot("kl")?),
        halves,
        similarity,
        total,
        gradient_norm,
        learning_rate,
    };
    Ok((panel, builder.build()?))
}
