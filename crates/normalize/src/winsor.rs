//! The clipped z-score over a window.

use homeostat_core::ConfigError;
use homeostat_signal::{OrderView, OrderWindow, SlidingMoments};
use serde::{Deserialize, Serialize};

use crate::config::{Centre, Scale, WinsorConfig, WinsorSlope};
use crate::jitter::Jitter;
use crate::rank::fits;
use crate::reading::{Reading, Status};
use crate::spread;

/// What makes the MAD and the IQR of a normal distribution its standard deviation.
const NORMAL_MAD: f64 = 1.4826;
const NORMAL_IQR: f64 = 1.349;

/// A checked winsor normalizer.
#[derive(Clone, Debug)]
pub(crate) struct Winsor {
    pub(crate) config: WinsorConfig,
    jitter: Jitter,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WinsorMemory {
    pub(crate) window: OrderWindow,
    moments: SlidingMoments,
    /// How many of the newest losses the last commit used, where that is random.
    newest: usize,
}

/// Centre and scale of a window, and how far to trust them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) centre: f64,
    pub(crate) scale: f64,
    pub(crate) warm: bool,
    pub(crate) differ: bool,
}

impl Winsor {
    pub(crate) fn new(config: &WinsorConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let jitter = Jitter::new(config.jitter, config.seed);
        Ok(Self { config: config.clone(), jitter })
    }

    pub(crate) fn memory(&self) -> WinsorMemory {
        let window = OrderWindow::new(self.config.window);
        WinsorMemory { window, moments: SlidingMoments::default(), newest: 0 }
    }

    pub(crate) fn load(&self, memory: &WinsorMemory) -> Result<(), ConfigError> {
        fits("state.winsor.window", self.config.window, memory.window.capacity())?;
        let (found, count) = (memory.moments.count(), memory.window.len());
        let rule = "must be over as many values as the window holds";
        ConfigError::unless(found == count as u64, "state.winsor.moments", rule, found)
    }

    pub(crate) fn commit(&self, memory: &mut WinsorMemory, commits: u64, x: f64) -> Reading {
        let before = (!self.config.include_self).then(|| self.peek(memory, commits, x));
        let used = memory.window.len();
        let evicted = memory.window.push(x);
        memory.moments.push(x, evicted, memory.window.iter());
        let used = if before.is_some() { used } else { memory.window.len() };
        memory.newest = self.jitter.newest(commits, used);
        before.unwrap_or_else(|| self.reading(memory, x))
    }

    pub(crate) fn peek(&self, memory: &WinsorMemory, commits: u64, x: f64) -> Reading {
        self.unit_of(memory, commits, x).map_or(Reading::EMPTY, |unit| self.read(unit, x))
    }

    pub(crate) fn map_after(
        &self,
        memory: &WinsorMemory,
        commits: u64,
        x: f64,
        target: f64,
    ) -> f64 {
        self.unit_of(memory, commits, x).map_or(0.0, |unit| self.read(unit, target).value)
    }

    pub(crate) fn reading(&self, memory: &WinsorMemory, x: f64) -> Reading {
        let view = memory.window.view();
        let unit = if self.jitter.acts() {
            let view = view.newest(memory.newest);
            self.unit(&view, SlidingMoments::of(view.values()))
        } else {
            self.unit(&view, memory.moments)
        };
        unit.map_or(Reading::EMPTY, |unit| self.read(unit, x))
    }

    /// Centre and scale with which the next commit reads `x`.
    fn unit_of(&self, memory: &WinsorMemory, commits: u64, x: f64) -> Option<Unit> {
        let include = self.config.include_self;
        let view = if include { memory.window.after(x) } else { memory.window.view() };
        if self.jitter.acts() {
            let view = view.newest(self.jitter.newest(commits, view.len()));
            return self.unit(&view, SlidingMoments::of(view.values()));
        }
        let mut moments = memory.moments;
        if include {
            // The same numbers in the same order as the commit.
            let full = memory.window.is_full();
            let evicted = memory.window.iter().next().filter(|_| full);
            moments.push(x, evicted, view.values());
        }
        self.unit(&view, moments)
    }

    fn unit(&self, view: &OrderView, moments: SlidingMoments) -> Option<Unit> {
        let (mean, deviation) = (moments.mean()?, moments.standard_deviation()?);
        let centre = match self.config.centre {
            Centre::Mean => mean,
            Centre::Median => view.median()?,
        };
        let scale = match self.config.scale {
            Scale::Std => deviation,
            Scale::Mad => NORMAL_MAD * view.median_absolute_deviation()?,
            Scale::Iqr => (view.quantile(0.75)? - view.quantile(0.25)?) / NORMAL_IQR,
        };
        // MAD and IQR are 0 already where half of the values are equal.
        let scale = if spread::vanishes(scale, centre) { deviation } else { scale };
        let differ = !spread::vanishes(scale, centre);
        let scale = if differ { scale } else { spread::floor(view.median()?) };
        Some(Unit { centre, scale, warm: view.len() >= self.config.min_count, differ })
    }

    fn read(&self, unit: Unit, x: f64) -> Reading {
        unit.read(x, self.config.tau, self.config.slope)
    }
}

impl Unit {
    /// clip((x − centre)/scale, ±τ) and its slope.
    pub(crate) fn read(self, x: f64, tau: f64, rule: WinsorSlope) -> Reading {
        let Self { centre, scale, warm, differ } = self;
        let z = (x - centre) / scale;
        let alive = match rule {
            WinsorSlope::StraightThrough => true,
            WinsorSlope::Zero => z.abs() < tau,
            WinsorSlope::Hinge => z > -tau,
        };
        Reading {
            value: if warm { z.clamp(-tau, tau) } else { 0.0 },
            slope: if alive && (warm || differ) { 1.0 / scale } else { 0.0 },
            scale,
            status: Status::of(warm, differ),
        }
    }
}
