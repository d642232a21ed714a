//! Plain dual ascent.

use super::{DualStep, RuleMemory, UpdateRule, bounded};

/// `λ ← (1 − ρ)·λ + η·e` (Arrow, Hurwicz and Uzawa 1958; the design note's update).
#[derive(Clone, Copy, Debug)]
pub(super) struct Ascent;

impl UpdateRule for Ascent {
    fn name(&self) -> &'static str {
        "ascent"
    }

    fn memory_used(&self) -> usize {
        0
    }

    fn propose(&self, _memory: &mut RuleMemory, step: DualStep) -> f64 {
        (1.0 - step.leak) * step.multiplier + bounded(step.rate * step.error)
    }
}
