//! The bounds of the quickstart, searched: how strict must training be for the constraints to hold on
//! applicants that it does not see, and what does that cost?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::Optimizer as _;
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder, RecorderError};
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::DualEngine;
use homeostat::multiplier::{DualConfig, DualConfigError, DualLoadError, DualState, LoadPolicy};
use homeostat::tuning::{DriveError, Job, Method, Tuner, TuningError, TuningPlan, Validation};
use serde::{Deserialize, Serialize};

use super::applicants::Applicants;
use super::classifier::Classifier;
use super::program::tightened;
use super::train::{Outcome, Plan, Splits, Trainee, TrainingError, judge};
use crate::checkpoint::{self, CheckpointError};
use crate::files::write_atomically;
use crate::trainer::backend::OnBackend;
use crate::trainer::model::Optimizer;

/// A tuning cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// On the side of the search.
    #[error(transparent)]
    Tuning(#[from] TuningError),
    /// A checkpoint cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tensors of a checkpoint do not fit.
    #[error("the tensors of a checkpoint do not fit: {0}")]
    Record(#[from] RecorderError),
    /// The constraints of a run are not legal.
    #[error(transparent)]
    Config(#[from] DualConfigError),
    /// The engine's memory in a checkpoint does not fit.
    #[error(transparent)]
    Load(#[from] DualLoadError),
    /// A step was refused.
    #[error(transparent)]
    Step(#[from] TrainingError),
    /// The summary cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// What a checkpoint holds beside tensors.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Multipliers, averages, windows.
    engine: DualState,
}

/// The classifier in training, its optimizer, and the classifier to be judged.
type Record<B> = (
    <Classifier<B> as Module<B>>::Record,
    <Optimizer<B, Classifier<B>> as burn::optim::Optimizer<Classifier<B>, B>>::Record,
    <Classifier<B> as Module<B>>::Record,
);

impl From<DriveError<Self>> for TuneError {
    fn from(error: DriveError<Self>) -> Self {
        match error {
            DriveError::Trainer(error) => error,
            DriveError::Tuning(error) => error.into(),
        }
    }
}

fn recorder() -> NamedMpkBytesRecorder<FullPrecisionSettings> {
    NamedMpkBytesRecorder::default()
}

/// Continues runs of the quickstart from checkpoints.
#[derive(Clone, Debug)]
pub struct Continuation<B: AutodiffBackend> {
    splits: Splits<B>,
    validation: Applicants<B>,
    plan: Plan,
    device: B::Device,
}

impl<B: AutodiffBackend> Continuation<B> {
    /// Draws the applicants of the quickstart and 20,000 more, on which runs are compared.
    pub fn new(plan: Plan, device: &B::Device) -> Self {
        Self {
            splits: Splits::draw(plan.seed, device),
            validation: Applicants::draw(20_000, plan.seed, 3, device),
            plan,
            device: device.clone(),
        }
    }

    /// Trains from the start and writes the checkpoint that every search begins from.
    pub fn begin(&self, config: &DualConfig, steps: u64, to: &Path) -> Result<(), TuneError> {
        let mut engine = DualEngine::new(config)?;
        let trainee = Trainee::new(&self.plan, &self.device);
        self.train(trainee, &mut engine, steps, to).map(drop)
    }

    /// One run: everything from the checkpoint, other targets, and a score on the validation applicants. The
    /// score is the share of wrong decisions.
    pub fn run(&self, job: &Job) -> Result<Validation, TuneError> {
        let (model, engine) = self.go_on(&job.from, &job.dual, job.steps, &job.to)?;
        let Outcome { accuracy, calibration, parity } = judge(&model, &self.validation);
        let validation = Validation::new(1.0 - accuracy).scales_of(engine.state());
        Ok(validation.measured("calibration", calibration).measured("parity", parity))
    }

    /// The judged classifier of a checkpoint, on the test applicants.
    pub fn test(&self, path: &Path) -> Result<Outcome, TuneError> {
        let (_, _, judged) = self.read(path)?;
        Ok(judge(&judged, &self.splits.test))
    }

    /// Goes on from a checkpoint with these constraints; gives the classifier to be judged.
    fn go_on(
        &self,
        from: &Path,
        config: &DualConfig,
        steps: u64,
        to: &Path,
    ) -> Result<(Classifier<B>, DualEngine), TuneError> {
        let (header, trainee, _) = self.read(from)?;
        let mut engine = DualEngine::new(config)?;
        engine.load(header.engine, LoadPolicy::default())?;
        let judged = self.train(trainee, &mut engine, steps, to)?;
        Ok((judged, engine))
    }

    fn train(
        &self,
        mut trainee: Trainee<B>,
        engine: &mut DualEngine,
        steps: u64,
        to: &Path,
    ) -> Result<Classifier<B>, TuneError> {
        let rate = self.plan.learning_rate;
        let judged =
            trainee.go_on(&self.splits, steps, rate, Some(engine), None, |_, _, _, _| {})?;
        let record: Record<B> = (
            trainee.model.into_record(),
            trainee.optimizer.to_record(),
            judged.clone().into_record(),
        );
        let record = Recorder::<B>::record(&recorder(), record, ())?;
        checkpoint::write(to, &Header { engine: engine.state().clone() }, &record)?;
        Ok(judged)
    }

    fn read(&self, path: &Path) -> Result<(Header, Trainee<B>, Classifier<B>), TuneError> {
        let (header, record) = checkpoint::read(path)?;
        let record: Record<B> = Recorder::<B>::load(&recorder(), record, &self.device)?;
        let Trainee { model, optimizer } = Trainee::new(&self.plan, &self.device);
        let judged = model.clone().load_record(record.2);
        let trainee = Trainee {
            model: model.load_record(record.0),
            optimizer: optimizer.load_record(record.1),
        };
        Ok((header, trainee, judged))
    }
}

/// A whole tuning from the command line.
#[derive(Clone, Debug)]
pub struct Tune {
    /// Constraints and searched bounds.
    pub plan: TuningPlan,
    /// How they are searched.
    pub method: Method,
    /// How to train; `steps` is the length of a whole run, of which the search takes the end.
    pub training: Plan,
    /// The margin by hand that the search is compared with.
    pub margin: f64,
    /// Where everything is written.
    pub folder: PathBuf,
    /// Whether the folder holds a tuning that goes on.
    pub resume: bool,
}

impl Tune {
    /// How many steps a run goes on for, and how often a classifier goes on.
    fn legs(&self) -> (u64, u64) {
        let search = &self.plan.search;
        match self.method {
            Method::Bayesian => (search.bayesian.map_or(0, |one| one.steps), 1),
            Method::Population => {
                search.population.map_or((0, 0), |one| (one.steps, one.rounds as u64))
            }
        }
    }
}

impl OnBackend for Tune {
    type Output = Result<(), TuneError>;

    #[expect(clippy::print_stdout, reason = "a program for a console")]
    fn run<B: AutodiffBackend>(self, device: &B::Device) -> Self::Output {
        let open = if self.resume { Tuner::resume } else { Tuner::begin };
        let mut tuner = open(self.plan.clone(), self.method, &self.folder)?;
        let trainer = Continuation::<B>::new(self.training, device);
        let (steps, times) = self.legs();
        let before = self.training.steps.saturating_sub(steps.saturating_mul(times));
        if !tuner.start().exists() {
            println!("training {before} steps at the bounds of the file, where every run begins");
            trainer.begin(&self.plan.dual, before, &tuner.start())?;
        }
        println!("searching the bounds of {}", tuner.variables().collect::<Vec<_>>().join(", "));
        tuner.drive(|job| trainer.run(job), |line| println!("{line}"))?;
        println!("\n{}", tuner.table());
        self.report(&tuner, &trainer)
    }
}

impl Tune {
    /// The best run beside the margin by hand after as many steps, on applicants that neither has seen.
    #[expect(clippy::print_stdout, reason = "a program for a console")]
    fn report<B: AutodiffBackend>(
        &self,
        tuner: &Tuner,
        trainer: &Continuation<B>,
    ) -> Result<(), TuneError> {
        let Some(best) = tuner.best() else {
            println!("every run failed");
            return Ok(());
        };
        let line = std::iter::successors(Some(best), |run| tuner.runs().get(run.from?));
        let steps = self.legs().0.saturating_mul(line.count() as u64);
        let by_hand = tightened(&self.plan.dual, self.margin);
        let to = self.folder.join("checkpoints").join("by_hand");
        let (model, _) = trainer.go_on(&tuner.start(), &by_hand, steps, &to)?;
        let by_hand = judge(&model, &trainer.splits.test);
        let found = trainer.test(&tuner.checkpoint(best))?;
        let limit =
            |name| tuner.limits().find(|(limit, ..)| *limit == name).map(|(.., bound)| bound);
        let limits = ["calibration", "parity"].map(limit);
        let text =
            |limit: Option<f64>| limit.map_or_else(|| "-".to_owned(), |one| format!("{one:.4}"));
        println!("on 40,000 applicants that nothing was trained on or chosen by:");
        println!("{:24} {:>10} {:>12} {:>8}", "", "accuracy", "calibration", "parity");
        println!("{:24} {:>10} {:>12} {:>8}", "limit", "-", text(limits[0]), text(limits[1]));
        let margin = format!("margin of {} by hand", self.margin);
        for (name, one) in [(margin.as_str(), by_hand), ("best of the search", found)] {
            let Outcome { accuracy, calibration, parity } = one;
            println!("{name:24} {accuracy:>10.4} {calibration:>12.4} {parity:>8.4}");
        }
        let measured = [found.calibration, found.parity];
        let mut parts = limits.iter().zip(measured);
        let holds = parts.all(|(limit, measured)| limit.is_none_or(|limit| measured <= limit));
        let verdict = if holds { "every limit holds" } else { "a limit does not hold" };
        println!(
            "{verdict} on unseen applicants; tables and checkpoints in {}",
            self.folder.display()
        );
        let summary = serde_json::json!({
            "method": self.method, "runs": tuner.runs().len(), "steps_after_the_start": steps,
            "best": {
                "run": best.number, "meets_limits": best.is_feasible(), "objective": best.objective,
                "targets": tuner.variables().zip(&best.targets).collect::<BTreeMap<_, _>>(),
                "validation": best.measured, "test": found,
            },
            "by_hand": { "margin": self.margin, "test": by_hand },
        });
        let path = self.folder.join("summary.json");
        write_atomically(&path, format!("{summary:#}\n").as_bytes())
            .map_err(|source| TuneError::Write { path, source })
    }
}
