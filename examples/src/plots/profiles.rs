use std::path::Path;

use super::axis::{Axis, Panel, Scale};
use super::output::write_atomically;
use super::svg::{Anchor, Svg};
use super::{PlotError, color};

const COLUMNS: usize = 3;
const ROWS: usize = 2;
const MOST_FEATURES: usize = 64;
const WIDTH: f64 = 270.0;
const HEIGHT: f64 = 150.0;
const STEP_X: f64 = WIDTH + 70.0;
const STEP_Y: f64 = HEIGHT + 74.0;
const TOP: f64 = 84.0;

/// Draws up to six rows and their reconstructions as lines over the feature index into the SVG
/// file `file`: for data that are no images. Of more than 64 features the first 64 are shown.
///
/// # Errors
///
/// [`PlotError`] when the lists differ in length or hold no whole row, or when the file cannot be
/// written.
pub fn reconstruction_profiles(
    file: &Path,
    title: &str,
    features: usize,
    originals: &[f32],
    reconstructions: &[f32],
) -> Result<(), PlotError> {
    if features == 0 || originals.is_empty() || !originals.len().is_multiple_of(features) {
        let expected = format!("at least one row of {features} ≥ 1 values");
        return Err(PlotError::input("originals", expected, originals.len()));
    }
    if reconstructions.len() != originals.len() {
        let expected = format!("{} values, as many as originals", originals.len());
        return Err(PlotError::input("reconstructions", expected, reconstructions.len()));
    }
    let pairs: Vec<(&[f32], &[f32])> = originals
        .chunks_exact(features)
        .zip(reconstructions.chunks_exact(features))
        .take(COLUMNS * ROWS)
        .map(|(row, guess)| {
            (&row[..features.min(MOST_FEATURES)], &guess[..features.min(MOST_FEATURES)])
        })
        .collect();
    let shown = features.min(MOST_FEATURES);
    let columns = pairs.len().min(COLUMNS);
    let width = STEP_X * columns as f64 + 20.0;
    let height = TOP + STEP_Y * pairs.len().div_ceil(COLUMNS) as f64 - 14.0;
    let mut svg = Svg::new(width, height);
    svg.bold_text(width / 2.0, 24.0, 16.0, Anchor::Middle, title);
    draw_key(&mut svg, width / 2.0, 46.0);
    // One range for all panels: a flat line must not look as lively as a tall one.
    let values = pairs.iter().flat_map(|(row, guess)| row.iter().chain(*guess));
    let vertical = Axis::around(values.map(|&value| f64::from(value)), Scale::Linear);
    for (index, (row, guess)) in pairs.iter().enumerate() {
        let panel = Panel {
            x: 62.0 + STEP_X * (index % COLUMNS) as f64,
            y: TOP + STEP_Y * (index / COLUMNS) as f64,
            width: WIDTH,
            height: HEIGHT,
            horizontal: Axis::exactly(0.0, shown as f64 - 1.0),
            vertical,
        };
        let heading = format!("row {index}, mean squared error {:.2e}", squared_error(row, guess));
        panel.draw(&mut svg, &heading, "feature (index)", "value (0 to 1)");
        for (line, values) in [row, guess].into_iter().enumerate() {
            let points: Vec<(f64, f64)> = values
                .iter()
                .enumerate()
                .filter_map(|(x, &value)| panel.pixel(x as f64, f64::from(value)))
                .collect();
            svg.polyline(&points, color::hue(LINE_HUES[line]), 1.6, line);
        }
    }
    write_atomically(file, svg.finish(title).as_bytes())
}

/// Dark blue for the data and rose for the model: far apart in lightness as well.
const LINE_HUES: [usize; 2] = [1, 0];

fn draw_key(svg: &mut Svg, middle: f64, y: f64) {
    for (line, (x, name)) in
        [(middle - 130.0, "original"), (middle + 10.0, "reconstruction")].into_iter().enumerate()
    {
        let points = [(x, y - 4.0), (x + 28.0, y - 4.0)];
        svg.polyline(&points, color::hue(LINE_HUES[line]), 2.0, line);
        svg.text(x + 34.0, y, 12.0, Anchor::Start, name);
    }
}

fn squared_error(first: &[f32], second: &[f32]) -> f64 {
    let squares = first.iter().zip(second).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>() / first.len() as f64
}
