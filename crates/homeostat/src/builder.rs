//! Assembles sensors, start values and controllers.

use std::collections::BTreeMap;

use homeostat_core::{
    Board, Clock, Controller, FaultCount, Layout, LearningRate, Port, PortId, Quantity, Scalar,
    Setpoint, Slot, Weight,
};

use crate::catalog;
use crate::config::{ControlConfig, OnRefusal};
use crate::error::BuildError;
use crate::orchestrator::{Orchestrator, Unit};
use crate::order;

/// The name of the port on which readers report how many readings of a step were refused.
pub const FAULTS: &str = "faults";

/// What a controller may read besides other controllers' decisions.
#[derive(Clone, Debug)]
pub(crate) struct Signal {
    pub(crate) port: PortId,
    pub(crate) owner: String,
}

type Start = Box<dyn FnOnce(&mut Board)>;

/// Assembles an [`Orchestrator`].
pub struct Builder {
    clock: Clock,
    layout: Layout,
    signals: Vec<Signal>,
    starts: Vec<Start>,
    rates: BTreeMap<String, f64>,
    controllers: Vec<(Box<dyn Controller>, OnRefusal)>,
    faults: Slot<FaultCount>,
}

impl Builder {
    /// A builder for a training loop with this many steps per epoch.
    pub fn new(clock: Clock) -> Self {
        let mut layout = Layout::new();
        let port = Port::<FaultCount>::new(FAULTS);
        let faults = layout.declare_once(&port);
        let signals = vec![Signal { port: port.id(), owner: "the reader".into() }];
        Self {
            clock,
            layout,
            signals,
            starts: Vec::new(),
            rates: BTreeMap::new(),
            controllers: Vec::new(),
            faults,
        }
    }

    /// Declares something that is measured in every step.
    pub fn sensor<Q: Scalar>(&mut self, name: &str) -> Result<Slot<Q>, BuildError> {
        let port = Port::<Q>::new(name);
        let owner = format!("sensor '{name}'");
        let slot = self
            .layout
            .declare(&port)
            .map_err(|source| BuildError::Wiring { owner: owner.clone(), source })?;
        self.signals.push(Signal { port: port.id(), owner });
        Ok(slot)
    }

    /// Where the reader reports refused readings.
    pub fn faults(&self) -> Slot<FaultCount> {
        self.faults
    }

    fn start<Q: Quantity>(&mut self, slot: Slot<Q>, value: Q) {
        self.starts.push(Box::new(move |board| board.set(slot, value)));
    }

    /// Puts a setpoint on the board.
    pub fn setpoint<Q: Scalar>(&mut self, name: &str, value: f64) -> Result<(), BuildError> {
        let owner = format!("setpoint '{name}'");
        let value =
            Setpoint::<Q>::new(value).map_err(|source| BuildError::Range { owner, source })?;
        let slot = self.layout.declare_once(&Port::<Setpoint<Q>>::new(name));
        self.start(slot, value);
        Ok(())
    }

    /// Puts a setpoint for a declared sensor on the board, whatever that sensor measures.
    pub fn setpoint_of(&mut self, name: &str, value: f64) -> Result<(), BuildError> {
        let owner = format!("setpoint '{name}'");
        let quantity = catalog::quantity_of(&self.signals, &owner, name)?;
        catalog::setpoint(self, quantity, name, value)
    }

    /// Declares a weight and its start value. A weight that no controller writes keeps it.
    pub fn weight(&mut self, name: &str, value: f64) -> Result<Slot<Weight>, BuildError> {
        let owner = format!("weight '{name}'");
        let value = Weight::new(value).map_err(|source| BuildError::Range { owner, source })?;
        let slot = self.layout.declare_once(&Port::<Weight>::new(name));
        self.start(slot, value);
        Ok(slot)
    }

    /// Where the weight of that name stands.
    pub fn weight_slot(&self, name: &str) -> Result<Slot<Weight>, BuildError> {
        let owner = format!("weight '{name}'");
        self.layout.resolve(&Port::new(name)).map_err(|source| BuildError::Wiring { owner, source })
    }

    /// Declares a learning rate and its start value.
    pub fn learning_rate(
        &mut self,
        name: &str,
        value: f64,
    ) -> Result<Slot<LearningRate>, BuildError> {
        let owner = format!("learning rate '{name}'");
        let value =
            LearningRate::new(value).map_err(|source| BuildError::Range { owner, source })?;
        let slot = self.layout.declare_once(&Port::<LearningRate>::new(name));
        self.start(slot, value);
        self.rates.insert(name.to_owned(), value.get());
        Ok(slot)
    }

    /// Adds a controller made by hand. What it writes is declared with it, through `declare`.
    pub fn controller(&mut self, controller: Box<dyn Controller>, on_refusal: OnRefusal) {
        self.controllers.push((controller, on_refusal));
    }

    /// Makes room for what a controller writes.
    pub fn output<Q: Quantity>(&mut self, name: &str) -> Slot<Q> {
        self.layout.declare_once(&Port::<Q>::new(name))
    }

    /// Adds everything that a file declares. Sensors must have been declared before.
    pub fn configure(&mut self, config: &ControlConfig) -> Result<(), BuildError> {
        for (name, value) in &config.weight {
            self.weight(name, *value)?;
        }
        for (name, value) in &config.setpoint {
            self.setpoint_of(name, *value)?;
        }
        for (name, controller) in config.controller.iter().filter(|(_, one)| one.enabled) {
            let weight = controller.writes.get("weight").and_then(|name| config.weight.get(name));
            let rate = controller.writes.get("learning_rate").and_then(|name| self.rates.get(name));
            let start = weight.or(rate).copied();
            let built = catalog::build(self, name, controller, self.clock, start)?;
            self.controllers.push((built, controller.on_refusal));
        }
        Ok(())
    }

    pub(crate) fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// Checks the wiring, derives the order and binds every controller.
    pub fn build(self) -> Result<Orchestrator, BuildError> {
        let Self { layout, signals, starts, controllers, faults, .. } = self;
        let (mut controllers, answers): (Vec<_>, Vec<_>) = controllers.into_iter().unzip();

        let mut writers: Vec<(PortId, String)> =
            signals.into_iter().map(|signal| (signal.port, signal.owner)).collect();
        for controller in &controllers {
            let second = format!("controller '{}'", controller.name());
            for port in controller.writes() {
                if let Some((port, first)) = writers.iter().find(|(known, _)| *known == port) {
                    return Err(BuildError::TwoWriters {
                        port: port.to_string(),
                        first: first.clone(),
                        second,
                    });
                }
                writers.push((port, second.clone()));
            }
        }
        let order = order::derive(&controllers)?;
        for controller in &mut controllers {
            let owner = format!("controller '{}'", controller.name());
            controller.bind(&layout).map_err(|source| BuildError::Wiring { owner, source })?;
        }
        let mut board = Board::new(layout);
        for start in starts {
            start(&mut board);
        }
        let mut rows: Vec<_> = controllers
            .into_iter()
            .zip(answers)
            .map(|(controller, on_refusal)| Some(Unit::new(controller, on_refusal)))
            .collect();
        let units = order.into_iter().filter_map(|index| rows[index].take()).collect();
        Ok(Orchestrator::new(board, units, faults))
    }
}
