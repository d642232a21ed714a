//! The engine on the board of an orchestrator.

use homeostat_core::{
    Board, ConfigError, Controller, Layout, LoadError, Multiplier, Port, PortId, Probe, Quantity,
    Slot, SlotIndex, Snapshot, StepError, Weight, WiringError,
};
use serde::de::Error;

use super::{Dual, DualConfigError, DualState, LoadPolicy, UpdateOrder};
use crate::constraint::Measurement;
use crate::gate::Gate;
use crate::violation::Sense;

/// A place on the board from which a number is read, whatever its quantity.
#[derive(Clone, Debug)]
pub struct Input {
    id: PortId,
    resolve: fn(&Layout, &str) -> Result<SlotIndex, WiringError>,
}

impl Input {
    /// The port of this name for a `Q`.
    pub fn of<Q: Quantity>(name: impl Into<String>) -> Self {
        fn resolve<Q: Quantity>(layout: &Layout, name: &str) -> Result<SlotIndex, WiringError> {
            layout.resolve(&Port::<Q>::new(name)).map(Slot::index)
        }
        Self { id: Port::<Q>::new(name).id(), resolve: resolve::<Q> }
    }
}

/// What a constraint reads from the board.
#[derive(Clone, Debug)]
pub struct ConstraintInputs {
    /// The loss.
    pub measured: Input,
    /// The true quantity, exactly where the constraint has a `strict`.
    pub strict: Option<Input>,
    /// What makes the constraint easier.
    pub ease: Option<Input>,
    /// The setpoint, exactly where it is the target.
    pub setpoint: Option<Input>,
}

impl ConstraintInputs {
    /// A loss and nothing else.
    pub fn new(measured: Input) -> Self {
        Self { measured, strict: None, ease: None, setpoint: None }
    }

    fn all(&self) -> impl Iterator<Item = &Input> {
        [Some(&self.measured), self.strict.as_ref(), self.ease.as_ref(), self.setpoint.as_ref()]
            .into_iter()
            .flatten()
    }
}

/// The engine as a controller: reads every constraint's loss, writes its multiplier λ and its
/// weight.
///
/// The weight is the effective multiplier `μ = w · price · slope`, so that `μ · loss` has the
/// gradient of the constraint. A weight decided after step t acts in step t + 1, whose losses nobody
/// knows yet: gates hold λ, but leave no row out. Since a weight cannot be negative, only `le`
/// constraints can stand on a board; and since losses are measured once per step, only the orders
/// `simultaneous` and `dual-first`, which are the same here.
///
/// A loss that is absent from the board was not measured in this step.
#[derive(Debug)]
pub struct DualController {
    name: String,
    dual: Dual,
    inputs: Vec<ConstraintInputs>,
    policy: LoadPolicy,
    slots: Option<Vec<Slots>>,
    measurements: Vec<Option<Measurement>>,
    state: DualState,
}

/// The places of one constraint.
#[derive(Clone, Copy, Debug)]
struct Slots {
    measured: SlotIndex,
    strict: Option<SlotIndex>,
    ease: Option<SlotIndex>,
    setpoint: Option<SlotIndex>,
    weight: Slot<Weight>,
    multiplier: Slot<Multiplier>,
}

impl DualController {
    /// Wires an engine; the inputs are in the order of [`Dual::names`].
    ///
    /// # Errors
    ///
    /// A constraint whose weight could be negative, an order that needs a second measurement, or
    /// inputs that do not fit the settings.
    pub fn new(
        name: impl Into<String>,
        dual: Dual,
        inputs: Vec<ConstraintInputs>,
    ) -> Result<Self, DualConfigError> {
        let once = matches!(dual.order, UpdateOrder::Simultaneous | UpdateOrder::DualFirst);
        let rule = "must be \"simultaneous\" or \"dual-first\" on a board, where every loss is \
                    measured once per step";
        ConfigError::unless(once, "order", rule, dual.order).map_err(DualConfigError::Dual)?;
        let rule = "must be as many as there are inputs";
        ConfigError::unless(inputs.len() == dual.len(), "constraints", rule, dual.len())
            .map_err(DualConfigError::Dual)?;
        for (index, one) in inputs.iter().enumerate() {
            let name = dual.names[index].clone();
            check(&dual, index, one)
                .map_err(|source| DualConfigError::Constraint { name, source })?;
        }
        let state = dual.init_state();
        let measurements = vec![None; dual.len()];
        let policy = LoadPolicy::default();
        Ok(Self { name: name.into(), dual, inputs, policy, slots: None, measurements, state })
    }

    /// Which differences a snapshot may have.
    pub fn with_policy(mut self, policy: LoadPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The engine.
    pub fn dual(&self) -> &Dual {
        &self.dual
    }

    /// The memory, for tests and displays.
    pub fn state(&self) -> &DualState {
        &self.state
    }

    fn weight(&self, index: usize) -> Port<Weight> {
        Port::new(self.dual.names[index].as_str())
    }

    fn multiplier(&self, index: usize) -> Port<Multiplier> {
        Port::new(self.dual.names[index].as_str())
    }
}

impl Slots {
    fn measure(&self, board: &Board) -> Result<Option<Measurement>, StepError> {
        let read = |slot: Option<SlotIndex>| slot.and_then(|slot| board.value(slot));
        let (value, strict) = (read(Some(self.measured)), read(self.strict));
        if value.is_none() && strict.is_none() {
            return Ok(None);
        }
        let setpoint = match self.setpoint {
            Some(slot) => Some(board.value(slot).ok_or(StepError::Absent(slot))?),
            None => None,
        };
        // Without the loss itself the strict value still drives λ, and there is no gradient.
        let value = value.unwrap_or(f64::NAN);
        Ok(Some(Measurement { value, strict, ease: read(self.ease), setpoint }))
    }
}

impl Controller for DualController {
    fn name(&self) -> &str {
        &self.name
    }

