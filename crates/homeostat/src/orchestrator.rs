//! Runs the controllers, once per training step, in the derived order.

use std::fmt::Write;

use homeostat_core::{
    Board, Controller, FaultCount, LoadError, Port, PortId, Slot, SlotIndex, Snapshot, StepError,
};
use serde::{Deserialize, Serialize};

use crate::builder::FAULTS;
use crate::config::OnRefusal;
use crate::error::Stopped;

/// How often a controller decided, waited or refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Steps in which the controller decided.
    pub decided: u64,
    /// Steps without a reading that it needs, or with a faulty reading anywhere: it held its last
    /// decision.
    pub held: u64,
    /// Steps that its law refused.
    pub refused: u64,
}

pub(crate) struct Unit {
    controller: Box<dyn Controller>,
    on_refusal: OnRefusal,
    reads_faults: bool,
    counts: Counts,
}

impl Unit {
    pub(crate) fn new(controller: Box<dyn Controller>, on_refusal: OnRefusal) -> Self {
        let faults = Port::<FaultCount>::new(FAULTS).id();
        let reads_faults = controller.reads().contains(&faults);
        Self { controller, on_refusal, reads_faults, counts: Counts::default() }
    }
}

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Controllers that decided.
    pub decided: usize,
    /// Controllers that held, see [`Counts::held`].
    pub held: usize,
    /// Controllers whose law refused.
    pub refused: usize,
}

/// Everything that must outlive the process: memory and counts of every controller, and the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrchestratorSnapshot {
    controllers: Vec<Snapshot>,
    counts: Vec<Counts>,
    board: Vec<(String, String, Vec<f64>)>,
}

/// The controllers, their order and the board.
pub struct Orchestrator {
    board: Board,
    units: Vec<Unit>,
    faults: Slot<FaultCount>,
    // What sensors measure and controllers decide. The rest, setpoints and constant weights, belongs
    // to the configuration and is never loaded.
    moving: Vec<SlotIndex>,
}

impl Orchestrator {
    pub(crate) fn new(
        board: Board,
        units: Vec<Unit>,
        faults: Slot<FaultCount>,
        moving: &[PortId],
    ) -> Self {
        let moving = board.slots().filter(|slot| moving.contains(board.port(*slot))).collect();
        Self { board, units, faults, moving }
    }

    /// The numbers of the step.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The numbers of the step, for sensors.
    pub fn board_mut(&mut self) -> &mut Board {
        &mut self.board
    }

    /// Where the reader reports refused readings.
    pub fn faults(&self) -> Slot<FaultCount> {
        self.faults
    }

    /// Lets every controller decide, in order. In a step with a faulty reading only those decide that
    /// read the fault count (the governor); all others hold, so that half a step's readings never
    /// move a weight.
    ///
    /// Neither hashes nor allocates. The only error is a refusal of a controller whose configuration
    /// says `on_refusal = "stop"`.
    pub fn step(&mut self) -> Result<StepReport, Stopped> {
        let faulty = self.board.value(self.faults.index()).is_some_and(|count| count > 0.0);
        let mut report = StepReport::default();
        for unit in &mut self.units {
            if faulty && !unit.reads_faults {
                unit.counts.held += 1;
                report.held += 1;
                continue;
            }
            match unit.controller.step(&mut self.board) {
                Ok(()) => {
                    unit.counts.decided += 1;
                    report.decided += 1;
                }
                Err(StepError::Absent(_)) => {
                    unit.counts.held += 1;
                    report.held += 1;
                }
                Err(source) => {
                    unit.counts.refused += 1;
                    report.refused += 1;
                    match unit.on_refusal {
                        OnRefusal::Hold => {}
                        OnRefusal::Reset => unit.controller.reset(),
                        OnRefusal::Stop => {
                            let controller = unit.controller.name().to_owned();
                            let detail = source.to_string();
                            return Err(Stopped { controller, detail, source });
                        }
                    }
                }
            }
        }
        Ok(report)
    }

