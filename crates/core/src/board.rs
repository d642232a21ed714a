//! The board: all numbers of one training step, each under its quantity and name.

use std::marker::PhantomData;

use crate::error::{RangeError, StepError, WiringError};
use crate::port::{Port, PortId};
use crate::quantity::{Quantity, Scalar};

/// The place of a number on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotIndex(u32);

impl SlotIndex {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for SlotIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The place of a `Q`. Resolved once from a [`Port`]; reading through it neither hashes nor
/// compares names.
#[derive(Debug)]
pub struct Slot<Q> {
    index: SlotIndex,
    quantity: PhantomData<fn() -> Q>,
}

impl<Q> Clone for Slot<Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q> Copy for Slot<Q> {}

impl<Q> Slot<Q> {
    fn new(index: usize) -> Self {
        Self { index: SlotIndex(index as u32), quantity: PhantomData }
    }

    /// The place without its quantity.
    pub fn index(self) -> SlotIndex {
        self.index
    }
}

/// A slot that takes measured numbers, without its type: what a sensor holds for many quantities.
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    index: SlotIndex,
    observe: fn(&mut Board, SlotIndex, f64) -> Result<(), StepError>,
}

impl Sink {
    /// The place.
    pub fn index(self) -> SlotIndex {
        self.index
    }

    /// Puts a measured number on the board; see [`Board::observe`].
    pub fn observe(self, board: &mut Board, value: f64) -> Result<(), StepError> {
        (self.observe)(board, self.index, value)
    }
}

impl<Q: Scalar> From<Slot<Q>> for Sink {
    fn from(slot: Slot<Q>) -> Self {
        fn observe<Q: Scalar>(
            board: &mut Board,
            index: SlotIndex,
            value: f64,
        ) -> Result<(), StepError> {
            board.observe(Slot::<Q>::new(index.index()), value)
        }
        Self { index: slot.index, observe: observe::<Q> }
    }
}

/// Says whether a block is legal for the quantity of a port.
type Check = fn(&[f64]) -> Result<(), RangeError>;

/// The ports that exist, in the order in which they were declared.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    ports: Vec<PortId>,
    ends: Vec<usize>,
    checks: Vec<Check>,
}

impl Layout {
    /// A layout without ports.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a port of the width that its quantity states.
    pub fn declare<Q: Quantity>(&mut self, port: &Port<Q>) -> Result<Slot<Q>, WiringError> {
        self.declare_block(port, Q::WIDTH)
    }

    /// Adds a port for a block whose width is known only now.
    pub fn declare_block<Q: Quantity>(
        &mut self,
        port: &Port<Q>,
        width: usize,
    ) -> Result<Slot<Q>, WiringError> {
        let id = port.id();
        if self.ports.contains(&id) {
            return Err(WiringError::DeclaredTwice { quantity: id.quantity, name: id.name });
        }
        self.ports.push(id);
        self.checks.push(|block| Q::decode(block).map(drop));
        self.ends.push(self.ends.last().copied().unwrap_or(0) + width);
        Ok(Slot::new(self.ports.len() - 1))
    }

    /// Adds the port where it does not exist yet.
    pub fn declare_once<Q: Quantity>(&mut self, port: &Port<Q>) -> Slot<Q> {
        self.declare(port).or_else(|_| self.resolve(port)).unwrap_or_else(|_| {
            unreachable!("a port that cannot be declared because it exists can be resolved")
        })
    }

    /// Finds a port by quantity and name.
    pub fn resolve<Q: Quantity>(&self, port: &Port<Q>) -> Result<Slot<Q>, WiringError> {
        let id = port.id();
        match self.ports.iter().position(|known| *known == id) {
            Some(index) => Ok(Slot::new(index)),
            None => {
                let names: Vec<_> = self
                    .ports
                    .iter()
                    .filter(|known| known.quantity == id.quantity)
                    .map(|known| format!("'{}'", known.name))
                    .collect();
                let known = if names.is_empty() { "none".into() } else { names.join(", ") };
                Err(WiringError::UnknownPort { quantity: id.quantity, name: id.name, known })
            }
        }
    }

    /// All ports, in the order of their slots.
    pub fn ports(&self) -> &[PortId] {
        &self.ports
    }
}

/// The numbers of one step. A slot is *absent* until something is set there.
#[derive(Clone, Debug)]
pub struct Board {
    layout: Layout,
    values: Vec<f64>,
    present: Vec<bool>,
}

impl Board {
    /// A board on which every slot is absent.
    pub fn new(layout: Layout) -> Self {
        let width = layout.ends.last().copied().unwrap_or(0);
        let count = layout.ports.len();
        Self { layout, values: vec![0.0; width], present: vec![false; count] }
    }

