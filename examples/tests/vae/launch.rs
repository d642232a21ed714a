//! Every choice among several, from the command line, a file and a checkpoint to the settings of a run.

use burn::backend::Autodiff;
use burn_flex::Flex;
use homeostat::ceiling::{
    CeilingConfig, CeilingTarget, Interpolation, NOTE_CEILINGS, Samples, Squeeze,
};
use homeostat_examples::command_line::hyphenate;
use homeostat_examples::launch::Launch;
use homeostat_examples::trainer::TrainError;
use homeostat_examples::vae::flags::command;
use homeostat_examples::vae::lbo::Routing;
use homeostat_examples::vae::program::PROGRAM;
use homeostat_examples::vae::session::Start;
use homeostat_examples::vae::settings::Settings;
use homeostat_examples::vae::state::Header;
use homeostat_testkit::Folder;

use crate::{run, settings};

fn read(words: &[&str]) -> Result<Settings, TrainError> {
    let words = std::iter::once("vae").chain(words.iter().copied());
    let matches = command()
        .try_get_matches_from(words.map(|word| hyphenate(word.to_owned())))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut launch = Launch::<Header>::read(PROGRAM, &matches)?;
    Ok(Settings::resolve(&mut launch.document)?.0)
}

fn legal(words: &[&str]) -> Settings {
    read(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

/// Every choice of the bottleneck, as an override.
const CHOICES: &[&[&str]] = &[
    &["lbo.ceiling.target={ relative = 0.2 }"],
    &["lbo.ceiling.target={ absolute = 5.0 }"],
    &["lbo.ceiling.squeeze={ geometric = { epochs = 2 } }"],
    &["lbo.ceiling.squeeze={ absolute = { ceilings = [6.0, 5.0] } }"],
    &["lbo.ceiling.squeeze={ relative = {} }"],
    &["lbo.ceiling.squeeze={ relative = { shape = [0.5, 0.0], epochs = 6 } }"],
    &["lbo.routing=\"minimum\""],
    &["lbo.routing={ balanced = { rate = 0.1 } }"],
    &["lbo.routing=\"minimum\"", "lbo.samples={ worst = 0.5 }"],
];

#[test]
fn every_choice_is_read_from_a_line_a_file_and_a_checkpoint() {
    for choice in CHOICES {
        let asked = legal(choice);
        let folder = Folder::new("vae-launch");
        std::fs::create_dir_all(folder.path()).expect("is made");
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, choice.join("\n")).expect("is written");
        let name = file.display().to_string();
        assert_eq!(legal(&["--config", &name]).lbo, asked.lbo, "{choice:?} in a file");
        // The tests' own settings have another target, which a table of ceilings must drop too.
        let absolute = choice[0].contains("absolute = { ceilings");
        let target = if absolute { "" } else { "lbo.ceiling.target.absolute=3.0" };
        let trained = if absolute {
            let mut document = homeostat_examples::document::Document::from_default(
                homeostat_examples::vae::settings::DEFAULTS,
            )
            .expect("the defaults are legal");
            for text in crate::SMALL.iter().filter(|text| !text.contains("target")).chain(*choice) {
                document.set_override(text).expect("a setting");
            }
            let folder = format!("output_dir={:?}", folder.path().display().to_string());
            document.set_override(&folder).expect("a setting");
            document.set_override("epochs=1").expect("a setting");
            let (settings, _) = Settings::resolve(&mut document).expect("legal");
            let start = Start { silent: true, ..Start::default() };
            homeostat_examples::vae::session::train::<Autodiff<Flex>>(
                &settings,
                &crate::images(&settings),
                start,
                &Default::default(),
            )
            .unwrap_or_else(|error| panic!("{error}"));
            settings
        } else {
            let all = [&[target][..], choice, &["epochs=1"]].concat();
            run::<Autodiff<Flex>>(folder.path(), &all, Start::default());
            settings(&all)
        };
        let resumed = legal(&["--resume", &folder.path().display().to_string()]);
        assert_eq!(resumed.lbo, trained.lbo, "{choice:?} in a checkpoint");
        // Another choice on resume replaces that of the checkpoint.
        let path = folder.path().display().to_string();
        let other = legal(&[
            "--resume",
            &path,
            "lbo.ceiling.target={ relative = 0.9 }",
            "lbo.ceiling.squeeze={ geometric = { epochs = 7 } }",
        ]);
        assert_eq!(other.lbo.ceiling.target, Some(CeilingTarget::Relative(0.9)));
        assert_eq!(other.lbo.ceiling.squeeze, Squeeze::geometric(7));
    }
}

#[test]
fn a_choice_is_taken_as_it_stands() {
    let Squeeze::Relative { interpolation, .. } =
        legal(&["lbo.ceiling.squeeze={ relative = {} }"]).lbo.ceiling.squeeze
    else {
        panic!("relative")
    };
    assert_eq!(interpolation, Interpolation::Linear);
    let folder = Folder::new("vae-launch-straight");
    std::fs::create_dir_all(folder.path()).expect("is made");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "[lbo.ceiling]\nsqueeze = { relative = {} }\n").expect("is written");
    let straight = legal(&["--config", &file.display().to_string()]).lbo.ceiling.squeeze;
    assert_eq!(straight, Squeeze::default());
    // A dotted path chooses as well, and goes on from what it names.
    let settings = legal(&["lbo.ceiling.target.relative=0.2"]);
    assert_eq!(settings.lbo.ceiling.target, Some(CeilingTarget::Relative(0.2)));
    let settings = legal(&["lbo.ceiling.squeeze.geometric.epochs=12"]);
    assert_eq!(settings.lbo.ceiling.squeeze, Squeeze::geometric(12));
    let settings = legal(&["lbo.routing=\"minimum\"", "lbo.samples.worst=0.5"]);
    assert_eq!(settings.lbo.samples, Samples::Worst(0.5));
    let settings = legal(&["lbo.routing.balanced.rate=0.2"]);
    assert_eq!(settings.lbo.routing, Routing::Balanced { rate: 0.2, proportional: 4.0 });
}

