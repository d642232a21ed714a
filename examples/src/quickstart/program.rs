//! From the command line to the exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use burn::tensor::backend::AutodiffBackend;
use clap::{Arg, ArgAction, Command, value_parser};
use homeostat::Watch;
use homeostat::burn::DualEngine;
use homeostat::burn::surgery::{Surgeon, SurgeonConfig};
use homeostat::multiplier::{DualConfig, MultiplierState, Schedule, Target};
use homeostat::telemetry::{DoctorConfig, StepObservation};

use super::train::{Outcome, Plan, Splits, TrainingError, train};
use crate::files::write_atomically;
use crate::trainer::backend::{BackendChoice, BackendError, OnBackend, probe_cuda};

/// The constraints where no file is given.
const CONSTRAINTS: &str = include_str!("../../../configs/constrained_quickstart.toml");

/// The run cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuickstartError {
    /// No such backend, or it cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The configuration cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The configuration is not legal.
    #[error("{0}")]
    Config(String),
    /// A step was refused.
    #[error(transparent)]
    Step(#[from] TrainingError),
    /// The bounds cannot be searched.
    #[cfg(feature = "search")]
    #[error(transparent)]
    Tune(#[from] super::tune::TuneError),
    /// The program was built without the outer loop.
    #[error(
        "--tune needs the outer loop, which this program was built without; build with it: cargo run --release \
         --package homeostat-examples --features search --example constrained_quickstart -- --tune {method}"
    )]
    NoSearch {
        /// What was asked for.
        method: String,
    },
    /// The summary cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

fn command() -> Command {
    Command::new("constrained_quickstart")
        .about(
            "Trains a small classifier twice: on cross-entropy alone, and under two constraints \
             (calibration error, demographic-parity gap) held by a dual engine",
        )
        .arg(
            number("epochs", "600", "Passes over the applicants, one optimizer step each")
                .visible_alias("steps"),
        )
        .arg(number("seed", "0", "Seed of the applicants and the start weights"))
        .arg(number("hidden", "32", "Units of each hidden layer"))
        .arg(number("log-every", "60", "Print the constraints every so many epochs; 0: never"))
        .arg(
            Arg::new("learning-rate")
                .long("learning-rate")
                .value_name("RATE")
                .help("Learning rate of Adam")
                .value_parser(value_parser!(f64))
                .default_value("0.005"),
        )
        .arg(
            Arg::new("margin")
                .long("margin")
                .value_name("NUMBER")
                .help("How much stricter than its target a constraint is trained: what holds where it is \
                       measured must hold on unseen applicants too")
                .value_parser(value_parser!(f64))
                .default_value("0.012"),
        )
        .arg(text("backend", "BACKEND", "flex, ndarray, or cuda[:index]").default_value("flex"))
        .arg(text("config", "FILE", "Constraints; default: configs/constrained_quickstart.toml"))
        .arg(text(
            "surgery",
            "METHOD",
            "Gradient surgery between task and constraints: upgrad, pcgrad, …; default: the file's, or none",
        ))
        .arg(text("rows", "MODE", "Its rows: reforward, representation or groups"))
        .arg(text("output-dir", "FOLDER", "Write summary.json, and metrics.jsonl with a row per epoch"))
        .arg(
            text("tune", "METHOD", "Search the bounds instead: bayesian or population (feature search)")
                .value_parser(["bayesian", "population"])
                .conflicts_with("print-config"),
        )
        .arg(
            Arg::new("tune-budget")
                .long("tune-budget")
                .value_name("NUMBER")
                .help("Runs of the bayesian search, or rounds of the population; default: the file's")
                .value_parser(value_parser!(u32))
                .requires("tune"),
        )
        .arg(
            Arg::new("resume")
                .long("resume")
                .help("Go on with the search in the output folder")
                .action(ArgAction::SetTrue)
                .requires("tune")
                .requires("output-dir"),
        )
        .arg(
            Arg::new("print-config")
                .long("print-config")
                .help("Print the constraints and end")
                .action(ArgAction::SetTrue),
        )
}

fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("NUMBER")
        .help(help)
        .value_parser(value_parser!(u32))
        .default_value(default)
}

