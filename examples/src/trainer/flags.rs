//! The command line: one table from flags to settings.
//!
//! A flag is nothing but a name for one or more paths of the configuration. Underscores and hyphens
//! mean the same: `--lr_max` is `--lr-max`.

use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Value;

use crate::document::{Document, DocumentError, Origin, parse_value};

/// What a flag expects.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A number.
    Number,
    /// A number; 0 removes the setting, which switches it off.
    NumberOrOff,
    /// A whole number that is not negative.
    Whole,
    /// A whole number of epochs for the governor, which then decides once per epoch.
    Epochs,
    /// `true` or `false`.
    YesNo,
    /// Any text.
    Text,
    /// No value: the flag itself means `false` for its setting.
    Disable,
}

struct Flag {
    name: &'static str,
    kind: Kind,
    paths: &'static [&'static str],
    group: &'static str,
    help: &'static str,
}

macro_rules! flags {
    ($($group:literal { $($name:literal $kind:ident [$($path:literal),*] $help:literal;)* })*) => {
        &[$($(Flag {
            name: $name, kind: Kind::$kind, paths: &[$($path),*], group: $group, help: $help,
        },)*)*]
    };
}

const FLAGS: &[Flag] = flags! {
    "Run" {
        "epochs" Whole ["epochs"] "How many epochs to train";
        "batch-size" Whole ["batch_size"] "Rows per step; 0 takes all";
        "seed" Whole ["seed"] "Seed of data, start weights, shuffles and noise";
        "backend" Text ["backend"] "flex, ndarray, or cuda[:index]";
        "device" Text ["backend"] "cpu (the fastest CPU backend) or cuda; the same as --backend";
        "threads" Whole ["threads"] "Threads of large tensor operations on flex; 0: as many as cores";
        "delay" Whole ["delay"] "0: control by this step's readings, 1: by the step before's";
        "grad-clip" Number ["gradient_clip"] "Largest global gradient norm; 0 is off";
        "log-every" Whole ["log_every"] "Print a line every so many epochs";
        "save-every" Whole ["save_every"] "Write a checkpoint every so many epochs; 0: only the last";
        "output-dir" Text ["output_dir"] "Folder of the run's files";
        "mlflow" YesNo ["mlflow.enabled"] "Send metrics to an MLflow server or folder";
        "mlflow-tracking-uri" Text ["mlflow.tracking_uri"] "http://… or a folder; default mlruns";
        "mlflow-experiment" Text ["mlflow.experiment"] "Name of the experiment";
        "mlflow-run-name" Text ["mlflow.run_name"] "Name of the run";
    }
    "Data" {
        "dataset" Text ["data.dataset"] "synthetic, mnist, fashion-mnist or cifar10";
        "data-dir" Text ["data.directory"] "Where the files of the data sets are";
        "n-samples" Whole ["data.samples"] "Rows drawn from the training files; 0 takes all";
        "test-split" Number ["data.test_fraction"] "Part of the rows kept for testing";
    }
    "Model" {
        "hidden-dim" Whole ["model.hidden"] "Width of the hidden layers";
        "latent-dim" Whole ["model.latent"] "Width of the latent space";
        "num-charts" Whole ["model.charts"] "Number of charts";
        "codes-per-chart" Whole ["model.codes_per_chart"] "Codes in every chart";
        "covariant-attn" YesNo ["model.covariant_attention"] "Covariant attention in the routers";
        "covariant-attn-tensorization" Text ["model.tensorization"] "sum or full";
        "covariant-attn-rank" Whole ["model.rank"] "Rank of the sum tensorization";
        "covariant-attn-tau-min" Number ["model.tau_min"] "Floor of the routing temperature";
        "covariant-attn-denom-min" Number ["model.denominator_min"] "Floor of 1 - |v|² in it";
        "covariant-attn-use-transport" YesNo ["model.transport"] "Carry the keys along";
        "covariant-attn-transport-eps" Number ["model.transport_epsilon"] "Its stabiliser";
        "jump-global-rank" Whole ["jump.rank"] "Rank of the jump operator; 0: the latent width";
    }
    "Learning rate" {
        "lr" Number ["optimizer.learning_rate"] "Learning rate of the first step";
        "adaptive-lr" YesNo ["controller.learning-rate.enabled"] "Let the governor move the rate";
        "use-scheduler" YesNo ["controller.cosine.enabled"]
            "Cosine schedule; has no effect with --adaptive-lr true";
        "min-lr" Number ["controller.cosine.law.cosine.minimum"] "Floor of the cosine schedule";
        "lr-min" Number ["controller.learning-rate.law.governor.minimum"] "Smallest rate";
        "lr-max" Number ["controller.learning-rate.law.governor.maximum"]
            "Largest rate; 0: that of the first step";
        "lr-increase-factor" Number ["controller.learning-rate.law.governor.increase_factor"]
            "Growth after calm epochs";
        "lr-decrease-factor" Number ["controller.learning-rate.law.governor.decrease_factor"]
            "Cut after a spike";
        "lr-max-update-ratio" NumberOrOff
            ["controller.learning-rate.law.governor.maximum_update_ratio"]
            "Largest measured update over parameter norm; 0 is off";
        "lr-ema-decay" Number ["controller.learning-rate.law.governor.loss_decay"]
            "Decay of the loss average per epoch";
        "lr-loss-increase-tol" Number
            ["controller.learning-rate.law.governor.loss_increase_tolerance"]
            "Relative rise of the loss that counts as a spike";
        "lr-grounding-warmup-epochs" Epochs
            ["controller.learning-rate.law.governor.grounding_warmup"]
            "Epochs before the first decision";
        "lr-unstable-patience" Epochs ["controller.learning-rate.law.governor.unstable_patience"]
            "Bad epochs before a cut";
        "lr-stable-patience" Epochs ["controller.learning-rate.law.governor.stable_patience"]
            "Calm epochs before growth";
        "lr-plateau-patience" Epochs ["controller.learning-rate.law.governor.plateau_patience"]
            "Epochs without improvement before a cut; 0 is off";
        "lr-plateau-tol" Number ["controller.learning-rate.law.governor.plateau_tolerance"]
            "Relative fall of the loss that counts as improvement";
        "lr-grounding-ema-decay" Number
            ["controller.learning-rate.law.governor.information_decay"]
            "Decay of the information average per step";
        "lr-recovery-factor" Number ["controller.learning-rate.law.governor.recovery_factor"]
            "Growth while the rate is far below the largest";
        "lr-recovery-threshold" Number
            ["controller.learning-rate.law.governor.recovery_threshold"]
            "What counts as far below, as a part of the largest rate";
    }
    "Gradients" {
        "surgery" Text ["surgery"] "sum, or a method of gradient surgery: upgrad, pcgrad, cagrad, …";
        "rows" Text ["rows"] "Its rows: reforward (one pass per loss) or groups (two passes)";
    }
    "Loss weights" {
        "adaptive-weights" YesNo ["controller.*-weight.enabled"] "Let controllers move the weights";
        "adaptive-warmup-epochs" Number
            ["controller.*.law.multiplier.target.baseline.warmup"]
            "Epochs in which baselines are learned";
        "adaptive-dual-eta" Number ["controller.*.law.multiplier.rate"]
            "Dual step of the multipliers per epoch";
        "adaptive-pi-kp" Number ["controller.*.law.pid.kp"] "Proportional gain";
        "adaptive-pi-ki" Number ["controller.*.law.pid.ki"] "Integral gain per epoch";
        "adaptive-pi-kd" Number ["controller.*.law.pid.kd"] "Derivative gain";
        "adaptive-lambda-min" Number
            ["controller.*.law.multiplier.minimum", "controller.*.law.pid.minimum"]
            "Smallest weight";
        "adaptive-lambda-max" Number
            ["controller.*.law.multiplier.maximum", "controller.*.law.pid.maximum"]
            "Largest weight";
        "adaptive-violation-clip" NumberOrOff ["controller.*.law.multiplier.error_clip"]
            "Clip of the violation; 0 is off";
        "adaptive-target-ratio" Number
            ["controller.*.law.multiplier.target.baseline.ratio"] "Target over baseline";
        "adaptive-target-ema-decay" Number
            ["controller.*.law.multiplier.target.baseline.ema_decay"]
            "Decay of the baselines per step";
        "adaptive-target-min" Number
            ["controller.*.law.multiplier.target.baseline.minimum"] "Smallest target";
        "entropy-target-ratio" Number ["target.entropy_ratio"] "Target of H(K|X) over ln N";
        "hk-target-ratio" Number ["target.hk_ratio"] "Target of H(K) over ln N";
        "code-entropy-target-ratio" Number ["target.code_entropy_ratio"]
            "Target of the code entropies over ln C";
        "consistency-target" Number ["target.consistency"] "Bound of the routing divergence";
        "use-learned-precisions" YesNo ["precisions.enabled"]
            "Balance recon, vq and supervision by learned variances";
        "window-eps-ground" Number
            ["loss.window_epsilon", "controller.learning-rate.law.governor.window_epsilon"]
            "Least information I(X;K)";
        "recon-weight" Number ["weight.recon"] "Weight of the reconstruction";
        "vq-weight" Number ["weight.vq"] "… of the codebook loss";
        "entropy-weight" Number ["weight.entropy"] "Start weight of the routing entropy";
        "consistency-weight" Number ["weight.consistency"] "… of the routing divergence";
        "variance-weight" Number ["weight.variance"] "… of the latent variance";
        "diversity-weight" Number ["weight.diversity"] "… of the chart usage";
        "separation-weight" Number ["weight.separation"] "… of the chart separation";
        "codebook-center-weight" Number ["weight.codebook_center"] "… of the codebook centring";
        "chart-center-sep-weight" Number ["weight.chart_center_sep"]
            "… of the separation of the chart centres";
        "chart-center-sep-margin" Number ["loss.chart_center_separation_margin"] "Its margin";
        "residual-scale-weight" Number ["weight.residual_scale"] "… of the residual";
        "window-weight" Number ["weight.window"] "… of the coupling window";
        "disentangle-weight" Number ["weight.disentangle"] "… of the disentanglement";
        "orthogonality-weight" Number ["weight.orthogonality"] "… of the singular value spread";
        "code-entropy-weight" Number ["weight.code_entropy"] "… of the code usage";
        "per-chart-code-entropy-weight" Number ["weight.per_chart_code_entropy"]
            "… of the code usage per chart";
        "kl-prior-weight" Number ["weight.kl_prior"] "… of the energy prior";
        "orbit-weight" Number ["weight.orbit"] "… of the orbit invariance; 0: not measured";
        "vicreg-inv-weight" Number ["weight.vicreg_inv"] "… of the Gram invariance; 0: not measured";
        "augment-noise-std" Number ["loss.augment_noise"] "Noise of the augmented pass";
        "jump-weight" Number ["weight.jump_final"] "… of the jump loss at the end of its ramp";
        "jump-warmup" Whole ["controller.jump-ramp.law.ramp.start"] "Epoch of the ramp's start";
        "jump-ramp-end" Whole ["controller.jump-ramp.law.ramp.end"] "Epoch of the ramp's end";
        "sup-weight" Number ["weight.sup"] "Weight of all supervised losses";
        "sup-purity-weight" Number ["weight.sup_purity"] "Start weight of the purity";
        "sup-balance-weight" Number ["weight.sup_balance"] "… of the balance";
        "sup-metric-weight" Number ["weight.sup_metric"] "… of the metric loss";
        "sup-metric-margin" Number ["supervision.metric_margin"] "Margin of the metric loss";
        "sup-temperature" Number ["supervision.temperature"] "Temperature of P(Y|K)";
        "disable-supervised" Disable ["supervision.enabled"] "Train without labels";
    }
    "Readout and baselines" {
        "disable-classifier-head" Disable ["readout.enabled"] "No readout";
        "classifier-lr" Number ["readout.learning_rate"] "Rate of the readouts; 0: that of --lr";
        "classifier-bundle-size" Whole ["readout.bundle_size"] "Latents per radius; 0: one radius";
        "disable-ae" Disable ["baseline.autoencoder"] "No plain autoencoder beside the atlas";
        "disable-vq" Disable ["baseline.vq"] "No standard VQ model beside the atlas";
    }
};

