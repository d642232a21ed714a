use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use homeostat_examples::data::{ImageShape, SyntheticConfig};
use homeostat_examples::plots::{
    LatentPoints, Series, image_grid, latent_scatter, learning_rate_trace, loss_traces,
    reconstruction_grid, reconstruction_profiles, weight_traces,
};

use crate::folder::Folder;

/// Whoever wants to look at the pictures names a folder in this variable, in which they stay.
fn place(folder: &Folder, name: &str) -> PathBuf {
    let gallery = std::env::var_os("HOMEOSTAT_PLOT_DIR");
    gallery.map_or(folder.path().to_owned(), PathBuf::from).join(name)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Clouds around ten points of a circle, with a tenth of the points on a wrong chart.
fn clouds(rows: usize, dimension: usize) -> (Vec<f32>, Vec<u32>, Vec<u32>) {
    let classes: Vec<u32> = (0..rows as u32).map(|k| k % 10).collect();
    let charts = classes.iter().zip(0..).map(|(&c, k): (_, u32)| (c + u32::from(k % 11 == 0)) % 10);
    let points = (0..rows).flat_map(|k| {
        let angle = (k % 10) as f32 * 0.628;
        let (spread, turn) = (0.25 * ((k * 7919 % 1000) as f32 / 1000.0).sqrt(), k as f32 * 2.4);
        let mut point = vec![0.1; dimension];
        point[0] = angle.cos() + spread * turn.cos();
        point[dimension - 1] = angle.sin() + spread * turn.sin();
        point
    });
    (points.collect(), classes.clone(), charts.collect())
}

#[test]
fn a_scatter_shows_at_most_four_thousand_points_twice_and_says_so() {
    let folder = Folder::new();
    let (mut points, classes, charts) = clouds(9000, 2);
    points[0] = f32::NAN;
    let latent = LatentPoints { points: &points, dimension: 2, classes: &classes, charts: &charts };
    let file = place(&folder, "latent.svg");
    latent_scatter(&file, "Latent space, epoch 50 <test>", &latent).unwrap();
    let svg = read(&file);
    assert!(svg.contains("3000 of 9000 points, 1 not finite and left out"));
    assert!(svg.contains("epoch 50 &lt;test&gt;"));
    // Both panels, and ten groups in each legend.
    assert_eq!(svg.matches("<circle").count(), 2 * (3000 + 10));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn a_latent_space_of_more_than_two_dimensions_shows_its_principal_axes() {
    let folder = Folder::new();
    let (points, classes, _) = clouds(500, 5);
    let charts: Vec<u32> = (0..500).map(|k| k % 34).collect();
    let latent = LatentPoints { points: &points, dimension: 5, classes: &classes, charts: &charts };
    let file = place(&folder, "latent-5d.svg");
    latent_scatter(&file, "Five dimensions, many charts", &latent).unwrap();
    let svg = read(&file);
    assert!(svg.contains("first principal axis") && svg.contains("+14 more"));
}

#[test]
fn points_and_labels_of_different_number_are_refused() {
    let file = Path::new("never-written.svg");
    let latent =
        LatentPoints { points: &[0.0; 4], dimension: 2, classes: &[0; 3], charts: &[0; 3] };
    let error = latent_scatter(file, "", &latent).unwrap_err();
    assert_eq!(error.to_string(), "latent points must be 3 rows of 2 ≥ 1 values, got 4");
    let latent =
        LatentPoints { points: &[0.0; 6], dimension: 2, classes: &[0; 3], charts: &[0; 2] };
    assert!(latent_scatter(file, "", &latent).is_err());
    assert!(!file.exists());
}

#[test]
fn a_grid_places_every_image_above_its_reconstruction() {
    for (channels, color_type) in [(1, png::ColorType::Grayscale), (3, png::ColorType::Rgb)] {
        let folder = Folder::new();
        let shape = ImageShape { height: 28, width: 28, channels };
        let pixel = |index: usize| (index % (28 * channels)) as f32 / (28 * channels) as f32;
        let originals: Vec<f32> = (0..12 * shape.features()).map(pixel).collect();
        let mut reconstructions: Vec<f32> = originals.iter().map(|v| 1.0 - v).collect();
        reconstructions[0] = f32::NAN;
        let file = place(&folder, &format!("grid-{channels}.png"));
        reconstruction_grid(&file, shape, &originals, &reconstructions).unwrap();
        let decoder = png::Decoder::new(BufReader::new(fs::File::open(&file).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        // Images are doubled to 56 pixels; ten columns, two blocks.
        assert_eq!((info.width, info.height, info.color_type), (582, 240, color_type));
        let at = |x: usize, y: usize| bytes[(y * 582 + x) * channels];
        let expected = (27.0 * channels as f32 / (28 * channels) as f32 * 255.0).round() as u8;
        assert_eq!(at(2 + 55, 2), expected, "last column of the first original");
        assert_eq!(at(2 + 55, 2 + 58), 255 - expected, "the same of its reconstruction");
        assert_eq!(at(2, 2 + 58), 0, "what is not a number");
        assert_eq!(at(581, 239), 255, "the margin, and the places after the twelfth image");
    }
}

/// Size, colours and bytes of a PNG file.
fn decode(file: &Path) -> (u32, u32, png::ColorType, Vec<u8>) {
    let decoder = png::Decoder::new(BufReader::new(fs::File::open(file).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    bytes.truncate(info.buffer_size());
    (info.width, info.height, info.color_type, bytes)
}

/// What a value becomes: half-way cases are rounded up, and what is outside or no number is cut.
const LEVELS: [(f32, u8); 8] = [
    (0.0, 0),
    (1.0, 255),
    (0.5, 128),
    (0.2, 51),
    (-1.0, 0),
    (1.5, 255),
    (f32::NAN, 0),
    (0.998, 254),
];

#[test]
fn a_grid_of_images_has_every_pixel_where_it_belongs() {
    for (channels, color_type) in [(1, png::ColorType::Grayscale), (3, png::ColorType::Rgb)] {
        let folder = Folder::new();
        let shape = ImageShape { height: 2, width: 3, channels };
        let features = shape.features();
        let level = |image: usize, y: usize, x: usize, channel: usize| {
            LEVELS[(image * features + (y * 3 + x) * channels + channel) * 5 % 8]
        };
        let mut images = Vec::new();
        for image in 0..3 {
            for place in 0..features {
                let (pixel, channel) = (place / channels, place % channels);
                images.push(level(image, pixel / 3, pixel % 3, channel).0);
            }
        }
        let file = place(&folder, &format!("images-{channels}.png"));
        image_grid(&file, shape, 2, &images).unwrap();
        // Every pixel is 21 × 21; two columns and two lines with two pixels around each image.
        let (width, height, colors, bytes) = decode(&file);
        assert_eq!((width, height, colors), (132, 90, color_type));
        assert_eq!(bytes.len(), 132 * 90 * channels);
        for (at, found) in bytes.iter().enumerate() {
            let (y, x, channel) = (at / channels / 132, at / channels % 132, at % channels);
            let cell = |at: usize, size: usize| {
                let inside = at >= 2 && (at - 2) % (size + 2) < size;
                inside.then(|| ((at - 2) / (size + 2), (at - 2) % (size + 2) / 21))
            };
            let expected = match (cell(y, 42), cell(x, 63)) {
                (Some((line, row)), Some((column, pixel))) if 2 * line + column < 3 => {
                    level(2 * line + column, row, pixel, channel).1
                }
                _ => 255,
            };
            assert_eq!(*found, expected, "line {y}, column {x}, channel {channel}");
        }
        // Fewer images than columns make a narrow picture.
        image_grid(&file, shape, 10, &images[..features]).unwrap();
        assert_eq!((decode(&file).0, decode(&file).1), (67, 46));
    }
}

#[test]
fn originals_stand_above_their_reconstructions_to_the_pixel() {
    let folder = Folder::new();
    let shape = ImageShape { height: 40, width: 33, channels: 1 };
    // Eleven constant images: ten in the first block, one in the second.
    let images = |shift: usize| -> Vec<f32> {
        (0..11 * shape.features())
            .map(|at| (10 * (at / shape.features()) + shift) as f32 / 255.0)
            .collect()
    };
    let file = place(&folder, "reconstructions-exact.png");
    reconstruction_grid(&file, shape, &images(0), &images(5)).unwrap();
    let (width, height, _, bytes) = decode(&file);
    // Two blocks of two lines of 40 with 2 between, 8 between the blocks, 2 around.
    assert_eq!((width, height), (10 * 35 + 2, 2 * (82 + 8) - 8 + 4));
    for (at, found) in bytes.iter().enumerate() {
        let (y, x) = (at / width as usize, at % width as usize);
        let column = (x >= 2 && (x - 2) % 35 < 33).then(|| (x - 2) / 35);
        let line = y.checked_sub(2).map(|y| (y / 90, y % 90)).and_then(|(block, y)| match y {
            0..40 => Some((block, 0)),
            42..82 => Some((block, 5)),
            _ => None,
        });
        let expected = match (line, column) {
            (Some((block, shift)), Some(column)) if 10 * block + column < 11 => {
                (10 * (10 * block + column) + shift) as u8
            }
            _ => 255,
        };
        assert_eq!(*found, expected, "line {y}, column {x}");
    }
}

#[test]
fn a_grid_of_images_that_do_not_fit_is_refused() {
    let shape = ImageShape { height: 2, width: 2, channels: 1 };
    let grid = |shape, originals: &[f32], reconstructions: &[f32]| {
        reconstruction_grid(Path::new("never.png"), shape, originals, reconstructions).is_err()
    };
    assert!(grid(shape, &[], &[]));
    assert!(grid(shape, &[0.0; 5], &[0.0; 5]));
    assert!(grid(shape, &[0.0; 4], &[0.0; 8]));
    assert!(grid(ImageShape { channels: 4, ..shape }, &[0.0; 16], &[0.0; 16]));
    let images = |shape, columns, images: &[f32]| {
        image_grid(Path::new("never.png"), shape, columns, images).is_err()
    };
    assert!(images(shape, 2, &[]));
    assert!(images(shape, 2, &[0.0; 5]));
    assert!(images(shape, 0, &[0.0; 4]));
    assert!(images(ImageShape { channels: 2, ..shape }, 2, &[0.0; 8]));
    assert!(!Path::new("never.png").exists());
}

#[test]
fn rows_that_are_no_images_are_compared_as_lines() {
    let folder = Folder::new();
    let dataset = SyntheticConfig { samples: 20, ..Default::default() }.generate().unwrap();
    let guesses: Vec<f32> = dataset.inputs().iter().map(|v| 0.8 * v + 0.1).collect();
    let file = place(&folder, "profiles.svg");
    reconstruction_profiles(&file, "Reconstructions", 32, dataset.inputs(), &guesses).unwrap();
    // Six panels with two lines, and two in the key.
    assert_eq!(read(&file).matches("<polyline").count(), 14);
    assert!(reconstruction_profiles(&file, "", 3, &[0.0; 4], &[0.0; 4]).is_err());
}

#[test]
fn what_a_logarithm_cannot_show_interrupts_its_line() {
    let folder = Folder::new();
    let decay = |rate: f64| (0..50).map(|k| (-rate * f64::from(k)).exp()).collect::<Vec<f64>>();
    let mut broken = decay(0.3);
    (broken[10], broken[20], broken[30]) = (f64::NAN, 0.0, f64::INFINITY);
    let losses = Series::from([
        ("recon".to_owned(), decay(0.1)),
        ("vq".to_owned(), broken),
        ("late & odd".to_owned(), vec![f64::NAN; 50]),
    ]);
    let file = place(&folder, "losses.svg");
    loss_traces(&file, "Losses", 0, &losses).unwrap();
    let svg = read(&file);
    // One line whole, one in four parts, and three in the legend.
    assert_eq!(svg.matches("<polyline").count(), 1 + 4 + 3);
    assert!(svg.contains("late &amp; odd") && !svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn empty_constant_and_single_values_still_make_a_picture() {
    let folder = Folder::new();
    for (name, values) in
        [("empty", vec![]), ("one", vec![3.0]), ("zero", vec![0.0; 9]), ("nan", vec![f64::NAN; 3])]
    {
        let series = Series::from([(name.to_owned(), values.clone())]);
        for (kind, draw) in
            [("losses", loss_traces as fn(&_, &_, _, &_) -> _), ("weights", weight_traces)]
        {
            let file = folder.path().join(format!("{name}-{kind}.svg"));
            draw(&file, name, 5, &series).unwrap();
            let svg = read(&file);
            assert!(svg.contains("epoch") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
    loss_traces(&folder.path().join("none.svg"), "none", 0, &Series::new()).unwrap();
}

#[test]
fn twenty_weights_have_twenty_different_lines() {
    let folder = Folder::new();
    let weight =
        |k: u32| (0..=50).map(|e| (f64::from(k) + 1.0) * 0.05 + 0.01 * f64::from(e * k)).collect();
    let weights: Series = (0..20).map(|k| (format!("weight_number_{k}"), weight(k))).collect();
    let file = place(&folder, "weights.svg");
    weight_traces(&file, "Weights", 1, &weights).unwrap();
    let svg = read(&file);
    let mut styles: Vec<&str> = svg
        .lines()
        .filter(|line| line.contains("stroke-width=\"2.4\""))
        .filter_map(|line| line.split_once("fill=").map(|(_, style)| style))
        .collect();
    styles.sort_unstable();
    styles.dedup();
    assert_eq!(styles.len(), 20);
}

#[test]
fn the_learning_rate_stands_above_the_update_ratio_and_no_part_stays_behind() {
    let folder = Folder::new();
    let rates: Vec<f64> = (0..60).map(|k| 1e-3 * 0.5_f64.powi(k / 10)).collect();
    let ratios: Vec<f64> = rates.iter().map(|rate| 0.7 * rate).collect();
    let file = folder.path().join("deep/er/rate.svg");
    learning_rate_trace(&file, "Learning rate", 0, &rates, &ratios).unwrap();
    learning_rate_trace(&place(&folder, "rate.svg"), "Learning rate", 0, &rates, &ratios).unwrap();
    let svg = read(&file);
    assert!(svg.find("learning rate").unwrap() < svg.find("update ratio").unwrap());
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_picture_that_cannot_take_its_place_leaves_no_part_behind() {
    let folder = Folder::new();
    folder.write("losses.svg/occupied", b"");
    let error = loss_traces(&folder.path().join("losses.svg"), "", 0, &Series::new()).unwrap_err();
    assert!(error.to_string().ends_with("losses.svg cannot be written"), "{error}");
    assert_eq!(folder.names(), ["losses.svg"]);
}
