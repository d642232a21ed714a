//! From an observation to what is remembered of it.

use super::DoctorError;
use super::memory::Sample;
use super::observation::{Gate, Observation};
use super::profile::Sense;

/// The numbers of a controller must be finite; only measurements may be anything.
pub(super) fn check(observation: &Observation) -> Result<(), DoctorError> {
    for (field, found) in [
        ("target", observation.target),
        ("multiplier", observation.multiplier),
        ("maximum", observation.maximum),
        ("effective multiplier", observation.effective),
        ("rate", observation.rate),
        ("leak", observation.leak),
        ("deadzone", observation.deadzone),
        ("slope", observation.slope),
    ] {
        if !found.is_finite() {
            return Err(DoctorError::NotFinite { field, found });
        }
    }
    Ok(())
}

/// The row of the ring. A number that the gate makes meaningless, or that is not finite, is 0 or absent.
pub(super) fn sample(observation: &Observation, sense: Sense) -> Sample {
    let Observation { raw, normalized, error, smoothed, multiplier, slope, .. } = *observation;
    let gate = if observation.gate.has_error() {
        let all = [raw, normalized, error, smoothed];
        if all.iter().all(|value| value.is_finite()) { observation.gate } else { Gate::NonFinite }
    } else if raw.is_finite() {
        observation.gate
    } else {
        Gate::NonFinite
    };
    let measured = |value: f64| if gate.has_error() { value } else { 0.0 };
    let given = |value: Option<f64>| value.filter(|value| value.is_finite());
    let distance = if sense == Sense::Equal { error.abs() } else { error };
    Sample {
        raw: measured(raw),
        normalized: measured(normalized),
        error: measured(error),
        smoothed: measured(smoothed),
        multiplier,
        slope,
        strict: given(observation.strict),
        denominator: given(observation.denominator),
        invalid_rate: given(observation.invalid_rate),
        ease: given(observation.ease),
        gate,
        normalizer: observation.normalizer,
        satisfied: gate.has_error() && distance <= observation.deadzone,
        at_budget: observation.at_budget,
    }
}
