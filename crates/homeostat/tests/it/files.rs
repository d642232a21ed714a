//! Every file in `configs/` that is no trainer's own builds, and recipes build without a warning.

use std::path::{Path, PathBuf};

use homeostat::read_dual;

fn configs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs").join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("readable").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some()).collect();
    files.sort();
    files
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("readable")
}

#[test]
fn every_recipe_builds_without_a_warning_and_has_a_page() {
    let recipes = configs("recipes");
    assert!(recipes.len() >= 4, "{recipes:?}");
    for path in recipes {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let config = read_dual(&name, &text(&path)).unwrap_or_else(|error| panic!("{error}"));
        let dual = config.init().expect("it was checked");
        let warnings: Vec<_> = dual.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [""; 0], "{name}");
        let page = format!("../../docs/recipes/{name}.md");
        let page = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
        assert!(page.contains("## What to expect") && page.contains("## How it fails"), "{name}");
    }
}

#[test]
fn a_normalized_loss_has_a_setpoint_and_is_controlled() {
    let (mut builder, sensors) = crate::builder();
    let path = configs("").into_iter().find(|path| path.ends_with("normalized_kl.toml"));
    let config = crate::read(&text(&path.expect("the file is there")));
    builder.configure(&config).expect("legal");
    let weight = builder.weight_slot("kl").expect("declared");
    let mut control = builder.build().expect("wired");
    for step in 0..200 {
        // A divergence that grows is at the top of its ranks: its weight must rise.
        control.board_mut().observe(sensors.kl, f64::from(step)).expect("finite");
        control.step().expect("no controller stops");
    }
    assert!(control.board().get(weight).expect("decided").get() > 0.1);
    let text = control.wiring();
    assert!(text.find("kl-normalizer") < text.find("kl-weight"), "{text}");
}

/// A divergence that falls as its weight rises: KL = 20 / (1 + 50 w).
#[test]
fn a_discovered_ceiling_is_squeezed_and_kept_by_the_weight() {
    let (mut builder, sensors) = crate::builder();
    let path = configs("").into_iter().find(|path| path.ends_with("kl_ceiling.toml"));
    let config = crate::read(&text(&path.expect("the file is there")));
    builder.configure(&config).expect("legal");
    let weight = builder.weight_slot("kl").expect("declared");
    let mut control = builder.build().expect("wired");
    let mut divergences = Vec::new();
    // Ten steps are an epoch, see `builder`.
    for _ in 0..400 {
        let acting = control.board().get(weight).expect("started").get();
        let divergence = 20.0 / (1.0 + 50.0 * acting);
        divergences.push(divergence);
        control.board_mut().observe(sensors.kl, divergence).expect("finite");
        control.board_mut().observe(sensors.rejections, 0.0).expect("a count");
        control.step().expect("no controller stops");
    }
    let first = 20.0 / 1.05;
    assert!(
        divergences[..10].iter().all(|kl| (kl - first).abs() < 1e-9),
        "discovery is undisturbed"
    );
    let ceiling = config.controller["kl-ceiling"].clone();
    let homeostat::LawConfig::Ceiling(ceiling) = ceiling.law else { panic!("the file's law") };
    let headroom = ceiling.discovery.headroom;
    let last = divergences[399];
    assert!((last - 0.2 * headroom * first).abs() < 0.05 * first, "{last} of {first}");
}

/// Batches of ten make an epoch; a rejected step is no call of the orchestrator, but a batch.
#[test]
fn rejected_steps_reach_a_ceiling_as_a_count_and_a_faulty_step_does_not() {
    let path = configs("").into_iter().find(|path| path.ends_with("kl_ceiling.toml"));
    let config = crate::read(&text(&path.expect("the file is there")));
    let run = |rejections: f64, calls: u64, faulty: bool| {
        let (mut builder, sensors) = crate::builder();
        builder.configure(&config).expect("legal");
        let mut control = builder.build().expect("wired");
        let faults = control.faults();
        for _ in 0..calls {
            let board = control.board_mut();
            board.observe(sensors.kl, 20.0).expect("finite");
            board.observe(sensors.rejections, rejections).expect("a count");
            board.observe(faults, f64::from(u8::from(faulty))).expect("a count");
            control.step().expect("no controller stops");
        }
        let mut found = std::collections::BTreeMap::new();
        control.probe(&mut |controller, name, value| {
            if controller == "kl-ceiling" {
                found.insert(name, value);
            }
        });
        ["epoch", "sigma", "increment", "rejected"].map(|name| found[name])
    };
    // The fifth epoch has begun: two of the squeeze are over.
    assert_eq!(run(0.0, 40, false), [5.0, 4.0, 1.0, 0.0]);
    // Half of the batches were rejected: the same epochs in half of the calls, and two backoffs.
    assert_eq!(run(1.0, 20, false), [5.0, 2.0, 0.25, 0.0]);
    assert_eq!(run(1.0, 22, false), [5.0, 2.0, 0.25, 2.0]);
    // What reads a count of rejections need not decide in a step with a faulty reading.
    assert_eq!(run(0.0, 40, true)[0], 0.0);
}
