use homeostat_examples::command_line::hyphenate;
use homeostat_examples::document::Document;
use homeostat_examples::trainer::flags::{apply, command};
use homeostat_examples::trainer::panel;
use homeostat_examples::trainer::settings::{DEFAULTS, Settings};

fn resolve(line: &str) -> Result<(Settings, Vec<String>), String> {
    let words = std::iter::once("topoencoder_2d").chain(line.split_whitespace());
    let matches = command()
        .try_get_matches_from(words.map(|word| hyphenate(word.to_owned())))
        .map_err(|error| error.to_string())?;
    let mut document = Document::from_default(DEFAULTS).expect("the defaults are legal");
    apply(&matches, &mut document).map_err(|error| error.to_string())?;
    Settings::resolve(&mut document).map_err(|error| error.to_string())
}

fn law<'a>(settings: &'a Settings, controller: &str) -> &'a homeostat::LawConfig {
    &settings.controller[controller].law
}

/// The example commands of the report, word for word (section 6), without the program's name.
const EXAMPLES: &[&str] = &[
    "--dataset mnist --epochs 3000 --lr 0.01 --lr_max 0.01 --disable_ae --disable_vq --save_every 50 \
     --output_dir outputs/topoencoder_mnist_cpu_3k --device cpu --adaptive_lr true \
     --lr_grounding_warmup_epochs 10 --use_scheduler false",
    "--dataset cifar10 --epochs 3000 --save_every 50 --log_every 25 --device cpu --adaptive_lr true \
     --use_scheduler false --lr 0.005 --lr_max 0.005 --kl_prior_weight 0.001 \
     --lr_grounding_warmup_epochs 200 --lr_unstable_patience 10 \
     --output_dir outputs/topoencoder_cifar10_cpu_3k --mlflow true \
     --mlflow_tracking_uri http://127.0.0.1:5000 --mlflow_experiment topoencoder \
     --mlflow_run_name cifar10_adaptive_lr",
    "--dataset mnist --epochs 3000 --save_every 50 --log_every 25 --device cpu --adaptive_lr true \
     --use_scheduler false --lr 0.0001 --lr_max 0.0001 --kl_prior_weight 0.001 \
     --lr_grounding_warmup_epochs 200 --lr_unstable_patience 10 \
     --output_dir outputs/topoencoder_mnist_cpu_3k --mlflow true \
     --mlflow_tracking_uri http://127.0.0.1:5000 --mlflow_experiment topoencoder \
     --mlflow_run_name mnist_adaptive_lr",
    "--dataset mnist --epochs 1250 --save_every 50 --log_every 25 --device cpu --adaptive_lr true \
     --use_scheduler false --lr 0.001 --lr_max 0.05 --lr_grounding_warmup_epochs 50 \
     --lr_increase_factor 1.05 --lr_decrease_factor 0.8 --lr_unstable_patience 5 \
     --lr_stable_patience 5 --lr_loss_increase_tol 0.1 \
     --output_dir outputs/topoencoder_mnist_cpu_adapt_lr7 --disable_ae --disable_vq --hidden_dim 64 \
     --codes_per_chart 8",
];

#[test]
fn every_example_command_of_the_report_is_understood() {
    for line in EXAMPLES {
        let (settings, _) = resolve(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        panel::build(&settings, 20).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(settings.backend, "flex");
    }
    let (settings, _) = resolve(EXAMPLES[3]).expect("checked above");
    assert_eq!((settings.epochs, settings.save_every, settings.log_every), (1250, 50, 25));
    assert_eq!((settings.model.hidden, settings.model.codes_per_chart), (64, 8));
    assert!(!settings.baseline.autoencoder && !settings.baseline.vq);
    let homeostat::LawConfig::Governor(governor) = law(&settings, "learning-rate") else {
        panic!("the learning rate has a governor");
    };
    assert_eq!((governor.maximum, governor.grounding_warmup), (0.05, 50));
    assert_eq!((governor.increase_factor, governor.decrease_factor), (1.05, 0.8));
    assert_eq!((governor.unstable_patience, governor.stable_patience), (5, 5));
    assert_eq!(governor.loss_increase_tolerance, 0.1);
    // Patiences on the command line count epochs.
    assert_eq!((governor.window, governor.time_unit), (1.0, homeostat::TimeUnit::Epoch));
}

#[test]
fn the_settings_in_a_checkpoint_resolve_to_themselves() {
    use homeostat_examples::document::Origin;
    let (settings, _) = resolve("--epochs 7 --hidden_dim 16").expect("legal");
    let text = toml::to_string(&settings).expect("plain data");
    let mut document = Document::from_default(DEFAULTS).expect("the defaults are legal");
    document.merge_text(&text, Origin::Checkpoint("x".into())).expect("valid TOML");
    let (again, _) = Settings::resolve(&mut document).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, settings);
}

