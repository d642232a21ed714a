//! The gates of a measurement, its one commit to the normalizer, and its error.
//!
//! The order is that of the reference specification of the dual optimizer, section 6.2: not finite,
//! spike, commit, freeze, warm-up, error. What follows is done in `step.rs`.

use homeostat_core::{RangeError, StepError};
use homeostat_normalize::{LARGEST, Status};

use super::{Constraint, Measurement, MultiplierState};
use crate::arithmetic::OnSpike;
use crate::gate::Gate;
use crate::spike::{Answer, Jump};
use crate::violation::Excess;

impl Constraint {
    /// Gates 1–6. A refused measurement (no setpoint, a negative number in a log-ratio) leaves the
    /// memory as it was.
    pub(crate) fn observe(
        &self,
        state: &mut MultiplierState,
        measurement: Option<Measurement>,
    ) -> Result<(), StepError> {
        let Some(measurement) = measurement else {
            close(state, Gate::Missing, false);
            return Ok(());
        };
        self.admit(&measurement)?;
        let proxy = self.legal(state, measurement.value);
        let Some(driver) = self.driver(&measurement) else {
            // The proxy alone: its window and its slope go on, λ holds.
            if proxy {
                self.commit_proxy(state, measurement.value);
            }
            close(state, Gate::Missing, proxy);
            return Ok(());
        };
        if !self.legal(state, driver) {
            self.refuse(state);
            state.row = proxy && self.strict;
            return Ok(());
        }
        let targets = self.aim.targets(&state.aim, measurement.setpoint, driver, state.taken)?;
        let plain = match self.mode.normalizes() {
            true => None,
            false => Some(self.plain(state, driver, targets.values)?),
        };
        state.counters.non_finite_streak = 0;
        if self.spikes(state, driver) {
            state.counters.spikes += 1;
            close(state, Gate::Spike, proxy && self.on_spike == OnSpike::Keep);
            return Ok(());
        }

        let anchors = match plain {
            Some(_) => [[0.0; 2]; 2],
            None => self.anchors(state, driver, targets.values),
        };
        state.taken = state.taken.saturating_add(1);
        let reading = self.commit(state, &measurement, driver, proxy);
        (state.status, state.scale) = (reading.status, reading.scale);
        let excess = plain.unwrap_or_else(|| self.normalized(&reading, driver, anchors));

        let frozen = state.spike.as_mut().is_some_and(|spike| spike.thaw());
        let warming = reading.status == Status::Warming || state.taken < self.warmup;
        let cold = warming || targets.learning;
        let gate = match (frozen, cold) {
            (true, _) => Gate::Frozen,
            (false, true) => Gate::Warmup,
            (false, false) => Gate::Waiting,
        };
        state.ease = measurement.ease.filter(|ease| ease.is_finite());
        if reading.status != Status::Warming {
            state.driver = driver.clamp(-f64::MAX, f64::MAX);
            state.compared = true;
            self.take(state, &excess, targets.values, cold, gate == Gate::Waiting);
        }
        self.aim.settle(&mut state.aim, &targets);
        close(state, gate, proxy);
        Ok(())
    }

    /// The errors at a moved point, against the same targets; takes nothing in. The constraint's
    /// turn stays open where it was open, and a moved point without a measurement keeps the errors
    /// that were observed but has no row.
    pub(crate) fn remeasure(
        &self,
        state: &mut MultiplierState,
        measurement: Option<Measurement>,
    ) -> Result<(), StepError> {
        if !state.gate.open() {
            return Ok(());
        }
        let Some(measurement) = measurement else {
            state.row = false;
            return Ok(());
        };
        self.admit(&measurement)?;
        let proxy = self.legal(state, measurement.value);
        let Some(driver) = self.driver(&measurement) else {
            state.row = proxy;
            return Ok(());
        };
        if !self.legal(state, driver) {
            close(state, Gate::NonFinite, proxy && self.strict);
            return Ok(());
        }
        let targets = [0, 1].map(|side| state.sides.get(side).map_or(0.0, |side| side.target));
        let jump = match (&self.spike, &state.spike) {
            (Some(gate), Some(spike)) => gate.jump(spike, driver),
            _ => Jump::None,
        };
        if self.bad(jump) {
            close(state, Gate::Spike, proxy && self.on_spike == OnSpike::Keep);
            return Ok(());
        }
        let excess = if self.mode.normalizes() {
            let anchors = self.anchors(state, driver, targets);
            let reading = self.peek(state, driver);
            self.normalized(&reading, driver, anchors)
        } else {
            self.plain(state, driver, targets)?
        };
        for (place, sign) in self.sense.sides().iter().enumerate() {
            let side = &mut state.sides[place];
            side.error = sign * excess.now[place];
            side.clipped = side.error.clamp(-self.error_clip, self.error_clip);
        }
        state.driver = driver.clamp(-f64::MAX, f64::MAX);
        if proxy {
            state.value = measurement.value.clamp(-f64::MAX, f64::MAX);
        }
        state.row = proxy;
        Ok(())
    }

