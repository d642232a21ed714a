//! Rank or winsor, decided once.

use homeostat_core::ConfigError;
use homeostat_signal::{OrderWindow, SlidingMoments};
use serde::{Deserialize, Serialize};

use crate::config::AutoConfig;
use crate::rank::{Rank, RankMemory};
use crate::reading::{Reading, Status};
use crate::winsor::{Winsor, WinsorMemory};

/// Excess kurtosis above which tails are heavy, and the share of distinct values below which a loss is
/// discrete: the reference specification's rule.
const HEAVY: f64 = 1.5;
const DISCRETE: f64 = 0.2;

/// What an `auto` normalizer decided for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The rank: the tails are heavy or the values few.
    Rank,
    /// The clipped z-score.
    Winsor,
}

/// A checked normalizer that chooses for itself.
#[derive(Clone, Debug)]
pub(crate) struct Auto {
    warmup: u64,
    pub(crate) rank: Rank,
    pub(crate) winsor: Winsor,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoMemory {
    pub(crate) choice: Option<Choice>,
    pub(crate) rank: RankMemory,
    pub(crate) winsor: WinsorMemory,
}

impl Auto {
    pub(crate) fn new(config: &AutoConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let (rank, winsor) = (Rank::new(&config.rank)?, Winsor::new(&config.winsor)?);
        Ok(Self { warmup: config.warmup, rank, winsor })
    }

    pub(crate) fn memory(&self) -> AutoMemory {
        AutoMemory { choice: None, rank: self.rank.memory(), winsor: self.winsor.memory() }
    }

    pub(crate) fn load(&self, memory: &AutoMemory) -> Result<(), ConfigError> {
        self.rank.load(&memory.rank)?;
        self.winsor.load(&memory.winsor)
    }

    /// Both children take the loss in. The choice that follows the last commit of the warm-up acts
    /// from the next commit on.
    pub(crate) fn commit(&self, memory: &mut AutoMemory, commits: u64, x: f64) -> Reading {
        let rank = self.rank.commit(&mut memory.rank, commits, x);
        let winsor = self.winsor.commit(&mut memory.winsor, commits, x);
        let reading = chosen(memory.choice, || rank, || winsor);
        if memory.choice.is_none() && commits + 1 >= self.warmup {
            memory.choice = Some(choose(&memory.rank.window));
        }
        reading
    }

    pub(crate) fn peek(&self, memory: &AutoMemory, commits: u64, x: f64) -> Reading {
        let rank = || self.rank.peek(&memory.rank, commits, x);
        chosen(memory.choice, rank, || self.winsor.peek(&memory.winsor, commits, x))
    }

    pub(crate) fn map_after(&self, memory: &AutoMemory, commits: u64, x: f64, target: f64) -> f64 {
        match memory.choice {
            Some(Choice::Rank) => self.rank.map_after(&memory.rank, commits, x, target),
            Some(Choice::Winsor) => self.winsor.map_after(&memory.winsor, commits, x, target),
            None => 0.0,
        }
    }

    pub(crate) fn reading(&self, memory: &AutoMemory, x: f64) -> Reading {
        let rank = || self.rank.reading(&memory.rank, x);
        chosen(memory.choice, rank, || self.winsor.reading(&memory.winsor, x))
    }
}

/// The reading of the child that was chosen; before that the slope of the rank and no value.
fn chosen(
    choice: Option<Choice>,
    rank: impl FnOnce() -> Reading,
    winsor: impl FnOnce() -> Reading,
) -> Reading {
    match choice {
        Some(Choice::Rank) => rank(),
        Some(Choice::Winsor) => winsor(),
        None => match rank() {
            // A child that is through its own warm-up has a floor for equal values; here it is early.
            reading if reading.status == Status::Degenerate => {
                Reading { value: 0.0, slope: 0.0, status: Status::Warming, ..reading }
            }
            reading => Reading { value: 0.0, status: Status::Warming, ..reading },
        },
    }
}

fn choose(window: &OrderWindow) -> Choice {
    let moments = SlidingMoments::of(window.iter());
    let (mean, deviation) =
        (moments.mean().unwrap_or(0.0), moments.standard_deviation().unwrap_or(0.0));
    let count = window.len() as f64;
    let changes = window.ascending().zip(window.ascending().skip(1)).filter(|(a, b)| a < b);
    let distinct = (1 + changes.count()) as f64;
    // In units of σ the fourth power cannot overflow.
    let fourth: f64 = window.iter().map(|value| ((value - mean) / deviation).powi(4)).sum();
    if distinct < DISCRETE * count || fourth / count - 3.0 > HEAVY {
        Choice::Rank
    } else {
        Choice::Winsor
    }
}