/// The command of the program.
pub fn command() -> Command {
    let mut command = Command::new("topoencoder_2d")
        .version(clap::crate_version!())
        // The last of two equal flags wins, so that a script can append to a command.
        .args_override_self(true)
        .about("Trains an attentive atlas whose learning rate and loss weights are controlled variables")
        .after_help(
            "Any setting can be overridden by its path: `model.hidden=64`, \
             `controller.entropy-weight.law.pid.kp=0.02`, `controller.*.law.pid.kp=0.02`.\n\
             Underscores and hyphens in flags mean the same.\n\
             `--print-config` shows every setting, where it came from and how the controllers are wired.",
        )
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .help("A TOML file that is laid over the defaults (configs/topoencoder_2d.toml)")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("resume")
                .long("resume")
                .value_name("PATH")
                .help("Goes on from a checkpoint file, or from the newest one in a run's folder")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("print-config")
                .long("print-config")
                .action(ArgAction::SetTrue)
                .help("Prints the settings and the wiring, and trains nothing")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("quiet")
                .long("quiet")
                .short('q')
                .action(ArgAction::SetTrue)
                .help("Prints nothing but the last lines")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("overrides")
                .value_name("PATH=VALUE")
                .num_args(0..)
                .help("Overrides of single settings"),
        );
    for flag in FLAGS {
        let arg = Arg::new(flag.name).long(flag.name).help(flag.help).help_heading(flag.group);
        let arg = match flag.kind {
            Kind::Disable => arg.action(ArgAction::SetTrue),
            Kind::Number | Kind::NumberOrOff => {
                arg.value_name("NUMBER").allow_negative_numbers(true)
            }
            Kind::Whole | Kind::Epochs => arg.value_name("COUNT").allow_negative_numbers(true),
            // `--adaptive-lr` alone means `true`.
            Kind::YesNo => {
                arg.value_name("true|false").num_args(0..=1).default_missing_value("true")
            }
            Kind::Text => arg.value_name("TEXT"),
        };
        command = command.arg(arg);
    }
    command
}

