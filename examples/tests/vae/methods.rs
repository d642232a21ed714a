//! What each method does to the divergence, and what a run leaves behind.

use burn::backend::Autodiff;
use burn_flex::Flex;
use homeostat_examples::data::ShapesConfig;
use homeostat_examples::vae::flags::{FLAGS, command};
use homeostat_examples::vae::session::Start;
use homeostat_testkit::Folder;

use crate::{document, run, settings};

type B = Autodiff<Flex>;

fn last(name: &str, overrides: &[&str], number: &str) -> f64 {
    let folder = Folder::new(&format!("vae-{name}"));
    let outcome = run::<B>(folder.path(), overrides, Start::default());
    outcome.summary["final"][number].as_f64().unwrap_or_else(|| panic!("{number} is measured"))
}

#[test]
fn a_larger_weight_makes_a_smaller_divergence() {
    let nats = |weight: &str| last("beta", &["method=beta", "epochs=8", weight], "test_kl");
    assert!(nats("weight.kl=2.0") < nats("weight.kl=0.1"));
}

/// Long and fast enough for the slow half of a loop of controller and model to settle.
const LONG: [&str; 2] = ["epochs=100", "optimizer.learning_rate=0.01"];

#[test]
fn pid_holds_the_divergence_at_its_setpoint() {
    let gains = ["method=pid", "controller.pid-weight.law.pid.ki=0.001", "weight.kl=0.1"];
    for setpoint in [4.0, 8.0] {
        let wanted = format!("setpoint.kl={setpoint:?}");
        let nats = last("pid", &[&LONG[..], &gains, &[&wanted]].concat(), "kl");
        assert!((nats / setpoint - 1.0).abs() < 0.2, "{nats} instead of {setpoint}");
    }
}

#[test]
fn geco_holds_the_error_at_its_bound() {
    let law = "controller.geco-multiplier.law.multiplier";
    let gains = [format!("{law}.rate=0.1"), format!("{law}.maximum=100.0")];
    let gains = ["method=geco", "weight.reconstruction=10.0", &gains[0], &gains[1]];
    for bound in [1.0, 1.4] {
        let wanted = format!("setpoint.reconstruction={bound:?}");
        let error = last("geco", &[&LONG[..], &gains, &[&wanted]].concat(), "reconstruction");
        assert!((error / bound - 1.0).abs() < 0.2, "{error} instead of {bound}");
    }
}

#[test]
fn the_controllers_of_other_methods_are_not_there() {
    let enabled = |method: &str| -> Vec<String> {
        let settings = settings(&[&format!("method={method}")]);
        let on = settings.controller.into_iter().filter(|(_, one)| one.enabled);
        on.map(|(name, _)| name).collect()
    };
    assert_eq!(enabled("pid"), ["pid-weight"]);
    assert_eq!(enabled("geco"), ["geco-multiplier"]);
    assert!(enabled("lbo").is_empty());
    assert!(enabled("beta").is_empty());
}

#[test]
fn a_run_leaves_numbers_pictures_and_a_checkpoint() {
    let folder = Folder::new("vae-files");
    let start = Start { config: "epochs = 5\n".into(), ..Start::default() };
    let outcome = run::<B>(folder.path(), &["epochs=3", "save_every=0"], start);
    for file in [
        "config.toml",
        "summary.json",
        "metrics.jsonl",
        "samples.png",
        "reconstructions.png",
        "traversals.png",
        "divergences.svg",
        "losses.svg",
        "scores.svg",
        "checkpoints/epoch_00003.checkpoint",
    ] {
        let size = std::fs::metadata(folder.path().join(file)).map(|meta| meta.len());
        assert!(size.is_ok_and(|size| size > 0), "{file}");
    }
    let rows = std::fs::read_to_string(folder.path().join("metrics.jsonl")).expect("is there");
    assert_eq!(rows.lines().count(), 3);
    let said = |part: &str| outcome.events.iter().any(|(_, text)| text.contains(part));
    assert!(said("KL DISCOVERY") && said("squeezed to"), "{:?}", outcome.events);
}

#[test]
fn shapes_are_images_that_a_seed_fixes() {
    let draw = |seed| ShapesConfig { side: 12, noise: 0.01 }.generate(64, seed).expect("legal");
    let (one, again, other) = (draw(1), draw(1), draw(2));
    assert_eq!(one.fingerprint(), again.fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!((one.len(), one.features(), one.classes()), (64, 144, 4));
    assert!((0..4).all(|class| one.labels().contains(&class)), "every shape is there");
    // Every image shows something: its middle and its border differ.
    for row in 0..one.len() {
        let image = one.row(row).expect("is there");
        let (low, high) =
            (image.iter().copied().fold(1.0, f32::min), image.iter().copied().fold(0.0, f32::max));
        assert!(high - low > 0.2, "image {row}: {low} to {high}");
    }
    for (side, noise, part) in [(7, 0.0, "side"), (12, f64::NAN, "noise")] {
        let error = ShapesConfig { side, noise }.generate(8, 1).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(ShapesConfig { side: 12, noise: 0.0 }.generate(0, 1).is_err());
}

#[test]
fn every_flag_names_a_setting() {
    let document = document(&[]);
    let optional = ["controller.cosine.law.cosine.minimum"];
    for flag in FLAGS {
        for path in flag.paths {
            let there = document.get(path).is_some() || optional.contains(path);
            assert!(there, "--{} names {path}", flag.name);
        }
    }
    command().debug_assert();
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (text, part) in [
        ("method=vq", "method"),
        ("batch_size=2", "batch_size must be at least 4"),
        ("model.core=1", "model.core"),
        ("optimizer.beta_2=1.0", "optimizer.beta_2"),
        ("model.log_variance_limits=[3.0, -3.0]", "model.log_variance_limits"),
        ("model.start_log_variance=9.0", "model.start_log_variance"),
        ("weight.sparsity=1.0", "'sparsity'"),
        ("lbo.ceiling.goals=[\"kl\"]", "lbo.ceiling.goals"),
        ("lbo.routing={ balanced = { rate = 0.0 } }", "lbo.routing.balanced.rate"),
    ] {
        let mut document = document(&[]);
        let error = document
            .set_override(text)
            .map_err(|error| error.to_string())
            .and_then(|_| {
                homeostat_examples::vae::settings::Settings::resolve(&mut document)
                    .map_err(|error| error.to_string())
            })
            .expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}
