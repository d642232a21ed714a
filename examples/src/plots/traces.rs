use std::collections::BTreeMap;
use std::path::Path;

use super::axis::{Axis, Panel, Scale};
use super::output::write_atomically;
use super::svg::{Anchor, Svg};
use super::{PlotError, color};

/// Named traces; entry k of a trace belongs to epoch `first_epoch` + k.
pub type Series = BTreeMap<String, Vec<f64>>;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 66.0;
/// Without headings the panel moves up to the title.
const TOP_WITHOUT_HEADING: f64 = 44.0;
const LINE_HEIGHT: f64 = 15.0;
const LINES_PER_COLUMN: usize = 20;
const LEGEND: f64 = 176.0;

/// Draws losses over epochs on a logarithmic scale into the SVG file `file`. What is not finite
/// or not positive is left out, and interrupts its line; when no value is positive the scale is
/// linear.
///
/// # Errors
///
/// [`PlotError::Write`] when the file cannot be written.
pub fn loss_traces(
    file: &Path,
    title: &str,
    first_epoch: usize,
    losses: &Series,
) -> Result<(), PlotError> {
    let positive = losses.values().flatten().any(|&value| value.is_finite() && value > 0.0);
    let scale = if positive { Scale::Logarithmic } else { Scale::Linear };
    draw_file(file, title, first_epoch, &[("", "loss (per sample)", losses, scale)])
}

/// Draws loss weights over epochs on a linear scale into the SVG file `file`.
///
/// # Errors
///
/// [`PlotError::Write`] when the file cannot be written.
pub fn weight_traces(
    file: &Path,
    title: &str,
    first_epoch: usize,
    weights: &Series,
) -> Result<(), PlotError> {
    let panel = ("", "loss weight (no unit)", weights, Scale::Linear);
    draw_file(file, title, first_epoch, &[panel])
}

/// Draws the learning rate above the update ratio (norm of a step / norm of the parameters), both
/// over epochs on a logarithmic scale, into the SVG file `file`.
///
/// # Errors
///
/// [`PlotError::Write`] when the file cannot be written.
pub fn learning_rate_trace(
    file: &Path,
    title: &str,
    first_epoch: usize,
    learning_rates: &[f64],
    update_ratios: &[f64],
) -> Result<(), PlotError> {
    let single = |name: &str, values: &[f64]| Series::from([(name.to_owned(), values.to_vec())]);
    let rates = single("learning rate", learning_rates);
    let ratios = single("update ratio", update_ratios);
    let panels = [
        ("learning rate", "rate (per step)", &rates, Scale::Logarithmic),
        ("update ratio", "|step| / |parameters| (no unit)", &ratios, Scale::Logarithmic),
    ];
    draw_file(file, title, first_epoch, &panels)
}

/// Heading of a panel, name of its vertical axis, traces, vertical scale.
type Content<'a> = (&'a str, &'a str, &'a Series, Scale);

fn draw_file(
    file: &Path,
    title: &str,
    first_epoch: usize,
    panels: &[Content],
) -> Result<(), PlotError> {
    let most = panels.iter().map(|(_, _, series, _)| series.len()).max().unwrap_or(0);
    // One line per panel needs no legend: the panel's heading names it.
    let legend_columns = if most > 1 { most.div_ceil(LINES_PER_COLUMN) } else { 0 };
    let width = LEFT + WIDTH + 24.0 + LEGEND * legend_columns as f64;
    let step = HEIGHT + 76.0;
    let headed = panels.iter().any(|(heading, ..)| !heading.is_empty());
    let top = if headed { TOP } else { TOP_WITHOUT_HEADING };
    let mut svg = Svg::new(width, top + step * panels.len() as f64 - 24.0);
    svg.bold_text(LEFT + WIDTH / 2.0, 26.0, 16.0, Anchor::Middle, title);
    for (index, content) in panels.iter().enumerate() {
        draw_panel(&mut svg, top + step * index as f64, first_epoch, content);
    }
    write_atomically(file, svg.finish(title).as_bytes())
}

fn draw_panel(svg: &mut Svg, y: f64, first_epoch: usize, content: &Content) {
    let (heading, y_name, series, scale) = content;
    let longest = series.values().map(Vec::len).max().unwrap_or(0);
    let panel = Panel {
        x: LEFT,
        y,
        width: WIDTH,
        height: HEIGHT,
        horizontal: Axis::exactly(
            first_epoch as f64,
            (first_epoch + longest.saturating_sub(1)) as f64,
        ),
        vertical: Axis::around(series.values().flatten().copied(), *scale),
    };
    panel.draw(svg, heading, "epoch", y_name);
    for (index, (name, values)) in series.iter().enumerate() {
        let (hue, dash) = (color::hue(index), color::cycle(index));
        for run in unbroken_runs(&panel, first_epoch, values) {
            match run.as_slice() {
                [(x, y)] => svg.mark(*x, *y, 2.0, hue, 0),
                _ => svg.polyline(&run, hue, 1.6, dash),
            }
        }
        if series.len() > 1 {
            let x = LEFT + WIDTH + 16.0 + LEGEND * (index / LINES_PER_COLUMN) as f64;
            let y = y + 10.0 + LINE_HEIGHT * (index % LINES_PER_COLUMN) as f64;
            svg.polyline(&[(x, y - 4.0), (x + 22.0, y - 4.0)], hue, 2.4, dash);
            svg.text(x + 28.0, y, 11.0, Anchor::Start, name);
        }
    }
}

/// The pixels of `values`, cut wherever one cannot be shown.
fn unbroken_runs(panel: &Panel, first_epoch: usize, values: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let mut runs = vec![Vec::new()];
    for (offset, &value) in values.iter().enumerate() {
        match panel.pixel((first_epoch + offset) as f64, value) {
            Some(pixel) => {
                if let Some(run) = runs.last_mut() {
                    run.push(pixel);
                }
            }
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
