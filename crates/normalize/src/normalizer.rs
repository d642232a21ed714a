//! One interface to every normalizer.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::auto::{Auto, AutoMemory, Choice};
use crate::config::{Infinity, NormalizerConfig};
use crate::ema::{Ema, EmaMemory};
use crate::rank::{Rank, RankMemory};
use crate::reading::{LARGEST, Reading, Status};
use crate::winsor::{Winsor, WinsorMemory};

/// A checked normalizer. It never changes; what it remembers is in [`NormalizerState`].
#[derive(Clone, Debug)]
pub struct Normalizer {
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    None,
    Rank(Rank),
    Winsor(Winsor),
    Ema(Ema),
    Auto(Box<Auto>),
}

/// What a normalizer remembers. A normalizer that goes on from a saved state says, to the bit, what it
/// would have said without the interruption.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalizerState {
    /// How many losses were taken in. It is also the state of the jitter's generator.
    commits: u64,
    pub(crate) memory: Memory,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Memory {
    None,
    Rank(RankMemory),
    Winsor(WinsorMemory),
    Ema(EmaMemory),
    Auto(Box<AutoMemory>),
}

impl NormalizerState {
    /// How many losses were taken in.
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// How many losses are in the window; `None` where there is no window.
    pub fn window_len(&self) -> Option<usize> {
        match &self.memory {
            Memory::None | Memory::Ema(_) => None,
            Memory::Rank(memory) => Some(memory.window.len()),
            Memory::Winsor(memory) => Some(memory.window.len()),
            Memory::Auto(memory) => Some(memory.rank.window.len()),
        }
    }

    /// What an `auto` normalizer decided for; `None` before the decision and for all others.
    pub fn choice(&self) -> Option<Choice> {
        match &self.memory {
            Memory::Auto(memory) => memory.choice,
            _ => None,
        }
    }
}

impl Normalizer {
    pub(crate) fn new(config: &NormalizerConfig) -> Result<Self, ConfigError> {
        let kind = match config {
            NormalizerConfig::None => Kind::None,
            NormalizerConfig::Rank(rank) => Kind::Rank(Rank::new(rank)?),
            NormalizerConfig::Winsor(winsor) => Kind::Winsor(Winsor::new(winsor)?),
            NormalizerConfig::Ema(ema) => Kind::Ema(Ema::new(ema)?),
            NormalizerConfig::Auto(auto) => Kind::Auto(Box::new(Auto::new(auto)?)),
        };
        Ok(Self { kind })
    }

    /// The memory before the first loss. All that a commit will need is allocated here.
    pub fn init_state(&self) -> NormalizerState {
        let memory = match &self.kind {
            Kind::None => Memory::None,
            Kind::Rank(rank) => Memory::Rank(rank.memory()),
            Kind::Winsor(winsor) => Memory::Winsor(winsor.memory()),
            Kind::Ema(_) => Memory::Ema(EmaMemory::default()),
            Kind::Auto(auto) => Memory::Auto(Box::new(auto.memory())),
        };
        NormalizerState { commits: 0, memory }
    }

    /// Takes one loss in and reads it. Call it once per constraint and optimizer step and use the
    /// reading everywhere. A loss that is not finite changes nothing.
    ///
    /// A state that is not this normalizer's (see [`Normalizer::load`]) is left alone, and the status is
    /// [`Status::NonFinite`].
    pub fn commit(&self, state: &mut NormalizerState, x: f64) -> Reading {
        if let Some(reading) = self.gate(state, x) {
            return reading;
        }
        let (x, commits) = (x + 0.0, state.commits);
        let reading = match (&self.kind, &mut state.memory) {
            (Kind::None, Memory::None) => identity(x),
            (Kind::Rank(rank), Memory::Rank(memory)) => rank.commit(memory, commits, x),
            (Kind::Winsor(winsor), Memory::Winsor(memory)) => winsor.commit(memory, commits, x),
            (Kind::Ema(ema), Memory::Ema(memory)) => {
                *memory = ema.next(memory, x);
                ema.reading(memory, x)
            }
            (Kind::Auto(auto), Memory::Auto(memory)) => auto.commit(memory, commits, x),
            _ => return Reading::NON_FINITE,
        };
        state.commits += 1;
        reading
    }

