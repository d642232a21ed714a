//! The first points of a search, before there is anything to learn from.

use crate::random::{Purpose, Stream};

/// How many designs are drawn for the best to be taken.
const DRAWS: usize = 64;

/// A Latin hypercube in the unit cube: in every direction each of the `count` slices holds one point
/// (McKay, Beckman and Conover 1979). Of several the one whose nearest points are farthest apart
/// (Johnson, Moore and Ylvisaker 1990).
pub(crate) fn latin_hypercube(count: usize, dimensions: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(seed, Purpose::Design, 0);
    let draws = (0..DRAWS).map(|_| draw(count, dimensions, &mut stream));
    // `max_by` keeps the last of equals; that is as good as any, and always the same.
    draws
        .max_by(|a, b| nearest_pair(a).total_cmp(&nearest_pair(b)))
        .expect("several designs were drawn")
}

fn draw(count: usize, dimensions: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let mut points = vec![vec![0.0; dimensions]; count];
    for dimension in 0..dimensions {
        let mut slices: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            slices.swap(last, stream.below(last + 1));
        }
        for (point, slice) in points.iter_mut().zip(slices) {
            point[dimension] = (slice as f64 + stream.uniform()) / count as f64;
        }
    }
    points
}

/// The square of the least distance between two points.
fn nearest_pair(points: &[Vec<f64>]) -> f64 {
    let distance =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let pairs = points
        .iter()
        .enumerate()
        .flat_map(|(index, a)| points[..index].iter().map(move |b| distance(a, b)));
    pairs.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_of_every_direction_holds_one_point() {
        for (count, dimensions) in [(4, 1), (6, 2), (14, 6)] {
            let points = latin_hypercube(count, dimensions, 7);
            for dimension in 0..dimensions {
                let mut slices: Vec<usize> =
                    points.iter().map(|point| (point[dimension] * count as f64) as usize).collect();
                slices.sort_unstable();
                assert_eq!(slices, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_design_is_the_best_of_those_drawn_and_follows_the_seed() {
        let mut stream = Stream::new(3, Purpose::Design, 0);
        let drawn: Vec<_> = (0..DRAWS).map(|_| nearest_pair(&draw(8, 2, &mut stream))).collect();
        let best = drawn.iter().copied().fold(0.0, f64::max);
        assert_eq!(nearest_pair(&latin_hypercube(8, 2, 3)), best);
        assert!(drawn.iter().any(|distance| *distance < 0.5 * best));
        assert_ne!(latin_hypercube(8, 2, 3), latin_hypercube(8, 2, 4));
    }
}
