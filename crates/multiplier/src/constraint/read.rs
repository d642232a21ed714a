//! What the normalizer says about a measurement, and the difference to the target.

use homeostat_core::RangeError;
use homeostat_normalize::{Reading, Status};

use super::{Constraint, Measurement, MultiplierState};
use crate::violation::Excess;

impl Constraint {
    /// The one commit of a step, and what the driver's normalizer says.
    pub(super) fn commit(
        &self,
        state: &mut MultiplierState,
        measurement: &Measurement,
        driver: f64,
        proxy: bool,
    ) -> Reading {
        if !self.strict {
            return self.commit_proxy(state, driver);
        }
        if proxy {
            self.commit_proxy(state, measurement.value);
        }
        match &mut state.strict {
            Some(strict) => strict.commit(self.normalizer.as_ref(), driver, measurement.value),
            None => identity(driver),
        }
    }

    pub(super) fn commit_proxy(&self, state: &mut MultiplierState, value: f64) -> Reading {
        let reading = match (&self.normalizer, &mut state.normalizer) {
            (Some(normalizer), Some(memory)) => normalizer.commit(memory, value),
            _ => identity(value),
        };
        state.value = value.clamp(-f64::MAX, f64::MAX);
        state.normalized = reading.value;
        // Until a warm normalizer has seen a spread, its slope is used as it is and limits nothing.
        let (settled, spread) = (state.settled, reading.status == Status::Ok);
        let before = state.slope.filter(|_| settled);
        state.slope = Some(self.slope.next(before, reading.slope, spread));
        state.settled = settled || spread;
        reading
    }

    pub(super) fn peek(&self, state: &MultiplierState, driver: f64) -> Reading {
        let memory = state.driving_normalizer();
        match (&self.normalizer, memory) {
            (Some(normalizer), Some(memory)) => normalizer.peek(memory, driver),
            _ => identity(driver),
        }
    }

    /// What the targets are compared as, now and with the targets of before: themselves, or in
    /// mode `mapped` where they stand in the state that reads the driver.
    pub(super) fn anchors(
        &self,
        state: &MultiplierState,
        driver: f64,
        targets: [f64; 2],
    ) -> [[f64; 2]; 2] {
        let memory = state.driving_normalizer();
        let anchor = |target| match (&self.normalizer, memory) {
            (Some(normalizer), Some(memory)) if self.mode.maps() => {
                normalizer.map_after(memory, driver, target)
            }
            _ => target,
        };
        let (mut now, mut before) = (targets, self.aim.before(&state.aim, targets));
        if self.mode.maps() {
            let moved = now != before;
            let sides = now.iter_mut().zip(&mut before).take(state.sides.len());
            for (now, before) in sides {
                let then = *before;
                *now = anchor(*now);
                *before = if moved { anchor(then) } else { *now };
            }
        }
        [now, before]
    }

    pub(super) fn normalized(
        &self,
        reading: &Reading,
        driver: f64,
        anchors: [[f64; 2]; 2],
    ) -> Excess {
        let at = |anchor| self.mode.normalized(reading, driver, anchor);
        Excess { now: anchors[0].map(at), before: anchors[1].map(at) }
    }

    pub(super) fn plain(
        &self,
        state: &MultiplierState,
        driver: f64,
        targets: [f64; 2],
    ) -> Result<Excess, RangeError> {
        let before = self.aim.before(&state.aim, targets);
        let mut excess = Excess { now: [0.0; 2], before: [0.0; 2] };
        for place in 0..state.sides.len() {
            excess.now[place] = self.mode.plain(driver, targets[place])?;
            let moved = before[place] != targets[place];
            let then = moved.then(|| self.mode.plain(driver, before[place]).ok()).flatten();
            excess.before[place] = then.unwrap_or(excess.now[place]);
        }
        Ok(excess)
    }
}

/// What a constraint without a normalizer reads.
pub(crate) fn identity(value: f64) -> Reading {
    Reading { value, slope: 1.0, scale: 1.0, status: Status::Ok }
}