#[test]
fn the_notes_file_is_the_note() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/vae_note.toml");
    let found = legal(&["--config", file]).lbo;
    assert_eq!(found.ceiling, CeilingConfig::note());
    assert_eq!(found.ceiling.squeeze, Squeeze::Absolute { ceilings: NOTE_CEILINGS.to_vec() });
    assert_eq!(found.routing, Routing::Minimum);
    assert_eq!(found.samples, Samples::Mean);
}

#[test]
fn what_the_bottleneck_refuses_is_refused_before_there_are_data_with_path_and_origin() {
    for (words, expected) in [
        (
            &["lbo.step.halvings=31"][..],
            "lbo.step.halvings must be at most 30, got 31 (override 'lbo.step.halvings=31')",
        ),
        (&["--kl-target", "1.0"], "lbo.ceiling.target.absolute must be finite and at least 1.5"),
        (&["--kl-target", "1.0"], "got 1 (flag --kl-target)"),
        (
            &["lbo.ceiling.squeeze={ absolute = { ceilings = [9.0, 8.0] } }", "--kl-target", "8"],
            "lbo.ceiling.target must be left out where the squeeze is absolute",
        ),
        (&["lbo.ceiling.squeeze.geometric.epochs=0"], "lbo.ceiling.squeeze.geometric.epochs must"),
        (&["lbo.ceiling.discovery.from=1.0"], "lbo.ceiling.discovery.from must"),
        (
            &["lbo.calibration.batches=24"],
            "lbo.calibration.batches must be over before samples of the discovery count",
        ),
        (&["lbo.calibration.margin=-1.0"], "lbo.calibration.margin"),
        (&["lbo.barrier_margin=1.0"], "lbo.barrier_margin must"),
        (&["lbo.groups=[\"color\"]"], "lbo.groups must be of core, covariance, disentangle"),
        (&["lbo.ceiling.rules=late"], "lbo.ceiling.rules must be \"mended\""),
        (&["lbo.ceiling.rules=note"], "got note (override 'lbo.ceiling.rules=note')"),
        (&["lbo.step.rules=late"], "lbo.step.rules must be \"mended\""),
    ] {
        let error = read(words).expect_err(expected).to_string();
        assert!(error.contains(expected), "{words:?}\nfound:    {error}\nexpected: {expected}");
    }
}