    /// To the bit what [`Normalizer::commit`] would return; changes nothing.
    pub fn peek(&self, state: &NormalizerState, x: f64) -> Reading {
        if let Some(reading) = self.gate(state, x) {
            return reading;
        }
        let (x, commits) = (x + 0.0, state.commits);
        match (&self.kind, &state.memory) {
            (Kind::None, Memory::None) => identity(x),
            (Kind::Rank(rank), Memory::Rank(memory)) => rank.peek(memory, commits, x),
            (Kind::Winsor(winsor), Memory::Winsor(memory)) => winsor.peek(memory, commits, x),
            (Kind::Ema(ema), Memory::Ema(memory)) => ema.reading(&ema.next(memory, x), x),
            (Kind::Auto(auto), Memory::Auto(memory)) => auto.peek(memory, commits, x),
            _ => Reading::NON_FINITE,
        }
    }

    /// N(x) and its slope in the present state, x not taken in.
    pub fn reading(&self, state: &NormalizerState, x: f64) -> Reading {
        if let Some(reading) = self.gate(state, x) {
            return reading;
        }
        self.present(state, x + 0.0)
    }

    /// N(x) in the present state, x not taken in: where a raw target stands among the losses. 0 while
    /// warming, and for a number that is not finite.
    pub fn map(&self, state: &NormalizerState, x: f64) -> f64 {
        match (&self.kind, &state.memory) {
            // The slope of a rank may cost much more than its value.
            (Kind::Rank(rank), Memory::Rank(memory)) if x.abs() <= LARGEST => {
                rank.map(memory, x + 0.0)
            }
            _ => self.reading(state, x).value,
        }
    }

    /// N(target) in the very state in which [`Normalizer::commit`] of `x` reads `x`; changes nothing.
    /// Ask before the commit. With `include_self` it is what [`Normalizer::map`] says after the
    /// commit; without, the commit reads `x` in the state before.
    pub fn map_after(&self, state: &NormalizerState, x: f64, target: f64) -> f64 {
        if x.is_nan() || x.abs() > LARGEST || target.is_nan() || target.abs() > LARGEST {
            return self.map(state, target);
        }
        let (x, target, commits) = (x + 0.0, target + 0.0, state.commits);
        match (&self.kind, &state.memory) {
            (Kind::Rank(rank), Memory::Rank(memory)) => rank.map_after(memory, commits, x, target),
            (Kind::Winsor(winsor), Memory::Winsor(memory)) => {
                winsor.map_after(memory, commits, x, target)
            }
            (Kind::Ema(ema), Memory::Ema(memory)) => {
                ema.reading(&ema.next(memory, x), target).value
            }
            (Kind::Auto(auto), Memory::Auto(memory)) => auto.map_after(memory, commits, x, target),
            _ => self.map(state, target),
        }
    }

    /// Checks that a state, for example from a file, is the memory of a normalizer with these
    /// settings.
    ///
    /// # Errors
    ///
    /// The part of the state that does not fit.
    pub fn load(&self, state: &NormalizerState) -> Result<(), ConfigError> {
        match (&self.kind, &state.memory) {
            (Kind::None, Memory::None) | (Kind::Ema(_), Memory::Ema(_)) => Ok(()),
            (Kind::Rank(rank), Memory::Rank(memory)) => rank.load(memory),
            (Kind::Winsor(winsor), Memory::Winsor(memory)) => winsor.load(memory),
            (Kind::Auto(auto), Memory::Auto(memory)) => auto.load(memory),
            (_, memory) => {
                let rule = match &self.kind {
                    Kind::None => "must be the memory of no normalizer",
                    Kind::Rank(_) => "must be the memory of a rank normalizer",
                    Kind::Winsor(_) => "must be the memory of a winsor normalizer",
                    Kind::Ema(_) => "must be the memory of an ema normalizer",
                    Kind::Auto(_) => "must be the memory of an auto normalizer",
                };
                Err(ConfigError::new("state", rule, memory.name()))
            }
        }
    }

