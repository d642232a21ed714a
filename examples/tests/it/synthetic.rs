use homeostat_examples::data::{Dataset, Manifold, SyntheticConfig};

const KINDS: [Manifold; 4] = [Manifold::Patches, Manifold::Moons, Manifold::Rings, Manifold::Rolls];

/// Share of rows whose nearest other row has the same label.
fn nearest_neighbour_accuracy(dataset: &Dataset) -> f64 {
    let rows: Vec<&[f32]> = dataset.inputs().chunks_exact(dataset.features()).collect();
    let distance = |a: usize, b: usize| -> f32 {
        rows[a].iter().zip(rows[b]).map(|(x, y)| (x - y) * (x - y)).sum()
    };
    let hits = (0..rows.len()).filter(|&row| {
        let others = (0..rows.len()).filter(|&other| other != row);
        let nearest = others.min_by(|&a, &b| distance(row, a).total_cmp(&distance(row, b)));
        dataset.labels()[row] == dataset.labels()[nearest.unwrap()]
    });
    hits.count() as f64 / rows.len() as f64
}

#[test]
fn neighbours_share_their_class_in_every_kind_flat_or_embedded() {
    for kind in KINDS {
        for features in [kind.dimension(), 32] {
            let config =
                SyntheticConfig { kind, features, classes: 5, samples: 1000, ..Default::default() };
            let accuracy = nearest_neighbour_accuracy(&config.generate().unwrap());
            assert!(accuracy > 0.97, "{kind:?} with {features} features: {accuracy}");
        }
    }
}

#[test]
fn the_default_makes_ten_classes_of_equal_size_that_can_be_told_apart() {
    let dataset = SyntheticConfig::default().generate().unwrap();
    assert_eq!((dataset.len(), dataset.features(), dataset.classes()), (3000, 32, 10));
    for class in 0..10 {
        assert_eq!(dataset.labels().iter().filter(|&&label| label == class).count(), 300);
    }
    let accuracy = nearest_neighbour_accuracy(&dataset);
    assert!(accuracy > 0.99, "{accuracy}");
}

#[test]
fn one_class_and_many_classes_stay_within_the_cube() {
    for kind in KINDS {
        for classes in [1, 2, 40] {
            let config = SyntheticConfig { kind, classes, samples: 200, ..Default::default() };
            // The constructor checks that every value lies in [0, 1].
            assert_eq!(config.generate().unwrap().classes(), classes);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_other_points() {
    let with_seed = |seed| SyntheticConfig { seed, ..Default::default() }.generate().unwrap();
    assert_eq!(with_seed(1), with_seed(1));
    assert_ne!(with_seed(1), with_seed(2));
}

/// Values are rounded to 65,536 levels, so that this holds on every platform.
#[test]
fn the_recorded_fingerprints_are_kept() {
    let expected = [
        0xaeaf_12a8_45eb_5d7b,
        0x8d65_25bc_9c24_f267,
        0xe22c_2438_5e8a_0c51,
        0x8a90_dfb3_68fd_bdb4,
    ];
    for (kind, expected) in KINDS.into_iter().zip(expected) {
        let config = SyntheticConfig { kind, samples: 500, ..Default::default() };
        let found = config.generate().unwrap().fingerprint();
        assert_eq!(found, expected, "{kind:?}: {found:#018x}");
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let check = |config: SyntheticConfig, message: &str| {
        assert_eq!(config.generate().unwrap_err().to_string(), message);
    };
    let usual = SyntheticConfig::default;
    check(SyntheticConfig { classes: 0, ..usual() }, "classes must be at least 1, got 0");
    check(
        SyntheticConfig { samples: 9, ..usual() },
        "samples must be at least one per class = 10, got 9",
    );
    check(
        SyntheticConfig { features: 2, ..usual() },
        "features must be at least the manifold's coordinates = 3, got 2",
    );
    check(
        SyntheticConfig { noise: -1.0, ..usual() },
        "noise must be finite and not negative, got -1",
    );
}

#[test]
fn a_mistyped_setting_in_a_file_is_refused() {
    let good: SyntheticConfig = toml::from_str("kind = \"rolls\"\nsamples = 50").unwrap();
    assert_eq!((good.kind, good.samples, good.features), (Manifold::Rolls, 50, 32));
    assert!(toml::from_str::<SyntheticConfig>("sample = 50").is_err());
    assert!(toml::from_str::<SyntheticConfig>("kind = \"roll\"").is_err());
}
