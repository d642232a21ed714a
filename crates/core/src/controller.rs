//! What an orchestrator holds.

use crate::board::{Board, Layout};
use crate::error::{LoadError, StepError, WiringError};
use crate::law::Probe;
use crate::port::PortId;
use crate::snapshot::Snapshot;

/// A law wired to ports, with memory, behind one object-safe trait.
///
/// Authors do not implement it: [`Wired`](crate::Wired) does so once for every law.
pub trait Controller: Send + Sync {
    /// The name of this controller.
    fn name(&self) -> &str;
    /// The name of its law.
    fn law(&self) -> &'static str;
    /// The ports that a step reads.
    fn reads(&self) -> Vec<PortId>;
    /// The ports that a step writes.
    fn writes(&self) -> Vec<PortId>;
    /// Finds the ports on a board. Called once, before the first step.
    fn bind(&mut self, layout: &Layout) -> Result<(), WiringError>;
    /// Reads the board, decides, and writes the board; neither hashes nor allocates. A refused step
    /// changes neither the memory nor the board.
    fn step(&mut self, board: &mut Board) -> Result<(), StepError>;
    /// Forgets everything.
    fn reset(&mut self);
    /// Law, version and memory.
    fn save(&self) -> Snapshot;
    /// Takes over a saved memory; on an error the memory is as it was.
    fn load(&mut self, snapshot: &Snapshot) -> Result<(), LoadError>;
    /// Shows the inner numbers.
    fn probe(&self, probe: &mut dyn Probe);
}
