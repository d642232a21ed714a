//! What a step reads, and its means over a window.

use homeostat_core::{FaultCount, Scalar};
use homeostat_signal::BlockMean;
use serde::{Deserialize, Serialize};

use crate::law::GovernorInput;

/// A reading beyond this counts as one that is not finite, so that no sum of readings overflows.
const LARGEST: f64 = 1e280;

/// The readings of one step as plain numbers. A number that is there may be averaged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) loss: Option<f64>,
    pub(crate) gradient: Option<f64>,
    pub(crate) parameters: Option<f64>,
    pub(crate) update: Option<f64>,
    pub(crate) update_rate: Option<f64>,
    pub(crate) information: Option<f64>,
    pub(crate) faults: u64,
}

impl Reading {
    pub(crate) fn new(
        (loss, gradient, parameters, update, update_rate, information, faults): GovernorInput,
    ) -> Self {
        let mut count = faults_of(faults);
        let loss = admit(loss, &mut count);
        let gradient = admit(gradient, &mut count);
        // The others say nothing about the health of the step, so they are only left out.
        let mut ignored = 0;
        Self {
            loss,
            gradient,
            parameters: admit(parameters, &mut ignored),
            update: admit(update, &mut ignored),
            update_rate: admit(update_rate, &mut ignored),
            information: admit(information, &mut ignored),
            faults: count,
        }
    }
}

/// Counts are numbers on the board; half a fault is one.
fn faults_of(faults: FaultCount) -> u64 {
    faults.get().ceil() as u64
}

fn admit<Q: Scalar>(reading: Option<Q>, faults: &mut u64) -> Option<f64> {
    let value = reading?.get();
    if value.abs() <= LARGEST {
        return Some(value);
    }
    *faults = faults.saturating_add(1);
    None
}

/// `true` where a number made from readings may be remembered.
pub(crate) fn storable(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// Readings of a window so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    steps: u64,
    loss: BlockMean,
    gradient: BlockMean,
    parameters: BlockMean,
    information: BlockMean,
    lost_losses: u64,
    lost_gradients: u64,
}

/// The means of a full window, over the readings that were there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    pub(crate) loss: Option<f64>,
    pub(crate) gradient: Option<f64>,
    pub(crate) parameters: Option<f64>,
    pub(crate) information: Option<f64>,
    /// Every step had a loss.
    pub(crate) all_losses: bool,
    /// Every step had a gradient norm.
    pub(crate) all_gradients: bool,
}

impl Window {
    /// Takes in the readings of a step; gives the means when the window is full, and starts the next.
    pub(crate) fn observe(&mut self, reading: &Reading, length: u64) -> Option<Means> {
        for (mean, value) in [
            (&mut self.loss, reading.loss),
            (&mut self.gradient, reading.gradient),
            (&mut self.parameters, reading.parameters),
            (&mut self.information, reading.information),
        ] {
            value.map(|value| mean.observe(value));
        }
        self.lost_losses += u64::from(reading.loss.is_none());
        self.lost_gradients += u64::from(reading.gradient.is_none());
        self.steps += 1;
        if self.steps < length {
            return None;
        }
        let full = std::mem::take(self);
        Some(Means {
            loss: full.loss.mean(),
            gradient: full.gradient.mean(),
            parameters: full.parameters.mean(),
            information: full.information.mean(),
            all_losses: full.lost_losses == 0,
            all_gradients: full.lost_gradients == 0,
        })
    }
}