fn text(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

/// Runs the program with these arguments, the first of which is its own name.
#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    match run(&command().get_matches_from(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the printed configuration is what was asked for")]
fn run(matches: &clap::ArgMatches) -> Result<(), QuickstartError> {
    let path = matches.get_one::<String>("config").map(PathBuf::from);
    let (name, text) = match path {
        None => ("configs/constrained_quickstart.toml".to_owned(), CONSTRAINTS.to_owned()),
        Some(path) => match std::fs::read_to_string(&path) {
            Ok(text) => (path.display().to_string(), text),
            Err(source) => return Err(QuickstartError::Read { path, source }),
        },
    };
    if matches.get_flag("print-config") {
        print!("{text}");
        return Ok(());
    }
    let whole = |name: &str| matches.get_one::<u32>(name).copied().unwrap_or_default();
    let plan = Plan {
        steps: whole("epochs").into(),
        hidden: whole("hidden").max(1) as usize,
        learning_rate: matches.get_one::<f64>("learning-rate").copied().unwrap_or_default(),
        seed: whole("seed").into(),
    };
    let margin = matches.get_one::<f64>("margin").copied().unwrap_or_default();
    let output = matches.get_one::<String>("output-dir").map(PathBuf::from);
    let backend = matches.get_one::<String>("backend").map_or("flex", String::as_str);
    let backend: BackendChoice = backend.parse()?;
    if let BackendChoice::Cuda(index) = backend {
        probe_cuda(index)?;
    }
    if let Some(method) = matches.get_one::<String>("tune") {
        let request = Request {
            method,
            budget: matches.get_one::<u32>("tune-budget").copied(),
            resume: matches.get_flag("resume"),
            output,
        };
        return request.run((&name, &text), plan, margin, backend);
    }
    let config = homeostat::read_dual(&name, &text)
        .map_err(|error| QuickstartError::Config(error.to_string()))?;
    let strict = tightened(&config, margin);
    let word = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let surgery = homeostat::read_surgery(&name, &text, word("surgery"), word("rows"))
        .map_err(|error| QuickstartError::Config(error.to_string()))?;
    let log_every = whole("log-every").into();
    backend.run(Job { strict, config, plan, surgery, log_every, output })?
}

/// A search of the bounds, as it was asked for.
#[cfg_attr(not(feature = "search"), expect(dead_code, reason = "only told that it cannot be done"))]
struct Request<'a> {
    method: &'a str,
    budget: Option<u32>,
    resume: bool,
    output: Option<PathBuf>,
}

impl Request<'_> {
    #[cfg(not(feature = "search"))]
    fn run(
        self,
        _file: (&str, &str),
        _training: Plan,
        _margin: f64,
        _backend: BackendChoice,
    ) -> Result<(), QuickstartError> {
        Err(QuickstartError::NoSearch { method: self.method.to_owned() })
    }

    #[cfg(feature = "search")]
    fn run(
        self,
        (name, text): (&str, &str),
        training: Plan,
        margin: f64,
        backend: BackendChoice,
    ) -> Result<(), QuickstartError> {
        use crate::files::fresh_folder;
        use homeostat::tuning::{Method, read_search};

        let mut plan =
            read_search(name, text).map_err(|error| QuickstartError::Config(error.to_string()))?;
        let method = match self.method {
            "bayesian" => Method::Bayesian,
            _ => Method::Population,
        };
        let search = (&mut plan.search.bayesian, &mut plan.search.population);
        match (self.budget.map(|budget| budget as usize), method, search) {
            (Some(budget), Method::Bayesian, (Some(bayesian), _)) => bayesian.budget = budget,
            (Some(budget), Method::Population, (_, Some(population))) => population.rounds = budget,
            _ => {}
        }
        let fresh = || fresh_folder(Path::new("outputs/constrained_quickstart"));
        let folder = self.output.unwrap_or_else(fresh);
        let tune =
            super::tune::Tune { plan, method, training, margin, folder, resume: self.resume };
        Ok(backend.run(tune)??)
    }
}

/// The same constraints with every fixed bound stricter by the margin.
pub(super) fn tightened(config: &DualConfig, margin: f64) -> DualConfig {
    let mut config = config.clone();
    for constraint in config.constraints.values_mut() {
        if let Some(Target::Raw(Schedule::Fixed(target))) = &mut constraint.target {
            *target -= margin;
        }
    }
    config
}

struct Job {
    config: DualConfig,
    strict: DualConfig,
    plan: Plan,
    surgery: Option<SurgeonConfig>,
    log_every: u64,
    output: Option<PathBuf>,
}

impl OnBackend for Job {
    type Output = Result<(), QuickstartError>;