    fn law(&self) -> &'static str {
        "dual"
    }

    fn reads(&self) -> Vec<PortId> {
        let inputs = self.inputs.iter().flat_map(ConstraintInputs::all);
        inputs.map(|input| input.id.clone()).collect()
    }

    fn writes(&self) -> Vec<PortId> {
        let places = 0..self.dual.len();
        places.flat_map(|index| [self.weight(index).id(), self.multiplier(index).id()]).collect()
    }

    fn bind(&mut self, layout: &Layout) -> Result<(), WiringError> {
        let find = |input: &Input| (input.resolve)(layout, &input.id.name);
        let places = self.inputs.iter().enumerate().map(|(index, inputs)| {
            Ok(Slots {
                measured: find(&inputs.measured)?,
                strict: inputs.strict.as_ref().map(find).transpose()?,
                ease: inputs.ease.as_ref().map(find).transpose()?,
                setpoint: inputs.setpoint.as_ref().map(find).transpose()?,
                weight: layout.resolve(&self.weight(index))?,
                multiplier: layout.resolve(&self.multiplier(index))?,
            })
        });
        self.slots = Some(places.collect::<Result<_, WiringError>>()?);
        Ok(())
    }

    fn step(&mut self, board: &mut Board) -> Result<(), StepError> {
        let slots = self.slots.as_ref().ok_or(StepError::Unbound)?;
        for (index, slots) in slots.iter().enumerate() {
            let due = self.dual.measures(&self.state, index);
            self.measurements[index] = if due { slots.measure(board)? } else { None };
        }
        self.dual.observe(&mut self.state, &self.measurements)?;
        self.dual.update(&mut self.state);
        let effective = self.dual.effective_multipliers(&self.state);
        for ((slots, weight), one) in slots.iter().zip(effective).zip(self.state.constraints()) {
            // Both are never negative for a constraint of sense `le`, the only one here.
            board.set(slots.weight, Weight::new(weight.max(0.0))?);
            board.set(slots.multiplier, Multiplier::new(one.multiplier().max(0.0))?);
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.state = self.dual.init_state();
    }

    fn save(&self) -> Snapshot {
        let state = serde_json::to_value(&self.state)
            .expect("a state is plain data: numbers, strings, lists and structs");
        let controller = self.name.clone();
        Snapshot { controller, law: self.law().to_owned(), version: DualState::VERSION, state }
    }

    fn load(&mut self, snapshot: &Snapshot) -> Result<(), LoadError> {
        let controller = self.name.clone();
        let law = self.law();
        if snapshot.law != law {
            let found = snapshot.law.clone();
            return Err(LoadError::OtherLaw { controller, expected: law, found });
        }
        if snapshot.version != DualState::VERSION {
            let (expected, found) = (DualState::VERSION, snapshot.version);
            return Err(LoadError::OtherVersion { controller, law, expected, found });
        }
        let loaded = serde_json::from_value(snapshot.state.clone()).and_then(|saved| {
            self.dual.load(saved, self.policy).map_err(serde_json::Error::custom)
        });
        self.state = loaded.map_err(|source| LoadError::Shape { controller, source })?;
        Ok(())
    }

    fn probe(&self, probe: &mut dyn Probe) {
        let constraints = self.state.constraints();
        let count = |gate: Gate| constraints.iter().filter(|one| one.gate() == gate).count() as f64;
        let violated = constraints.iter().filter(|one| one.error() > 0.0).count();
        let saturated = constraints.iter().filter(|one| one.saturated_steps() > 0).count();
        let rates = constraints.iter().filter_map(|one| one.satisfaction().rate());
        probe.record("multiplier_sum", constraints.iter().map(|one| one.multiplier()).sum());
        probe.record("violated", violated as f64);
        probe.record("saturated", saturated as f64);
        probe.record("updated", count(Gate::Update));
        probe.record("spikes", count(Gate::Spike) + count(Gate::Frozen));
        probe.record("paused", count(Gate::Paused));
        probe.record("least_satisfaction", rates.fold(1.0, f64::min));
        probe.record("reasons_to_stop", self.dual.stops(&self.state).count() as f64);
    }
}

/// Whether a constraint can stand on a board with these inputs.
fn check(dual: &Dual, index: usize, inputs: &ConstraintInputs) -> Result<(), ConfigError> {
    let constraint = &dual.constraints[index];
    let rule = "must be \"le\" on a board, where the weight of a loss cannot be negative; measure \
                the negated loss, or use `law.multiplier` on a penalty";
    let legal = constraint.sense == Sense::Le;
    ConfigError::unless(legal, "sense", rule, constraint.sense)?;
    let wired = |is: bool| if is { "a wired one" } else { "none" };
    let strict = inputs.strict.is_some();
    let rule = "must be wired exactly where the constraint has a strict quantity";
    ConfigError::unless(strict == constraint.strict, "strict", rule, wired(strict))?;
    let setpoint = inputs.setpoint.is_some();
    let rule = "must be wired exactly where the target is a setpoint";
    ConfigError::unless(
        setpoint == constraint.aim.reads_setpoint(),
        "setpoint",
        rule,
        wired(setpoint),
    )
}
