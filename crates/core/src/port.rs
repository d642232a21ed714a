//! Ports: names under which quantities stand on the board.

use std::marker::PhantomData;

use crate::board::{Board, Layout, Slot};
use crate::error::{StepError, WiringError};
use crate::quantity::Quantity;

/// Quantity and name of a port, without its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId {
    /// The quantity, in words.
    pub quantity: &'static str,
    /// The name.
    pub name: String,
}

impl std::fmt::Display for PortId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} '{}'", self.quantity, self.name)
    }
}

/// A name that can only hold a `Q`.
#[derive(Debug)]
pub struct Port<Q> {
    name: String,
    quantity: PhantomData<fn() -> Q>,
}

impl<Q> Clone for Port<Q> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), quantity: PhantomData }
    }
}

impl<Q: Quantity> Port<Q> {
    /// A port of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), quantity: PhantomData }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Quantity and name.
    pub fn id(&self) -> PortId {
        PortId { quantity: Q::NAME, name: self.name.clone() }
    }
}

/// A port that need not be wired, and whose reading may be absent.
#[derive(Clone, Debug)]
pub struct Optional<Q>(pub Option<Port<Q>>);

/// The ports of one side of a law: one port, an optional one, or a tuple of them.
pub trait Ports: Send + Sync + 'static {
    /// What a law receives from these ports, or writes to them.
    type Value;
    /// The resolved places.
    type Slots: Send + Sync;
    /// Quantity and name of every port.
    fn ids(&self) -> Vec<PortId>;
    /// Finds every port on a board.
    fn resolve(&self, layout: &Layout) -> Result<Self::Slots, WiringError>;
    /// Reads the value.
    fn read(slots: &Self::Slots, board: &Board) -> Result<Self::Value, StepError>;
    /// Writes the value.
    fn write(slots: &Self::Slots, board: &mut Board, value: Self::Value);
}

impl<Q: Quantity> Ports for Port<Q> {
    type Value = Q;
    type Slots = Slot<Q>;

    fn ids(&self) -> Vec<PortId> {
        vec![self.id()]
    }

    fn resolve(&self, layout: &Layout) -> Result<Slot<Q>, WiringError> {
        layout.resolve(self)
    }

    fn read(slot: &Slot<Q>, board: &Board) -> Result<Q, StepError> {
        board.get(*slot)
    }

    fn write(slot: &Slot<Q>, board: &mut Board, value: Q) {
        board.set(*slot, value);
    }
}

impl<Q: Quantity> Ports for Optional<Q> {
    type Value = Option<Q>;
    type Slots = Option<Slot<Q>>;

    fn ids(&self) -> Vec<PortId> {
        self.0.iter().map(Port::id).collect()
    }

    fn resolve(&self, layout: &Layout) -> Result<Option<Slot<Q>>, WiringError> {
        self.0.as_ref().map(|port| layout.resolve(port)).transpose()
    }

    fn read(slot: &Option<Slot<Q>>, board: &Board) -> Result<Option<Q>, StepError> {
        match slot.map(|slot| board.get(slot)) {
            None | Some(Err(StepError::Absent(_))) => Ok(None),
            Some(Ok(quantity)) => Ok(Some(quantity)),
            Some(Err(error)) => Err(error),
        }
    }

    fn write(slot: &Option<Slot<Q>>, board: &mut Board, value: Option<Q>) {
        if let (Some(slot), Some(value)) = (slot, value) {
            board.set(*slot, value);
        }
    }
}

macro_rules! tuples {
    ($(($($type:ident $index:tt),*);)*) => {$(
        impl<$($type: Ports),*> Ports for ($($type,)*) {
            type Value = ($($type::Value,)*);
            type Slots = ($($type::Slots,)*);

            fn ids(&self) -> Vec<PortId> {
                let mut ids = Vec::new();
                $(ids.extend(self.$index.ids());)*
                ids
            }

            fn resolve(&self, layout: &Layout) -> Result<Self::Slots, WiringError> {
                Ok(($(self.$index.resolve(layout)?,)*))
            }

            fn read(slots: &Self::Slots, board: &Board) -> Result<Self::Value, StepError> {
                Ok(($($type::read(&slots.$index, board)?,)*))
            }

            fn write(slots: &Self::Slots, board: &mut Board, value: Self::Value) {
                $($type::write(&slots.$index, board, value.$index);)*
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
}

/// No ports: the input of an open-loop schedule.
impl Ports for () {
    type Value = ();
    type Slots = ();

    fn ids(&self) -> Vec<PortId> {
        Vec::new()
    }

    fn resolve(&self, _layout: &Layout) -> Result<(), WiringError> {
        Ok(())
    }

    fn read(_slots: &(), _board: &Board) -> Result<(), StepError> {
        Ok(())
    }

    fn write(_slots: &(), _board: &mut Board, _value: ()) {}
}
