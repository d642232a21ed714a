//! Says which run comes next, and takes in what became of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use homeostat_search::ranking;

use super::check::Limit;
use super::config::{Method, TuningPlan};
use super::error::{DriveError, TuningConfigError, TuningError};
use super::job::{Job, Validation};
use super::state::{Memory, Run, TunerState};
use super::turn::{Search, Turn};

const STATE: &str = "tuning.json";

/// A tuning: a search over targets, its runs, and the folder that holds both.
///
/// ```text
/// let mut tuner = Tuner::begin(plan, Method::Bayesian, folder)?; // or Tuner::resume
/// // … train a while and write a checkpoint to tuner.start(), unless it is there …
/// while let Some(job) = tuner.ask()? {
///     let validation = continue_run(&job)?;
///     tuner.tell(&job, validation)?;
/// }
/// ```
///
/// Asking changes nothing, and every proposal follows from the runs and the seed: a tuning that is
/// interrupted anywhere and resumed repeats at most the run that was under way, and goes on with the
/// same targets, to the bit.
#[derive(Clone, Debug)]
pub struct Tuner {
    plan: TuningPlan,
    search: Search,
    limits: Vec<Limit>,
    folder: PathBuf,
    state: TunerState,
}

impl Tuner {
    /// Begins a tuning in a folder that holds none.
    ///
    /// # Errors
    ///
    /// Settings that are not legal, a folder that holds a tuning or cannot be written.
    pub fn begin(plan: TuningPlan, method: Method, folder: &Path) -> Result<Self, TuningError> {
        plan.check()?;
        let search = Search::new(&plan, method)?;
        let path = folder.join(STATE);
        if path.exists() {
            return Err(TuningError::Occupied { path });
        }
        let state = TunerState::new(&plan, search.init_memory());
        let tuner = Self { limits: plan.limits()?, plan, search, folder: folder.to_owned(), state };
        tuner.state.save(&path)?;
        tuner.make_room()?;
        tuner.write_tables()?;
        Ok(tuner)
    }

    /// Goes on with the tuning of a folder. The budget or the number of rounds may be another one.
    ///
    /// # Errors
    ///
    /// Settings that are not legal or were others, and a memory that is missing or does not fit.
    pub fn resume(plan: TuningPlan, method: Method, folder: &Path) -> Result<Self, TuningError> {
        plan.check()?;
        let search = Search::new(&plan, method)?;
        let path = folder.join(STATE);
        if !path.exists() {
            return Err(TuningError::Nothing { path });
        }
        let state = TunerState::load(&path, &plan, method)?;
        match (&search, &state.memory) {
            (Search::Bayesian { study, .. }, Memory::Bayesian(memory)) => study.check(memory)?,
            (Search::Population { population, .. }, Memory::Population { targets, .. }) => {
                population.check(targets)?;
            }
            _ => {}
        }
        let tuner = Self { limits: plan.limits()?, plan, search, folder: folder.to_owned(), state };
        tuner.make_room()?;
        // The last run may have been saved, and the tables not yet.
        tuner.write_tables()?;
        Ok(tuner)
    }

    /// Where the trainer writes the checkpoint that the search begins from.
    pub fn start(&self) -> PathBuf {
        self.checkpoints().join("start")
    }

    /// The runs so far.
    pub fn runs(&self) -> &[Run] {
        &self.state.runs
    }

    /// How many runs there will be.
    pub fn budget(&self) -> usize {
        match self.search {
            Search::Bayesian { budget, .. } => budget,
            Search::Population { size, rounds, .. } => size.saturating_mul(rounds),
        }
    }

