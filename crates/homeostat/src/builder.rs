//! Assembles sensors, start values and controllers.

use std::collections::BTreeMap;

use homeostat_core::{
    Board, Clock, Controller, FaultCount, Layout, LearningRate, Port, PortId, Quantity, Scalar,
    Setpoint, Slot, Weight,
};

use crate::catalog;
use crate::config::{ControlConfig, OnRefusal};
use crate::engine;
use crate::error::BuildError;
use crate::orchestrator::{Orchestrator, Unit};
use crate::order;
use crate::surgery_slots;

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
    // What controllers turn signals into, and others measure.
    conditioned: Vec<PortId>,
    starts: Vec<Start>,
    // Ports that hold a number before the first step, and which where it is a single one.
    started: BTreeMap<PortId, Option<f64>>,
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
            conditioned: Vec::new(),
            starts: Vec::new(),
            started: BTreeMap::new(),
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

    fn start<Q: Quantity>(
        &mut self,
        port: Port<Q>,
        value: Q,
        number: Option<f64>,
    ) -> Result<Slot<Q>, BuildError> {
        let id = port.id();
        if let Some(signal) = self.signals.iter().find(|signal| signal.port == id) {
            return Err(BuildError::TwoWriters {
                port: id.to_string(),
                first: signal.owner.clone(),
                second: "a start value".into(),
            });
        }
        let slot = self.layout.declare_once(&port);
        self.starts.push(Box::new(move |board| board.set(slot, value)));
        self.started.insert(id, number);
        Ok(slot)
    }

    /// Puts a number on the board before the first step; a later call replaces it.
    pub(crate) fn start_at<Q: Scalar>(
        &mut self,
        name: &str,
        value: f64,
    ) -> Result<Slot<Q>, BuildError> {
        let owner = format!("{} '{name}'", Q::NAME);
        let quantity = Q::new(value).map_err(|source| BuildError::Range { owner, source })?;
        self.start(Port::new(name), quantity, Some(value))
    }

    /// Puts a setpoint on the board.
    pub fn setpoint<Q: Scalar>(&mut self, name: &str, value: f64) -> Result<(), BuildError> {
        let owner = format!("setpoint '{name}'");
        let value =
            Setpoint::<Q>::new(value).map_err(|source| BuildError::Range { owner, source })?;
        self.start(Port::<Setpoint<Q>>::new(name), value, None).map(drop)
    }

    /// Puts a setpoint for a declared sensor on the board, whatever that sensor measures.
    pub fn setpoint_of(&mut self, name: &str, value: f64) -> Result<(), BuildError> {
        let owner = format!("setpoint '{name}'");
        let quantity = catalog::quantity_of(&self.measurable(), &owner, name)?;
        catalog::setpoint(self, quantity, name, value)
    }

    /// Declares a weight and its start value. A weight that no controller writes keeps it.
    pub fn weight(&mut self, name: &str, value: f64) -> Result<Slot<Weight>, BuildError> {
        self.start_at(name, value)
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
        self.start_at(name, value)
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
        if let Some(surgery_config) = &config.surgery {
            surgery_slots::check(surgery_config, config)?;
        }
        for (name, value) in &config.weight {
            self.weight(name, *value)?;
        }
        let enabled = config.controller.values().filter(|one| one.enabled);
        self.conditioned.extend(enabled.filter_map(catalog::conditioned));
        for (name, value) in &config.setpoint {
            self.setpoint_of(name, *value)?;
        }
        for (name, controller) in config.controller.iter().filter(|(_, one)| one.enabled) {
            let start_of = |role: &str, quantity| {
                let name = controller.writes.get(role)?.clone();
                self.started.get(&PortId { quantity, name }).copied().flatten()
            };
            let start = start_of("weight", Weight::NAME)
                .or_else(|| start_of("learning_rate", LearningRate::NAME));
            let built = catalog::build(self, name, controller, self.clock, start)?;
            self.controllers.push((built, controller.on_refusal));
        }
        if let Some(config) = config.engine() {
            let built = engine::build(self, &config, self.clock)?;
            self.controllers.push((built, OnRefusal::Hold));
        }
        Ok(())
    }

    /// Whether a number stands under this name before the first step.
    pub(crate) fn has_start(&self, quantity: &'static str, name: &str) -> bool {
        self.started.contains_key(&PortId { quantity, name: name.to_owned() })
    }

    /// Everything that can be measured or have a setpoint.
    pub(crate) fn measurable(&self) -> Vec<PortId> {
        let signals = self.signals.iter().map(|signal| signal.port.clone());
        signals.chain(self.conditioned.iter().cloned()).collect()
    }

    /// Checks the wiring, derives the order and binds every controller.
    pub fn build(self) -> Result<Orchestrator, BuildError> {
        let Self { layout, signals, starts, started, controllers, faults, .. } = self;
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
        let moving: Vec<PortId> = writers.into_iter().map(|(port, _)| port).collect();
        let order = order::derive(&controllers)?;
        for controller in &mut controllers {
            let owner = format!("controller '{}'", controller.name());
            controller.bind(&layout).map_err(|source| BuildError::Wiring { owner, source })?;
        }
        for controller in &controllers {
            for port in controller.reads() {
                if !moving.contains(&port) && !started.contains_key(&port) {
                    return Err(BuildError::Unprovided {
                        controller: controller.name().to_owned(),
                        port: port.to_string(),
                    });
                }
            }
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
        Ok(Orchestrator::new(board, units, faults, &moving))
    }
}
