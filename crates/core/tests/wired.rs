//! The one bridge from laws to controllers: reset, save, load, and what it refuses.

use homeostat_core::{
    Board, Controller, Law, Layout, LoadError, Port, RawLoss, Slot, Snapshot, StepError, Weight,
    Wired,
};
use serde::{Deserialize, Serialize};

/// Adds up losses; refuses negative ones.
struct Sum;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SumState {
    total: f64,
}

impl Law for Sum {
    const NAME: &'static str = "sum";
    const VERSION: u32 = 3;
    type Input = RawLoss;
    type Output = Weight;
    type State = SumState;

    fn init(&self) -> SumState {
        SumState { total: 0.0 }
    }

    fn step(&self, state: &mut SumState, loss: RawLoss) -> Result<Weight, StepError> {
        let weight = Weight::new(state.total + loss.get())?;
        state.total = weight.get();
        Ok(weight)
    }
}

struct Desk {
    controller: Box<dyn Controller>,
    board: Board,
    loss: Slot<RawLoss>,
    weight: Slot<Weight>,
}

fn desk() -> Desk {
    let (loss, weight) = (Port::<RawLoss>::new("kl"), Port::<Weight>::new("kl"));
    let mut layout = Layout::new();
    let slots = (layout.declare(&loss).expect("new"), layout.declare(&weight).expect("new"));
    let mut controller = Wired::new("adder", Sum, loss, weight);
    controller.bind(&layout).expect("both ports exist");
    Desk {
        controller: Box::new(controller),
        board: Board::new(layout),
        loss: slots.0,
        weight: slots.1,
    }
}

impl Desk {
    fn step(&mut self, loss: f64) -> Result<f64, StepError> {
        self.board.observe(self.loss, loss)?;
        self.controller.step(&mut self.board)?;
        self.board.get(self.weight).map(Weight::get)
    }
}

#[test]
fn reset_is_new() {
    let mut desk = desk();
    let new = desk.controller.save();
    desk.step(0.1).expect("legal");
    assert_ne!(desk.controller.save(), new);
    desk.controller.reset();
    assert_eq!(desk.controller.save(), new);
    assert_eq!(desk.step(0.1), Ok(0.1));
}

#[test]
fn a_used_controller_takes_over_a_saved_one_through_text() {
    let mut first = desk();
    for loss in [0.1, 0.2, 0.7] {
        first.step(loss).expect("legal");
    }
    let text = serde_json::to_string(&first.controller.save()).expect("plain data");
    let snapshot: Snapshot = serde_json::from_str(&text).expect("loads");
    let mut used = desk();
    used.step(55.0).expect("legal");
    used.controller.load(&snapshot).expect("fits");
    assert_eq!(used.controller.save(), first.controller.save());
    assert_eq!(used.step(0.3), first.step(0.3));
}

#[test]
fn a_refused_step_changes_neither_memory_nor_board() {
    let mut desk = desk();
    desk.step(1.0).expect("legal");
    let before = desk.controller.save();
    assert!(matches!(desk.step(-2.0), Err(StepError::Range(_))));
    assert_eq!(desk.controller.save(), before);
    assert_eq!(desk.board.get(desk.weight).map(Weight::get), Ok(1.0));
}

#[test]
fn foreign_snapshots_are_refused_and_change_nothing() {
    let mut desk = desk();
    desk.step(1.0).expect("legal");
    let good = desk.controller.save();
    let other_law = Snapshot { law: "product".into(), ..good.clone() };
    let other_version = Snapshot { version: 2, ..good.clone() };
    let other_shape = Snapshot { state: serde_json::json!({ "total": null }), ..good.clone() };
    let error = desk.controller.load(&other_law).expect_err("another law");
    assert!(matches!(error, LoadError::OtherLaw { .. }), "{error}");
    let error = desk.controller.load(&other_version).expect_err("another version").to_string();
    assert_eq!(
        error,
        "controller 'adder': the state of 'sum' is version 3, the snapshot holds version 2"
    );
    let error = desk.controller.load(&other_shape).expect_err("not a number");
    assert!(matches!(error, LoadError::Shape { .. }), "{error}");
    assert_eq!(desk.controller.save(), good);
}

#[test]
fn an_unbound_controller_says_so() {
    let mut controller =
        Wired::new("adder", Sum, Port::<RawLoss>::new("kl"), Port::<Weight>::new("kl"));
    let mut board = Board::new(Layout::new());
    assert_eq!(controller.step(&mut board), Err(StepError::Unbound));
}
