//! The command line of `vae`: one table from flags to settings.

use clap::{Arg, Command, value_parser};

use crate::command_line::{self, Flag, flags};

/// Every flag.
pub const FLAGS: &[Flag] = flags! {
    "Run" {
        "method" Text ["method"] "lbo, beta, geco or pid";
        "epochs" Whole ["epochs"] "How many epochs to train";
        "batch-size" Whole ["batch_size"] "Images per step";
        "seed" Whole ["seed"] "Seed of data, start weights, shuffles and noise";
        "backend" Text ["backend"] "flex, ndarray, or cuda[:index]";
        "device" Text ["backend"] "cpu (the fastest CPU backend) or cuda; the same as --backend";
        "threads" Whole ["threads"] "Threads of large tensor operations on flex; 0: as many as cores";
        "grad-clip" Number ["gradient_clip"] "Largest global gradient norm; 0 is off; lbo has norm 1";
        "log-every" Whole ["log_every"] "Print a line every so many epochs";
        "save-every" Whole ["save_every"] "Write a checkpoint every so many epochs; 0: only the last";
        "save-every-batches" Whole ["save_every_batches"] "… and every so many batches; 0: not";
        "output-dir" Text ["output_dir"] "Folder of the run's files";
        "mlflow" YesNo ["mlflow.enabled"] "Send metrics to an MLflow server or folder";
        "mlflow-tracking-uri" Text ["mlflow.tracking_uri"] "http://… or a folder; default mlruns";
        "mlflow-experiment" Text ["mlflow.experiment"] "Name of the experiment";
        "mlflow-run-name" Text ["mlflow.run_name"] "Name of the run";
    }
    "Data" {
        "dataset" Text ["data.dataset"] "shapes (made), mnist, fashion-mnist or cifar10";
        "data-dir" Text ["data.directory"] "Where the files of the data sets are";
        "n-samples" Whole ["data.samples"] "Images to train on";
        "n-test-samples" Whole ["data.test_samples"] "Images to test on";
    }
    "Model" {
        "architecture" Text ["model.architecture"] "mlp or convolutional";
        "hidden-dim" Whole ["model.hidden"] "Width of the layers next to the pixels";
        "core-dim" Whole ["model.core"] "Dimensions of the core";
        "detail-dim" Whole ["model.detail"] "Dimensions of the detail";
    }
    "Learning rate" {
        "lr" Number ["optimizer.learning_rate"] "Learning rate of the first step";
        "use-scheduler" YesNo ["controller.cosine.enabled"] "Cosine schedule";
        "min-lr" Number ["controller.cosine.law.cosine.minimum"] "Floor of the cosine schedule";
    }
    "Balance" {
        "kl-target" Number ["lbo.ceiling.target.absolute"] "lbo: last ceiling of each half, nats";
        "kl-weight" Number ["weight.kl"] "beta: weight of the divergence";
        "use-ramp" YesNo ["controller.beta-ramp.enabled"] "beta: the weight comes in on a ramp";
        "kl-setpoint" Number ["setpoint.kl"] "pid: setpoint of both halves together, nats";
        "error-bound" Number ["setpoint.reconstruction"] "geco: bound of the squared error per image";
    }
};

/// The sweeps of `--sweep`, in the order in which `all` runs them.
pub const SWEEPS: [&str; 3] = ["checklist", "rates", "methods"];

/// The command of the program.
pub fn command() -> Command {
    let about = "Trains a variational autoencoder under ceilings that are discovered, or by three other \
                 balances of reconstruction and divergence";
    let overrides =
        "`model.hidden=64`, `lbo.ceiling.target.absolute=10.0`, `controller.*.law.pid.kp=0.02`";
    let seeds = Arg::new("seeds")
        .long("seeds")
        .value_name("COUNT")
        .value_parser(value_parser!(u64).range(1..=1000))
        .default_value("3")
        .help("Seeds behind every line of a sweep")
        .help_heading("Run");
    command_line::command("vae", about, overrides, FLAGS).arg(seeds).arg(
        Arg::new("sweep")
            .long("sweep")
            .value_name("NAME")
            .value_parser(["checklist", "rates", "methods", "all"])
            .conflicts_with("resume")
            .help(
                "Many runs and one table: the note's checklist, four learning rates, the four \
                 methods at equal divergence; fails where a check does not hold",
            )
            .help_heading("Run"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }
}
