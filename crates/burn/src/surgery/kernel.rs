//! Arithmetic over rows that lie in the host's memory: one pass for all dot products, one for a
//! combination, on all threads of rayon's pool, with results that do not depend on their number.

mod combine;
mod gramian;
#[cfg(test)]
mod tests;
mod word;

pub(super) use gramian::FEW;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One row's numbers of one parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'a> {
    /// A missing gradient: zeros.
    Absent,
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// All rows of one parameter.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// The number of columns.
    pub(super) count: usize,
    /// Which Gramian it is a part of.
    pub(super) group: usize,
}

/// Some columns of a block.
#[derive(Clone, Copy)]
struct Piece<'a> {
    rows: &'a [Row<'a>],
    start: usize,
    end: usize,
}

/// Numbers that one task reads: long enough to be worth a task, short enough that all threads end
/// together.
const TASK: usize = 1 << 17;

/// Below this many numbers another thread costs more than it saves.
const ALONE: usize = 1 << 18;

/// K × K numbers for each group, row by row.
pub(super) fn gramians(blocks: &[Block<'_>], rows: usize, groups: usize) -> Vec<Vec<f64>> {
    let alone = total(blocks, rows) <= ALONE;
    let work = |(group, pieces): (usize, Vec<Piece<'_>>)| (group, gramian::gramian(&pieces, rows));
    let parts = share(tasks(blocks, rows), alone, work);
    let mut triangles = vec![vec![0.0; gramian::pairs(rows)]; groups];
    for (group, part) in parts {
        for (sum, part) in triangles[group].iter_mut().zip(part) {
            *sum += part;
        }
    }
    triangles.iter().map(|triangle| square(triangle, rows)).collect()
}

/// The results of all tasks in their order, worked out by this thread and those of rayon's pool.
///
/// This thread begins at once: the others may be asleep, and then a small job is nearly done before they
/// are awake.
fn share<T: Send, R: Send>(tasks: Vec<T>, alone: bool, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    if alone || tasks.len() < 2 {
        return tasks.into_iter().map(work).collect();
    }
    let helpers = rayon::current_num_threads().min(tasks.len()) - 1;
    let queue = Mutex::new(tasks.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let drain = || {
        loop {
            let Some((place, task)) = lock(&queue).next() else { return };
            let result = work(task);
            lock(&done).push((place, result));
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| drain());
        }
        drain();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What a panic elsewhere left behind is whole: nothing is changed in steps under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn total(blocks: &[Block<'_>], rows: usize) -> usize {
    rows * blocks.iter().map(|block| block.count).sum::<usize>()
}

/// Cuts the blocks into pieces and joins pieces of the same group to tasks.
fn tasks<'a>(blocks: &'a [Block<'a>], rows: usize) -> Vec<(usize, Vec<Piece<'a>>)> {
    let columns = columns(rows);
    let mut tasks: Vec<(usize, Vec<Piece<'a>>)> = Vec::new();
    let mut room = 0;
    for block in blocks {
        let mut start = 0;
        while start < block.count {
            if room == 0 || tasks.last().is_none_or(|(group, _)| *group != block.group) {
                tasks.push((block.group, Vec::new()));
                room = columns;
            }
            let end = block.count.min(start + room);
            let (_, pieces) = tasks.last_mut().expect("a task was pushed above");
            pieces.push(Piece { rows: &block.rows, start, end });
            room -= end - start;
            start = end;
        }
    }
    tasks
}

/// Columns of a task.
fn columns(rows: usize) -> usize {
    (TASK / rows).max(8192)
}

fn square(triangle: &[f64], rows: usize) -> Vec<f64> {
    let at = |row: usize, column: usize| {
        let (high, low) = (row.max(column), row.min(column));
        triangle[gramian::pairs(high) + low]
    };
    (0..rows * rows).map(|place| at(place / rows, place % rows)).collect()
}

/// One parameter of a combination: what is overwritten, and what is added.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) out: Out<'a>,
    /// The weight of what stood there.
    pub(super) own: f64,
    pub(super) rows: Vec<(Row<'a>, f64)>,
}

/// The numbers that are overwritten.
#[derive(Debug)]
pub(super) enum Out<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
}

/// Some columns of a target.
struct Part<'a> {
    out: Out<'a>,
    own: f64,
    rows: &'a [(Row<'a>, f64)],
    start: usize,
}

/// `out ← own·out + Σ weight·row` for every target.
pub(super) fn combine(mut targets: Vec<Target<'_>>) {
    let numbers = |target: &Target<'_>| (target.rows.len() + 1) * target.out.len();
    let alone = targets.iter().map(numbers).sum::<usize>() <= ALONE;
    let mut parts = Vec::new();
    for Target { out, own, rows } in &mut targets {
        let (own, columns) = (*own, columns(rows.len() + 1));
        match out {
            Out::F32(out) => {
                parts.extend(out.chunks_mut(columns).enumerate().map(|(part, out)| Part {
                    out: Out::F32(out),
                    own,
                    rows,
                    start: part * columns,
                }))
            }
            Out::F64(out) => {
                parts.extend(out.chunks_mut(columns).enumerate().map(|(part, out)| Part {
                    out: Out::F64(out),
                    own,
                    rows,
                    start: part * columns,
                }))
            }
        }
    }
    // From the end: there the cache still holds what the Gramian read last.
    parts.reverse();
    share(parts, alone, |Part { out, own, rows, start }| out.combine(own, rows, start));
}

impl Out<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F32(out) => out.len(),
            Self::F64(out) => out.len(),
        }
    }

    fn combine(self, own: f64, rows: &[(Row<'_>, f64)], start: usize) {
        match self {
            Self::F32(out) => combine::combine_f32(out, own, rows, start),
            Self::F64(out) => combine::combine_f64(out, own, rows, start),
        }
    }
}