    /// The scale S of the present state, see [`Reading::scale`]; `None` before the first loss and for a
    /// foreign state.
    pub fn scale(&self, state: &NormalizerState) -> Option<f64> {
        match (&self.kind, &state.memory) {
            // A density at a point costs much more than the scale.
            (Kind::Rank(rank), Memory::Rank(memory)) => rank.scale(memory),
            (Kind::Auto(auto), Memory::Auto(memory)) if memory.choice != Some(Choice::Winsor) => {
                auto.rank.scale(&memory.rank)
            }
            _ if state.commits == 0 || !self.owns(state) => None,
            _ => Some(self.present(state, 0.0).scale),
        }
    }

    /// Whether a state is the memory of a normalizer of this kind.
    pub(crate) fn owns(&self, state: &NormalizerState) -> bool {
        matches!(
            (&self.kind, &state.memory),
            (Kind::None, Memory::None)
                | (Kind::Rank(_), Memory::Rank(_))
                | (Kind::Winsor(_), Memory::Winsor(_))
                | (Kind::Ema(_), Memory::Ema(_))
                | (Kind::Auto(_), Memory::Auto(_))
        )
    }

    /// The reading of a number that is not taken in; `None` for one that is.
    fn gate(&self, state: &NormalizerState, x: f64) -> Option<Reading> {
        let finite = match self.kind {
            Kind::None => x.is_finite(),
            _ => x.abs() <= LARGEST,
        };
        if finite {
            return None;
        }
        let saturates = match (&self.kind, state.choice()) {
            (Kind::None, _) | (Kind::Auto(_), None) => false,
            (Kind::Rank(rank), _) => rank.config.infinity == Infinity::Saturate,
            (Kind::Winsor(winsor), _) => winsor.config.infinity == Infinity::Saturate,
            (Kind::Ema(ema), _) => ema.config.infinity == Infinity::Saturate,
            (Kind::Auto(auto), Some(Choice::Rank)) => {
                auto.rank.config.infinity == Infinity::Saturate
            }
            (Kind::Auto(auto), Some(Choice::Winsor)) => {
                auto.winsor.config.infinity == Infinity::Saturate
            }
        };
        // An infinite loss is above every value and beyond every clip.
        Some(if saturates && x > 0.0 {
            self.present(state, f64::INFINITY)
        } else {
            Reading::NON_FINITE
        })
    }

    /// The reading of a number in the present state.
    fn present(&self, state: &NormalizerState, x: f64) -> Reading {
        match (&self.kind, &state.memory) {
            (Kind::None, Memory::None) => identity(x),
            (Kind::Rank(rank), Memory::Rank(memory)) => rank.reading(memory, x),
            (Kind::Winsor(winsor), Memory::Winsor(memory)) => winsor.reading(memory, x),
            (Kind::Ema(ema), Memory::Ema(memory)) => ema.reading(memory, x),
            (Kind::Auto(auto), Memory::Auto(memory)) => auto.reading(memory, x),
            _ => Reading::NON_FINITE,
        }
    }
}

impl Memory {
    fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rank(_) => "rank",
            Self::Winsor(_) => "winsor",
            Self::Ema(_) => "ema",
            Self::Auto(_) => "auto",
        }
    }
}

fn identity(x: f64) -> Reading {
    Reading { value: x, slope: 1.0, scale: 1.0, status: Status::Ok }
}
