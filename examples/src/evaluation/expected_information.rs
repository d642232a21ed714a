use std::collections::BTreeMap;

use super::contingency::Contingency;

/// E\[I\] in nats over all pairs of labellings with the group sizes of `table`.
///
/// The overlap of two groups of sizes a and b among n rows is hypergeometric:
///
/// E\[I\] = Σᵢⱼ Σₖ k/n · ln(n·k / (aᵢ·bⱼ)) · C(aᵢ, k) · C(n − aᵢ, bⱼ − k) / C(n, bⱼ)
///
/// with k from max(1, a + b − n) to min(a, b). The probability is computed from logarithms of
/// factorials, because the factorials themselves overflow. Equal pairs of sizes are summed once.
pub(super) fn expected_mutual_information(table: &Contingency) -> f64 {
    let rows = table.rows();
    let ln_factorials = ln_factorials(rows);
    let second_sizes = tally(table.second_sizes());
    let mut expected = 0.0;
    for (&a, &a_times) in &tally(table.first_sizes()) {
        for (&b, &b_times) in &second_sizes {
            let term = expected_pair(a, b, rows, &ln_factorials);
            expected += (a_times * b_times) as f64 * term;
        }
    }
    expected
}

/// The inner sum over the overlaps of one pair of groups.
fn expected_pair(a: u64, b: u64, rows: u64, ln_factorials: &[f64]) -> f64 {
    let ln = |number: u64| ln_factorials[number as usize];
    let ln_margins = ln(a) + ln(b) + ln(rows - a) + ln(rows - b) - ln(rows);
    let scale = rows as f64 / (a as f64 * b as f64);
    let smallest = (a + b).saturating_sub(rows).max(1);
    (smallest..=a.min(b))
        .map(|k| {
            // n − a − b + k, in an order that never falls below zero.
            let outside = rows + k - a - b;
            let ln_probability = ln_margins - ln(k) - ln(a - k) - ln(b - k) - ln(outside);
            k as f64 / rows as f64 * (scale * k as f64).ln() * ln_probability.exp()
        })
        .sum()
}

/// ln 0!, ln 1!, …, ln n!, summed with compensation: the rounding errors of a plain sum of ten
/// thousand logarithms would show in the tenth digit of the result.
fn ln_factorials(largest: u64) -> Vec<f64> {
    let (mut sum, mut compensation) = (0.0_f64, 0.0_f64);
    let mut table = vec![0.0];
    for number in 1..=largest {
        // The terms never exceed the sum by much, so that Kahan's original order is enough.
        let term = (number as f64).ln() - compensation;
        let next = sum + term;
        compensation = (next - sum) - term;
        sum = next;
        table.push(sum);
    }
    table
}

fn tally(sizes: &[u64]) -> BTreeMap<u64, u64> {
    let mut times = BTreeMap::new();
    for &size in sizes {
        *times.entry(size).or_default() += 1;
    }
    times
}
