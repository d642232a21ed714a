use super::EvaluationError;
use crate::data::{Purpose, RandomStream};

/// Settings of [`k_means`].
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansConfig {
    /// Number of clusters, at least 1 and at most the number of points.
    pub clusters: usize,
    /// Independent starts, of which the best is kept.
    pub initializations: usize,
    /// Rounds of one start, which ends earlier as soon as no point changes its cluster.
    pub max_rounds: usize,
    /// Seed of the starts.
    pub seed: u64,
}

impl KMeansConfig {
    /// The settings of the reference's evaluation: 10 starts, at most 300 rounds, seed 42.
    pub fn new(clusters: usize) -> Self {
        Self { clusters, initializations: 10, max_rounds: 300, seed: 42 }
    }
}

/// Clusters of points.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// One cluster per point.
    pub assignments: Vec<u32>,
    /// Row-major, clusters × dimension.
    pub centers: Vec<f64>,
    /// Sum of squared distances of the points to their centres.
    pub inertia: f64,
}

/// Clusters the row-major `points` (n × `dimension`) by Lloyd's rounds from k-means++ starts
/// (Arthur and Vassilvitskii 2007), and returns the start of least inertia.
///
/// # Errors
///
/// [`EvaluationError`] when a setting is 0, when there are fewer points than clusters, when
/// `points` is no whole number of rows, or when a coordinate is not finite.
pub fn k_means(
    points: &[f32],
    dimension: usize,
    config: &KMeansConfig,
) -> Result<KMeans, EvaluationError> {
    if dimension == 0 || !points.len().is_multiple_of(dimension) {
        let expected = format!("a multiple of the dimension {dimension} ≥ 1");
        return Err(EvaluationError::setting("number of coordinates", expected, points.len()));
    }
    let rows = points.len() / dimension;
    for (field, value, largest) in [
        ("clusters", config.clusters, rows),
        ("initializations", config.initializations, usize::MAX),
        ("max_rounds", config.max_rounds, usize::MAX),
    ] {
        if value == 0 || value > largest {
            let expected = format!("from 1 to {largest}");
            return Err(EvaluationError::setting(field, expected, value));
        }
    }
    if let Some(value) = points.iter().find(|value| !value.is_finite()) {
        return Err(EvaluationError::setting("coordinate", "finite", value));
    }
    let cloud = Cloud { values: points.iter().map(|&v| f64::from(v)).collect(), dimension };
    let mut best = cloud.one_start(config, 0);
    for start in 1..config.initializations {
        let candidate = cloud.one_start(config, start);
        if candidate.inertia < best.inertia {
            best = candidate;
        }
    }
    Ok(best)
}

struct Cloud {
    values: Vec<f64>,
    dimension: usize,
}

impl Cloud {
    fn points(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.dimension)
    }

    fn point(&self, row: usize) -> &[f64] {
        &self.values[row * self.dimension..(row + 1) * self.dimension]
    }

    fn one_start(&self, config: &KMeansConfig, start: usize) -> KMeans {
        let mut random = RandomStream::new(config.seed, Purpose::KMeans, start as u64);
        let mut centers = self.spread_centers(config.clusters, &mut random);
        let mut nearest = self.assign(&centers);
        for _ in 1..config.max_rounds {
            centers = self.means(&nearest, config.clusters);
            let next = self.assign(&centers);
            let settled = next.iter().zip(&nearest).all(|(new, old)| new.0 == old.0);
            nearest = next;
            if settled {
                break;
            }
        }
        KMeans {
            assignments: nearest.iter().map(|&(cluster, _)| cluster as u32).collect(),
            centers,
            inertia: nearest.iter().map(|&(_, distance)| distance).sum(),
        }
    }

    /// k-means++: the first centre is any point, each further one a point drawn with probability
    /// proportional to its squared distance from the nearest centre so far.
    fn spread_centers(&self, clusters: usize, random: &mut RandomStream) -> Vec<f64> {
        let rows = self.values.len() / self.dimension;
        let any = ((random.uniform() * rows as f64) as usize).min(rows - 1);
        let mut centers = self.point(any).to_vec();
        let mut distances: Vec<f64> =
            self.points().map(|point| squared_distance(point, self.point(any))).collect();
        for _ in 1..clusters {
            let mut remaining = random.uniform() * distances.iter().sum::<f64>();
            let drawn = distances.iter().position(|&distance| {
                remaining -= distance;
                remaining < 0.0
            });
            // Nothing is drawn when all points lie on a centre, or by the last rounding error.
            let row = drawn.unwrap_or(rows - 1);
            centers.extend_from_slice(self.point(row));
            for (distance, point) in distances.iter_mut().zip(self.points()) {
                *distance = distance.min(squared_distance(point, self.point(row)));
            }
        }
        centers
    }

    /// Nearest centre of every point, and the squared distance to it.
    fn assign(&self, centers: &[f64]) -> Vec<(usize, f64)> {
        let nearest = |point| {
            let distances = centers.chunks_exact(self.dimension).enumerate();
            distances.fold((0, f64::INFINITY), |best, (cluster, center)| {
                let distance = squared_distance(point, center);
                if distance < best.1 { (cluster, distance) } else { best }
            })
        };
        self.points().map(nearest).collect()
    }

    /// Mean of every cluster's points; an empty cluster moves to the point that is farthest from
    /// its centre and not yet taken by another empty cluster.
    fn means(&self, nearest: &[(usize, f64)], clusters: usize) -> Vec<f64> {
        let mut centers = vec![0.0; clusters * self.dimension];
        let mut sizes = vec![0_usize; clusters];
        for (point, &(cluster, _)) in self.points().zip(nearest) {
            sizes[cluster] += 1;
            let center = &mut centers[cluster * self.dimension..(cluster + 1) * self.dimension];
            for (sum, value) in center.iter_mut().zip(point) {
                *sum += value;
            }
        }
        let mut distances: Vec<f64> = nearest.iter().map(|&(_, distance)| distance).collect();
        for (center, &size) in centers.chunks_exact_mut(self.dimension).zip(&sizes) {
            if size > 0 {
                center.iter_mut().for_each(|sum| *sum /= size as f64);
                continue;
            }
            let farthest =
                (0..distances.len()).max_by(|&a, &b| distances[a].total_cmp(&distances[b]));
            if let Some(row) = farthest {
                center.copy_from_slice(self.point(row));
                distances[row] = 0.0;
            }
        }
        centers
    }
}

fn squared_distance(first: &[f64], second: &[f64]) -> f64 {
    first.iter().zip(second).map(|(a, b)| (a - b) * (a - b)).sum()
}