    /// The controllers in the order in which they run.
    pub fn controllers(&self) -> impl Iterator<Item = (&dyn Controller, Counts)> {
        self.units.iter().map(|unit| (unit.controller.as_ref(), unit.counts))
    }

    /// Shows the inner numbers of every controller: its name, the number's name, the number.
    pub fn probe(&self, record: &mut dyn FnMut(&str, &'static str, f64)) {
        for unit in &self.units {
            let name = unit.controller.name();
            unit.controller.probe(&mut |key: &'static str, value: f64| record(name, key, value));
        }
    }

    /// One line per controller, in the order in which they run: law, what it reads, what it writes.
    pub fn wiring(&self) -> String {
        let words =
            |ports: Vec<PortId>| ports.iter().map(PortId::to_string).collect::<Vec<_>>().join(", ");
        let mut text = String::new();
        for unit in &self.units {
            let controller = &unit.controller;
            let (reads, writes) = (words(controller.reads()), words(controller.writes()));
            let (name, law) = (controller.name(), controller.law());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name} ({law}): {reads} → {writes}");
        }
        text
    }

    /// Memory of every controller, and on the board all that was measured or decided. Setpoints and
    /// constant weights are configuration: they are not saved, and a run that goes on with others
    /// follows those.
    pub fn save(&self) -> OrchestratorSnapshot {
        let board = self
            .moving
            .iter()
            .filter_map(|slot| {
                let port = self.board.port(*slot);
                let block = self.board.block(*slot)?;
                Some((port.quantity.to_owned(), port.name.clone(), block.to_vec()))
            })
            .collect();
        OrchestratorSnapshot {
            controllers: self.units.iter().map(|unit| unit.controller.save()).collect(),
            counts: self.units.iter().map(|unit| unit.counts).collect(),
            board,
        }
    }

    /// Takes over what [`save`](Self::save) gave. On an error nothing has changed.
    pub fn load(&mut self, snapshot: &OrchestratorSnapshot) -> Result<(), LoadError> {
        let names = |list: &mut dyn Iterator<Item = &str>| {
            list.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
        };
        let found = names(&mut snapshot.controllers.iter().map(|one| one.controller.as_str()));
        let expected = names(&mut self.units.iter().map(|unit| unit.controller.name()));
        if found != expected || snapshot.counts.len() != self.units.len() {
            return Err(LoadError::OtherControllers { expected, found });
        }
        let saved_block = |slot: SlotIndex| {
            let port = self.board.port(slot);
            let is_it = |(quantity, name, _): &&(String, String, Vec<f64>)| {
                quantity == port.quantity && *name == port.name
            };
            snapshot.board.iter().find(is_it).map(|(_, _, block)| block.as_slice())
        };
        for slot in &self.moving {
            if let Some(block) = saved_block(*slot) {
                let port = self.board.port(*slot).to_string();
                self.board
                    .accepts(*slot, block)
                    .map_err(|source| LoadError::Range { port, source })?;
            }
        }
        let before: Vec<Snapshot> = self.units.iter().map(|unit| unit.controller.save()).collect();
        for (index, saved) in snapshot.controllers.iter().enumerate() {
            if let Err(error) = self.units[index].controller.load(saved) {
                for (unit, old) in self.units.iter_mut().zip(&before) {
                    unit.controller
                        .load(old)
                        .expect("a controller loads what it has just saved itself");
                }
                return Err(error);
            }
        }
        for (unit, counts) in self.units.iter_mut().zip(&snapshot.counts) {
            unit.counts = *counts;
        }
        let blocks: Vec<_> = self
            .moving
            .iter()
            .map(|slot| (*slot, saved_block(*slot).map(<[f64]>::to_vec)))
            .collect();
        for (slot, block) in blocks {
            match block {
                Some(block) => {
                    self.board.restore(slot, &block).expect("the block was accepted above");
                }
                None => self.board.clear(slot),
            }
        }
        Ok(())
    }
}
