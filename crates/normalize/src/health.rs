//! Is the reference of a normalizer still the right one?

use homeostat_signal::{
    Drift, OrderWindow, kolmogorov_smirnov, page_hinkley, population_stability,
};

use crate::auto::Choice;
use crate::normalizer::{Kind, Memory, Normalizer, NormalizerState};

/// What the drift tests found over a normalizer's window. A test without enough values, and every test
/// of a normalizer without a window, says `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Health {
    /// A rise of the mean within the window (Page–Hinkley).
    pub rise: Option<Drift>,
    /// Another distribution (Kolmogorov–Smirnov): the newer half of the window against the older, or
    /// the window against a frozen or baseline reference.
    pub distribution: Option<Drift>,
    /// Other shares of the ten deciles (population stability index), between the same two samples.
    pub population: Option<Drift>,
}

impl Health {
    /// Whether any test has a finding.
    pub fn drifted(&self) -> bool {
        [self.rise, self.distribution, self.population].iter().flatten().any(Drift::found)
    }
}

impl Normalizer {
    /// Tests the window for drift. It sorts and allocates: ask once in a while, not at every step.
    ///
    /// A self-referential normalizer is blind to a slow drift of the level, because its reference drifts
    /// along; this is the way to see it.
    pub fn health(&self, state: &NormalizerState) -> Health {
        match (&self.kind, &state.memory) {
            (Kind::Rank(rank), Memory::Rank(memory)) => test(&memory.window, rank.fixed(memory)),
            (Kind::Winsor(_), Memory::Winsor(memory)) => test(&memory.window, None),
            (Kind::Auto(auto), Memory::Auto(memory)) => match memory.choice {
                Some(Choice::Winsor) => test(&memory.winsor.window, None),
                _ => test(&memory.rank.window, auto.rank.fixed(&memory.rank)),
            },
            _ => Health::default(),
        }
    }
}

fn test(window: &OrderWindow, fixed: Option<&OrderWindow>) -> Health {
    let (reference, current): (Vec<f64>, Vec<f64>) = match fixed {
        Some(fixed) => (fixed.ascending().collect(), window.ascending().collect()),
        None => {
            let half = window.len() / 2;
            (sorted(window.iter().take(half)), sorted(window.iter().skip(half)))
        }
    };
    Health {
        rise: page_hinkley(window.iter()),
        distribution: kolmogorov_smirnov(&reference, &current),
        population: population_stability(&reference, &current),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}
