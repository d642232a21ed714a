//! A constraint whose true quantity has no gradient (Cotter et al. 2019).

use homeostat_normalize::{Normalizer, NormalizerState, Reading};
use homeostat_signal::PairRing;
use serde::{Deserialize, Serialize};

use crate::constraint::identity;

/// Over how many measured steps proxy and strict value are compared.
const WINDOW: usize = 1000;
/// So many pairs must be there before their correlation is shown. Ours: its standard error is then
/// below 0.2.
const ENOUGH: usize = 30;

/// The memory of the strict side: its own window, and how the proxy follows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StrictState {
    normalizer: Option<NormalizerState>,
    pairs: PairRing,
}

impl StrictState {
    pub(crate) fn new(normalizer: Option<&Normalizer>) -> Self {
        let normalizer = normalizer.map(Normalizer::init_state);
        Self { normalizer, pairs: PairRing::new(WINDOW) }
    }

    pub(crate) fn normalizer(&self) -> Option<&NormalizerState> {
        self.normalizer.as_ref()
    }

    /// The one commit of the strict measurement.
    pub(crate) fn commit(
        &mut self,
        normalizer: Option<&Normalizer>,
        strict: f64,
        proxy: f64,
    ) -> Reading {
        self.pairs.push(strict, proxy);
        match (normalizer, &mut self.normalizer) {
            (Some(normalizer), Some(memory)) => normalizer.commit(memory, strict),
            _ => identity(strict),
        }
    }

    /// Pearson's r of the newest pairs, where there are enough.
    pub(crate) fn correlation(&self) -> Option<f64> {
        (self.pairs.len() >= ENOUGH).then(|| self.pairs.correlation())
    }

    /// Whether a memory from a file has this window.
    pub(crate) fn fits(&self) -> bool {
        self.pairs.capacity() == WINDOW
    }
}
