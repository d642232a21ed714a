//! The checked configuration and its step.

use crate::decision::Decision;
use crate::method;
use crate::state::Memory;
use crate::workspace::Workspace;
use crate::{
    Granularity, Input, MAXIMUM_ROWS, Method, Momentum, Monitor, Normalize, Report, Request,
    SurgeryConfig, SurgeryError, SurgeryState,
};

/// A configuration that is legal; made by [`SurgeryConfig::init`].
#[derive(Clone, Debug)]
pub struct Surgery {
    config: SurgeryConfig,
    /// Whether factors other than 0 and 1 are refused.
    refuses_factors: bool,
}

impl Surgery {
    pub(crate) fn new(config: SurgeryConfig) -> Self {
        let refuses_factors = config.check_multipliers().is_err();
        Self { config, refuses_factors }
    }

    /// The configuration.
    pub fn config(&self) -> &SurgeryConfig {
        &self.config
    }

    /// Whether `g_i·d` is negative for no row in any step with a Gramian: the method's promise, which the engine
    /// checks. Between two Gramians nothing is promised.
    pub fn promises_no_conflict(&self) -> bool {
        self.config.method.promises_no_conflict()
    }

    /// The share of each gradient that GradDrop never drops; empty for none and for other methods.
    pub fn leaks(&self) -> &[f64] {
        match &self.config.method {
            Method::Graddrop(config) => config.leak.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// The memory before the first step, for K gradients and for as many groups of parameters as there are
    /// layers or tensors; 1 for granularity `model`.
    pub fn init_state(&self, rows: usize, groups: usize) -> Result<SurgeryState, SurgeryError> {
        self.check_rows(rows)?;
        let single = self.config.granularity == Granularity::Model;
        if groups == 0 || (single && groups > 1) {
            return Err(SurgeryError::Groups(groups));
        }
        let memory = Memory::new(&self.config.method, rows);
        let mut workspace = Workspace::default();
        workspace.fit(rows);
        workspace.draft = memory.clone();
        Ok(SurgeryState {
            rows,
            seed: self.config.method.seed(),
            groups: vec![memory; groups],
            workspace,
            monitors: (0..groups).map(|_| Monitor::new(rows)).collect(),
        })
    }

    /// Refuses multipliers that the method would turn around. A factor of 1 is the absence of a multiplier, and
    /// one of 0 that of a row; all other factors are multipliers.
    pub fn check_factors(&self, factors: &[f64]) -> Result<(), SurgeryError> {
        let neutral = factors.iter().all(|factor| *factor == 0.0 || *factor == 1.0);
        match self.refuses_factors && !neutral {
            true => Err(SurgeryError::Multipliers(self.config.method.name())),
            false => Ok(()),
        }
    }

    /// What must be measured before the next step of a group. A group that does not exist needs nothing.
    pub fn request(&self, state: &SurgeryState, group: usize) -> Request {
        let Some(memory) = state.groups.get(group) else {
            return Request { gramian: false, losses: false, momentum: None, elementwise: false };
        };
        let losses = matches!(self.config.normalize, Normalize::Loss | Normalize::LossUnit);
        Request {
            gramian: self.needs_gramian() && (memory.age == 0 || memory.age >= self.config.every),
            losses: losses || self.config.method.needs_losses(),
            momentum: self.turn(state, group, &[]),
            elementwise: matches!(self.config.method, Method::Graddrop(_)),
        }
    }

    /// Momentum ConFIG: which row is measured in the next step of a group that is given these factors. A row of
    /// factor 0 takes no part and has no turn; [`request`](Self::request) is for factors of which none is 0.
    pub fn turn(&self, state: &SurgeryState, group: usize, factors: &[f64]) -> Option<Momentum> {
        let Method::MomentumConfig(config) = &self.config.method else { return None };
        let memory = state.groups.get(group)?;
        let takes_part = |row: usize| factors.get(row).is_none_or(|factor| *factor != 0.0);
        let row = memory.turn(state.rows.max(1), takes_part);
        Some(Momentum { row, decay: config.decay })
    }

    /// One step of one group: α of the direction `d = Σ α_i·g_i`, one number for each gradient, where g_i are
    /// the rows that the Gramian is of. The weights contain the factors of the multipliers.
    ///
    /// Absent rows and rows of length zero get 0. Refused, with state and weights as they were, where
    /// something does not have one entry for each gradient, something that the step needs was not
    /// given, a number is illegal, or a weight is beyond f64. Allocates nothing, but for the first step
    /// of a state that was loaded.
    pub fn decide(
        &self,
        state: &mut SurgeryState,
        group: usize,
        input: &Input<'_>,
        weights: &mut [f64],
    ) -> Result<Report, SurgeryError> {
        self.check_step(state, group, input, weights.len())?;
        let rows = state.rows;
        let missing = state.groups.len().saturating_sub(state.monitors.len());
        state.monitors.extend((0..missing).map(|_| Monitor::new(rows)));
        let SurgeryState { seed, groups, workspace, monitors, .. } = state;
        let memory = &mut groups[group];
        workspace.fit(rows);
        workspace.draft.copy_from(memory);
        let decision = Decision::new(&self.config, input, rows, (*seed, group as u64));
        let report = decision.run(workspace, self.needs_gramian())?;
        for (row, value) in workspace.weights.iter().enumerate() {
            if !value.is_finite() {
                return Err(SurgeryError::NonFinite { row, value: *value });
            }
        }
        weights.copy_from_slice(&workspace.weights);
        std::mem::swap(memory, &mut workspace.draft);
        if let Some(gramian) = input.gramian {
            let changes = matches!(self.config.method, Method::Pcgrad(_) | Method::Gradvac(_));
            let spectrum = match self.config.monitor_every {
                0 => false,
                every => memory.counts.measured.saturating_sub(1) % every == 0,
            };
            monitors[group].fill(gramian, workspace, changes, spectrum);
        }
        Ok(report)
    }

    /// FAMO: takes the losses on the batch of the last step, measured again after its update, one for each
    /// gradient, NaN where one was not. The memory is then as if they had been given to the next step as
    /// [`Input::remeasured`], so that it can be saved in between; the losses of the next step are no longer
    /// compared with those of this one. Before the first step nothing happens.
    ///
    /// Refused, with the state as it was, by other methods
    /// ([`Method::learns_from_losses_after`]), where there is not one loss for each gradient, or where one
    /// is negative.
    pub fn remeasure(&self, state: &mut SurgeryState, losses: &[f64]) -> Result<(), SurgeryError> {
        let Method::Famo(config) = &self.config.method else {
            return Err(SurgeryError::NotRemeasured(self.config.method.name()));
        };
        let rows = state.rows;
        self.check_rows(rows)?;
        same("the losses measured again", rows, losses.len())?;
        let Some(memory) = state.groups.first_mut() else {
            return Err(SurgeryError::Group { group: 0, groups: 0 });
        };
        memory.check(&self.config.method, rows)?;
        if let Some(row) = losses.iter().position(|loss| loss.is_finite() && *loss < 0.0) {
            return Err(SurgeryError::Loss { row, value: losses[row] });
        }
        state.workspace.fit(rows);
        method::learn(config, losses, &mut memory.famo, &mut state.workspace.solvers.vectors[0]);
        Ok(())
    }

    fn needs_gramian(&self) -> bool {
        let unit = matches!(self.config.normalize, Normalize::Unit | Normalize::LossUnit);
        unit || self.config.method.needs_gramian()
    }

    fn check_rows(&self, rows: usize) -> Result<(), SurgeryError> {
        if rows == 0 || rows > MAXIMUM_ROWS {
            return Err(SurgeryError::Rows(rows));
        }
        if let Some((what, values)) = self.config.method.listed() {
            same(what, rows, values.len())?;
        }
        match &self.config.method {
            Method::Krum(config) if rows < config.minimum() => {
                Err(SurgeryError::TooFew { method: "krum", minimum: config.minimum(), found: rows })
            }
            _ => Ok(()),
        }
    }

    fn check_step(
        &self,
        state: &SurgeryState,
        group: usize,
        input: &Input<'_>,
        output: usize,
    ) -> Result<(), SurgeryError> {
        let rows = state.rows;
        self.check_rows(rows)?;
        let groups = state.groups.len();
        let Some(memory) = state.groups.get(group) else {
            return Err(SurgeryError::Group { group, groups });
        };
        memory.check(&self.config.method, rows)?;
        same("the output", rows, output)?;
        if let Some(gramian) = input.gramian {
            same("the gramian", rows, gramian.rows())?;
        }
        for (what, values) in [
            ("the losses", input.losses),
            ("the losses measured again", input.remeasured),
            ("the factors", input.factors),
        ] {
            if !values.is_empty() {
                same(what, rows, values.len())?;
            }
        }
        let request = self.request(state, group);
        let name = self.config.method.name();
        if request.gramian && input.gramian.is_none() {
            return Err(SurgeryError::NoGramian(name));
        }
        let cached = self.needs_gramian() && input.gramian.is_none();
        if request.losses && !cached && input.losses.is_empty() {
            return Err(SurgeryError::NoLosses(name));
        }
        if let Some(row) = input.factors.iter().position(|factor| !factor.is_finite()) {
            return Err(SurgeryError::Factor { row, value: input.factors[row] });
        }
        self.check_factors(input.factors)
    }
}

fn same(what: &'static str, expected: usize, found: usize) -> Result<(), SurgeryError> {
    match expected == found {
        true => Ok(()),
        false => Err(SurgeryError::Length { what, expected, found }),
    }
}