    /// Whether a number can be taken in: finite, and not so large that its square is not.
    fn legal(&self, state: &MultiplierState, value: f64) -> bool {
        match (&self.normalizer, &state.normalizer) {
            (Some(normalizer), Some(memory)) if value == f64::INFINITY => {
                normalizer.peek(memory, value).status != Status::NonFinite
            }
            (Some(_), _) => value.abs() <= LARGEST,
            (None, _) => value.is_finite(),
        }
    }

    /// Whether a measurement has what the settings ask for, and nothing else.
    pub(crate) fn admit(&self, measurement: &Measurement) -> Result<(), StepError> {
        match (self.aim.reads_setpoint(), measurement.setpoint) {
            (true, None) => return Err(StepError::Missing("setpoint")),
            (true, Some(setpoint)) => RangeError::finite("setpoint", setpoint).map(drop)?,
            (false, Some(value)) => {
                let rule = "must not be given where the target is none";
                return Err(RangeError { quantity: "setpoint", rule, value }.into());
            }
            (false, None) => {}
        }
        match measurement.strict.filter(|_| !self.strict) {
            Some(value) => {
                let rule = "must not be given to a constraint without `strict`";
                Err(RangeError { quantity: "strict measurement", rule, value }.into())
            }
            None => Ok(()),
        }
    }

    /// The gate of a measurement without an error.
    pub(crate) fn refuse(&self, state: &mut MultiplierState) {
        state.counters.non_finite += 1;
        state.counters.non_finite_streak += 1;
        close(state, Gate::NonFinite, false);
    }

    /// The number that drives λ; `None` where the strict one was not measured.
    fn driver(&self, measurement: &Measurement) -> Option<f64> {
        if self.strict { measurement.strict } else { Some(measurement.value) }
    }

    /// Whether a jump is one to the bad side, against which the multiplier must be held.
    fn bad(&self, jump: Jump) -> bool {
        match (self.sense.sides(), jump) {
            (_, Jump::None) => false,
            ([sign], Jump::Up) if !self.sense.signed() => *sign > 0.0,
            ([sign], Jump::Down) if !self.sense.signed() => *sign < 0.0,
            _ => true,
        }
    }

    /// Gate 2; takes the number into the window where it stays open.
    fn spikes(&self, state: &mut MultiplierState, driver: f64) -> bool {
        let (Some(gate), Some(spike)) = (&self.spike, &mut state.spike) else { return false };
        let jump = gate.jump(spike, driver);
        if self.bad(jump) {
            if gate.freeze(spike) == Answer::Hold {
                return true;
            }
            state.counters.regimes += 1;
        } else if jump != Jump::None {
            state.counters.drops += 1;
        }
        gate.accept(spike, driver);
        false
    }

    /// Takes over errors: into the averages where the target moved, and into the satisfaction.
    fn take(
        &self,
        state: &mut MultiplierState,
        excess: &Excess,
        targets: [f64; 2],
        cold: bool,
        open: bool,
    ) {
        let mut jumped = false;
        let (mut holds, mut inside) = (true, true);
        for (place, sign) in self.sense.sides().iter().enumerate() {
            let side = &mut state.sides[place];
            side.target = targets[place];
            side.error = sign * excess.now[place];
            side.clipped = side.error.clamp(-self.error_clip, self.error_clip);
            let shift = sign * (excess.now[place] - excess.before[place]);
            if shift != 0.0 && shift.is_finite() {
                self.smoothing.shift(&mut side.dual.smoother, shift, self.error_clip);
                let count = side.count as f64;
                let limit = (self.error_clip * count).min(f64::MAX);
                side.collected = (side.collected + shift * count).clamp(-limit, limit);
                jumped |= shift.abs() > self.target_jump;
            }
            let size = if self.sense.signed() { side.error.abs() } else { side.error };
            holds &= size <= self.deadzone;
            inside &= side.error.abs() < self.deadzone;
            if open {
                let strictly = side.error < -self.deadzone;
                side.satisfied_run =
                    if strictly { side.satisfied_run.saturating_add(1) } else { 0 };
            }
        }
        if jumped && self.resume.is_some() {
            state.resume = Some(0);
        }
        if !cold {
            state.satisfaction.push(holds, inside);
        }
    }
}

/// Ends the gates of a measurement.
fn close(state: &mut MultiplierState, gate: Gate, row: bool) {
    state.gate = gate;
    state.row = row;
    for side in &mut state.sides {
        side.gate = gate;
        side.trial = None;
    }
}