    /// The names of the variables, in the order of [`Run::targets`].
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let variables = match &self.search {
            Search::Bayesian { study, .. } => study.variables(),
            Search::Population { population, .. } => population.variables(),
        };
        variables.iter().map(|variable| variable.name())
    }

    /// What must hold, in the order of [`Run::excess`]: the constraint, its sign and its bound.
    pub fn limits(&self) -> impl Iterator<Item = (&str, &'static str, f64)> {
        self.limits.iter().map(|limit| (limit.name.as_str(), limit.sign(), limit.bound))
    }

    /// The best run: of those that met every limit the one with the smallest score, or else the one that
    /// is nearest to meeting them; the first of equals. `None` where none succeeded.
    pub fn best(&self) -> Option<&Run> {
        let outcomes: Vec<_> = self.state.runs.iter().map(Run::outcome).collect();
        let places = ranking(&outcomes);
        let best = places.iter().position(|place| *place == 0.0)?;
        self.state.runs.get(best)
    }

    /// Where the checkpoint of a run is, as long as it is needed.
    pub fn checkpoint(&self, run: &Run) -> PathBuf {
        self.path_of(run.number)
    }

    /// The run that comes next; `None` when the search is over.
    ///
    /// # Errors
    ///
    /// A checkpoint to go on from that is not there.
    pub fn ask(&self) -> Result<Option<Job>, TuningError> {
        let Some(turn) = self.search.turn(&self.state) else { return Ok(None) };
        let from = turn.from.map_or_else(|| self.start(), |run| self.path_of(run));
        if !from.exists() {
            let what = "the checkpoint that a run goes on from";
            return Err(TuningError::NoCheckpoint { what, path: from, before: "the next run" });
        }
        let targets: BTreeMap<String, f64> =
            self.variables().map(str::to_owned).zip(turn.targets.iter().copied()).collect();
        let named = targets.iter().map(|(name, target)| (name.as_str(), *target));
        let dual = self.plan.dual.retargeted(named).map_err(TuningConfigError::Dual)?;
        let (number, round, member, steps) = (turn.number, turn.round, turn.member, turn.steps);
        let to = self.path_of(number);
        Ok(Some(Job { number, round, member, targets, dual, from, to, steps, turn }))
    }

    /// Takes in what a run came to, saves it, and deletes checkpoints that nobody needs any more. A number
    /// that is not finite means that the run failed: a study stays away from its targets, and the member of
    /// a population goes back to its last checkpoint.
    ///
    /// # Errors
    ///
    /// The outcome of another run than the next one, a limit without its measurement, a member without its
    /// checkpoint: nothing has changed then. A file that cannot be written.
    pub fn tell(&mut self, job: &Job, validation: Validation) -> Result<&Run, TuningError> {
        let (turn, expected) = (&job.turn, self.state.runs.len());
        if turn.number != expected {
            return Err(TuningError::OutOfTurn { expected, found: turn.number });
        }
        let run = self.judge(turn, &validation)?;
        let mut state = self.state.clone();
        self.search.take(&mut state, turn, run)?;
        if turn.member.is_some() && state.runs[expected].objective.is_some() && !job.to.exists() {
            let (what, before) = ("the checkpoint of a member", "its outcome is told");
            return Err(TuningError::NoCheckpoint { what, path: job.to.clone(), before });
        }
        state.save(&self.folder.join(STATE))?;
        self.state = state;
        self.write_tables()?;
        self.tidy();
        Ok(&self.state.runs[expected])
    }

    /// Asks a trainer for every run that is left; `report` sees a line per run.
    ///
    /// # Errors
    ///
    /// As for [`ask`](Self::ask) and [`tell`](Self::tell), and whatever the trainer says.
    pub fn drive<E>(
        &mut self,
        mut trainer: impl FnMut(&Job) -> Result<Validation, E>,
        mut report: impl FnMut(&str),
    ) -> Result<(), DriveError<E>> {
        while let Some(job) = self.ask()? {
            let validation = trainer(&job).map_err(DriveError::Trainer)?;
            let number = self.tell(&job, validation)?.number;
            report(&self.line(&self.state.runs[number]));
        }
        Ok(())
    }

    /// Whether the search is over.
    pub fn is_done(&self) -> bool {
        self.state.runs.len() >= self.budget()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// For every member of a population the run that it goes on from, and its targets.
    pub(super) fn members(&self) -> Vec<(Option<usize>, &[f64])> {
        match &self.state.memory {
            Memory::Bayesian(_) => Vec::new(),
            Memory::Population { targets, from } => {
                from.iter().copied().zip(targets.members().iter().map(Vec::as_slice)).collect()
            }
        }
    }

    fn judge(&self, turn: &Turn, validation: &Validation) -> Result<Run, TuningError> {
        let mut excess = Vec::with_capacity(self.limits.len());
        let failed = !validation.objective.is_finite();
        for limit in self.limits.iter().filter(|_| !failed) {
            let measured = validation.measured.get(&limit.name).ok_or_else(|| {
                let names: Vec<_> = validation.measured.keys().map(String::as_str).collect();
                let measured = if names.is_empty() { "none".into() } else { names.join(", ") };
                TuningError::Unmeasured { name: limit.name.clone(), measured }
            })?;
            excess.push(limit.excess(*measured));
        }
        let failed = failed || excess.iter().any(|excess| !excess.is_finite());
        let finite = validation.measured.iter().filter(|(_, value)| value.is_finite());
        let scale = |name: &str| {
            let scale = validation.scales.get(name).copied();
            scale.filter(|scale| scale.is_finite() && *scale >= 0.0).unwrap_or(1.0)
        };
        Ok(Run {
            number: turn.number,
            round: turn.round,
            member: turn.member,
            from: turn.from,
            proposer: turn.proposer,
            targets: turn.targets.clone(),
            objective: (!failed).then_some(validation.objective),
            measured: finite.map(|(name, value)| (name.clone(), *value)).collect(),
            excess: if failed { Vec::new() } else { excess },
            scales: self.variables().map(scale).collect(),
        })
    }

    fn checkpoints(&self) -> PathBuf {
        self.folder.join("checkpoints")
    }

    fn path_of(&self, run: usize) -> PathBuf {
        self.checkpoints().join(format!("run_{run:04}"))
    }

    fn make_room(&self) -> Result<(), TuningError> {
        let path = self.checkpoints();
        std::fs::create_dir_all(&path).map_err(|source| TuningError::File { path, source })
    }

    /// Deletes the checkpoints of runs that nobody goes on from. What cannot be deleted does no harm.
    fn tidy(&self) {
        let best = self.best().map(|run| run.number);
        let members = self.members();
        let size = members.len().max(1);
        let round = self.state.runs.len() / size * size;
        for run in &self.state.runs {
            let needed = Some(run.number) == best
                || members.iter().any(|(from, _)| *from == Some(run.number))
                || (run.member.is_some() && run.number >= round);
            let path = self.path_of(run.number);
            if needed || !path.exists() {
                continue;
            }
            let _ = match path.is_dir() {
                true => std::fs::remove_dir_all(path),
                false => std::fs::remove_file(path),
            };
        }
    }
}