/// `--lr_max=1` → `--lr-max=1`; everything else stays.
pub fn hyphenate(argument: String) -> String {
    match argument.strip_prefix("--") {
        Some(flag) => {
            let (name, value) = flag.split_at(flag.find('=').unwrap_or(flag.len()));
            format!("--{}{value}", name.replace('_', "-"))
        }
        None => argument,
    }
}

/// A flag or override that cannot be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlagError {
    /// The value does not fit the flag.
    #[error("--{flag} must be {legal}, got '{found}'")]
    Value {
        /// The flag.
        flag: &'static str,
        /// What is legal, in words.
        legal: &'static str,
        /// What was found.
        found: String,
    },
    /// The setting behind the flag.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Applies every flag that was given, then every override. Returns the paths that were set.
pub fn apply(matches: &ArgMatches, document: &mut Document) -> Result<Vec<String>, FlagError> {
    let mut changed = Vec::new();
    for flag in FLAGS {
        let value = if flag.kind == Kind::Disable {
            if !matches.get_flag(flag.name) {
                continue;
            }
            Some(Value::Boolean(false))
        } else {
            let Some(text) = matches.get_one::<String>(flag.name) else { continue };
            read(flag, text)?
        };
        let origin = Origin::Flag(format!("--{}", flag.name));
        if flag.kind == Kind::Epochs {
            let governor = "controller.learning-rate.law.governor";
            let (window, unit) = (format!("{governor}.window"), format!("{governor}.time_unit"));
            changed.extend(document.set(&window, Value::Float(1.0), origin.clone())?);
            let epoch = Value::String("epoch".into());
            changed.extend(document.set(&unit, epoch, origin.clone())?);
        }
        for path in flag.paths {
            match &value {
                Some(value) => changed.extend(document.set(path, value.clone(), origin.clone())?),
                None => changed.extend(document.unset(path, origin.clone())),
            }
        }
    }
    for text in matches.get_many::<String>("overrides").into_iter().flatten() {
        changed.extend(document.set_override(text)?);
    }
    Ok(changed)
}

