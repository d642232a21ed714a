use std::path::Path;

use super::PlotError;
use super::output::write_atomically;
use crate::data::ImageShape;

/// Images per line of the grid.
const COLUMNS: usize = 10;
/// Pixels between images, and between a reconstruction and the next original.
const GAP: usize = 2;
const BLOCK_GAP: usize = 8;
/// Images are enlarged to about this many pixels, so that a person sees them without a zoom.
const DISPLAY_SIDE: usize = 64;

/// Writes the PNG file `file`: lines of up to ten originals, each above its reconstruction.
///
/// Both lists are row-major with one image of `shape` per row; values are cut to \[0, 1\], and a
/// value that is not a number becomes 0.
///
/// # Errors
///
/// [`PlotError`] when the lists differ in length or hold no whole image, when the number of
/// channels is neither 1 nor 3, or when the file cannot be written.
pub fn reconstruction_grid(
    file: &Path,
    shape: ImageShape,
    originals: &[f32],
    reconstructions: &[f32],
) -> Result<(), PlotError> {
    let color_type = color_type(shape)?;
    let features = shape.features();
    if features == 0 || originals.is_empty() || !originals.len().is_multiple_of(features) {
        let expected = format!("at least one image of {features} ≥ 1 values");
        return Err(PlotError::input("originals", expected, originals.len()));
    }
    if reconstructions.len() != originals.len() {
        let expected = format!("{} values, as many as originals", originals.len());
        return Err(PlotError::input("reconstructions", expected, reconstructions.len()));
    }
    Canvas::paint(shape, originals, reconstructions).write(file, color_type)
}

/// Writes the PNG file `file`: images in lines of `columns`, from left to right and top to bottom.
///
/// # Errors
///
/// As [`reconstruction_grid`].
pub fn image_grid(
    file: &Path,
    shape: ImageShape,
    columns: usize,
    images: &[f32],
) -> Result<(), PlotError> {
    let color_type = color_type(shape)?;
    let features = shape.features();
    if features == 0 || images.is_empty() || !images.len().is_multiple_of(features) {
        let expected = format!("at least one image of {features} ≥ 1 values");
        return Err(PlotError::input("images", expected, images.len()));
    }
    if columns == 0 {
        return Err(PlotError::input("columns", "at least 1", columns));
    }
    let zoom = Canvas::zoom(shape);
    let (width, height) = (zoom * shape.width + GAP, zoom * shape.height + GAP);
    let count = images.len() / features;
    let lines = count.div_ceil(columns);
    let mut canvas =
        Canvas::blank(columns.min(count) * width + GAP, lines * height + GAP, shape.channels);
    for (index, image) in images.chunks_exact(features).enumerate() {
        let (left, top) = (GAP + index % columns * width, GAP + index / columns * height);
        canvas.place(left, top, zoom, shape, image);
    }
    canvas.write(file, color_type)
}

fn color_type(shape: ImageShape) -> Result<png::ColorType, PlotError> {
    match shape.channels {
        1 => Ok(png::ColorType::Grayscale),
        3 => Ok(png::ColorType::Rgb),
        channels => Err(PlotError::input("channels", "1 or 3", channels)),
    }
}

struct Canvas {
    bytes: Vec<u8>,
    width: usize,
    height: usize,
    channels: usize,
}

impl Canvas {
    fn blank(width: usize, height: usize, channels: usize) -> Self {
        Self { bytes: vec![255; width * height * channels], width, height, channels }
    }

    fn zoom(shape: ImageShape) -> usize {
        (DISPLAY_SIDE / shape.height.max(shape.width)).max(1)
    }

    fn write(self, file: &Path, color_type: png::ColorType) -> Result<(), PlotError> {
        let encoding = |source| PlotError::Encode { file: file.to_owned(), source };
        let mut content = Vec::new();
        let mut encoder = png::Encoder::new(&mut content, self.width as u32, self.height as u32);
        encoder.set_color(color_type);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(encoding)?;
        writer.write_image_data(&self.bytes).map_err(encoding)?;
        writer.finish().map_err(encoding)?;
        write_atomically(file, &content)
    }

    fn paint(shape: ImageShape, originals: &[f32], reconstructions: &[f32]) -> Self {
        let zoom = Self::zoom(shape);
        let (tile_width, tile_height) = (zoom * shape.width, zoom * shape.height);
        let images = originals.len() / shape.features();
        let columns = images.min(COLUMNS);
        let blocks = images.div_ceil(COLUMNS);
        let block_height = 2 * tile_height + GAP;
        let width = columns * (tile_width + GAP) + GAP;
        let height = blocks * (block_height + BLOCK_GAP) - BLOCK_GAP + 2 * GAP;
        let mut canvas = Self::blank(width, height, shape.channels);
        let pairs = originals
            .chunks_exact(shape.features())
            .zip(reconstructions.chunks_exact(shape.features()));
        for (index, (original, reconstruction)) in pairs.enumerate() {
            let left = GAP + index % COLUMNS * (tile_width + GAP);
            let top = GAP + index / COLUMNS * (block_height + BLOCK_GAP);
            canvas.place(left, top, zoom, shape, original);
            canvas.place(left, top + tile_height + GAP, zoom, shape, reconstruction);
        }
        canvas
    }

    fn place(&mut self, left: usize, top: usize, zoom: usize, shape: ImageShape, image: &[f32]) {
        for y in 0..zoom * shape.height {
            for x in 0..zoom * shape.width {
                let source = (y / zoom * shape.width + x / zoom) * self.channels;
                let target = ((top + y) * self.width + left + x) * self.channels;
                for channel in 0..self.channels {
                    // The conversion saturates, and turns what is not a number into 0.
                    self.bytes[target + channel] = (image[source + channel] * 255.0).round() as u8;
                }
            }
        }
    }
}
