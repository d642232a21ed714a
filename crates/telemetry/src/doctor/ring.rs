//! The newest values of a stream, in room that is made once.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A longer ring in a file is a mistake, and no reason to ask for the memory.
pub(crate) const LONGEST: usize = 1 << 20;

/// At most `capacity` values, oldest first.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved<T>")]
pub(crate) struct Ring<T> {
    capacity: usize,
    items: VecDeque<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<T> {
    capacity: usize,
    items: Vec<T>,
}

impl<T> Ring<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, items: VecDeque::with_capacity(capacity) }
    }

    /// Takes the value in; the oldest one leaves a full ring.
    pub(crate) fn push(&mut self, value: T) -> Option<T> {
        let evicted = if self.items.len() == self.capacity { self.items.pop_front() } else { None };
        self.items.push_back(value);
        evicted
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<T: Clone> Clone for Ring<T> {
    /// The copy has the room of the original: a step that follows allocates nothing.
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.capacity);
        copy.items.extend(self.items.iter().cloned());
        copy
    }
}

impl<T> TryFrom<Saved<T>> for Ring<T> {
    type Error = String;

    fn try_from(saved: Saved<T>) -> Result<Self, String> {
        let (capacity, length) = (saved.capacity, saved.items.len());
        if capacity == 0 || capacity > LONGEST || length > capacity {
            return Err(format!(
                "a ring must have 1 to {LONGEST} places and no more values than places, got \
                 {length} values in {capacity} places"
            ));
        }
        let mut ring = Self::new(capacity);
        ring.items.extend(saved.items);
        Ok(ring)
    }
}
