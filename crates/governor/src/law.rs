//! The governor and its memory.

use homeostat_core::{
    Entropy, FaultCount, GradientNorm, Law, LearningRate, ParameterNorm, Probe, RawLoss, StepError,
    UpdateNorm,
};
use homeostat_signal::{BlockMean, Ema, EmaStart};
use serde::{Deserialize, Serialize};

use crate::config::{GovernorConfig, Rules};
use crate::limit::{Limit, ceiling};
use crate::reading::{Reading, Window};
use crate::{mended, reference};

/// Loss, gradient norm, parameter norm, norm of the last measured update, the rate that made that
/// update, coupling information I(X;K), and how many readings were not finite.
///
/// A loop that asks the governor after the optimizer step measures an update older than the last
/// answer, so it says which rate was in use. Without that reading the last rate handed out is taken.
pub type GovernorInput = (
    Option<RawLoss>,
    Option<GradientNorm>,
    Option<ParameterNorm>,
    Option<UpdateNorm>,
    Option<LearningRate>,
    Option<Entropy>,
    FaultCount,
);

/// The learning-rate governor; made by [`GovernorConfig::init`]. One step of the law is one step of
/// the optimizer, and no reading makes it refuse a step.
#[derive(Clone, Debug)]
pub struct Governor {
    config: GovernorConfig,
    window: u64,
}

/// The memory of the [`Governor`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GovernorState {
    /// What the decisions made of the rate; the limits act on what is handed out.
    pub(crate) rate: f64,
    /// What was handed out last.
    pub(crate) applied: Option<f64>,
    /// Mean of what was handed out since the last decision or shrink.
    pub(crate) handed_out: BlockMean,
    pub(crate) window: Window,
    pub(crate) windows: u64,
    pub(crate) loss: Ema,
    pub(crate) loss_size: Ema,
    pub(crate) information: Ema,
    pub(crate) update_per_rate: Ema,
    /// Mended rules only: the loss has only fallen since the averages were begun.
    pub(crate) falling: bool,
    /// Reference rules only: the average has become NaN, which a state cannot hold.
    pub(crate) poisoned: bool,
    pub(crate) best: Option<f64>,
    pub(crate) stable: u64,
    pub(crate) unstable: u64,
    pub(crate) ungrounded: u64,
    pub(crate) plateau: u64,
    /// For how many more steps a fault does not shrink the rate.
    pub(crate) pause: u64,
    pub(crate) cap: f64,
    pub(crate) limit: Limit,
    pub(crate) faults: u64,
    pub(crate) shrinks: u64,
    pub(crate) grows: u64,
}

impl GovernorState {
    /// Lowers the rate by a factor of what was handed out on average, down to `floor`. What a limit
    /// held back for the whole window would otherwise take the effect out of a shrink.
    pub(crate) fn shrink(&mut self, factor: f64, floor: f64) {
        let used = self.handed_out.mean().unwrap_or(self.rate).min(self.rate);
        let shrunk = (used * factor).max(floor);
        // Where the rate rests on its floor, the counts of other reasons go on: a violation that lasts
        // must not hide a plateau.
        if shrunk < self.rate {
            self.rate = shrunk;
            self.shrinks += 1;
            self.forget_counts();
        }
        self.ungrounded = 0;
        self.handed_out = BlockMean::default();
    }

    /// Raises the rate by a factor of what was handed out on average, up to `ceiling`. It does not
    /// grow where a limit held back more than the factor: no wind-up.
    pub(crate) fn grow(&mut self, factor: f64, ceiling: f64) {
        let used = self.handed_out.mean().unwrap_or(self.rate).min(self.rate);
        let grown = (used * factor).min(ceiling);
        if grown > self.rate {
            self.rate = grown;
            self.grows += 1;
        }
        self.stable = 0;
    }

    pub(crate) fn forget_counts(&mut self) {
        self.stable = 0;
        self.unstable = 0;
        self.ungrounded = 0;
        self.plateau = 0;
    }
}

impl Governor {
    pub(crate) fn new(config: GovernorConfig, window: u64) -> Self {
        Self { config, window }
    }

