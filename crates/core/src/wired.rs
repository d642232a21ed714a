//! The one bridge from a typed law to an erased controller.

use crate::board::{Board, Layout};
use crate::controller::Controller;
use crate::error::{LoadError, StepError, WiringError};
use crate::law::{Law, Probe};
use crate::port::{PortId, Ports};
use crate::snapshot::Snapshot;

/// A law with its input ports, output ports and memory.
pub struct Wired<L: Law, I: Ports, O: Ports> {
    name: String,
    law: L,
    inputs: I,
    outputs: O,
    slots: Option<(I::Slots, O::Slots)>,
    state: L::State,
}

impl<L, I, O> Wired<L, I, O>
where
    L: Law,
    I: Ports<Value = L::Input>,
    O: Ports<Value = L::Output>,
{
    /// Wires a law. The controller must be bound to a board before its first step.
    pub fn new(name: impl Into<String>, law: L, inputs: I, outputs: O) -> Self {
        let state = law.init();
        Self { name: name.into(), law, inputs, outputs, slots: None, state }
    }

    /// The memory, for tests and displays.
    pub fn state(&self) -> &L::State {
        &self.state
    }
}

impl<L, I, O> Controller for Wired<L, I, O>
where
    L: Law,
    I: Ports<Value = L::Input>,
    O: Ports<Value = L::Output>,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn law(&self) -> &'static str {
        L::NAME
    }

    fn reads(&self) -> Vec<PortId> {
        self.inputs.ids()
    }

    fn writes(&self) -> Vec<PortId> {
        self.outputs.ids()
    }

    fn bind(&mut self, layout: &Layout) -> Result<(), WiringError> {
        self.slots = Some((self.inputs.resolve(layout)?, self.outputs.resolve(layout)?));
        Ok(())
    }

    fn step(&mut self, board: &mut Board) -> Result<(), StepError> {
        let (inputs, outputs) = self.slots.as_ref().ok_or(StepError::Unbound)?;
        let input = I::read(inputs, board)?;
        let output = self.law.step(&mut self.state, input)?;
        O::write(outputs, board, output);
        Ok(())
    }

    fn reset(&mut self) {
        self.state = self.law.init();
    }

    fn save(&self) -> Snapshot {
        let state = serde_json::to_value(&self.state)
            .expect("a state is plain data: numbers, strings, lists and structs");
        Snapshot {
            controller: self.name.clone(),
            law: L::NAME.to_owned(),
            version: L::VERSION,
            state,
        }
    }

    fn load(&mut self, snapshot: &Snapshot) -> Result<(), LoadError> {
        let controller = self.name.clone();
        if snapshot.law != L::NAME {
            let found = snapshot.law.clone();
            return Err(LoadError::OtherLaw { controller, expected: L::NAME, found });
        }
        if snapshot.version != L::VERSION {
            return Err(LoadError::OtherVersion {
                controller,
                law: L::NAME,
                expected: L::VERSION,
                found: snapshot.version,
            });
        }
        self.state = serde_json::from_value(snapshot.state.clone())
            .map_err(|source| LoadError::Shape { controller, source })?;
        Ok(())
    }

    fn probe(&self, probe: &mut dyn Probe) {
        self.law.probe(&self.state, probe);
    }
}
