//! A normalizer on the board.

use homeostat_core::{Law, NormalizedLoss, NormalizerSlope, Probe, RangeError, RawLoss, StepError};

use crate::auto::Choice;
use crate::normalizer::{Normalizer, NormalizerState};
use crate::reading::LARGEST;

/// The law that normalizes one loss on the board: raw loss in, normalized loss and slope out.
///
/// While the normalizer warms up, the normalized loss is 0: a controller behind it sees no error.
#[derive(Clone, Debug)]
pub struct Normalize {
    normalizer: Normalizer,
}

impl Normalize {
    /// The law of a checked normalizer.
    pub fn new(normalizer: Normalizer) -> Self {
        Self { normalizer }
    }

    /// The normalizer, to ask for its health or to map a target.
    pub fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }
}

impl Law for Normalize {
    const NAME: &'static str = "normalize";
    const VERSION: u32 = 1;
    type Input = RawLoss;
    type Output = (NormalizedLoss, NormalizerSlope);
    type State = NormalizerState;

    fn init(&self) -> NormalizerState {
        self.normalizer.init_state()
    }

    fn step(
        &self,
        state: &mut NormalizerState,
        loss: RawLoss,
    ) -> Result<(NormalizedLoss, NormalizerSlope), StepError> {
        if loss.get().abs() > LARGEST {
            let rule = "must be at most 1e140 in magnitude";
            return Err(RangeError { quantity: "raw loss", rule, value: loss.get() }.into());
        }
        if !self.normalizer.owns(state) {
            return Err(StepError::Missing("the memory of this kind of normalizer"));
        }
        let reading = self.normalizer.commit(state, loss.get());
        Ok((NormalizedLoss::new(reading.value)?, NormalizerSlope::new(reading.slope)?))
    }

    fn probe(&self, state: &NormalizerState, probe: &mut dyn Probe) {
        probe.record("commits", state.commits() as f64);
        if let Some(count) = state.window_len() {
            probe.record("window", count as f64);
        }
        if let Some(scale) = self.normalizer.scale(state) {
            probe.record("scale", scale);
        }
        if let Some(choice) = state.choice() {
            probe.record("rank_chosen", f64::from(u8::from(choice == Choice::Rank)));
        }
    }
}
