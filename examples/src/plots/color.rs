/// Nine hues that stay apart for people with any common colour blindness (Paul Tol's "muted"
/// scheme, technical note SRON/EPS/TN/09-002, 2021), and a dark grey as the tenth.
const HUES: [&str; 10] = [
    "#cc6677", "#332288", "#ddaa33", "#117733", "#88ccee", "#882255", "#44aa99", "#999933",
    "#aa4499", "#555555",
];

/// Colour of group or line `index`; after ten it starts again.
pub(super) fn hue(index: usize) -> &'static str {
    HUES[index % HUES.len()]
}

/// How often the colours have started again: what must differ in shape or dash.
pub(super) fn cycle(index: usize) -> usize {
    index / HUES.len()
}

/// Text and axes.
pub(super) const INK: &str = "#222222";
/// Secondary text.
pub(super) const FAINT_INK: &str = "#666666";
/// Grid lines.
pub(super) const GRID: &str = "#e4e4e4";