#[test]
fn underscores_hyphens_and_dotted_paths_mean_the_same() {
    let a = resolve("--lr_max 0.01 --adaptive_pi_kp 0.02").expect("legal").0;
    let b = resolve("--lr-max=0.01 --adaptive-pi-kp=0.02").expect("legal").0;
    let c =
        resolve("controller.learning-rate.law.governor.maximum=0.01 controller.*.law.pid.kp=0.02")
            .expect("legal")
            .0;
    assert_eq!(a, b);
    assert_eq!(a, c);
    let homeostat::LawConfig::Pid(pid) = law(&a, "entropy-weight") else { panic!("a PID") };
    assert_eq!(pid.kp, 0.02);
}

#[test]
fn a_wildcard_reaches_exactly_the_laws_that_have_the_setting() {
    let (settings, _) = resolve("--adaptive_dual_eta 0.3").expect("legal");
    for (name, controller) in &settings.controller {
        if let homeostat::LawConfig::Multiplier(law) = &controller.law {
            assert_eq!(law.rate, Some(0.3), "{name}");
        }
    }
    let (settings, _) = resolve("--adaptive_weights false").expect("legal");
    for (name, controller) in &settings.controller {
        assert!(!(controller.enabled && name.ends_with("-weight")), "{name}");
    }
    assert!(settings.controller["learning-rate"].enabled);
}

#[test]
fn settings_that_depend_on_each_other_are_reconciled_and_said() {
    let (settings, notices) = resolve("--adaptive_lr true --use_scheduler true").expect("legal");
    assert!(!settings.controller["cosine"].enabled);
    assert!(notices[0].contains("the cosine schedule is off"), "{notices:?}");
    let (settings, _) = resolve("--adaptive_lr false --use_scheduler true").expect("legal");
    assert!(settings.controller["cosine"].enabled);
    assert!(!settings.controller["learning-rate"].enabled);
    // The governor is on without being asked for.
    let (settings, _) = resolve("--use_scheduler true").expect("legal");
    assert!(!settings.controller["cosine"].enabled);
    panel::build(&settings, 20).unwrap_or_else(|error| panic!("{error}"));
    // Start weights outside new limits begin at the nearer one.
    let (settings, _) =
        resolve("--adaptive_lambda_min 0.2 --adaptive_lambda_max 0.3").expect("legal");
    panel::build(&settings, 20).unwrap_or_else(|error| panic!("{error}"));
    let (settings, _) = resolve("--jump_warmup 60 --jump_ramp_end 90").expect("legal");
    panel::build(&settings, 20).unwrap_or_else(|error| panic!("{error}"));
    let (settings, _) = resolve("weight.*=0").expect("a wildcard reaches leaves");
    assert!(settings.weight.values().all(|weight| *weight == 0.0));
    let (settings, _) = resolve("--lr 0.5").expect("the largest rate follows");
    let homeostat::LawConfig::Governor(governor) = law(&settings, "learning-rate") else {
        panic!("a governor")
    };
    assert_eq!(governor.maximum, 0.5);
}