fn read(flag: &Flag, text: &str) -> Result<Option<Value>, FlagError> {
    let fail = |legal| FlagError::Value { flag: flag.name, legal, found: text.to_owned() };
    let value = parse_value(text);
    Ok(Some(match (flag.kind, value) {
        (Kind::NumberOrOff, Value::Integer(0)) => return Ok(None),
        (Kind::NumberOrOff, Value::Float(0.0)) => return Ok(None),
        (Kind::Number | Kind::NumberOrOff, Value::Integer(whole)) => Value::Float(whole as f64),
        (Kind::Number | Kind::NumberOrOff, Value::Float(number)) if number.is_finite() => {
            Value::Float(number)
        }
        (Kind::Number | Kind::NumberOrOff, _) => return Err(fail("a finite number")),
        (Kind::Whole | Kind::Epochs, Value::Integer(whole)) if whole >= 0 => Value::Integer(whole),
        (Kind::Whole | Kind::Epochs, _) => return Err(fail("a whole number that is not negative")),
        (Kind::YesNo, Value::Boolean(yes)) => Value::Boolean(yes),
        (Kind::YesNo, _) => return Err(fail("true or false")),
        _ => Value::String(text.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores_in_flags_become_hyphens_and_values_stay() {
        assert_eq!(hyphenate("--lr_max".into()), "--lr-max");
        assert_eq!(hyphenate("--output_dir=a_b".into()), "--output-dir=a_b");
        assert_eq!(hyphenate("model.codes_per_chart=3".into()), "model.codes_per_chart=3");
    }

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }
}