    /// A fresh memory that starts at another rate than `initial`, for training that goes on from a
    /// model without its governor's memory. The rate is kept between minimum and maximum.
    pub fn init_at(&self, rate: LearningRate) -> GovernorState {
        let rate = rate.get().clamp(self.config.minimum, self.config.maximum);
        let start = match self.config.rules {
            Rules::Mended => EmaStart::Debiased,
            Rules::Reference => EmaStart::FirstValue,
        };
        GovernorState {
            rate,
            applied: None,
            handed_out: BlockMean::default(),
            window: Window::default(),
            windows: 0,
            loss: Ema::new(start),
            loss_size: Ema::new(start),
            information: Ema::new(start),
            update_per_rate: Ema::new(start),
            falling: true,
            poisoned: false,
            best: None,
            stable: 0,
            unstable: 0,
            ungrounded: 0,
            plateau: 0,
            pause: 0,
            cap: self.config.maximum,
            limit: Limit::None,
            faults: 0,
            shrinks: 0,
            grows: 0,
        }
    }

    /// The rate after this step's decision and limits.
    fn mended(&self, state: &mut GovernorState, reading: &Reading) -> f64 {
        let config = &self.config;
        let faulty = reading.faults > 0;
        if faulty {
            state.stable = 0;
            if state.pause == 0 {
                state.shrink(config.decrease_factor, config.minimum);
                state.pause = config.fault_cooldown;
            }
        }
        state.pause = state.pause.saturating_sub(1);
        let after_reflex = state.rate;
        if let Some(means) = state.window.observe(reading, self.window) {
            mended::decide(config, state, &means);
            state.handed_out = BlockMean::default();
            state.windows += 1;
        }
        if faulty {
            state.rate = state.rate.min(after_reflex);
        }
        let (cap, limit) = ceiling(config, state, reading);
        state.cap = cap.max(config.minimum);
        let rate = state.rate.min(cap).max(config.minimum);
        state.limit = if rate <= config.minimum {
            Limit::Minimum
        } else if rate >= cap {
            limit
        } else {
            Limit::None
        };
        state.handed_out.observe(rate);
        rate
    }

    /// The reference knows no reflexes: it sets its rate, cap included, once per window.
    fn reference(&self, state: &mut GovernorState, reading: &Reading) -> f64 {
        if let Some(means) = state.window.observe(reading, self.window) {
            reference::decide(&self.config, state, &means);
            state.windows += 1;
        }
        state.rate
    }
}

impl Law for Governor {
    const NAME: &'static str = "governor";
    const VERSION: u32 = 1;
    type Input = GovernorInput;
    type Output = LearningRate;
    type State = GovernorState;

    fn init(&self) -> GovernorState {
        // `check_rates` has put the initial rate between minimum and maximum.
        let initial = LearningRate::new(self.config.first_rate());
        self.init_at(initial.expect("a checked configuration holds a legal rate"))
    }

    fn step(
        &self,
        state: &mut GovernorState,
        input: GovernorInput,
    ) -> Result<LearningRate, StepError> {
        let reading = Reading::new(input);
        state.faults = state.faults.saturating_add(reading.faults);
        if let Some(information) = reading.information {
            let spent = state.information.value().is_some_and(|average| average <= 0.0);
            if spent && self.config.rules == Rules::Reference {
                state.information = Ema::new(EmaStart::FirstValue);
            }
            state.information.observe(self.config.information_decay, information);
        }
        let rate = match self.config.rules {
            Rules::Mended => self.mended(state, &reading),
            Rules::Reference => self.reference(state, &reading),
        };
        state.applied = Some(rate);
        Ok(LearningRate::new(rate)?)
    }

    /// `rate` is the decided one; NaN stands for "not known yet", and for a poisoned average.
    fn probe(&self, state: &GovernorState, probe: &mut dyn Probe) {
        let average = state.loss.value().filter(|_| !state.poisoned);
        for (name, value) in [
            ("rate", state.rate),
            ("cap", state.cap),
            ("limit", f64::from(state.limit.code())),
            ("loss_ema", average.unwrap_or(f64::NAN)),
            ("best", state.best.unwrap_or(f64::NAN)),
            ("information_ema", state.information.value().unwrap_or(f64::NAN)),
            ("stable", state.stable as f64),
            ("unstable", state.unstable as f64),
            ("ungrounded", state.ungrounded as f64),
            ("plateau", state.plateau as f64),
            ("faults", state.faults as f64),
            ("shrinks", state.shrinks as f64),
            ("grows", state.grows as f64),
        ] {
            probe.record(name, value);
        }
    }
}