#[test]
fn a_wrong_line_is_answered_with_place_value_and_what_is_legal() {
    for (line, expected) in [
        ("--epochs many", "--epochs must be a whole number that is not negative, got 'many'"),
        ("--epochs -3", "--epochs must be a whole number that is not negative, got '-3'"),
        ("--epochs 0", "epochs must be at least 1, got 0 (flag --epochs)"),
        ("--lr nan", "--lr must be a finite number, got 'nan'"),
        ("--lr -0.1", "optimizer.learning_rate must be finite and above 0, got -0.1 (flag --lr)"),
        ("--adaptive_lr maybe", "--adaptive-lr must be true or false, got 'maybe'"),
        ("--test_split 1.5", "data.test_fraction must be at least 0 and below 1, got 1.5"),
        ("--num_charts 1", "model.charts must be at least 2, got 1 (flag --num-charts)"),
        ("--learning_rate 1", "unexpected argument '--learning-rate'"),
        ("modle.hidden=3", "there is no setting 'modle.hidden': 'modle' is none of"),
        ("modle.hidden=3", "did you mean 'model'?"),
        (
            "model.hiden=3",
            "override 'model.hiden=3': model.hiden: unknown key \"hiden\"; legal are ",
        ),
        ("model.hiden=3", "did you mean \"hidden\"?"),
        ("model.hidden=", "override 'model.hidden=' is not of the form path.to.key=value"),
        ("model.hidden", "is not of the form path.to.key=value"),
        (
            "model.hidden=wide",
            "override 'model.hidden=wide': model.hidden: must be a whole number that is not negative, \
             got \"wide\"",
        ),
        ("controller.entropy-weigth.law.pid.kp=1", "did you mean 'entropy-weight'?"),
        ("controller.entropy-weight.law.pid.kpp=1", "law.pid.kpp: unknown key \"kpp\"; legal are "),
        (
            "--covariant_attn_tensorization half",
            "flag --covariant-attn-tensorization: model.tensorization: unknown tensorization \"half\"; \
             legal are sum, full",
        ),
        ("delay=2", "delay must be 0 or 1, got 2"),
        (
            "weight.recom=5.0",
            "weight must be the names of losses, got 'recom'; did you mean 'recon'?",
        ),
        (
            "--classifier_bundle_size 5",
            "readout.bundle_size must be 0 or a divisor of model.latent",
        ),
        ("--hidden_dim 1000000000", "must be at most 16384, got 1000000000"),
        ("model.input=5", "model.input must be left out, because it follows from the data, got 5"),
        ("target.hk_ratio=1.2", "target.hk_ratio must be between 0 and 1, got 1.2"),
    ] {
        let error = resolve(line).expect_err(line);
        assert!(error.contains(expected), "{line}\nfound:    {error}\nexpected: {expected}");
    }
}

#[test]
fn a_wrong_configuration_file_is_answered_with_line_and_column() {
    use homeostat_examples::document::Origin;
    let path = std::path::PathBuf::from("mine.toml");
    for (text, expected) in [
        (
            "[model]\nhidden = 'wide'\n",
            "mine.toml:2:10: model.hidden: must be a whole number that is not negative, got 'wide'",
        ),
        ("model.hiden = 3", "mine.toml:1:7: model.hiden: unknown key \"hiden\"; legal are "),
        (
            "[controller.entropy-weight.law]\npid = { kp = '0.1' }\n",
            "mine.toml:2:14: controller.entropy-weight.law.pid.kp: must be a number, got '0.1'; did \
             you mean 0.1?",
        ),
        (
            "[controller.mine]\nreads = { measured = 'kl' }\nwrites = { weight = 'kl' }\n",
            "mine.toml:1:1: controller.mine.law: missing key \"law\"",
        ),
        ("epochs = 3\nepochs = 4", "mine.toml:2:1: epochs: the text is no TOML: duplicate key"),
        ("\nepochs = 0", "epochs must be at least 1, got 0 (file mine.toml:2:10)"),
    ] {
        let mut document = Document::from_default(DEFAULTS).expect("the defaults are legal");
        let error = document
            .merge_text(text, Origin::File(path.clone()))
            .map_err(|error| error.to_string())
            .and_then(|()| Settings::resolve(&mut document).map_err(|error| error.to_string()))
            .map(drop)
            .expect_err(text);
        assert!(error.starts_with(expected), "{text}\nfound:    {error}\nexpected: {expected}");
    }
}

#[test]
fn a_wrong_law_is_answered_when_the_controllers_are_built() {
    let (settings, _) = resolve("controller.entropy-weight.law.pid.kp=-1").expect("typed");
    let error = panel::build(&settings, 20).err().expect("illegal gain").to_string();
    assert_eq!(error, "controller 'entropy-weight': kp must be finite and not negative, got -1");
}
