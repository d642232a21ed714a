//! What the doctor sees of a constraint that needs none.

use homeostat_telemetry::{Gate, Observation};

/// An update of a constraint that is met, acts, and lies inside its deadzone.
pub(crate) fn calm(constraint: usize) -> Observation {
    Observation {
        raw: 0.1,
        normalized: 0.1,
        target: 0.1,
        multiplier: 1.0,
        maximum: 50.0,
        effective: 1.0,
        rate: 5e-3,
        deadzone: 0.02,
        gate: Gate::Deadzone,
        ..Observation::new(constraint)
    }
}
