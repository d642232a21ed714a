use std::path::Path;

use super::axis::{Axis, Panel, Scale};
use super::output::write_atomically;
use super::principal::two_coordinates;
use super::svg::{Anchor, Svg};
use super::{PlotError, color};

/// More points than this make a file slow to open and no picture clearer.
const MOST_POINTS: usize = 4000;
const SIDE: f64 = 380.0;
const LEGEND: f64 = 74.0;
const LEFT: f64 = 66.0;
const TOP: f64 = 66.0;
const SWATCHES: usize = 20;

/// Latent points with two labellings.
#[derive(Debug, Clone, Copy)]
pub struct LatentPoints<'a> {
    /// Row-major, n × `dimension`.
    pub points: &'a [f32],
    /// Coordinates per point, at least 1.
    pub dimension: usize,
    /// True class of every point.
    pub classes: &'a [u32],
    /// Chart that the model assigns to every point.
    pub charts: &'a [u32],
}

/// Draws `latent` twice into the SVG file `file`: left coloured by class, right by chart.
///
/// With more than two coordinates the first two principal axes are shown. Of more than 4,000
/// points every k-th is drawn; points that are not finite are left out, and the picture says so.
///
/// # Errors
///
/// [`PlotError`] when the lengths do not fit each other or the file cannot be written.
pub fn latent_scatter(file: &Path, title: &str, latent: &LatentPoints) -> Result<(), PlotError> {
    let LatentPoints { points, dimension, classes, charts } = *latent;
    if dimension == 0 || points.len() != classes.len() * dimension {
        let expected = format!("{} rows of {dimension} ≥ 1 values", classes.len());
        return Err(PlotError::input("latent points", expected, points.len()));
    }
    if charts.len() != classes.len() {
        return Err(PlotError::input("charts", format!("{} labels", classes.len()), charts.len()));
    }
    let coordinates = two_coordinates(points, dimension);
    let finite: Vec<usize> = (0..coordinates.len())
        .filter(|&row| coordinates[row].0.is_finite() && coordinates[row].1.is_finite())
        .collect();
    let stride = finite.len().div_ceil(MOST_POINTS).max(1);
    let shown: Vec<usize> = finite.iter().copied().step_by(stride).collect();

    let mut horizontal = Axis::around(shown.iter().map(|&row| coordinates[row].0), Scale::Linear);
    let mut vertical = Axis::around(shown.iter().map(|&row| coordinates[row].1), Scale::Linear);
    // Distances mean something in a latent space, so that both axes share one unit.
    Axis::same_length(&mut horizontal, &mut vertical);
    let names = match dimension {
        1 | 2 => ["z₁ (latent units)", "z₂ (latent units)"],
        _ => ["first principal axis (latent units)", "second principal axis (latent units)"],
    };
    let step = LEFT + SIDE + LEGEND;
    let mut svg = Svg::new(2.0 * step, TOP + SIDE + 48.0);
    svg.bold_text(step, 24.0, 16.0, Anchor::Middle, title);
    let note = note(shown.len(), coordinates.len(), coordinates.len() - finite.len());
    svg.faint_text(step, 41.0, 11.0, Anchor::Middle, &note);
    for (x, heading, legend, groups) in [
        (LEFT, "coloured by class", "class", classes),
        (step + LEFT, "coloured by chart", "chart", charts),
    ] {
        let panel = Panel { x, y: TOP, width: SIDE, height: SIDE, horizontal, vertical };
        panel.draw(&mut svg, heading, names[0], names[1]);
        draw_groups(&mut svg, &panel, &coordinates, &shown, groups);
        draw_legend(&mut svg, x + SIDE + 12.0, legend, groups);
    }
    write_atomically(file, svg.finish(title).as_bytes())
}

fn note(shown: usize, total: usize, not_finite: usize) -> String {
    let mut note = format!("{shown} of {total} points");
    if not_finite > 0 {
        note.push_str(&format!(", {not_finite} not finite and left out"));
    }
    note
}

fn draw_groups(
    svg: &mut Svg,
    panel: &Panel,
    coordinates: &[(f64, f64)],
    shown: &[usize],
    groups: &[u32],
) {
    for &row in shown {
        let (x, y) = coordinates[row];
        let Some((x, y)) = panel.pixel(x, y) else {
            continue;
        };
        let group = groups[row] as usize;
        svg.mark(x, y, 1.8, color::hue(group), color::cycle(group));
    }
    // The number of a group stands where most of it is, so that no one has to match colours.
    for group in present(groups).into_iter().take(SWATCHES) {
        let members = shown.iter().filter(|&&row| groups[row] == group);
        let (xs, ys): (Vec<f64>, Vec<f64>) = members.map(|&row| coordinates[row]).unzip();
        if let (Some(x), Some(y)) = (median(xs), median(ys))
            && let Some((x, y)) = panel.pixel(x, y)
        {
            svg.rimmed_text(x, y + 5.0, 14.0, &group.to_string());
        }
    }
}

fn draw_legend(svg: &mut Svg, x: f64, name: &str, groups: &[u32]) {
    svg.text(x, TOP + 10.0, 12.0, Anchor::Start, name);
    let present = present(groups);
    for (line, &group) in present.iter().take(SWATCHES).enumerate() {
        let y = TOP + 28.0 + 17.0 * line as f64;
        svg.mark(x + 5.0, y - 4.0, 4.5, color::hue(group as usize), color::cycle(group as usize));
        svg.text(x + 16.0, y, 12.0, Anchor::Start, &group.to_string());
    }
    if present.len() > SWATCHES {
        let y = TOP + 28.0 + 17.0 * SWATCHES as f64;
        let rest = format!("+{} more", present.len() - SWATCHES);
        svg.faint_text(x, y, 11.0, Anchor::Start, &rest);
    }
}

fn present(groups: &[u32]) -> Vec<u32> {
    let mut present = groups.to_vec();
    present.sort_unstable();
    present.dedup();
    present
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
