//! The command line of `topoencoder_2d`: one table from flags to settings.

use clap::{ArgMatches, Command};

use crate::command_line::{self, Flag, FlagError, flags};
use crate::document::Document;

/// Every flag.
pub const FLAGS: &[Flag] = flags! {
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
    let about =
        "Trains an attentive atlas whose learning rate and loss weights are controlled variables";
    let overrides = "`model.hidden=64`, `controller.entropy-weight.law.pid.kp=0.02`, \
                     `controller.*.law.pid.kp=0.02`";
    command_line::command("topoencoder_2d", about, overrides, FLAGS)
}

/// Applies every flag that was given, then every override. Returns the paths that were set.
pub fn apply(matches: &ArgMatches, document: &mut Document) -> Result<Vec<String>, FlagError> {
    command_line::apply(FLAGS, matches, document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }
}
