//! An ordered list in which one entry moves to another place at every step.

use std::hint::select_unpredictable;
use std::ops::Range;

/// The number of entries that a list can name: their names have 24 bits.
pub(crate) const LARGEST: usize = 1 << 24;

/// So many neighbours are looked at one by one for equal keys.
const NEAR: usize = 8;

/// Names of values in ascending order, each beside its value rounded to 32 bits, in full circular chunks
/// of about √n entries.
///
/// To move an entry past many others, every chunk between passes one entry on to its neighbour, which
/// costs a circular chunk one write, and only the two chunks at the ends shift entries in memory. Reading
/// a position costs one addition. There is no slack but in the last chunk, and nothing is ever allocated,
/// split or rebalanced.
///
/// The rounded values, the keys, make a search run through a kilobyte in a row instead of jumping from
/// value to value all over the window. Rounding keeps the order, so only values with equal keys have to be
/// looked at themselves.
///
/// Source: tiered vectors, Goodrich and Kloss 1999, with fixed fill.
#[derive(Clone, Debug)]
pub(crate) struct Tiers {
    keys: Box<[f32]>,
    names: Box<[[u8; 3]]>,
    /// Where the first entry of every chunk is, counted from the start of the chunk.
    heads: Box<[u32]>,
    /// The first key of every chunk.
    firsts: Box<[f32]>,
    /// Binary logarithm of the size of a chunk.
    shift: u32,
    length: usize,
}

impl Tiers {
    /// An empty list for at most `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        // An entry that is shifted costs about a tenth of a chunk that is passed.
        let size = (2 * capacity).isqrt().next_power_of_two().max(8);
        let chunks = capacity.div_ceil(size);
        let shift = size.trailing_zeros();
        Self {
            // What is not there yet is above everything, so that it never counts as below.
            keys: vec![f32::INFINITY; chunks << shift].into_boxed_slice(),
            names: vec![[0; 3]; chunks << shift].into_boxed_slice(),
            heads: vec![0; chunks].into_boxed_slice(),
            firsts: vec![f32::INFINITY; chunks].into_boxed_slice(),
            shift,
            length: 0,
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The bytes of the heap that the list holds.
    pub(crate) fn bytes(&self) -> usize {
        let entries = size_of_val(&*self.keys) + size_of_val(&*self.names);
        entries + size_of_val(&*self.heads) + size_of_val(&*self.firsts)
    }

    /// The name of the entry at a position.
    pub(crate) fn get(&self, position: usize) -> usize {
        debug_assert!(position < self.length);
        let [low, middle, high] = self.names[self.place(position)];
        u32::from_le_bytes([low, middle, high, 0]) as usize
    }

    /// How many keys are below that of a value, and how many are at most as large.
    pub(crate) fn bounds(&self, value: f64) -> (usize, usize) {
        let key = value as f32;
        let below = self.count(|other| other < key);
        // Equal keys are mostly few.
        let near = below..self.length.min(below + NEAR);
        let equal = near.clone().take_while(|position| self.key(*position) <= key).count();
        if equal < NEAR {
            return (below, below + equal);
        }
        // Places that are still free count as above everything, but not as above infinity.
        (below, self.count(|other| other <= key).min(self.length))
    }

    /// How many keys are below that of the entry at a position.
    pub(crate) fn below_entry(&self, position: usize) -> usize {
        let key = self.key(position);
        let near = (position.saturating_sub(NEAR)..position).rev();
        let equal = near.take_while(|position| self.key(*position) >= key).count();
        if equal < NEAR { position - equal } else { self.count(|other| other < key) }
    }

    /// Replaces all entries by these values in ascending order, each with its name.
    pub(crate) fn fill(&mut self, entries: impl ExactSizeIterator<Item = (f64, usize)>) {
        self.heads.fill(0);
        self.keys.fill(f32::INFINITY);
        self.length = entries.len();
        for (position, (value, name)) in entries.enumerate() {
            self.set(position, value, name);
        }
        (0..self.firsts.len()).for_each(|chunk| self.note_first(chunk));
    }

    /// Puts a new entry at `position`; there must be room for it.
    pub(crate) fn insert(&mut self, position: usize, value: f64, name: usize) {
        let end = self.length;
        self.length += 1;
        self.move_right(position, end);
        self.put(position, end, value, name);
    }

    /// Takes the entry at `from` out and puts another one in, which is then at position `to`.
    pub(crate) fn replace(&mut self, from: usize, to: usize, value: f64, name: usize) {
        if from < to {
            self.move_left(from, to);
        } else {
            self.move_right(to, from);
        }
        self.put(to, from, value, name);
    }

    /// Takes over what another list of the same capacity holds, without allocating.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.keys.clone_from(&other.keys);
        self.names.clone_from(&other.names);
        self.heads.clone_from(&other.heads);
        self.firsts.clone_from(&other.firsts);
        (self.shift, self.length) = (other.shift, other.length);
    }

