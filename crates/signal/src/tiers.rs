//! An ordered list in which one entry moves to another place at every step.

/// A list of 32-bit numbers, indexed by position, in full circular chunks of about √n entries.
///
/// To move an entry past many others, every chunk between passes one entry on to its neighbour, which
/// costs a circular chunk one write, and only the two chunks at the ends shift entries in memory. Reading
/// a position costs one addition. There is no slack but in the last chunk, and nothing is ever allocated,
/// split or rebalanced.
///
/// Source: tiered vectors, Goodrich and Kloss 1999, with fixed fill.
#[derive(Clone, Debug)]
pub(crate) struct Tiers {
    slots: Box<[u32]>,
    /// Where the first entry of every chunk is, counted from the start of the chunk.
    heads: Box<[u32]>,
    /// Binary logarithm of the size of a chunk.
    shift: u32,
    length: usize,
}

impl Tiers {
    /// An empty list for at most `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        // An entry that is shifted costs about a tenth of a chunk that is passed.
        let size = (4 * capacity).isqrt().next_power_of_two().max(8);
        let chunks = capacity.div_ceil(size);
        let zeros = |count| vec![0; count].into_boxed_slice();
        let shift = size.trailing_zeros();
        Self { slots: zeros(chunks << shift), heads: zeros(chunks), shift, length: 0 }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The bytes of the heap that the list holds.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.slots) + size_of_val(&*self.heads)
    }

    /// The entry at a position.
    pub(crate) fn get(&self, position: usize) -> u32 {
        debug_assert!(position < self.length);
        self.slots[self.slot(position)]
    }

    /// Replaces all entries.
    pub(crate) fn fill(&mut self, entries: &[u32]) {
        self.heads.fill(0);
        self.slots[..entries.len()].copy_from_slice(entries);
        self.length = entries.len();
    }

    /// Puts a new entry at `position`; there must be room for it.
    pub(crate) fn insert(&mut self, position: usize, entry: u32) {
        let end = self.length;
        self.length += 1;
        self.move_right(position, end);
        self.set(position, entry);
    }

    /// Takes the entry at `from` out and puts another one in, which is then at position `to`.
    pub(crate) fn replace(&mut self, from: usize, to: usize, entry: u32) {
        if from < to {
            self.move_left(from, to);
        } else {
            self.move_right(to, from);
        }
        self.set(to, entry);
    }

    /// Takes over what another list of the same capacity holds, without allocating.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.slots.clone_from(&other.slots);
        self.heads.clone_from(&other.heads);
        (self.shift, self.length) = (other.shift, other.length);
    }

    fn mask(&self) -> usize {
        (1 << self.shift) - 1
    }

    /// Where the entry at a position lies in memory.
    fn slot(&self, position: usize) -> usize {
        let (chunk, mask) = (position >> self.shift, self.mask());
        (chunk << self.shift) + ((self.heads[chunk] as usize + position) & mask)
    }

    fn set(&mut self, position: usize, entry: u32) {
        let slot = self.slot(position);
        self.slots[slot] = entry;
    }

    /// Overwrites the entry at `end` by moving those at `start .. end` one place to the right. The
    /// entry at `start` is then free.
    fn move_right(&mut self, start: usize, end: usize) {
        let (first, last, mask) = (start >> self.shift, end >> self.shift, self.mask());
        if first == last {
            return self.shift_right(first, start & mask, end & mask);
        }
        self.shift_right(last, 0, end & mask);
        let mut chunk = last;
        // The last entry of every chunk becomes the first of the next.
        while chunk > first + 1 {
            let below = chunk - 1;
            let head = (self.heads[below] as usize + mask) & mask;
            let entry = self.slots[(below << self.shift) + head];
            self.heads[below] = head as u32;
            self.set(chunk << self.shift, entry);
            chunk = below;
        }
        let entry = self.get((chunk << self.shift) - 1);
        self.set(chunk << self.shift, entry);
        self.shift_right(first, start & mask, mask);
    }

    /// Overwrites the entry at `start` by moving those at `start + 1 ..= end` one place to the left.
    /// The entry at `end` is then free.
    fn move_left(&mut self, start: usize, end: usize) {
        let (first, last, mask) = (start >> self.shift, end >> self.shift, self.mask());
        if first == last {
            return self.shift_left(first, start & mask, end & mask);
        }
        self.shift_left(first, start & mask, mask);
        let mut chunk = first;
        // The first entry of every chunk becomes the last of the one before.
        while chunk + 1 < last {
            let above = chunk + 1;
            let head = self.heads[above] as usize;
            let entry = self.slots[(above << self.shift) + head];
            self.heads[above] = ((head + 1) & mask) as u32;
            self.set((above << self.shift) - 1, entry);
            chunk = above;
        }
        let entry = self.get((chunk + 1) << self.shift);
        self.set(((chunk + 1) << self.shift) - 1, entry);
        self.shift_left(last, 0, end & mask);
    }

    /// Within one chunk: entries `start .. end` move to `start + 1 ..= end`.
    fn shift_right(&mut self, chunk: usize, start: usize, end: usize) {
        let (head, mask) = (self.heads[chunk] as usize, self.mask());
        let block = &mut self.slots[chunk << self.shift..][..=mask];
        let (from, count) = ((head + start) & mask, end - start);
        if from + count <= mask {
            block.copy_within(from..from + count, from + 1);
        } else {
            let wrapped = from + count - (mask + 1);
            block.copy_within(..wrapped, 1);
            block[0] = block[mask];
            block.copy_within(from..mask, from + 1);
        }
    }

    /// Within one chunk: entries `start + 1 ..= end` move to `start .. end`.
    fn shift_left(&mut self, chunk: usize, start: usize, end: usize) {
        let (head, mask) = (self.heads[chunk] as usize, self.mask());
        let block = &mut self.slots[chunk << self.shift..][..=mask];
        let (to, count) = ((head + start) & mask, end - start);
        if to + count <= mask {
            block.copy_within(to + 1..=to + count, to);
        } else {
            let wrapped = to + count - (mask + 1);
            block.copy_within(to + 1.., to);
            block[mask] = block[0];
            block.copy_within(1..=wrapped, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a list against a plain vector, with a small generator to choose positions.
    fn check(capacity: usize, moves: usize) {
        let (mut list, mut plain) = (Tiers::new(capacity), Vec::new());
        let mut random = capacity as u64;
        let mut below = |limit: usize| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) as usize % limit
        };
        for entry in 0..(capacity + moves) as u32 {
            if plain.len() < capacity {
                let position = below(plain.len() + 1);
                list.insert(position, entry);
                plain.insert(position, entry);
            } else {
                let (from, to) = (below(capacity), below(capacity));
                list.replace(from, to, entry);
                plain.remove(from);
                plain.insert(to, entry);
            }
            let found: Vec<u32> = (0..list.len()).map(|position| list.get(position)).collect();
            assert_eq!(found, plain, "capacity {capacity}, entry {entry}");
        }
    }

    #[test]
    fn a_list_is_a_vector_for_every_number_of_chunks() {
        for capacity in 1..70 {
            check(capacity, 150);
        }
        check(1000, 600);
    }
}
