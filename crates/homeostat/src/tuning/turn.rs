//! The two searches under one roof: whose turn it is, and what a run teaches.

use homeostat_search::{Origin, Outcome, Population, Proposal, Study, ranking};

use super::config::{Method, TuningPlan};
use super::error::{TuningConfigError, TuningError};
use super::state::{Memory, Proposer, Run, TunerState};

/// Either search, checked.
#[derive(Clone, Debug)]
pub(super) enum Search {
    Bayesian { study: Study, limits: usize, budget: usize, steps: u64 },
    Population { population: Population, size: usize, rounds: usize, steps: u64 },
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) number: usize,
    pub(super) round: usize,
    pub(super) member: Option<usize>,
    pub(super) from: Option<usize>,
    pub(super) proposer: Proposer,
    pub(super) targets: Vec<f64>,
    pub(super) steps: u64,
}

impl Search {
    pub(super) fn new(plan: &TuningPlan, method: Method) -> Result<Self, TuningConfigError> {
        Ok(match method {
            Method::Bayesian => {
                let (study, settings) = plan.study()?;
                let limits = plan.limits()?.len();
                Self::Bayesian { study, limits, budget: settings.budget, steps: settings.steps }
            }
            Method::Population => {
                let (population, settings) = plan.population()?;
                let (size, rounds, steps) = (settings.size, settings.rounds, settings.steps);
                Self::Population { population, size, rounds, steps }
            }
        })
    }

    pub(super) fn init_memory(&self) -> Memory {
        match self {
            Self::Bayesian { study, .. } => Memory::Bayesian(study.init_state()),
            Self::Population { population, size, .. } => {
                Memory::Population { targets: population.init_state(), from: vec![None; *size] }
            }
        }
    }

    /// Takes a run in; after the last of a round the worst members copy the best.
    pub(super) fn take(
        &self,
        state: &mut TunerState,
        turn: &Turn,
        run: Run,
    ) -> Result<(), TuningError> {
        match (self, &mut state.memory) {
            (Self::Bayesian { study, limits, .. }, Memory::Bayesian(memory)) => {
                let origin = match turn.proposer {
                    Proposer::Model => Origin::Model,
                    _ => Origin::Design,
                };
                let proposal = Proposal { values: turn.targets.clone(), origin };
                let outcome = run.outcome().unwrap_or_else(|| Outcome::failed(*limits));
                study.tell(memory, proposal, outcome)?;
                state.runs.push(run);
            }
            (Self::Population { population, size, .. }, Memory::Population { targets, from }) => {
                state.runs.push(run);
                let runs = state.runs.len();
                if !runs.is_multiple_of(*size) {
                    return Ok(());
                }
                let round = &state.runs[runs - size..];
                let outcomes: Vec<_> = round.iter().map(Run::outcome).collect();
                let scales: Vec<_> = round.iter().map(|run| run.scales.clone()).collect();
                let exchanges = population.exchange(targets, &ranking(&outcomes), &scales)?;
                for (from, run) in from.iter_mut().zip(round) {
                    // A member that failed goes back to its last checkpoint.
                    *from = if run.objective.is_some() { Some(run.number) } else { run.from };
                }
                for exchange in exchanges {
                    from[exchange.member] = from[exchange.parent];
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What comes next; `None` when the search is over.
    pub(super) fn turn(&self, state: &TunerState) -> Option<Turn> {
        let number = state.runs.len();
        match (self, &state.memory) {
            (Self::Bayesian { study, steps, .. }, Memory::Bayesian(memory)) => {
                let Proposal { values: targets, origin } = study.ask(memory)?;
                let (proposer, steps) = (origin.into(), *steps);
                Some(Turn {
                    number,
                    round: number,
                    member: None,
                    from: None,
                    proposer,
                    targets,
                    steps,
                })
            }
            (
                Self::Population { size, rounds, steps, .. },
                Memory::Population { targets, from },
            ) => {
                let (round, member) = (number / size, number % size);
                let from = from.get(member).copied()?;
                let parent = from.and_then(|run| state.runs.get(run)?.member);
                let proposer = match parent {
                    _ if round == 0 => Proposer::Design,
                    Some(parent) if parent != member => Proposer::Copied,
                    _ => Proposer::Kept,
                };
                let targets = targets.members().get(member)?.clone();
                let (member, steps) = (Some(member), *steps);
                let turn = Turn { number, round, member, from, proposer, targets, steps };
                (round < *rounds).then_some(turn)
            }
            _ => None,
        }
    }
}