    fn mask(&self) -> usize {
        (1 << self.shift) - 1
    }

    /// Where the entry at a position lies in memory.
    fn place(&self, position: usize) -> usize {
        let (chunk, mask) = (position >> self.shift, self.mask());
        (chunk << self.shift) + ((self.heads[chunk] as usize + position) & mask)
    }

    fn set(&mut self, position: usize, value: f64, name: usize) {
        let place = self.place(position);
        let [low, middle, high, ..] = name.to_le_bytes();
        self.keys[place] = value as f32;
        self.names[place] = [low, middle, high];
    }

    fn key(&self, position: usize) -> f32 {
        self.keys[self.place(position)]
    }

    /// Fills the place that a move from or to another position made free.
    fn put(&mut self, position: usize, other: usize, value: f64, name: usize) {
        self.set(position, value, name);
        self.note_first(position >> self.shift);
        self.note_first(other >> self.shift);
    }

    fn note_first(&mut self, chunk: usize) {
        self.firsts[chunk] = self.keys[self.first_place(chunk)];
    }

    /// How many keys are counted, where all that are come before all that are not. To count is faster than
    /// to search: nothing waits for anything, and no branch depends on a key.
    fn count(&self, counted: impl Fn(f32) -> bool) -> usize {
        let count = |keys: &[f32]| keys.iter().map(|key| u32::from(counted(*key))).sum::<u32>();
        let chunk = count(&self.firsts[1..]) as usize;
        (chunk << self.shift) + count(self.block(chunk)) as usize
    }

    /// The keys of a chunk, in the order of memory.
    fn block(&self, chunk: usize) -> &[f32] {
        &self.keys[self.places(chunk)]
    }

    /// Overwrites the entry at `end` by moving those at `start .. end` one place to the right. The
    /// entry at `start` is then free.
    fn move_right(&mut self, start: usize, end: usize) {
        let (first, last, mask) = (start >> self.shift, end >> self.shift, self.mask());
        if first == last {
            return self.shift_right(first, start & mask, end & mask);
        }
        self.shift_right(last, 0, end & mask);
        let mut to = self.first_place(last);
        // The last entry of every chunk becomes the first of the next.
        for chunk in (first + 1..last).rev() {
            self.heads[chunk] = (self.heads[chunk] + mask as u32) & mask as u32;
            to = self.copy(self.first_place(chunk), to);
            self.note_first(chunk + 1);
        }
        self.copy(self.place((first << self.shift) + mask), to);
        self.note_first(first + 1);
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
        let mut to = self.place((first << self.shift) + mask);
        // The first entry of every chunk becomes the last of the one before.
        for chunk in first + 1..last {
            to = self.copy(self.first_place(chunk), to);
            self.heads[chunk] = (self.heads[chunk] + 1) & mask as u32;
            self.note_first(chunk);
        }
        self.copy(self.first_place(last), to);
        self.shift_left(last, 0, end & mask);
    }

