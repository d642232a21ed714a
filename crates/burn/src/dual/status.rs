//! The engine for a person to read.

use std::fmt;

use homeostat_multiplier::{Dual, DualState, Gate, Measurement};

/// One line per constraint: what was measured, its target, how far it is violated, λ, the share of
/// steps in which it held, and what held λ if anything did. Then one line of residuals, see
/// [`Dual::kkt`].
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    dual: &'a Dual,
    state: &'a DualState,
    measurements: &'a [Option<Measurement>],
}

impl<'a> Status<'a> {
    pub(super) fn new(
        dual: &'a Dual,
        state: &'a DualState,
        measurements: &'a [Option<Measurement>],
    ) -> Self {
        Self { dual, state, measurements }
    }
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.dual.names().iter().map(String::len).max().unwrap_or(0).max(10);
        write!(
            formatter,
            "{:width$} {:>10} {:>10} {:>10} {:>10} {:>10}  held by",
            "constraint", "measured", "target", "violation", "multiplier", "satisfied"
        )?;
        let constraints = self.state.constraints().iter().zip(self.measurements);
        for (name, (one, measurement)) in self.dual.names().iter().zip(constraints) {
            let measured = measurement.map(|measured| measured.strict.unwrap_or(measured.value));
            let measured = measured.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
            let satisfied = one
                .satisfaction()
                .rate()
                .map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", 100.0 * rate));
            write!(
                formatter,
                "\n{name:width$} {measured:>10} {:>10.4} {:>+10.4} {:>10.4} {satisfied:>10}  {}",
                one.target(),
                one.error(),
                one.multiplier(),
                words(one.gate())
            )?;
        }
        let residuals = self.dual.kkt(self.state, None);
        write!(
            formatter,
            "\nresiduals: feasibility {:.2e}, sign of the multipliers {:.2e}, complementarity {:.2e}",
            residuals.primal_feasibility, residuals.dual_feasibility, residuals.complementarity
        )
    }
}

fn words(gate: Gate) -> &'static str {
    match gate {
        Gate::Update => "",
        Gate::Missing => "no measurement",
        Gate::NonFinite => "not a finite number",
        Gate::Spike => "spike",
        Gate::Frozen => "freeze after a spike",
        Gate::Warmup => "warm-up",
        Gate::Waiting => "waits for its turn",
        Gate::Paused => "rises with its ease",
        Gate::Deadzone => "deadzone",
    }
}
