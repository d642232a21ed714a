//! The place of a loss among others.

use homeostat_core::ConfigError;
use homeostat_signal::{OrderView, OrderWindow};
use serde::{Deserialize, Serialize};

use crate::config::{RankConfig, RankSlope, Reference, Ties};
use crate::jitter::Jitter;
use crate::kernel;
use crate::reading::{Reading, Status};
use crate::spread;

/// Share of the secant below which `density-floored` does not fall, chosen by the reference
/// specification.
const FLOORED: f64 = 0.25;

/// A checked rank normalizer.
#[derive(Clone, Debug)]
pub(crate) struct Rank {
    pub(crate) config: RankConfig,
    jitter: Jitter,
    /// The losses of another run.
    baseline: Option<OrderWindow>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RankMemory {
    pub(crate) window: OrderWindow,
    /// The window as it was when it was frozen; empty before that.
    pub(crate) frozen: Option<OrderWindow>,
    /// How many of the newest losses the last commit used, where that is random.
    newest: usize,
}

impl Rank {
    pub(crate) fn new(config: &RankConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let baseline = match &config.reference {
            Reference::Baseline { values } => {
                let mut window = OrderWindow::new(values.len());
                values.iter().for_each(|value| {
                    window.push(*value);
                });
                Some(window)
            }
            _ => None,
        };
        let jitter = Jitter::new(config.jitter, config.seed);
        Ok(Self { config: config.clone(), jitter, baseline })
    }

    pub(crate) fn memory(&self) -> RankMemory {
        let window = OrderWindow::new(self.config.window);
        // Freezing is a copy into memory that is there from the start.
        let freezes = matches!(self.config.reference, Reference::Frozen { .. });
        RankMemory { frozen: freezes.then(|| window.clone()), window, newest: 0 }
    }

    pub(crate) fn load(&self, memory: &RankMemory) -> Result<(), ConfigError> {
        fits("state.rank.window", self.config.window, memory.window.capacity())?;
        let freezes = matches!(self.config.reference, Reference::Frozen { .. });
        let rule = "must be there exactly where the reference is frozen";
        let legal = freezes == memory.frozen.is_some();
        ConfigError::unless(legal, "state.rank.frozen", rule, memory.frozen.is_some())?;
        match &memory.frozen {
            Some(frozen) => fits("state.rank.frozen", self.config.window, frozen.capacity()),
            None => Ok(()),
        }
    }

    pub(crate) fn commit(&self, memory: &mut RankMemory, commits: u64, x: f64) -> Reading {
        let reading = if self.fixed(memory).is_none() && self.config.include_self {
            memory.window.push(x);
            memory.newest = self.jitter.newest(commits, memory.window.len());
            self.read(&memory.window.view().newest(memory.newest), x)
        } else {
            let reading = self.peek(memory, commits, x);
            memory.newest = self.jitter.newest(commits, memory.window.len());
            memory.window.push(x);
            reading
        };
        if let (Reference::Frozen { step }, Some(frozen)) =
            (&self.config.reference, &mut memory.frozen)
            && commits + 1 == *step
        {
            frozen.copy_from(&memory.window);
        }
        reading
    }

    pub(crate) fn peek(&self, memory: &RankMemory, commits: u64, x: f64) -> Reading {
        self.read(&self.reference_of(memory, commits, x), x)
    }

    pub(crate) fn map_after(&self, memory: &RankMemory, commits: u64, x: f64, target: f64) -> f64 {
        self.value(&self.reference_of(memory, commits, x), target)
    }

    pub(crate) fn reading(&self, memory: &RankMemory, x: f64) -> Reading {
        self.read(&self.present(memory), x)
    }

    pub(crate) fn map(&self, memory: &RankMemory, x: f64) -> f64 {
        self.value(&self.present(memory), x)
    }

    pub(crate) fn scale(&self, memory: &RankMemory) -> Option<f64> {
        let view = self.present(memory);
        (!view.is_empty()).then(|| width(&view).0 / 1.6)
    }

