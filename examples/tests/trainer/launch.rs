//! Every choice among several, from a file and a checkpoint to the settings of a run.

use burn::backend::Autodiff;
use burn_flex::Flex;
use homeostat_examples::command_line::hyphenate;
use homeostat_examples::launch::Launch;
use homeostat_examples::trainer::flags::command;
use homeostat_examples::trainer::program::PROGRAM;
use homeostat_examples::trainer::settings::Settings;
use homeostat_examples::trainer::state::Header;
use homeostat_testkit::Folder;

use crate::run;

fn read(words: &[&str]) -> Settings {
    let words = std::iter::once("topoencoder_2d").chain(words.iter().copied());
    let matches = command()
        .try_get_matches_from(words.map(|word| hyphenate(word.to_owned())))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut launch = Launch::<Header>::read(PROGRAM, &matches).expect("is read");
    Settings::resolve(&mut launch.document).unwrap_or_else(|error| panic!("{error}")).0
}

#[test]
fn every_choice_is_read_from_a_line_a_file_and_a_checkpoint() {
    let law = "controller.variance-weight.law.multiplier";
    for choice in [
        format!("{law}.target={{ raw = 0.5 }}"),
        format!("{law}.target={{ baseline = {{ warmup = 2.0 }} }}"),
        "controller.recon-precision.law={ precision = { mode = { gradient = { rate = 0.1 } } } }".into(),
        "controller.recon-precision.law.precision.mode={ gradient = { rate = 0.1 } }".into(),
        "controller.entropy-weight.law.pid.anti_windup={ back-calculation = { tracking_time = 2.0 } }"
            .into(),
        "model.latent_bound=\"none\"".into(),
        "model.latent_bound={ ball = 0.5 }".into(),
        "model.spectral.router=\"off\"".into(),
        "model.spectral.skip={ at = 2.0 }".into(),
        "surgery=\"upgrad\"".into(),
        "surgery={ method = { cagrad = { radius = 0.4 } }, every = 4 }".into(),
    ] {
        let asked = read(&[&choice]);
        let folder = Folder::new("topoencoder-launch");
        std::fs::create_dir_all(folder.path()).expect("is made");
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, &choice).expect("is written");
        let found = read(&["--config", &file.display().to_string()]);
        let parts = |settings: &Settings| {
            let Settings { model, controller, surgery, .. } = settings.clone();
            (model.latent_bound, model.spectral, controller, surgery)
        };
        assert_eq!(parts(&found), parts(&asked), "{choice} in a file");
        run::<Autodiff<Flex>>(folder.path(), &[&choice, "epochs=1"]);
        let trained = crate::settings(&[&choice, "epochs=1"]);
        let resumed = read(&["--resume", &folder.path().display().to_string()]);
        assert_eq!(parts(&resumed), parts(&trained), "{choice} in a checkpoint");
        // And back to another choice on top of it.
        let other = "controller.variance-weight.law.multiplier.target={ raw = 0.25 }";
        std::fs::write(&file, other).expect("is written");
        let path = folder.path().display().to_string();
        let back = read(&["--resume", &path, "--config", &file.display().to_string()]);
        let line = crate::settings(&[&choice, "epochs=1", other]);
        assert_eq!(parts(&back), parts(&line), "{choice}, then another target");
    }
}

#[test]
fn what_is_off_in_a_checkpoint_stays_off() {
    let folder = Folder::new("topoencoder-launch-off");
    let path = "controller.consistency-weight.law.multiplier";
    let mut document = crate::document(&["epochs=1"]);
    let origin = homeostat_examples::document::Origin::Flag("test".into());
    document.unset(&format!("{path}.error_clip"), origin);
    let output = format!("output_dir={:?}", folder.path().display().to_string());
    document.set_override(&output).expect("a setting");
    let (settings, _) = Settings::resolve(&mut document).expect("legal");
    let start = homeostat_examples::trainer::session::Start { quiet: true, ..Default::default() };
    let rows = crate::rows(&settings);
    homeostat_examples::trainer::session::train::<Autodiff<Flex>>(
        &settings,
        &rows,
        start,
        &Default::default(),
    )
    .expect("trains");
    let resumed = read(&["--resume", &folder.path().display().to_string()]);
    assert_eq!(resumed.controller, settings.controller);
}