    /// Where the first entry of a chunk lies in memory.
    fn first_place(&self, chunk: usize) -> usize {
        (chunk << self.shift) + self.heads[chunk] as usize
    }

    /// Copies an entry, and gives the place that is now free.
    fn copy(&mut self, from: usize, to: usize) -> usize {
        self.keys[to] = self.keys[from];
        self.names[to] = self.names[from];
        from
    }

    /// Within one chunk: entries `start .. end` move to `start + 1 ..= end`.
    fn shift_right(&mut self, chunk: usize, start: usize, end: usize) {
        let (places, head) = (self.places(chunk), self.heads[chunk] as usize);
        shift_right(&mut self.keys[places.clone()], head, start, end);
        shift_right(&mut self.names[places], head, start, end);
    }

    /// Within one chunk: entries `start + 1 ..= end` move to `start .. end`.
    fn shift_left(&mut self, chunk: usize, start: usize, end: usize) {
        let (places, head) = (self.places(chunk), self.heads[chunk] as usize);
        shift_left(&mut self.keys[places.clone()], head, start, end);
        shift_left(&mut self.names[places], head, start, end);
    }

    /// Where the entries of a chunk lie in memory.
    fn places(&self, chunk: usize) -> Range<usize> {
        chunk << self.shift..(chunk + 1) << self.shift
    }
}

/// The first position of a range that is no longer `left`; its end where all are. It has no branch that
/// depends on a value, because a processor cannot foresee those.
#[inline]
pub(crate) fn partition(range: Range<usize>, left: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut count) = (range.start, range.len());
    while count > 1 {
        let half = count / 2;
        start = select_unpredictable(left(start + half - 1), start + half, start);
        count -= half;
    }
    start + usize::from(count == 1 && left(start))
}

/// Moves the entries `start .. end` of a circular block one place up.
fn shift_right<T: Copy>(block: &mut [T], head: usize, start: usize, end: usize) {
    let mask = block.len() - 1;
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

/// Moves the entries `start + 1 ..= end` of a circular block one place down.
fn shift_left<T: Copy>(block: &mut [T], head: usize, start: usize, end: usize) {
    let mask = block.len() - 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a list against a plain vector, with a small generator to choose values: whole numbers
    /// with many ties, or numbers whose keys are equal although they are not.
    fn check(capacity: usize, moves: usize, unit: f64) {
        let (mut list, mut plain) = (Tiers::new(capacity), Vec::<(f64, usize)>::new());
        let mut random = capacity as u64;
        let mut below = |limit: usize| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) as usize % limit
        };
        for name in 0..capacity + moves {
            let value = 1.0 + unit * below(40) as f64;
            let full = plain.len() == capacity;
            let from = if full { below(capacity) } else { 0 };
            if full {
                plain.remove(from);
            }
            let to = plain.partition_point(|(other, _)| *other <= value);
            plain.insert(to, (value, name));
            if full {
                list.replace(from, to, value, name);
            } else {
                list.insert(to, value, name);
            }
            let found: Vec<usize> = (0..list.len()).map(|position| list.get(position)).collect();
            let names: Vec<usize> = plain.iter().map(|(_, name)| *name).collect();
            assert_eq!(found, names, "capacity {capacity}, entry {name}");
            for probe in [value, 1.0 + unit * below(45) as f64, f64::MAX, f64::MIN] {
                let count = |counted: fn(f32, f32) -> bool| {
                    plain.iter().filter(|(other, _)| counted(*other as f32, probe as f32)).count()
                };
                let expected = (count(|a, b| a < b), count(|a, b| a <= b));
                assert_eq!(list.bounds(probe), expected, "{probe}, capacity {capacity}");
            }
        }
    }

    #[test]
    fn a_list_is_a_vector_for_every_number_of_chunks() {
        for capacity in 1..70 {
            check(capacity, 150, 1.0);
            check(capacity, 50, 1e-9);
        }
        check(1000, 600, 1.0);
    }
}