    #[expect(clippy::print_stdout, reason = "a program for a console")]
    fn run<B: AutodiffBackend>(self, device: &B::Device) -> Self::Output {
        let mut engine = DualEngine::new(&self.strict)
            .map_err(|error| QuickstartError::Config(error.to_string()))?;
        for warning in engine.dual().warnings() {
            println!("warning: {warning}");
        }
        let splits = Splits::<B>::draw(self.plan.seed, device);
        let begin = Instant::now();
        println!("1. cross-entropy alone, {} steps", self.plan.steps);
        let free = train(&splits, &self.plan, None, None, device, |_, _, _, _| {})?;
        println!("2. the same under constraints");
        let log_every = self.log_every;
        let mut rows = String::new();
        let surgeon = self.surgery.as_ref().map(Surgeon::new).transpose();
        let mut surgeon = surgeon.map_err(|error| QuickstartError::Config(error.to_string()))?;
        if let Some(surgeon) = &surgeon {
            let method = &surgeon.surgery().config().method;
            println!("gradient surgery by {}: {}", method.name(), method.respects_lambda());
        }
        let method = surgeon.as_ref().map(|surgeon| &surgeon.surgery().config().method);
        let doctor = DoctorConfig::default();
        let mut doctor = Watch::new(&self.strict, engine.dual(), doctor, method)
            .map_err(|error| QuickstartError::Config(error.to_string()))?;
        let watch = |step: u64, task, engine: &mut DualEngine, surgeon: Option<&Surgeon>| {
            if log_every > 0 && step.is_multiple_of(log_every) {
                println!("\nstep {step}, task loss {task:.4} nats\n{}", engine.status());
            }
            rows.push_str(&format!("{}\n", row(step, task, engine)));
            let monitor = surgeon.and_then(|surgeon| surgeon.state()?.monitor(0));
            let seen = StepObservation {
                task_loss: Some(task),
                mean_cosine: monitor.map(|monitor| monitor.mean_cosine),
                conflict_share: monitor.map(|monitor| monitor.conflict_share),
                ..StepObservation::default()
            };
            let (dual, state) = (engine.dual(), engine.state());
            for finding in doctor.step(dual, state, engine.measurements(), seen) {
                println!("\n{finding}");
            }
        };
        let plan = &self.plan;
        let held = train(&splits, plan, Some(&mut engine), surgeon.as_mut(), device, watch)?;
        let conflicts = surgeon.as_ref().and_then(|one| one.state()?.counts(0)?.conflict_share());
        if let Some(share) = conflicts {
            println!("\nin {:.0} % of the steps two gradients conflicted", 100.0 * share);
        }
        if let Some(folder) = &self.output {
            write(&folder.join("metrics.jsonl"), &rows)?;
            write(&folder.join("summary.json"), &summary(&engine, free, held, conflicts))?;
        }
        self.report(&engine, free, held, begin.elapsed().as_secs_f64())
    }
}

impl Job {
    #[expect(clippy::print_stdout, reason = "a program for a console")]
    fn report(
        &self,
        engine: &DualEngine,
        free: Outcome,
        held: Outcome,
        seconds: f64,
    ) -> Result<(), QuickstartError> {
        let target = |name| match self.config.constraints.get(name)?.target {
            Some(Target::Raw(Schedule::Fixed(target))) => Some(target),
            _ => engine.constraint(name).map(|one| one.target()),
        };
        let limit = |name| target(name).unwrap_or(f64::INFINITY);
        let (calibration, parity) = (limit("calibration"), limit("parity"));
        println!("\non 40,000 applicants that nothing was trained on:");
        println!("{:24} {:>10} {:>12} {:>8}", "", "accuracy", "calibration", "parity");
        println!("{:24} {:>10} {:>12.4} {:>8.4}", "target", "-", calibration, parity);
        for (name, one) in [("cross-entropy alone", free), ("under constraints", held)] {
            let Outcome { accuracy, calibration, parity } = one;
            println!("{name:24} {accuracy:>10.4} {calibration:>12.4} {parity:>8.4}");
        }
        let holds = held.calibration <= calibration && held.parity <= parity;
        let verdict = if holds { "both constraints hold" } else { "a constraint does not hold" };
        println!("{verdict} on unseen applicants; {seconds:.1} s");
        Ok(())
    }
}

/// What every constraint was and cost, by name.
fn constraints(engine: &DualEngine) -> serde_json::Value {
    let names = engine.dual().names().iter().zip(engine.state().constraints());
    let entry = |one: &MultiplierState| {
        serde_json::json!({
            "multiplier": one.multiplier(), "target": one.target(),
            "violation": one.error(), "satisfied": one.satisfaction().rate(),
        })
    };
    names.map(|(name, one)| (name.clone(), entry(one))).collect::<serde_json::Map<_, _>>().into()
}

fn row(step: u64, task: f64, engine: &DualEngine) -> serde_json::Value {
    serde_json::json!({ "epoch": step, "task": task, "constraints": constraints(engine) })
}

fn summary(engine: &DualEngine, free: Outcome, held: Outcome, conflicts: Option<f64>) -> String {
    let kkt = engine.dual().kkt(engine.state(), None);
    let summary = serde_json::json!({
        "cross_entropy_alone": free, "under_constraints": held,
        "constraints": constraints(engine), "karush_kuhn_tucker": kkt,
        "conflict_share": conflicts,
    });
    format!("{summary:#}\n")
}

fn write(path: &Path, text: &str) -> Result<(), QuickstartError> {
    write_atomically(path, text.as_bytes())
        .map_err(|source| QuickstartError::Write { path: path.to_owned(), source })
}
