//! What the author of a mechanism writes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StepError;

/// An update rule. `self` is configuration and never changes; the state is memory.
pub trait Law: Send + Sync + 'static {
    /// The name of the law in snapshots and errors.
    const NAME: &'static str;
    /// Raised whenever the meaning of the state changes.
    const VERSION: u32;
    /// What one step reads.
    type Input;
    /// What one step decides.
    type Output;
    /// The memory. Every number in it stays finite, because saved text cannot hold others.
    type State: Clone + Serialize + DeserializeOwned + Send + Sync;

    /// The memory before the first step.
    fn init(&self) -> Self::State;

    /// One step. Checks first and changes `state` afterwards: a refused step leaves it as it was.
    fn step(&self, state: &mut Self::State, input: Self::Input) -> Result<Self::Output, StepError>;

    /// Shows the numbers a person needs to understand what the law is doing.
    fn probe(&self, _state: &Self::State, _probe: &mut dyn Probe) {}
}

/// Receives the inner numbers of a law, for logs.
pub trait Probe {
    /// One number under a name that is unique within the law.
    fn record(&mut self, name: &'static str, value: f64);
}

/// Any closure is a probe.
impl<F: FnMut(&'static str, f64)> Probe for F {
    fn record(&mut self, name: &'static str, value: f64) {
        self(name, value);
    }
}