    /// The reference that does not move any more.
    pub(crate) fn fixed<'a>(&'a self, memory: &'a RankMemory) -> Option<&'a OrderWindow> {
        self.baseline.as_ref().or(memory.frozen.as_ref().filter(|frozen| !frozen.is_empty()))
    }

    /// The reference with which the next commit reads `x`.
    fn reference_of<'a>(&'a self, memory: &'a RankMemory, commits: u64, x: f64) -> OrderView<'a> {
        if let Some(fixed) = self.fixed(memory) {
            return fixed.view();
        }
        let view =
            if self.config.include_self { memory.window.after(x) } else { memory.window.view() };
        view.newest(self.jitter.newest(commits, view.len()))
    }

    /// The reference that the last commit left behind.
    fn present<'a>(&'a self, memory: &'a RankMemory) -> OrderView<'a> {
        let view = self.fixed(memory).unwrap_or(&memory.window).view();
        if self.jitter.acts() { view.newest(memory.newest) } else { view }
    }

    fn read(&self, view: &OrderView, x: f64) -> Reading {
        if view.is_empty() {
            return Reading::EMPTY;
        }
        let (width, differ) = width(view);
        let secant = 1.6 / width;
        let (mut value, slope) = match self.config.slope {
            RankSlope::Secant => (self.hard_rank(view, x), secant),
            RankSlope::Identity => (self.hard_rank(view, x), 1.0),
            RankSlope::Density => (self.hard_rank(view, x), density_slope(view, x)),
            RankSlope::DensityFloored => {
                (self.hard_rank(view, x), density_slope(view, x).max(FLOORED * secant))
            }
            RankSlope::SoftRank => soft_rank(view, x),
        };
        let warm = view.len() >= self.config.min_count;
        if !warm {
            value = 0.0;
        }
        Reading {
            value,
            slope: if warm || differ { slope } else { 0.0 },
            scale: width / 1.6,
            status: Status::of(warm, differ),
        }
    }

    /// N(x) alone.
    fn value(&self, view: &OrderView, x: f64) -> f64 {
        match self.config.slope {
            _ if view.len() < self.config.min_count => 0.0,
            RankSlope::SoftRank => soft_rank(view, x).0,
            _ => self.hard_rank(view, x),
        }
    }

    /// N = 2F − 1 of a view that is not empty.
    fn hard_rank(&self, view: &OrderView, x: f64) -> f64 {
        let (below, at_most) = view.bounds(x);
        // Twice F·n is a whole number for every way to count ties, so N is rounded once.
        let doubled = match self.config.ties {
            Ties::Upper => 2 * at_most,
            Ties::Mid => below + at_most,
            Ties::Lower => 2 * below,
        };
        (doubled as f64 - view.len() as f64) / view.len() as f64
    }
}

/// The width that a secant of height 1.6 has, Q₀.₉ − Q₀.₁, and whether the values differ. Where that is 0
/// although they differ (a loss that is mostly 0), 0.8 of the whole range stands for it. It is not below
/// the floor.
fn width(view: &OrderView) -> (f64, bool) {
    let quantile = |p| view.quantile(p).unwrap_or(0.0);
    let (low, high) = (quantile(0.1), quantile(0.9));
    let range = if high > low { high - low } else { 0.8 * (quantile(1.0) - quantile(0.0)) };
    // The median lies between the two, so mostly it need not be looked up.
    let width = if range >= spread::floor(low.abs().max(high.abs())) {
        range
    } else {
        range.max(spread::floor(quantile(0.5)))
    };
    (width, range > 0.0)
}

fn density_slope(view: &OrderView, x: f64) -> f64 {
    let median = view.median().unwrap_or(0.0);
    2.0 * kernel::density(view, kernel::bandwidth(view, spread::floor(median)), x)
}

fn soft_rank(view: &OrderView, x: f64) -> (f64, f64) {
    let median = view.median().unwrap_or(0.0);
    kernel::soft_rank(view, kernel::bandwidth(view, spread::floor(median)), x)
}

/// A saved window must have the configured capacity.
pub(crate) fn fits(field: &'static str, expected: usize, found: usize) -> Result<(), ConfigError> {
    ConfigError::unless(expected == found, field, "must have the capacity of the window", found)
}