    /// The ports of the board.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The port behind a slot, for messages.
    pub fn port(&self, slot: SlotIndex) -> &PortId {
        &self.layout.ports[slot.index()]
    }

    fn range(&self, slot: SlotIndex) -> std::ops::Range<usize> {
        let index = slot.index();
        let start = if index == 0 { 0 } else { self.layout.ends[index - 1] };
        start..self.layout.ends[index]
    }

    /// The quantity at a slot; absent slots are an error.
    pub fn get<Q: Quantity>(&self, slot: Slot<Q>) -> Result<Q, StepError> {
        if !self.present[slot.index.index()] {
            return Err(StepError::Absent(slot.index));
        }
        Ok(Q::decode(&self.values[self.range(slot.index)])?)
    }

    /// Puts a quantity on the board.
    pub fn set<Q: Quantity>(&mut self, slot: Slot<Q>, quantity: Q) {
        let range = self.range(slot.index);
        quantity.encode(&mut self.values[range]);
        self.present[slot.index.index()] = true;
    }

    /// Puts a measured number on the board. A number outside the range of its quantity makes the
    /// slot absent and is reported.
    pub fn observe<Q: Scalar>(&mut self, slot: Slot<Q>, value: f64) -> Result<(), StepError> {
        match Q::new(value) {
            Ok(quantity) => {
                self.set(slot, quantity);
                Ok(())
            }
            Err(error) => {
                self.clear(slot.index);
                Err(error.into())
            }
        }
    }

    /// All numbers of a slot, or `None` where it is absent. For saving boards.
    pub fn block(&self, slot: SlotIndex) -> Option<&[f64]> {
        self.present[slot.index()].then(|| &self.values[self.range(slot)])
    }

    /// Whether a saved block is legal at a slot: as many numbers, all in range.
    pub fn accepts(&self, slot: SlotIndex, block: &[f64]) -> Result<(), RangeError> {
        let width = self.range(slot).len();
        if block.len() != width {
            let (quantity, rule) =
                (self.port(slot).quantity, "must have as many numbers as its slot");
            return Err(RangeError { quantity, rule, value: block.len() as f64 });
        }
        (self.layout.checks[slot.index()])(block)
    }

    /// Puts back what [`block`](Self::block) gave. On an error nothing has changed.
    pub fn restore(&mut self, slot: SlotIndex, block: &[f64]) -> Result<(), RangeError> {
        self.accepts(slot, block)?;
        let range = self.range(slot);
        self.values[range].copy_from_slice(block);
        self.present[slot.index()] = true;
        Ok(())
    }

    /// Makes a slot absent.
    pub fn clear(&mut self, slot: SlotIndex) {
        self.present[slot.index()] = false;
    }

    /// The first number of a slot, or `None` where it is absent. For logs.
    pub fn value(&self, slot: SlotIndex) -> Option<f64> {
        self.present[slot.index()].then(|| self.values[self.range(slot).start])
    }

    /// All slots, in order. For logs.
    pub fn slots(&self) -> impl Iterator<Item = SlotIndex> + '_ {
        (0..self.layout.ports.len() as u32).map(SlotIndex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::{RawLoss, Weight};

    #[test]
    fn the_same_name_may_carry_two_quantities() {
        let mut layout = Layout::new();
        let loss = layout.declare(&Port::<RawLoss>::new("kl")).expect("new");
        let weight = layout.declare(&Port::<Weight>::new("kl")).expect("other quantity");
        assert!(layout.declare(&Port::<Weight>::new("kl")).is_err());
        let mut board = Board::new(layout);
        board.set(loss, RawLoss::new(2.0).expect("finite"));
        assert!(matches!(board.get(weight), Err(StepError::Absent(_))));
        assert_eq!(board.get(loss).map(RawLoss::get), Ok(2.0));
    }

    #[test]
    fn a_refused_observation_leaves_the_slot_absent() {
        let mut layout = Layout::new();
        let loss = layout.declare(&Port::<RawLoss>::new("kl")).expect("new");
        let mut board = Board::new(layout);
        board.observe(loss, 1.0).expect("finite");
        assert!(board.observe(loss, f64::NAN).is_err());
        assert_eq!(board.value(loss.index()), None);
    }

    #[test]
    fn an_unknown_port_is_answered_with_the_known_ones() {
        let mut layout = Layout::new();
        layout.declare(&Port::<RawLoss>::new("recon")).expect("new");
        let error = layout.resolve(&Port::<RawLoss>::new("recno")).expect_err("unknown");
        assert_eq!(
            error.to_string(),
            "no raw loss named 'recno' is on the board; there is 'recon'"
        );
    }
}
